"""What may be added, and under which name."""

import pytest

from accelerator.components import Component, Registry
from accelerator.config.project import ConfigSource, shipped_configs
from accelerator.errors import InputError, UsageError
from accelerator.scaffold.add_names import (
    KINDS_TO_ADD,
    checked_kind,
    checked_name,
    object_name,
    refuse_clash,
    suggested_package,
)


@pytest.mark.parametrize(
    ("typed", "kind"), [("model", "model"), ("step", "pipeline_step"), ("sample-transform", "sample_transform")]
)
def test_a_kind_is_known_in_its_spellings(typed: str, kind: str) -> None:
    assert checked_kind(typed) == kind


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (
            "models",
            "accelerator add: there is no kind 'models' to add. Did you mean 'model'? Known: callback, collate, ",
        ),
        ("engine", "accelerator add engine: there is no template for a component of kind engine. Known: model, data, "),
    ],
)
def test_a_kind_without_a_template_is_told(typed: str, message: str) -> None:
    with pytest.raises(UsageError) as told:
        checked_kind(typed)

    assert str(told.value).startswith(message)


@pytest.mark.parametrize("name", ["my_model", "MyModel", "m", "match", "resnet_50"])
def test_a_name_is_an_identifier(name: str) -> None:
    assert checked_name("model", name) == name


@pytest.mark.parametrize(
    ("name", "reason", "proposed"),
    [
        ("my-model", "a name holds no hyphens, because it names a Python module too", "my_model"),
        ("../my_model", "a name holds letters, digits and underscores, and starts with a letter", "my_model"),
        ("/etc/passwd", "a name holds letters, digits and underscores, and starts with a letter", "passwd"),
        ("my_model.py", "a name holds letters, digits and underscores, and starts with a letter", "my_model"),
        ("3d", "a name holds letters, digits and underscores, and starts with a letter", "my_model"),
        ("größe", "a name holds letters, digits and underscores, and starts with a letter", "gr_e"),
        ("", "a name holds letters, digits and underscores, and starts with a letter", "my_model"),
        ("a b", "a name holds letters, digits and underscores, and starts with a letter", "a_b"),
        ("class", "the name is a word of Python's own", "my_model"),
        ("__init__", "a name starts with a letter", "init"),
        ("null", "YAML and the command line read that as a value, not as a name", "my_model"),
        ("On", "YAML and the command line read that as a value, not as a name", "my_model"),
    ],
)
def test_what_is_no_name_is_told_with_one_that_is(name: str, reason: str, proposed: str) -> None:
    with pytest.raises(UsageError) as told:
        checked_name("model", name)

    assert str(told.value) == f"accelerator add model '{name}': {reason}. Write accelerator add model {proposed}."
    assert checked_name("model", proposed) == proposed


def test_a_name_that_another_distribution_declares_is_refused() -> None:
    registry = Registry((Component("loss", "ssim", "plugin.losses:SSIM", "image-losses"),))

    with pytest.raises(InputError) as told:
        refuse_clash("loss", "ssim", registry, "my-project", ())

    assert str(told.value) == (
        "accelerator add loss ssim: image-losses has a loss of that name, and a config that says ssim could mean "
        "either. Choose another name, such as my_ssim; the existing one is _target_: image-losses::ssim."
    )


@pytest.mark.parametrize(("kind", "own"), [("metric", "other"), ("loss", "Image_Losses")])
def test_the_same_name_of_another_kind_or_in_the_project_itself_is_free(kind: str, own: str) -> None:
    registry = Registry((Component("loss", "ssim", "plugin.losses:SSIM", "image-losses"),))

    assert refuse_clash(kind, "ssim", registry, own, ()) is None  # type: ignore[func-returns-value]


def test_a_config_that_would_hide_ours_is_refused() -> None:
    sources = (ConfigSource("accelerator", shipped_configs()),)

    with pytest.raises(InputError) as told:
        refuse_clash("experiment", "digits_resnet", Registry(()), "", sources)

    assert str(told.value) == (
        "accelerator add experiment digits_resnet: accelerator has a config experiment/digits_resnet.yaml, "
        "and yours would hide it. Choose another name, such as my_digits_resnet."
    )


@pytest.mark.parametrize(
    ("kind", "name", "called"),
    [
        ("model", "my_model", "MyModel"),
        ("model", "resnet_50", "Resnet50"),
        ("callback", "callback", "MyCallback"),
        ("model", "test_model", "MyTestModel"),
        ("model", "exception", "MyException"),
        ("data", "torch", "make_torch"),
        ("data", "set", "make_set"),
        ("data", "digits_again", "digits_again"),
    ],
)
def test_a_class_is_called_after_its_component(kind: str, name: str, called: str) -> None:
    assert object_name(kind, name, frozenset({"Callback", "torch"})) == called


@pytest.mark.parametrize(
    ("distribution", "package"), [("Hand-Writing", "hand_writing"), ("a.b", "a_b"), ("3d", ""), ("class", "")]
)
def test_a_package_is_called_after_its_distribution(distribution: str, package: str) -> None:
    assert suggested_package(distribution) == package


def test_there_is_a_template_for_every_kind_of_the_contract() -> None:
    assert set(KINDS_TO_ADD) >= {
        *("model", "data", "task", "loss", "metric", "optimizer", "scheduler", "callback"),
        *("transform", "sample_transform", "pipeline_step", "experiment", "pipeline"),
    }
