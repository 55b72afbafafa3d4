"""Config files as Hydra gets them: the same values as by its own reading, read once, and anew when they change."""

from pathlib import Path
from typing import Any

import pytest
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from omegaconf import OmegaConf

from accelerator.config import hydra_files
from accelerator.config.hydra_files import MeasuringRepository, files_alone
from accelerator.config.project import ConfigSource
from accelerator.hostile_yaml import HostileYamlError

TEXT = """\
# @package _global_
defaults: [_self_]
float: 1e-3
other_float: 1_0.5e+3
integer: 0x10
octal: 010
date: 2026-11-25
on: [yes, no, null, ~]
text: "1e-3"
sexagesimal: 1:30
merged: &base {a: 1}
again: *base
reference: ${float}
"""


def repository(folder: Path) -> MeasuringRepository:
    return MeasuringRepository(files_alone([ConfigSource("project", folder)]), lambda text: None)


def values(found: Any) -> Any:
    return OmegaConf.to_container(found.config)


def test_what_is_read_is_what_hydra_reads(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(TEXT)
    theirs = FileConfigSource("project", str(tmp_path)).load_config("main")
    theirs.config.pop("defaults")

    ours = repository(tmp_path).load_config("main")

    assert repr(values(ours)) == repr(values(theirs))
    assert (ours.header, ours.path, ours.provider) == (theirs.header, theirs.path, theirs.provider)


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: [1\n", "- 1\n", "just text\n", "", "a: !!python/object:x.Y {}\n"])
def test_what_is_no_mapping_ends_as_with_hydra(text: str, tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(text)

    def outcome(read: Any) -> str:
        try:
            return repr(read("main").config)
        except Exception as error:
            return f"{type(error)}: {error}"

    assert outcome(repository(tmp_path).load_config) == outcome(FileConfigSource("project", str(tmp_path)).load_config)


def test_a_file_is_parsed_once_and_again_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []
    monkeypatch.setattr(hydra_files, "measure_yaml", measured.append)
    (tmp_path / "main.yaml").write_text("seed: 1\n")

    before = [values(repository(tmp_path).load_config("main")) for _ in range(3)]
    (tmp_path / "main.yaml").write_text("seed: 2\n")
    after = values(repository(tmp_path).load_config("main"))

    assert before == [{"seed": 1}] * 3 and after == {"seed": 2}
    assert measured == ["seed: 1\n", "seed: 2\n"]


def test_no_more_is_remembered_than_has_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hydra_files, "_MOST_READ", 3)
    monkeypatch.setattr(hydra_files, "_read", {})
    for seed in range(10):
        (tmp_path / "main.yaml").write_text(f"seed: {seed}\n")
        assert values(repository(tmp_path).load_config("main")) == {"seed": seed}

    assert len(hydra_files._read) <= 3


def test_a_file_that_stands_for_too_much_is_refused_every_time(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(f"a: {'[' * 100}{']' * 100}\n")
    for _ in range(2):
        with pytest.raises(HostileYamlError, match=r"main\.yaml: more than 60 levels"):
            repository(tmp_path).load_config("main")
