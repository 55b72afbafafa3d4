"""An index file composes every config of its kind, in whatever form that kind's files have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from accelerator.components import KINDS, Registry
from accelerator.config.check import check_config
from accelerator.config.groups import configs_of
from accelerator.config.hydra_api import load
from accelerator.config.index_files import index_texts
from accelerator.config.project import ConfigSource, Project, search_path, shipped_configs
from accelerator.config.schema import ENTRIES

Write = Callable[[str, str], Path]
OURS = (ConfigSource("accelerator", shipped_configs()),)


def test_a_kind_whose_files_hold_their_name_is_listed_as_it_is(project: Project, write: Write) -> None:
    write("loss/b.yaml", "# What b is.\nb: {_target_: b}\n")
    write("loss/a.yaml", "a: {_target_: a}\n")

    assert index_texts([ConfigSource("project", project.configs)], "SEAL") == {
        "loss": (
            "# @package index.loss\n"
            "# Every config of the kind loss, as index.loss.<name>. Do not edit: yours go to configs/loss/.\n"
            "# Written by `accelerator configure index`, SEAL.\n"
            "defaults:\n"
            "  - /loss@_here_:\n"
            "      - a\n"
            "      - b # What b is.\n"
        )
    }


def test_a_file_that_is_a_node_is_put_below_its_name(project: Project, write: Write) -> None:
    write("model/a.yaml", "# What a is.\n_target_: a\n")

    text = index_texts([ConfigSource("a-plugin", project.configs)], "SEAL")["model"]

    assert text.endswith("defaults:\n  - /model@a: a # (a-plugin) What a is.\n")


def test_a_file_that_sets_its_kind_to_null_is_null_and_one_of_another_package_is_left_out(
    project: Project, write: Write
) -> None:
    write("tracking/none.yaml", "# @package _global_\ntracking: null\n")
    write("tracking/other.yaml", "# @package _global_\nseed: 1\n")
    write("tracking/v1.5.yaml", "_target_: x\n")

    text = index_texts([ConfigSource("project", project.configs)], "SEAL")["tracking"]

    assert "# Not here: other, whose package is _global_.\n# Not here: v1.5, whose package is its name.\n" in text
    assert yaml.safe_load(text) == {"none": None}


def test_every_config_of_every_kind_composes_through_the_index_and_names_what_there_is(
    project: Project, registry: Registry
) -> None:
    expected = {kind: {item.name for item in configs_of(kind, OURS)} for kind in KINDS}
    override = f"+index=[{','.join(kind for kind, names in expected.items() if names)}]"

    config = load(search_path(project, registry), "main", [override], prepare=lambda config, overrides: None).config

    assert {kind: set(names) for kind, names in config.index.items()} == {k: v for k, v in expected.items() if v}
    for kind, nodes in config.index.items():
        for name, node in nodes.items():
            assert node is None or registry.find(_target(node, kind), kind), (kind, name)


def test_every_config_of_every_kind_can_stand_where_it_belongs(
    project: Project, registry: Registry, composed: Any, write: Write
) -> None:
    named = (*ENTRIES, "callback")
    lines = [f"  - /index/{kind}\n" for kind in (*named, "transform")]
    values = "".join(f"{kind}: ${{index.{kind}}}\n" for kind in named)
    transform = "transform: {train: '${index.transform}', evaluation: '${index.transform}'}\n"
    write("experiment/all.yaml", f"# @package _global_\ndefaults:\n{''.join(lines)}{values}{transform}")

    config = composed("experiment=all", "data=digits", "model=mlp")

    assert check_config(config, registry) == []
    assert set(config.loss) == {item.name for item in configs_of("loss", OURS)}


def _target(node: Any, kind: str) -> str:
    inner = node[kind] if kind in node else node
    return str(inner["_target_"])
