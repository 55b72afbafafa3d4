"""A run's config is written without secrets, and read back as data."""

import json
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from accelerator.components import Registry
from accelerator.config.compose import ComposedConfig, composition_of
from accelerator.config.project import Project
from accelerator.config.saved import flatten, load_saved, saved_values, saved_yaml
from accelerator.errors import ConfigError

Compose = Any
Write = Any


@pytest.fixture
def save(tmp_path: Path) -> Any:
    """Write a config as a run folder has it."""

    def save_here(config: ComposedConfig) -> Path:
        folder = tmp_path / "outputs" / "run"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yaml").write_text(saved_yaml(config), encoding="utf-8")
        composition = composition_of(config)
        assert composition is not None
        (folder / "provenance.json").write_text(composition.provenance.to_json(), encoding="utf-8")
        return folder

    return save_here


@pytest.fixture
def load(project: Project, registry: Registry) -> Any:
    def load_here(path: Path, *overrides: str) -> ComposedConfig:
        return load_saved(path, overrides, project, registry)

    return load_here


def _values(config: ComposedConfig) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(saved_yaml(config))
    return values


def test_interpolations_are_resolved(composed: Compose) -> None:
    config = composed(
        "experiment=digits_resnet", "seed=7", "+vars.a=${seed}", "+vars.b=run-${vars.a}", "+vars.c=${train}"
    )

    values = _values(config)

    assert values["vars"]["a"] == 7
    assert values["vars"]["b"] == "run-7"
    assert values["vars"]["c"]["epochs"] == 40


def test_the_number_of_steps_stays_open(composed: Compose) -> None:
    config = composed("experiment=digits_resnet", "+vars.n=${scheduler.scheduler.total_steps}")

    assert _values(config)["scheduler"]["scheduler"]["total_steps"] == "${train.total_steps}"
    assert _values(config)["vars"]["n"] == "${train.total_steps}"


def test_a_value_of_the_environment_stays_there(composed: Compose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "hunter2")
    config = composed(
        "+vars.a=${vars.b}",
        "+vars.b=${vars.c}",
        "+vars.c=${oc.env:PLACE}",
        "+vars.d='http://${vars.a}/${seed}'",
        "+vars.e='${oc.decode:${vars.b}}'",
        "+vars.f=[1,'${vars.a}']",
        "+vars.g='${oc.env:${vars.name}}'",
        "+vars.name=PLACE",
        "+vars.h='${oc.env:NOT_THERE,${oc.env:PLACE}}'",
        "tracking.tracking_uri=${vars.a}",
    )

    values = _values(config)

    assert "hunter2" not in saved_yaml(config)
    assert values["vars"]["a"] == values["vars"]["b"] == values["vars"]["c"] == "${oc.env:PLACE}"
    assert values["vars"]["d"] == "http://${oc.env:PLACE}/0"
    assert values["vars"]["e"] == "${oc.decode:${vars.b}}"
    assert values["vars"]["f"] == [1, "${oc.env:PLACE}"]
    assert values["vars"]["g"] == "${oc.env:${vars.name}}"
    assert values["tracking"]["tracking_uri"] == "${oc.env:PLACE}"
    assert "hunter2" not in json.dumps(flatten(saved_values(config)))


def test_a_default_is_written_when_the_variable_is_not_set(composed: Compose) -> None:
    assert _values(composed("+vars.a='${oc.env:NOT_THERE,7}'"))["vars"]["a"] == "7"


def test_secrets_are_masked(composed: Compose) -> None:
    config = composed("+tracking.token=abc", "tracking.tracking_uri=postgresql://u:pw@h/db", "+vars.note='api_key=xyz'")

    values = _values(config)

    assert values["tracking"]["token"] == "***"
    assert values["tracking"]["tracking_uri"] == "postgresql://***@h/db"
    assert values["vars"]["note"] == "api_key=***"
    assert flatten(saved_values(config))["tracking.token"] == "***"
    assert flatten(saved_values(config))["tracking.tracking_uri"] == "postgresql://***@h/db"


def test_a_vocabulary_is_no_secret(composed: Compose) -> None:
    assert _values(composed("+data.pad_token='<pad>'", "data=digits"))["data"]["pad_token"] == "<pad>"


