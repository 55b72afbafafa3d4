"""`${index.loss.mse}` stands for a config, wherever it is written, and no index is left behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from accelerator.components import Registry
from accelerator.config.check import check_config
from accelerator.config.compose import composition_of
from accelerator.config.saved import saved_yaml
from accelerator.errors import ConfigError

Compose = Any
Write = Callable[[str, str], Path]

EXPERIMENT = """\
# @package _global_
defaults:
  - /index/loss
  - /index/model
  - /index/scheduler
  - /index/tracking
  - override /data: digits
loss: {a: "${index.loss.mse}"}
model: ${index.model.mlp}
scheduler: ${index.scheduler.cosine}
tracking: ${index.tracking.none}
vars: {text: "twice ${index.loss.mse.weight}, ${index.loss.mse.weight}", inputs: ["${index.loss.mse.inputs}"]}
"""


@pytest.fixture
def indexed(composed: Compose, write: Write) -> Any:
    """Compose the experiment above with overrides."""
    write("experiment/x.yaml", EXPERIMENT)
    return lambda *overrides: composed("experiment=x", *overrides)


def test_what_the_index_names_stands_in_its_place(indexed: Any, composed: Compose, registry: Registry) -> None:
    config = indexed()
    plain = composed("data=digits", "model=mlp", "scheduler=cosine", "tracking=none", "loss=mse")

    assert "index" not in config
    assert config.loss.a == plain.loss.mse
    assert (config.model, config.tracking) == (plain.model, None)
    assert OmegaConf.to_container(config.scheduler) == OmegaConf.to_container(plain.scheduler)
    assert OmegaConf.to_container(config.vars) == {"text": "twice 1.0, 1.0", "inputs": [["prediction", "target"]]}
    assert check_config(config, registry) == []


def test_the_saved_config_and_its_provenance_hold_no_index(indexed: Any) -> None:
    config = indexed()

    composition = composition_of(config)
    assert composition is not None
    assert "index" not in saved_yaml(config)
    assert [key for key in composition.provenance.of_key if key.startswith("index")] == []
    assert composition.provenance.sources("loss.a") == ["configs/experiment/x.yaml:8"]
    assert composition.provenance.sources("loss.a.weight") == ["accelerator/configs/loss/mse.yaml:3"]
    assert composition.from_index["loss.a"] == "${index.loss.mse}"


def test_the_config_in_the_index_can_be_changed_and_the_value_that_names_it_replaced(indexed: Any) -> None:
    assert indexed("index.loss.mse.weight=2").loss.a.weight == 2
    assert indexed("loss.a=${index.loss.cross_entropy}").loss.a.loss._target_ == "cross_entropy"


@pytest.mark.parametrize("override", ["loss.a.weight=2", "+loss.a.weight=2", "model.hidden=[8]"])
def test_an_override_below_such_a_value_is_refused(indexed: Any, override: str) -> None:
    with pytest.raises(ConfigError, match=r"is \$\{index\..*, and nothing can be set below an interpolation"):
        indexed(override)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "+vars.x=${index.callback.progress}",
            "vars.x = ${index.callback.progress} (command line): the index of callback is not included. "
            "Add `- /index/callback` to the defaults list of the file, before its override entries.",
        ),
        ("+vars.x=${index.los.mse}", "the index has no kind 'los'. Did you mean 'loss'? Known: "),
        ("loss.a=${index.loss.mes}", "index.loss has no 'mes'. Did you mean 'mse'? Known: cross_entropy, mse."),
        ("+vars.x=${index.loss.mse.weight.a}", "index.loss.mse.weight has no 'a'. Correct the name."),
        (
            "+vars.x='all of ${index.loss.mse}'",
            "index.loss.mse is no text that could stand in another. Name one value of it.",
        ),
    ],
)
def test_what_the_index_does_not_have_is_told(indexed: Any, override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        indexed(override)

    assert message in str(caught.value)


def test_a_circle_is_told(indexed: Any) -> None:
    with pytest.raises(ConfigError, match="loss.b.next = .*leads back to itself. Name a config that does not name"):
        indexed("+index.loss.me={next: '${index.loss.me}'}", "+loss.b=${index.loss.me}")


def test_an_index_that_is_not_included_is_told_with_what_to_add(composed: Compose, write: Write) -> None:
    write("experiment/y.yaml", '# @package _global_\nloss: {a: "${index.loss.mse}"}\n')

    with pytest.raises(ConfigError) as caught:
        composed("experiment=y")

    assert str(caught.value) == (
        "loss.a = ${index.loss.mse} (configs/experiment/y.yaml:2): the index of loss is not included. "
        "Add `- /index/loss` to the defaults list of the file, before its override entries."
    )


def test_a_name_of_the_environment_stays_a_name(composed: Compose, write: Write, monkeypatch: Any) -> None:
    monkeypatch.setenv("OF_MINE", "hidden")
    write("tracking/own.yaml", "_target_: mlflow\ntracking_uri: ${oc.env:OF_MINE}\n")
    write("index/tracking.yaml", "# @package index.tracking\ndefaults: [/tracking@own: own]\n")
    write(
        "experiment/y.yaml",
        "# @package _global_\ndefaults: [/index/tracking]\ntracking: ${index.tracking.own}\n"
        'vars: {text: "to ${index.tracking.own.tracking_uri}"}\n',
    )

    config = composed("experiment=y")

    assert OmegaConf.to_container(config)["tracking"]["tracking_uri"] == "${oc.env:OF_MINE}"
    assert OmegaConf.to_container(config)["vars"] == {"text": "to ${oc.env:OF_MINE}"}
    assert "hidden" not in saved_yaml(config)


def test_an_escaped_reference_is_a_text(composed: Compose, write: Write) -> None:
    write("experiment/y.yaml", "# @package _global_\nvars: {text: '\\${index.loss.mse}'}\n")

    assert composed("experiment=y").vars.text == "${index.loss.mse}"
