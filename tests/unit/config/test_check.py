"""A composed config is judged whole: every problem, each with its place."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from accelerator.components import Registry
from accelerator.config.check import check_config

Compose = Any
Write = Any


@pytest.fixture
def check(composed: Compose, registry: Registry) -> Any:
    """The problems of the main experiment with overrides, as text."""

    def check_here(*overrides: str) -> list[str]:
        return [str(problem) for problem in check_config(composed("experiment=digits_resnet", *overrides), registry)]

    return check_here


ONE = [
    (
        "train.epochs=-1",
        "train.epochs = -1 (command line): must be at least 1. Write for example train.epochs=10.",
    ),
    (
        "+loader.batchsize=4",
        "loader.batchsize (command line): there is no such key. Did you mean 'loader.batch_size'? Known: ",
    ),
    (
        "+foo=1",
        "foo (command line): there is no such key at the top level. Known: config_version, name, ",
    ),
    (
        "+vras={a: 1}",
        "vras (command line): there is no such key at the top level. Did you mean 'vars'? ",
    ),
    ("seed=-1", "seed = -1 (command line): must be at least 0, and less than 2**63. Write for example seed=0."),
    (
        "data=null",
        "data (command line): nothing is chosen. Known: cifar10, digits. "
        "Add data=digits to the command, or choose an experiment: experiment=NAME.",
    ),
    (
        "model._target_=resnet9",
        "model._target_ (command line): There is no model 'resnet9'. Did you mean 'resnet8'? "
        "Known: mlp, resnet18, resnet8.",
    ),
    (
        "+callback.x={_target_: mine.Counter}",
        "callback.x._target_ (command line): 'mine.Counter' is not trusted: a config may name ",
    ),
    ("model._target_=5", "model._target_ = 5 (command line): must be a component's name or a dotted path."),
    (
        "+callback.x={_target_: progess}",
        "callback.x._target_ (command line): There is no callback 'progess'. Did you mean 'progress'?",
    ),
    (
        "+loss.x={_target_: mze}",
        "loss.x._target_ (command line): There is no loss 'mze'. Did you mean 'mse'?",
    ),
    (
        "+loss.x={loss: {_target_: mze}}",
        "loss.x.loss._target_ (command line): There is no loss 'mze'. Did you mean 'mse'?",
    ),
    ("+loss.x={loss: 3}", "loss.x.loss = 3 (command line): must be a component"),
    ("+loss.x=3", "loss.x = 3 (command line): must be a mapping of loss, weight, inputs, transform."),
    (
        "+loss._target_=mse",
        "loss._target_ = 'mse' (command line): stands where names belong. Put the node below a name: loss: {a_name:",
    ),
    (
        "+transform.train.x={_target_: random_shit}",
        "transform.train.x._target_ (command line): There is no transform 'random_shit'. Did you mean 'random_shift'?",
    ),
    ("+transform.test={}", "transform.test (command line): there is no such key. Known: train, evaluation."),
    (
        "collate=foo",
        "collate = 'foo' (command line): must be a component: a mapping with _target_ that names a collate. "
        "Write collate: {_target_: foo}.",
    ),
    (
        "optimizer._target_=adamm",
        "optimizer._target_ (command line): There is no optimizer 'adamm'. Did you mean 'adam'?",
    ),
    (
        "optimizer._target_=torch.nn.Linear",
        "optimizer._target_ (command line): 'torch.nn.Linear' is a class that is no optimizer: an Optimizer is needed",
    ),
    (
        "+metric.x={_target_: torch.nn.L1Loss}",
        "metric.x._target_ (command line): 'torch.nn.L1Loss' is a class that is no metric: a Metric is needed there.",
    ),
    (
        "+loss.x={_target_: torch.load}",
        "loss.x._target_ (command line): 'torch.load' is a function that is no component: from a trusted package",
    ),
    (
        "scheduler.interval=week",
        "scheduler.interval = 'week' (command line): must be step or epoch. Write for example scheduler.interval=step.",
    ),
    (
        "+parameter_groups.x={lr: 1}",
        "parameter_groups.x = {'lr': 1} (command line): must be a mapping with match: a pattern, or a list of them.",
    ),
    (
        "parameter_groups.no_decay.match=[]",
        "parameter_groups.no_decay.match = [] (command line): must be a pattern of names, or a list of them.",
    ),
    ("tags=3", "tags = 3 (command line): must be a mapping by name."),
    (
        "+vars.x=${nothing}",
        "vars.x = '${nothing}' (command line): cannot be resolved: Interpolation key 'nothing' not found.",
    ),
    ("+vars.x=[1,'${nothing}']", "vars.x[1] = '${nothing}' (command line): cannot be resolved: "),
    ("launch.processes=0", "launch.processes = 0 (command line): must be at least 1."),
]


@pytest.mark.parametrize(("override", "message"), ONE)
def test_one_wrong_value_is_one_problem(check: Any, override: str, message: str) -> None:
    problems = check(override)

    assert len(problems) == 1
    assert problems[0].startswith(message)


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("+model.head={_target_: hed}", "model.head._target_"),
        ("+model.parts=[{_target_: hed}]", "model.parts[0]._target_"),
    ],
)
def test_nested_nodes_are_looked_at_too(check: Any, override: str, key: str) -> None:
    assert f"{key} (command line): There is no model 'hed'." in " ".join(check(override))


def test_all_problems_are_told_at_once(check: Any) -> None:
    problems = check("train.epochs=-1", "loader.batch_size=x", "model._target_=resnet9", "+foo=1")

    assert [text.split(" ")[0] for text in problems] == ["foo", "loader.batch_size", "train.epochs", "model._target_"]


def test_a_value_of_a_file_is_told_with_its_line(composed: Compose, registry: Registry, write: Write) -> None:
    write("experiment/x.yaml", "# @package _global_\ndefaults: [digits_resnet]\n\ntrain:\n  epochs: -1\n")
    message = (
        "train.epochs = -1 (configs/experiment/x.yaml:5): must be at least 1. "
        "Change it there, or add train.epochs=10 to the command."
    )

    assert [str(problem) for problem in check_config(composed("experiment=x"), registry)] == [message]


RIGHT = [
    "tracking=none",
    "scheduler=null",
    "scheduler=constant",
    "metric.accuracy=null",
    "+loss.x={_target_: loss:mse}",
    "+loss.x={_target_: accelerator-framework::mse}",
    "+loss.x={loss: {_target_: torch.nn.Identity, a: 1}, inputs: [prediction]}",
    "+loss.x={_target_: torch.nn.L1Loss}",
    "optimizer={_target_: torch.optim.SGD}",
    "scheduler.scheduler.warmup_steps=${train.total_steps}",
    "parameter_groups.no_decay=null",
    "parameter_groups.no_decay.match=bias",
    "train.validate_every=null",
    "train.epochs=null",
    "trust=[]",
]


@pytest.mark.parametrize("override", RIGHT)
def test_what_is_right_is_no_problem(check: Any, override: str) -> None:
    assert check(override) == []


NET = "import torch\n\nclass Net(torch.nn.Module):\n    def __init__(self, in_channels, num_classes):\n        pass\n\n"


@pytest.mark.parametrize(
    ("returns", "told"),
    [
        ("torch.Tensor", "'targets' is given neither by the task nor by the data. Did you mean 'target'?"),
        ("'Tensor'", "'targets' is given neither by the task nor by the data. Did you mean 'target'?"),
        ("dict[str, torch.Tensor]", ""),
    ],
)
def test_a_model_that_returns_a_tensor_gives_no_names(returns: str, told: str, check: Any, write: Write) -> None:
    place = write("main.yaml", "defaults: [base, _self_, experiment: null]\n").parents[1]
    (place / "nets.py").write_text(f"{NET}    def forward(self, input) -> {returns}:\n        pass\n", encoding="utf-8")

    problems = check("model={_target_: nets.Net}", "loss.cross_entropy.inputs=[prediction,targets]")

    assert len(problems) == bool(told)
    assert told in "".join(problems)


def test_several_optimizers_are_checked_by_name(composed: Compose, registry: Registry, write: Write) -> None:
    write(
        "optimizer/two.yaml",
        "body: {optimizer: {_target_: adamw, lr: 1e-3}, parameters: body.*}\n"
        "head: {optimizer: {_target_: sdg}, parameters: 3}\n",
    )
    problems = check_config(composed("experiment=digits_resnet", "optimizer=two", "optimizer.lr=null"), registry)

    assert [problem.key for problem in problems] == ["optimizer.head.parameters", "optimizer.head.optimizer._target_"]


def test_a_config_made_by_hand_is_checked_without_sources(registry: Registry) -> None:
    problems = check_config(OmegaConf.create({"train": {"epochs": 0}}), registry)

    assert [problem.key for problem in problems] == ["model", "data", "task", "optimizer", "engine", "train.epochs"]
    assert str(problems[-1]).startswith("train.epochs = 0: must be at least 1.")