def test_an_interpolation_that_fails_is_told(composed: Compose) -> None:
    with pytest.raises(
        ConfigError, match=r"vars.a: cannot be resolved: Interpolation key 'nothing' not found. Correct it."
    ):
        saved_yaml(composed("+vars.a=${nothing}"))


def test_a_flat_config_has_one_entry_a_value(composed: Compose) -> None:
    flat = flatten(
        saved_values(composed("experiment=digits_resnet", "+model.parts=[{_target_: a, n: 1},{_target_: b}]"))
    )

    assert flat["optimizer.lr"] == 0.01
    assert flat["parameter_groups.no_decay.match"] == '["norm", "bias"]'
    assert (flat["model.parts.0._target_"], flat["model.parts.0.n"], flat["model.parts.1._target_"]) == ("a", 1, "b")
    assert flat["tags"] == "{}"
    assert flat["sampler"] is None


def test_tags_tell_no_secret(composed: Compose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHO", "hidden")
    tags = saved_values(composed("+tags.who=${oc.env:WHO}", "+tags.auth_token=hidden", "+tags.name=${name}"))["tags"]

    assert tags == {"who": "${oc.env:WHO}", "auth_token": "***", "name": "run"}


def test_what_was_saved_is_read_back(composed: Compose, save: Any, load: Any) -> None:
    config = composed("experiment=digits_resnet", "seed=3")
    again = load(save(config))

    assert again == config
    assert saved_yaml(again) == saved_yaml(config)
    assert composition_of(again).provenance == composition_of(config).provenance


def test_the_file_itself_may_be_named(composed: Compose, save: Any, load: Any) -> None:
    assert load(save(composed("seed=3")) / "config.yaml").seed == 3


def test_overrides_come_on_top_and_are_the_last_source(composed: Compose, save: Any, load: Any) -> None:
    again = load(
        save(composed("experiment=digits_resnet")), "train.epochs=20", "+tags.note=x", "loss.cross_entropy=null"
    )
    provenance = composition_of(again).provenance

    assert (again.train.epochs, again.tags.note, again.loss.cross_entropy) == (20, "x", None)
    assert provenance.sources("train.epochs")[-2:] == [
        "accelerator/configs/experiment/digits_resnet.yaml:12",
        "train.epochs=20",
    ]


def test_todays_configs_change_nothing(composed: Compose, save: Any, load: Any, write: Write) -> None:
    folder = save(composed("experiment=digits_resnet"))
    write("optimizer/adamw.yaml", "_target_: adamw\nlr: 99\n")

    assert load(folder).optimizer.lr == 0.01


def test_a_choice_takes_todays_config_of_its_group(composed: Compose, save: Any, load: Any) -> None:
    folder = save(composed("experiment=digits_resnet"))
    again = load(folder, "tracking=none", "engine=single", "loss=[mse]", "engine.threads=2")

    assert again.tracking is None
    assert (again.engine._target_, again.engine.threads) == ("single", 2)
    assert list(again.loss) == ["mse"]


def test_what_was_chosen_is_known_of_a_saved_config_too(composed: Compose, save: Any, load: Any) -> None:
    first = save(composed("experiment=digits_resnet", "model=mlp"))
    again = load(first, "engine=single", "loss=[mse,cross_entropy]", "scheduler=null")

    choices = composition_of(load(save(again))).provenance.choices  # type: ignore[union-attr]
    assert (choices["experiment"], choices["model"]) == ("digits_resnet", "mlp")
    assert (choices["engine"], choices["loss"]) == ("single", "mse, cross_entropy")
    assert "scheduler" not in choices


def test_another_experiment_is_refused(composed: Compose, save: Any, load: Any) -> None:
    folder = save(composed())

    with pytest.raises(
        ConfigError, match="a run that exists keeps its experiment.*start a new run with experiment=digits_resnet"
    ):
        load(folder, "experiment=digits_resnet")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizer.lrr=1", "there is no such key. Did you mean 'optimizer.lr'"),
        ("optimizer.lr=[", "cannot be read at its end"),
        ("model=resnet9", "There is no model 'resnet9'"),
        ("+optimizer.lr=1", "is there already"),
    ],
)
def test_a_wrong_override_is_explained(composed: Compose, save: Any, load: Any, override: str, message: str) -> None:
    folder = save(composed("experiment=digits_resnet"))

    with pytest.raises(ConfigError, match=message):
        load(folder, override)


