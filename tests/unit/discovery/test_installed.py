"""What installed distributions declare, and the memory of it."""

import json
import logging
import os
import sys
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from accelerator.discovery.declaration import Declaration
from accelerator.discovery.installed import installed_declarations

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a distribution's metadata into the one folder on `sys.path`."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setattr(sys, "path", [str(site)])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def install_one(name: str, entry_points: str | bytes, version: str = "1.0") -> Path:
        folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nA text.\n")
        content = entry_points.encode() if isinstance(entry_points, str) else entry_points
        (folder / "entry_points.txt").write_bytes(content)
        return folder

    return install_one


def declared() -> list[str]:
    return [f"{item.distribution}::{item.kind}:{item.name}" for item in installed_declarations()]


def test_only_our_groups_are_read(install: Install) -> None:
    install("one-net", "[console_scripts]\nnet = one:main\n[accelerator.model]\nnet = one.models : Net\n")
    install("other", "[console_scripts]\nother = other:main\n")

    assert installed_declarations() == (Declaration("model", "net", "one.models:Net", "one-net"),)


def test_what_is_installed_or_removed_later_is_seen(install: Install) -> None:
    first = install("one", "[accelerator.model]\na = one:A\n")
    assert declared() == ["one::model:a"]

    install("two", "[accelerator.model]\nb = two:B\n")
    assert sorted(declared()) == ["one::model:a", "two::model:b"]

    (first / "entry_points.txt").unlink()
    assert declared() == ["two::model:b"]


def test_a_file_that_is_edited_in_place_is_seen(install: Install) -> None:
    file = install("one", "[accelerator.model]\na = one:A\n") / "entry_points.txt"
    declared()

    file.write_text("[accelerator.loss]\nb = one:B\n")
    os.utime(file, ns=(1, 1))  # an edit within the clock's resolution would be missed

    assert declared() == ["one::loss:b"]


def test_what_runs_write_into_a_folder_on_the_path_changes_nothing(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install("one", "[accelerator.model]\na = one:A\n")
    found = installed_declarations()
    (folder.parent / "outputs").mkdir()
    os.utime(folder.parent, ns=(1, 1))
    monkeypatch.setattr("importlib.metadata.Distribution.at", lambda path: pytest.fail("read again"))

    assert installed_declarations() == found


def test_the_second_look_reads_no_distribution(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("one", "[accelerator.model]\na = one:A\n")
    found = installed_declarations()
    monkeypatch.setattr("importlib.metadata.Distribution.at", lambda path: pytest.fail("read again"))

    assert installed_declarations() == found


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 0}', '{"format": 2, "state": 3}'])
def test_a_damaged_memory_counts_as_none(content: str, install: Install, tmp_path: Path) -> None:
    install("one", "[accelerator.model]\na = one:A\n")
    installed_declarations()
    (cache,) = (tmp_path / "cache" / "accelerator").iterdir()
    cache.write_text(content)

    assert declared() == ["one::model:a"]
    assert json.loads(cache.read_text())["format"] == 2


def test_a_cache_that_cannot_be_written_is_no_cache(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("one", "[accelerator.model]\na = one:A\n")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "below"))

    assert declared() == declared() == ["one::model:a"]


@pytest.mark.parametrize(
    "damaged", [b"[accelerator.model\n", b"[accelerator.model]\nno target\n", b"[accelerator.x]\n\xff"]
)
def test_a_strangers_damaged_file_breaks_only_itself(
    damaged: bytes, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("broken", damaged)
    install("one", "[accelerator.model]\na = one:A\n")

    with caplog.at_level(logging.WARNING):
        assert declared() == ["one::model:a"]


def test_of_two_copies_the_first_on_the_path_counts(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install("one", "[accelerator.model]\nold = one:A\n")
    second = tmp_path / "second"
    second.mkdir()
    folder.rename(second / folder.name)
    install("one", "[accelerator.model]\nnew = one:A\n", "2.0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(second)])

    assert declared() == ["one::model:new"]


def test_a_copy_behind_one_that_declares_nothing_is_hidden_too(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install("one-net", "[accelerator.model]\nold = one:A\n")
    second = tmp_path / "second"
    second.mkdir()
    folder.rename(second / folder.name)
    install("one-net", "[console_scripts]\nnet = one:main\n", "2.0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(second)])

    assert declared() == []


def test_an_archive_on_the_path_is_read_and_remembered(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("one", "[accelerator.model]\na = one:A\n")
    archive = tmp_path / "two-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("two-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: two\nVersion: 1.0\n")
        file.writestr("two-1.0.dist-info/entry_points.txt", "[accelerator.loss]\nb = two:B\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(archive)])

    assert declared() == declared() == ["one::model:a", "two::loss:b"]


def test_what_another_finder_gives_is_found_and_not_remembered(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = install("one", "[accelerator.model]\na = one:A\n")
    elsewhere = tmp_path / "elsewhere" / info.name
    elsewhere.parent.mkdir()
    info.rename(elsewhere)

    class Finder:
        """Gives one distribution from a place that is not on the path."""

        @staticmethod
        def find_spec(*arguments: object) -> None:
            """Find no module."""

        @staticmethod
        def find_distributions(context: object) -> list[metadata.Distribution]:
            return [metadata.Distribution.at(elsewhere)]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])

    assert declared() == ["one::model:a"]
    assert not (tmp_path / "cache").exists()
