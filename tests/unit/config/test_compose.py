"""Composing: from any folder, in the right order, with no trace left behind."""

import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.singleton import Singleton
from omegaconf import DictConfig, OmegaConf
from omegaconf.basecontainer import BaseContainer

from accelerator.components import Registry
from accelerator.config.compose import compose, composition_of
from accelerator.config.hydra_api import HYDRA_VERSION
from accelerator.config.project import Project, shipped_configs
from accelerator.config.read import read_section
from accelerator.config.schema import ORDER, SECTIONS
from accelerator.errors import ConfigError

Compose = Any
Write = Any


def test_the_main_experiment_composes_as_written(composed: Compose) -> None:
    config = composed("experiment=digits_resnet")

    assert isinstance(config, DictConfig)
    assert (config.name, config.optimizer.lr, config.train.epochs) == ("digits", 1e-2, 40)
    assert config.data == {"_target_": "digits"}


@pytest.mark.parametrize("word", ["seed=1", "hydra.launcher.n_jobs=2"])
def test_the_choice_of_a_group_is_what_was_named_and_not_what_that_includes(
    composed: Compose, write: Write, word: str
) -> None:
    write("model/wide.yaml", "defaults: [mlp, _self_]\nhidden: [512]\n")
    write("experiment/mine.yaml", "# @package _global_\ndefaults: [digits_resnet, override /model: wide]\n")

    with_launcher = ["hydra/launcher=joblib"] if word.startswith("hydra") else []
    composition = composition_of(composed("experiment=mine", "loss=[mse,cross_entropy]", *with_launcher, word))

    assert composition is not None
    choices = composition.provenance.choices
    assert (choices["model"], choices["experiment"], choices["loss"]) == ("wide", "mine", "mse, cross_entropy")


@pytest.mark.parametrize("key", SECTIONS)
def test_a_section_that_is_left_out_takes_its_defaults(composed: Compose, key: str) -> None:
    config = composed("experiment=digits_resnet", f"~{key}")

    assert read_section(SECTIONS[key], config[key], key) == SECTIONS[key]()


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("~name", "run"),
        ("~seed", 0),
        ("~trust", []),
        ("~system_every", "10s"),
        ("~tags", {}),
        ("tags=null", {}),
        ("vars=null", {}),
        ("~parameter_groups", {}),
        ("parameter_groups=null", {}),
    ],
)
def test_a_key_that_is_left_out_takes_its_default(composed: Compose, override: str, value: Any) -> None:
    config = composed("experiment=digits_resnet", override)

    assert tuple(config) == ORDER
    assert config[override.strip("~").partition("=")[0]] == value


def test_every_top_level_key_is_there_and_in_order(composed: Compose) -> None:
    assert tuple(composed()) == ORDER


def test_what_is_not_chosen_is_null_or_empty(composed: Compose) -> None:
    config = composed()

    assert config.model is None and config.data is None and config.scheduler is None and config.sampler is None
    assert config.transform == {"train": {}, "evaluation": {}}


def test_overrides_win_over_the_experiment(composed: Compose) -> None:
    config = composed("experiment=digits_resnet", "optimizer.lr=0.5", "model=mlp", "+tags.note=x", "+vars.base=0.5")

    assert config.optimizer.lr == 0.5
    assert config.model._target_ == "mlp"
    assert (config.tags.note, config.vars.base) == ("x", 0.5)


def test_interpolations_stay_until_they_are_read(composed: Compose) -> None:
    config = composed("experiment=digits_resnet", "+vars.twin=${seed}", "seed=7")

    assert OmegaConf.to_container(config)["vars"] == {"twin": "${seed}"}
    assert config.vars.twin == 7


@pytest.mark.parametrize("override", ["scheduler=null", "~scheduler"])
def test_null_takes_a_choice_back(composed: Compose, override: str) -> None:
    assert composed("experiment=digits_resnet", override).scheduler is None


@pytest.mark.parametrize("override", ["loss=[]", "loss=null"])
def test_a_mapping_by_name_is_emptied(composed: Compose, override: str) -> None:
    assert composed("experiment=digits_resnet", override).loss == {}


def test_a_name_is_removed_with_null_and_added_with_a_plus(composed: Compose) -> None:
    config = composed(
        "experiment=digits_resnet", "loss.cross_entropy=null", "+callback.counter={_target_: mine.Counter}"
    )

    assert config.loss == {"cross_entropy": None}
    assert list(config.callback) == ["progress", "counter"]


def test_files_of_an_extensible_kind_are_chosen_alone_or_together(composed: Compose) -> None:
    alone = composed("loss=mse")
    together = composed("loss=[mse,cross_entropy]", "loss.mse.weight=0.5")

    assert list(alone.loss) == ["mse"]
    assert list(together.loss) == ["mse", "cross_entropy"] and together.loss.mse.weight == 0.5