def test_a_variable_that_the_project_names_is_read(
    composed: Compose, save: Any, load: Any, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE", "here")
    write("experiment/x.yaml", "# @package _global_\ntracking: {tracking_uri: '${oc.env:PLACE}'}\n")

    assert load(save(composed("experiment=x"))).tracking.tracking_uri == "here"


def test_a_longer_text_with_a_variable_is_read_when_the_project_has_it(
    composed: Compose, save: Any, load: Any, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE", "/here")
    write("experiment/x.yaml", "# @package _global_\npaths: {data: '${oc.env:PLACE}/data'}\n")

    assert load(save(composed("experiment=x"))).paths.data == "/here/data"


def _refused(folder: Path, load: Any, key: str, text: str) -> str:
    saved = OmegaConf.load(folder / "config.yaml")
    OmegaConf.update(saved, key, text, force_add=True)
    OmegaConf.save(saved, folder / "config.yaml")
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return str(caught.value)


def test_a_variable_that_the_project_does_not_name_is_refused(composed: Compose, save: Any, load: Any) -> None:
    message = _refused(save(composed()), load, "vars.a", "${oc.env:AWS_KEY}")

    assert (
        "reads the environment variable AWS_KEY, which no config of this project names. If that is meant, " in message
    )
    assert "add 'vars.a=${oc.env:AWS_KEY}' to the command." in message


@pytest.mark.parametrize(
    "text", ["http://evil/${oc.env:HOME}", "${seed}", "${oc.decode:'1'}", "${mine:1}", "x${train.total_steps}"]
)
def test_any_other_interpolation_is_refused(composed: Compose, save: Any, load: Any, text: str) -> None:
    message = _refused(save(composed()), load, "vars.a", text)

    assert "is an interpolation, which a saved config may not hold. Add vars.a=… to the command." in message


def test_what_the_command_replaces_is_not_refused(composed: Compose, save: Any, load: Any) -> None:
    folder = save(composed())
    _refused(folder, load, "vars.a", "${oc.env:AWS_KEY}")

    assert load(folder, "vars.a=1").vars.a == 1


@pytest.mark.parametrize("override", ["+tracking.token=abc", "tracking.tracking_uri=postgresql://u:p@h/db"])
def test_a_secret_that_was_not_saved_is_asked_for(composed: Compose, save: Any, load: Any, override: str) -> None:
    folder = save(composed(override))
    key = override.lstrip("+").partition("=")[0]

    with pytest.raises(ConfigError, match=f"is a secret and was not saved with the run. Add {key}=… to the command."):
        load(folder)
    assert load(folder, override.lstrip("+")) == composed(override)


def test_a_lost_provenance_is_replaced_by_the_files_own_lines(composed: Compose, save: Any, load: Any) -> None:
    folder = save(composed())
    (folder / "provenance.json").write_text("{", encoding="utf-8")

    assert composition_of(load(folder)).provenance.source_of("name") == "outputs/run/config.yaml:2"


def test_a_missing_file_is_told(tmp_path: Path, load: Any) -> None:
    with pytest.raises(
        ConfigError, match="config.yaml: the run's config cannot be read: .*No such file.*Name another run."
    ):
        load(tmp_path / "config.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [", "is not valid YAML: "), ("- a", "is not a run's config: it holds no mapping. Name another run.")],
)
def test_a_broken_file_is_told(tmp_path: Path, load: Any, text: str, message: str) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=message):
        load(tmp_path)


_KEYS = st.text(string.ascii_lowercase, min_size=1, max_size=5).filter(lambda key: key not in ("token", "pwd"))
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text("ab c:#'\"-{}[]$\\1\n", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
).filter(lambda value: "${" not in str(value) and "???" not in str(value))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_any_values_of_the_users_own_survive(
    composed_once: ComposedConfig, tmp_path: Path, project: Project, registry: Registry, own: dict[str, Any]
) -> None:
    config = OmegaConf.create(OmegaConf.to_container(composed_once))
    config.vars = own
    (tmp_path / "config.yaml").write_text(saved_yaml(config), encoding="utf-8")
    again = load_saved(tmp_path, (), project, registry)

    assert OmegaConf.to_container(again) == OmegaConf.to_container(config)


@pytest.fixture
def composed_once(composed: Compose) -> ComposedConfig:
    config: ComposedConfig = composed("experiment=digits_resnet")
    return config
