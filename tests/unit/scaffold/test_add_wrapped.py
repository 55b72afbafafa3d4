"""A config around a class that exists."""

import sys
from pathlib import Path

import pytest
import yaml

from accelerator.config.compose import compose
from accelerator.errors import InputError, UsageError
from accelerator.runtime.context import Context
from accelerator.scaffold.add import add
from tests.unit.scaffold.conftest import start

HUBER = """\
# torch.nn.HuberLoss: Creates a criterion that uses a squared term if the absolute element-wise error falls below delta
# and a delta-scaled L1 term otherwise.
huber:
  loss:
    _target_: torch.nn.HuberLoss
    reduction: mean # str = 'mean'
    delta: 1.0 # float = 1.0
  weight: 1.0
  inputs: [prediction, target]
  transform: null
"""
OWN = '''\
"""Things of the project."""

from pathlib import Path


class Encoder:
    """Not a module."""


def focal(prediction, target, gamma: float = 2.0):
    """Return a loss. It is a function."""
    return prediction


class Scale:
    """Scales a batch"""

    def __init__(self, *, most: int, folder: Path = Path("."), **options: int) -> None: ...

    def __call__(self, batch): ...
'''


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path.copy())


def _wrapped(root: Path, kind: str, source: str, name: str = "mine") -> str:
    added = add(kind, name, project=start(root), source=source)
    assert added.written == (f"configs/{kind}/{name}.yaml",)
    assert (added.changed, added.backups) == ((), ())
    return (root / added.written[0]).read_text(encoding="utf-8")


def test_a_class_of_a_trusted_package_needs_a_config_alone(tmp_path: Path) -> None:
    assert _wrapped(tmp_path, "loss", "torch.nn.HuberLoss", "huber") == HUBER


@pytest.mark.parametrize(
    ("kind", "source", "node"),
    [
        (
            "scheduler",
            "torch.optim.lr_scheduler.StepLR",
            {
                "scheduler": {
                    "_target_": "torch.optim.lr_scheduler.StepLR",
                    "step_size": "???",
                    "gamma": 0.1,
                    "last_epoch": -1,
                },
                "interval": "step",
            },
        ),
        ("model", "resnet8", {"_target_": "resnet8", "num_classes": "???", "in_channels": None}),
        ("engine", "accelerator.runtime.engine.single.SingleEngine", {"device": "auto", "threads": None}),
    ],
)
def test_each_kind_has_its_form(kind: str, source: str, node: dict[str, object], tmp_path: Path) -> None:
    held = yaml.safe_load(_wrapped(tmp_path, kind, source))

    assert {key: held[key] for key in node} == node


def test_a_callback_stands_below_its_name(tmp_path: Path) -> None:
    assert "\nmine:\n  _target_: early_stopping\n" in _wrapped(tmp_path, "callback", "early_stopping")


def test_what_is_required_is_named_to_be_filled_in(tmp_path: Path) -> None:
    project = start(tmp_path)

    needy = add("model", "mine", project=project, source="resnet8")
    ready = add("loss", "mine", project=project, source="torch.nn.L1Loss")

    assert needy.to_fill_in == ("configs/model/mine.yaml",)
    assert ready.to_fill_in == ()


def test_what_was_wrapped_is_built(tmp_path: Path) -> None:
    project = start(tmp_path)
    add("loss", "gentle", project=project, source="torch.nn.CrossEntropyLoss")
    add("optimizer", "prop", project=project, source="torch.optim.RMSprop")
    choices = ["loss=gentle", "loss.gentle.loss.label_smoothing=0.1", "optimizer=prop", "optimizer.alpha=0.9"]

    config = compose(["experiment=digits_resnet", "tracking=none", *choices], project=project)
    context = Context.from_config(config)

    assert context.losses.terms["gentle"].loss.label_smoothing == 0.1  # type: ignore[attr-defined]
    assert context.optimization.optimizers["optimizer"].defaults["alpha"] == 0.9
    context.close()


def test_code_of_the_project_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "own_things.py").write_text(OWN, encoding="utf-8")

    loss = _wrapped(tmp_path, "loss", "own_things.focal")
    transform = _wrapped(tmp_path, "transform", "own_things.Scale")

    assert loss.startswith(
        "# own_things.focal: Return a loss.\nmine:\n  loss:\n    _target_: own_things.focal\n    gamma: 2"
    )
    assert transform == (
        "# own_things.Scale: Scales a batch.\n"
        "mine:\n"
        "  _target_: own_things.Scale\n"
        "  most: ??? # int, required\n"
        "  # folder: null # Path = Path('.')\n"
        "  # any other argument by name: **options: int\n"
    )


@pytest.mark.parametrize(
    ("kind", "source", "message"),
    [
        (
            "model",
            "os.system",
            "'os.system' is not trusted: a config may name registered components, the project's own code and what "
            "`trust` lists (torch, torchvision, torchmetrics, timm, transformers, kornia). To allow it, add "
            "'os.system' to `trust` in the project's configs/main.yaml.",
        ),
        ("model", "torch.load", "'torch.load' is a function that is no component: from a trusted package a config"),
        ("model", "torch.nn.Linaer", "'torch.nn.Linaer' does not import: "),
        ("model", "resnet", "There is no model 'resnet'. Did you mean 'resnet8'?"),
        (
            "model",
            "torch.optim.SGD",
            "'torch.optim.SGD' is no model: its class does not derive from torch.nn.modules.module.Module. "
            "Name one that is, or another kind.",
        ),
        (
            "engine",
            "accelerator.runtime.engine.engine.Engine",
            "'accelerator.runtime.engine.engine.Engine' is no engine: it is abstract, and lacks ",
        ),
        (
            "metric",
            "torch.nn.L1Loss",
            "'torch.nn.L1Loss' is no metric: its class has no method update, compute, reset.",
        ),
        (
            "metric",
            "torchmetrics.MetricCollection",
            "'torchmetrics.MetricCollection' is a class that is no metric: a Metric is needed there.",
        ),
    ],
)
def test_what_may_not_stand_there_is_refused(kind: str, source: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        _wrapped(tmp_path, kind, source)

    assert str(told.value).startswith(f"accelerator add {kind} mine --from {source}: {message}")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "pyproject.toml"]


def test_a_config_of_that_name_stays(tmp_path: Path) -> None:
    _wrapped(tmp_path, "loss", "torch.nn.L1Loss")

    with pytest.raises(InputError, match="accelerator add loss mine: there already is configs/loss/mine.yaml."):
        _wrapped(tmp_path, "loss", "torch.nn.L1Loss")


def test_an_experiment_is_made_of_no_class(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="accelerator add: no class is a 'experiment'. Known: callback, collate, data"):
        _wrapped(tmp_path, "experiment", "torch.nn.L1Loss")
