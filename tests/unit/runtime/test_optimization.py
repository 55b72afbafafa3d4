"""Parameter groups, and what becomes of optimizers and schedules when a resume changes them."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler as schedules

from accelerator.domain.cross.schedulers import warmup_cosine
from accelerator.errors import ConfigError
from accelerator.runtime.optimization import Optimization, Schedule, group_parameters, trainable_parameters

NO_DECAY = {"no_decay": {"match": ["norm", "bias"], "weight_decay": 0.0}}


def model() -> nn.Module:
    layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))
    layers.add_module("layer_norm", nn.Linear(2, 2))
    return layers


def test_norms_and_biases_are_known_by_class_and_by_name() -> None:
    parameters = trainable_parameters(model())
    groups, notes = group_parameters(parameters, NO_DECAY)

    sizes = [len(group["params"]) for group in groups]
    assert [item.name for item in parameters if item.matches(["norm", "bias"])] == [
        *("0.bias", "1.weight", "1.bias", "2.bias", "layer_norm.weight", "layer_norm.bias"),
    ]
    assert sizes == [2, 6]
    assert "weight_decay" not in groups[0] and groups[1]["weight_decay"] == 0.0
    assert notes == ["no_decay: 6 tensors with weight_decay 0.0"]


def test_the_first_rule_that_matches_takes_a_parameter_and_null_switches_one_off() -> None:
    parameters = trainable_parameters(model())
    rules: dict[str, Any] = {"first": {"match": r"^0\.", "lr": 0.1}, **NO_DECAY}
    groups, _ = group_parameters(parameters, rules)
    without, notes = group_parameters(parameters, {"no_decay": None})

    assert [len(group["params"]) for group in groups] == [2, 1, 5] or [len(g["params"]) for g in groups] == [1, 2, 5]
    assert groups[1]["lr"] == 0.1
    assert len(without) == 1 and notes == []


def test_frozen_and_tied_parameters_are_counted_once_or_not_at_all() -> None:
    layers = model()
    layers[2].weight = layers.layer_norm.weight  # type: ignore[union-attr, assignment]
    layers[0].requires_grad_(False)

    assert [item.name for item in trainable_parameters(layers)] == [
        "1.weight",
        "1.bias",
        "2.weight",
        "2.bias",
        "layer_norm.bias",
    ]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"lr": 1}, r"parameter_groups.a.match: is missing: a group needs a pattern. Add parameter_groups.a.match="),
        ({"match": "("}, r"parameter_groups.a.match: '\(' is no regular expression: .* Correct the pattern."),
    ],
)
def test_a_rule_that_cannot_match_is_refused(rule: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        group_parameters([], {"a": rule})


def test_an_interval_of_a_schedule_is_step_or_epoch() -> None:
    scheduler = schedules.StepLR(torch.optim.SGD([torch.zeros(1)]), 1)

    with pytest.raises(
        ConfigError, match="scheduler.interval: 'batch' is no interval. Known: epoch, step. Set scheduler."
    ):
        Schedule(scheduler, "batch")


def test_a_monitor_without_a_value_is_told() -> None:
    plateau = schedules.ReduceLROnPlateau(torch.optim.SGD([torch.zeros(1)]))

    with pytest.raises(
        ConfigError, match="scheduler.monitor: 'validation/los' has no value yet. Did you mean 'validation/"
    ):
        Schedule(plateau, "epoch", "validation/los").step({"validation/loss": 1.0})


def optimization(make: Any, lr: float = 1.0) -> Optimization:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)
    return Optimization({"optimizer": optimizer}, {"optimizer": Schedule(make(optimizer))})


def step(changed: Optimization, times: int) -> list[float]:
    optimizer = changed.optimizers["optimizer"]
    rates = []
    for _ in range(times):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.param_groups[0]["params"][0].grad = torch.ones(1)
        optimizer.step()
        changed.schedules["optimizer"].step({})
    return rates


def sequential(optimizer: Any) -> Any:
    first, second = schedules.LinearLR(optimizer, 0.1, total_iters=3), schedules.ExponentialLR(optimizer, 0.8)
    return schedules.SequentialLR(optimizer, [first, second], milestones=[3])


MAKES = {
    "lambda": lambda optimizer: warmup_cosine(optimizer, 20),
    "cosine": lambda optimizer: schedules.CosineAnnealingLR(optimizer, 20),
    "multistep": lambda optimizer: schedules.MultiStepLR(optimizer, [2, 7]),
    "sequential": sequential,
    "onecycle": lambda optimizer: schedules.OneCycleLR(optimizer, 1.0, total_steps=25),
}


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
@pytest.mark.parametrize("changed", [(), ("train.epochs",)], ids=["as it was", "longer"])
def test_a_schedule_goes_on_as_if_it_had_never_stopped(make: Any, changed: Any) -> None:
    whole, first, second = optimization(make), optimization(make), optimization(make)
    rates = step(whole, 20)
    step(first, 8)
    second.load_state_dict(_through_a_checkpoint(first), changed)

    assert step(second, 12) == rates[8:]
    assert torch.equal(
        second.optimizers["optimizer"].param_groups[0]["params"][0].grad, torch.ones(1)  # the same steps were taken
    )


def _through_a_checkpoint(given: Optimization) -> Any:
    from accelerator.runtime.checkpoint.tree import to_host

    return to_host(given.state_dict())


def test_a_longer_horizon_changes_the_rest_of_the_schedule() -> None:
    short, long = optimization(lambda o: warmup_cosine(o, 10)), optimization(lambda o: warmup_cosine(o, 20))
    step(short, 8)
    expected = step(optimization(lambda o: warmup_cosine(o, 20)), 20)
    long.load_state_dict(_through_a_checkpoint(short), ["train.epochs"])

    assert step(long, 12) == expected[8:]


@pytest.mark.parametrize("make", [MAKES["lambda"], MAKES["cosine"], MAKES["sequential"]])
def test_another_rate_scales_the_rest_of_the_schedule(make: Any) -> None:
    before, after = optimization(make), optimization(make, lr=0.5)
    step(before, 8)
    expected = step(optimization(make, lr=0.5), 20)
    after.load_state_dict(_through_a_checkpoint(before), ["optimizer.lr"])

    assert step(after, 12) == pytest.approx(expected[8:], rel=1e-9)


def test_another_rate_without_a_schedule_takes_effect_and_the_momentum_stays() -> None:
    before = Optimization({"a": torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)})
    before.optimizers["a"].param_groups[0]["params"][0].grad = torch.ones(1)
    before.optimizers["a"].step()
    after = Optimization({"a": torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)})
    after.load_state_dict(before.state_dict(), ["optimizer.lr"])

    assert after.optimizers["a"].param_groups[0]["lr"] == 0.1
    assert after.optimizers["a"].state_dict()["state"][0]["momentum_buffer"] == torch.ones(1)


def test_another_rate_under_a_plateau_takes_effect() -> None:
    def make(lr: float) -> Optimization:
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)
        plateau = schedules.ReduceLROnPlateau(optimizer, patience=3)
        return Optimization({"a": optimizer}, {"a": Schedule(plateau, "epoch", "x")})

    before, after = make(1.0), make(0.1)
    before.schedules["a"].step({"x": 5.0})
    after.load_state_dict(before.state_dict(), ["optimizer.lr"])

    assert after.optimizers["a"].param_groups[0]["lr"] == 0.1
    assert after.schedules["a"].scheduler.state_dict()["best"] == 5.0


def test_an_optimizer_of_another_class_starts_anew() -> None:
    parameter = nn.Parameter(torch.zeros(1))
    before = Optimization({"a": torch.optim.AdamW([parameter], lr=1.0)})
    after = Optimization({"a": torch.optim.SGD([parameter], lr=0.1, momentum=0.5)})
    after.load_state_dict(before.state_dict(), ["optimizer._target_", "optimizer.momentum"])

    assert after.optimizers["a"].param_groups[0]["momentum"] == 0.5
    assert "betas" not in after.optimizers["a"].param_groups[0]


def test_other_parameter_groups_are_refused() -> None:
    parameter = nn.Parameter(torch.zeros(1))
    before = Optimization({"a": torch.optim.SGD([parameter])})
    after = Optimization({"a": torch.optim.SGD([{"params": [parameter]}, {"params": [nn.Parameter(torch.zeros(1))]}])})

    with pytest.raises(
        ConfigError, match="optimizer: its state does not fit the parameters that it has now: .* weights=RUN"
    ):
        after.load_state_dict(before.state_dict())
