"""What is used of Hydra's inside."""

from pathlib import Path

import pytest
from hydra.utils import instantiate
from omegaconf import DictConfig

from accelerator.config.hydra_api import ConfigFolders, instantiate_options, load
from accelerator.config.project import ConfigSource, shipped_configs

OURS = ConfigFolders([ConfigSource("accelerator", shipped_configs())])


def test_groups_and_options_are_listed() -> None:
    assert "model" in OURS.groups() and "hydra" not in OURS.groups()
    assert OURS.options("model") == ["mlp", "resnet18", "resnet8"]
    assert OURS.options("nothing") == [] and not OURS.has_group("")


@pytest.mark.parametrize(
    ("text", "key", "group", "value", "sign"),
    [
        ("model=mlp", "model", "model", "mlp", ""),
        ("transform@transform.train=[a]", "transform.train", "transform", ["a"], ""),
        ("+optimizer.lr=0.1", "optimizer.lr", "", 0.1, "+"),
        ("~model", "model", "model", None, "~"),
        ("++seed=1", "seed", "", 1, "++"),
        ("model={a: 1}", "model", "", {"a": 1}, ""),
    ],
)
def test_an_override_chooses_or_sets(text: str, key: str, group: str, value: object, sign: str) -> None:
    (found,) = OURS.parse([text])

    assert (found.text, found.key, found.group, found.value, found.sign) == (text, key, group, value, sign)


def test_several_values_are_told() -> None:
    assert [item.is_sweep for item in OURS.parse(["seed=1,2", "model=mlp,resnet8", "seed=1"])] == [True, True, False]


def test_hydra_calls_what_it_is_allowed_to() -> None:
    assert (
        instantiate({"_target_": "fractions.Fraction", "_args_": [3]}, **instantiate_options(["fractions.Fraction"]))
        == 3
    )


@pytest.mark.parametrize(
    ("main", "overrides", "is_read"),
    [
        ("seed: 1", [], False),
        ("seed: 1\nname: hydra", ["seed=2"], False),
        ("seed: 1", ["hydra.verbose=true"], True),
        ("seed: 1", ["hydra/job_logging=none"], True),
        ("seed: 1\nhydra: {verbose: true}", [], True),
        ("defaults:\n  - _self_\n  - override hydra/job_logging: none\nseed: 1", [], True),
    ],
)
def test_hydras_own_configs_are_read_only_when_something_names_them(
    main: str, overrides: list[str], is_read: bool, tmp_path: Path
) -> None:
    (tmp_path / "main.yaml").write_text(main, encoding="utf-8")
    seen: list[bool] = []

    def prepare(config: DictConfig, overrides: object) -> None:
        seen.append("hydra" in config)

    loaded = load([ConfigSource("mine", tmp_path)], "main", overrides, prepare=prepare)

    assert seen == [is_read] and "hydra" not in loaded.config and loaded.config.seed in (1, 2)


def test_a_config_that_is_changed_leaves_the_next_one_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text("defaults:\n  - _self_\n  - model: mlp\nvars: {}\nlist: [{a: 1}]\n")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mlp.yaml").write_text("_target_: mlp\nextra: {}\n")

    def composed(*overrides: str) -> DictConfig:
        return load(
            [ConfigSource("project", tmp_path)], "main", overrides, prepare=lambda config, overrides: None
        ).config

    first = composed("+vars.a=1", "+model.extra.b=2", "list=[{a: 3}]")
    first.list.append("more")
    first.model.extra = None

    assert composed() == {"vars": {}, "list": [{"a": 1}], "model": {"_target_": "mlp", "extra": {}}}