def test_no_tracking_is_null(composed: Compose) -> None:
    assert composed("experiment=digits_resnet", "tracking=none").tracking is None


def test_a_node_that_no_config_offers_is_set_by_an_override(composed: Compose) -> None:
    assert composed("sampler={_target_: mine.Sampler}").sampler == {"_target_": "mine.Sampler"}


def test_a_bare_on_in_yaml_is_a_key_and_not_true(composed: Compose, write: Write) -> None:
    write("experiment/x.yaml", "# @package _global_\nmetric: {accuracy: {on: [test]}}\n")
    write("metric/mine.yaml", "mine: {metric: {_target_: accuracy}, on: [validation]}\n")
    config = composed("experiment=x", "metric=[accuracy,mine]", "metric.mine.on=[train]")

    assert list(config.metric.accuracy.on) == ["test"]
    assert list(config.metric.mine.on) == ["train"]


def test_a_projects_main_starts_from_our_base(composed: Compose, write: Write) -> None:
    write("main.yaml", "defaults: [base, _self_, experiment: null]\nseed: 5\n")

    assert (composed().seed, composed().loader.batch_size) == (5, 64)


def test_a_projects_file_shadows_ours(composed: Compose, write: Write) -> None:
    write("optimizer/adamw.yaml", "_target_: adamw\nlr: 0.25\n")

    assert composed("optimizer=adamw").optimizer == {"_target_": "adamw", "lr": 0.25}


def test_the_config_knows_what_it_was_composed_from(composed: Compose, project: Project, registry: Registry) -> None:
    composition = composition_of(composed("experiment=digits_resnet", "seed=3"))

    assert composition is not None
    assert (composition.project, composition.registry) == (project, registry)
    assert composition.overrides == ("experiment=digits_resnet", "seed=3")
    assert composition.provenance.sources("seed")[-1] == "seed=3"


def test_a_copy_knows_it_too(composed: Compose) -> None:
    config = composed("seed=3")

    assert composition_of(copy.deepcopy(config)) is composition_of(config)
    assert copy.deepcopy(config) == config


def test_another_config_was_composed_from_nothing() -> None:
    assert composition_of(OmegaConf.create({})) is None


def test_a_new_key_is_refused_also_later(composed: Compose) -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        composed().nonsense = 1


def _global_state() -> dict[str, Any]:
    kept = {str(kind): id(value) for kind, value in Singleton._instances.items() if "Plugins" not in str(kind)}
    kept = {kind: value for kind, value in kept.items() if "SourcesRegistry" not in kind and "ConfigStore" not in kind}
    return {
        "singletons": kept,
        "path": list(sys.path),
        "folder": os.getcwd(),
        "resolvers": dict(BaseContainer._resolvers),
    }


def test_no_global_state_is_left_behind(composed: Compose) -> None:
    before = _global_state()
    composed("experiment=digits_resnet")
    with pytest.raises(ConfigError):
        composed("experiment=nothing")

    assert _global_state() == before
    assert not GlobalHydra().is_initialized()


def test_composing_inside_a_hydra_application_leaves_it_as_it_was(composed: Compose) -> None:
    options = {"version_base": "1.3"} if HYDRA_VERSION < (1, 4) else {}
    with initialize_config_dir(str(shipped_configs()), **options):
        first = hydra_compose("main", ["experiment=digits_resnet"])
        inner = composed("experiment=digits_resnet", "seed=3")
        second = hydra_compose("main", ["experiment=digits_resnet"])

    assert first == second
    assert inner.seed == 3


def test_composing_works_from_any_folder_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from accelerator.config.compose import compose\n"
        "print(compose(['experiment=digits_resnet']).optimizer.lr)\n"
        "print([name for name in ('torch', 'numpy', 'mlflow', 'fire', 'rich') if name in sys.modules])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(shipped_configs().parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout == "0.01\n[]\n"


def test_the_default_project_is_that_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    composition = composition_of(compose(["seed=1"]))

    assert composition is not None and composition.project == Project(tmp_path)


def test_a_debug_preset_wins_over_the_experiment_and_not_over_the_command(composed: Any, write: Any) -> None:
    write("experiment/x.yaml", "# @package _global_\ntrain: {epochs: 7, steps: 70}\n")
    write("debug/short.yaml", "# @package _global_\ntrain: {epochs: 1, steps: 3}\n")
    config = composed("experiment=x", "debug=short", "train.steps=5")

    assert (config.train.epochs, config.train.steps) == (1, 5)
