"""Our own components: declared as a stranger's are, installed as declared, and importable one by one."""

from importlib.metadata import distribution

import pytest

from accelerator.components import KINDS, Component, Registry
from accelerator.discovery.declaration import GROUP_PREFIX
from tests.house.source import PROJECT, ROOT

DECLARED = {
    (group.removeprefix(GROUP_PREFIX), name): target
    for group, points in PROJECT["entry-points"].items()
    for name, target in points.items()
}
OURS = [item for item in Registry.discover().declared if item.distribution == PROJECT["name"]]
SHIPPED = {
    "model": {"resnet8", "resnet18", "mlp"},
    "data": {"digits", "cifar10"},
    "task": {"classification", "supervised"},
    "loss": {"cross_entropy", "mse"},
    "metric": {"accuracy", "mean_absolute_error"},
    "optimizer": {"adamw", "adam", "sgd"},
    "scheduler": {"warmup_cosine", "cosine", "constant"},
    "callback": {"progress", "early_stopping"},
    "engine": {"auto", "single"},
    "tracking": {"mlflow", "tensorboard"},
    "pipeline_step": {"train", "evaluate", "predict", "export", "analyze_model", "analyze_data", "command"},
}


def test_what_is_installed_is_what_is_declared() -> None:
    installed = {(item.kind, item.name): item.target for item in OURS}

    assert installed == DECLARED, "the install is older than pyproject.toml: run `make setup`"


def test_all_groups_are_of_our_kinds() -> None:
    assert {kind for kind, _ in DECLARED} <= set(KINDS)


@pytest.mark.parametrize("kind", SHIPPED)
def test_the_names_of_the_contract_are_declared(kind: str) -> None:
    assert {name for declared, name in DECLARED if declared == kind} >= SHIPPED[kind]


@pytest.mark.parametrize("item", OURS, ids=lambda item: f"{item.kind}:{item.name}")
def test_a_component_imports(item: Component) -> None:
    assert callable(item.load())


@pytest.mark.parametrize("kind, name", DECLARED)
def test_a_component_has_a_config_of_its_name(kind: str, name: str) -> None:
    assert (ROOT / "configs" / kind / f"{name}.yaml").is_file()


def test_the_console_script_imports() -> None:
    (script,) = distribution(PROJECT["name"]).entry_points.select(group="console_scripts")

    assert script.name == "accelerator"
    assert callable(script.load())
