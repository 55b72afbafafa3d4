"""Each value knows the files, lines and overrides that set it, the last one last."""

from typing import Any

from accelerator.components import Component, Registry
from accelerator.config.compose import ComposedConfig, compose, composition_of
from accelerator.config.project import Project
from accelerator.config.provenance import Provenance

Compose = Any
Write = Any


def _provenance(config: ComposedConfig) -> Provenance:
    composition = composition_of(config)
    assert composition is not None
    return composition.provenance


def test_sources_are_told_in_the_order_in_which_they_won(composed: Compose, write: Write) -> None:
    write(
        "experiment/x.yaml", "# @package _global_\ndefaults:\n  - override /optimizer: sgd\n\noptimizer:\n  lr: 0.2\n"
    )
    provenance = _provenance(composed("experiment=x", "optimizer.lr=0.3"))

    assert provenance.sources("optimizer.lr") == [
        "accelerator/configs/optimizer/sgd.yaml:2",
        "configs/experiment/x.yaml:6",
        "optimizer.lr=0.3",
    ]
    assert provenance.source_of("optimizer.lr") == "optimizer.lr=0.3"


def test_the_choice_of_a_node_has_its_lines_too(composed: Compose, write: Write) -> None:
    write("experiment/x.yaml", "# @package _global_\ndefaults:\n  - override /model: mlp\n")
    provenance = _provenance(composed("experiment=x", "model=resnet8"))

    assert provenance.sources("model") == [
        "accelerator/configs/base.yaml:4",
        "configs/experiment/x.yaml:3",
        "model=resnet8",
    ]
    assert provenance.source_of("model._target_") == "accelerator/configs/model/resnet8.yaml:2"


def test_a_choice_with_a_package_is_told_of_the_package(composed: Compose, write: Write) -> None:
    write(
        "experiment/x.yaml",
        "# @package _global_\ndefaults:\n  - override /transform@transform.train: [random_shift]\n",
    )
    provenance = _provenance(composed("experiment=x"))

    assert provenance.source_of("transform.train") == "configs/experiment/x.yaml:3"
    assert provenance.source_of("transform.train.random_shift.max_share").startswith("accelerator/configs/transform/")


def test_an_unknown_key_has_the_source_of_the_nearest_one_above(composed: Compose) -> None:
    provenance = _provenance(composed("+vars.a={b: {c: 1}}"))

    assert provenance.source_of("vars.a.b.nothing") == "+vars.a={b: {c: 1}}"
    assert provenance.sources("vars.a.b.nothing") == []
    assert provenance.source_of("nothing") == ""


def test_a_key_that_came_with_those_below_it_has_their_source(composed: Compose) -> None:
    provenance = _provenance(composed("+optimizer.betas.first=0.9"))

    assert provenance.source_of("optimizer.betas") == "+optimizer.betas.first=0.9"
    assert provenance.place_of("optimizer.betas") == "command line"


def test_for_a_message_an_override_is_the_command_line(composed: Compose) -> None:
    provenance = _provenance(composed("seed=3", "+vars.place=a.yaml:7"))

    assert provenance.place_of("seed") == "command line"
    assert provenance.place_of("vars.place") == "command line"
    assert provenance.place_of("loader.workers") == "accelerator/configs/base.yaml:33"
    assert provenance.place_of("nothing") == ""


def test_a_shadowing_file_is_the_only_one_named(composed: Compose, write: Write) -> None:
    write("optimizer/adamw.yaml", "_target_: adamw\nlr: 0.25\n")

    assert _provenance(composed()).sources("optimizer.lr") == ["configs/optimizer/adamw.yaml:2"]


def test_a_plugins_file_is_named_by_its_distribution(tmp_path: Any, monkeypatch: Any) -> None:
    folder = tmp_path / "site" / "nice_plugin" / "configs" / "model"
    folder.mkdir(parents=True)
    (folder / "nice.yaml").write_text("_target_: nice\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (tmp_path / "here").mkdir()
    registry = Registry((Component("configs", "nice", "nice_plugin.configs", "nice-plugin"),))
    config = compose(["model=nice"], project=Project(tmp_path / "here"), registry=registry)

    assert _provenance(config).source_of("model._target_") == "nice-plugin/configs/model/nice.yaml:1"


def test_a_secret_in_an_override_is_not_recorded(composed: Compose) -> None:
    text = _provenance(
        composed("+tracking.token=hunter2", "tracking.tracking_uri=postgresql://u:hunter2@h/db")
    ).to_json()

    assert "hunter2" not in text
    assert "tracking.tracking_uri=postgresql://***@h/db" in text


def test_what_is_written_reads_back_as_the_same(composed: Compose) -> None:
    provenance = _provenance(composed("experiment=digits_resnet", "seed=3"))

    assert Provenance.from_json(provenance.to_json()) == provenance
