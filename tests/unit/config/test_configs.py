"""The configs we ship: all of them compose and check, and an experiment has the last word on every key."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from accelerator.components import Registry
from accelerator.config.check import check_config
from accelerator.config.compose import ComposedConfig
from accelerator.config.project import shipped_configs
from accelerator.config.schema import ORDER

Compose = Any
Write = Any

EXPERIMENTS = sorted(path.stem for path in (shipped_configs() / "experiment").glob("*.yaml"))
CHOICES = sorted(
    (path.parent.name, path.stem)
    for path in shipped_configs().glob("*/*.yaml")
    if path.parent.name not in ("experiment", "index", "transform", "pipeline", "pipeline_step")
)
MODELS, DATA = ([name for group, name in CHOICES if group == wanted] for wanted in ("model", "data"))


def _changed(value: Any) -> Any:
    """Return another value for every leaf of a config."""
    if isinstance(value, dict) and value:
        return {name: _changed(item) for name, item in value.items()}
    if isinstance(value, dict):
        return {"added": 1}
    if isinstance(value, list):
        return [*value, "added"]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return "changed" if value is None else f"{value}_changed"


def test_an_experiment_can_override_every_key_of_base(composed: Compose, write: Write) -> None:
    wanted = _changed(OmegaConf.to_container(composed()))
    write("experiment/all.yaml", "# @package _global_\n" + OmegaConf.to_yaml(OmegaConf.create(wanted)))
    config = composed("experiment=all")

    assert set(wanted) == set(ORDER)
    assert OmegaConf.to_container(config) == wanted


def test_an_experiment_can_choose_in_every_group(composed: Compose, write: Write) -> None:
    chosen = dict(CHOICES)  # the last option of each group
    lines = "".join(f"  - override /{group}: {option}\n" for group, option in chosen.items())
    write("experiment/x.yaml", f"# @package _global_\ndefaults:\n{lines}")

    assert composed("experiment=x") == composed(*(f"{group}={option}" for group, option in chosen.items()))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_shipped_experiment_has_no_problem(composed: Compose, registry: Registry, experiment: str) -> None:
    assert check_config(composed(f"experiment={experiment}"), registry) == []


@pytest.mark.parametrize(("group", "option"), CHOICES)
def test_every_shipped_config_fits_the_main_experiment(
    composed: Compose, registry: Registry, group: str, option: str
) -> None:
    config: ComposedConfig = composed("experiment=digits_resnet", f"{group}={option}")

    assert check_config(config, registry) == []


@pytest.mark.parametrize("experiment", EXPERIMENTS)
@pytest.mark.parametrize("data", DATA)
def test_model_and_data_are_free_to_choose(composed: Compose, registry: Registry, experiment: str, data: str) -> None:
    problems = [
        check_config(composed(f"experiment={experiment}", f"data={data}", f"model={m}"), registry) for m in MODELS
    ]

    assert problems == [[]] * len(MODELS)


def test_the_names_of_the_contract_are_shipped() -> None:
    assert {
        ("data", "digits"),
        ("data", "cifar10"),
        ("model", "resnet8"),
        ("model", "resnet18"),
        ("model", "mlp"),
        ("task", "classification"),
        ("task", "supervised"),
        ("loss", "cross_entropy"),
        ("loss", "mse"),
        ("metric", "accuracy"),
        ("metric", "mean_absolute_error"),
        ("optimizer", "adamw"),
        ("optimizer", "adam"),
        ("optimizer", "sgd"),
        ("scheduler", "warmup_cosine"),
        ("scheduler", "cosine"),
        ("scheduler", "constant"),
        ("callback", "progress"),
        ("callback", "early_stopping"),
        ("engine", "auto"),
        ("engine", "single"),
        ("tracking", "mlflow"),
        ("tracking", "tensorboard"),
        ("tracking", "none"),
    } <= set(CHOICES)
    assert {"digits_resnet", "cifar10_resnet18"} <= set(EXPERIMENTS)


@pytest.mark.parametrize("engine", [name for group, name in CHOICES if group == "engine"])
def test_every_engine_takes_the_same_options(composed: Compose, engine: str) -> None:
    options = ["_target_", "device", "devices", "precision", "compile", "deterministic", "threads", "timeout", "oom"]

    assert list(composed(f"engine={engine}").engine) == options


@pytest.mark.parametrize(("group", "option"), [item for item in CHOICES if item[0] in ("loss", "metric", "callback")])
def test_a_file_of_a_mapping_by_name_holds_its_own_name(group: str, option: str) -> None:
    assert list(OmegaConf.load(shipped_configs() / group / f"{option}.yaml")) == [option]
