"""`configure clean` and its undo: only what is ours and unchanged goes, and it comes back as it was."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.scaffold.add import add
from accelerator.scaffold.clean import clean
from accelerator.scaffold.record import FOLDER, entry_path
from accelerator.scaffold.undo_clean import undo_clean
from accelerator.scaffold.write_index import write_index
from tests.unit.scaffold.new_project import files_of, own_files

MODEL = "src/handwriting/model/small_net.py"


def _snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Return every file and folder below `root`: permissions, and the time of a file's last change."""
    stats = {path: path.lstat() for path in root.rglob("*")}
    return {str(path): (stat.st_mode, stat.st_mtime_ns * path.is_file()) for path, stat in stats.items()}


def test_an_unchanged_project_goes_whole_and_comes_back_as_it_was(new: Project) -> None:
    (new.root / "Makefile").chmod(0o600)
    contents, snapshot = files_of(new.root), _snapshot(new.root)

    cleaned = clean(project=new)
    left = [path.name for path in new.root.iterdir()]
    restored = undo_clean(project=new)

    assert left == [FOLDER]
    assert cleaned.removed == restored.paths == tuple(sorted(own_files(new.root)))
    assert (files_of(new.root), _snapshot(new.root)) == (contents, snapshot)


def test_what_the_user_made_or_changed_stays(new: Project) -> None:
    (new.root / "Makefile").write_text("all:\n")
    (new.configs / "model" / "wide.yaml").write_text("_target_: small_net\n")
    (new.root / "README.md").unlink()
    add("loss", "sharp", project=new)
    added = {path: text for path, text in own_files(new.root).items() if "sharp" in path}

    cleaned = clean(project=new)

    left = own_files(new.root)
    assert added.items() <= left.items()
    assert "src/handwriting/__init__.py" in left and "src/handwriting/model/__init__.py" not in left
    assert (left["Makefile"], left["configs/model/wide.yaml"]) == (b"all:\n", b"_target_: small_net\n")
    assert cleaned.kept == ("Makefile", "pyproject.toml")
    assert not {"Makefile", "README.md"} & set(cleaned.removed)


def test_a_dry_run_lists_what_would_go_and_touches_nothing(new: Project) -> None:
    (new.root / "Makefile").write_text("all:\n")
    before = _snapshot(new.root)

    planned = clean(project=new, dry_run=True)

    assert _snapshot(new.root) == before
    assert planned.trash == ""
    assert planned.removed == clean(project=new).removed


def test_index_files_go_and_come_back_too(new: Project) -> None:
    write_index(new)
    before = files_of(new.root)

    cleaned = clean(project=new)
    left = own_files(new.root)
    undo_clean(project=new)

    assert "configs/index/loss.yaml" in cleaned.removed
    assert left == {}
    assert files_of(new.root) == before


def test_entry_points_of_what_goes_are_named_where_pyproject_stays(new: Project) -> None:
    pyproject = new.root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + "# mine\n")

    cleaned = clean(project=new)

    assert cleaned.dangling == ('small_net = "handwriting.model.small_net:SmallNet"',)


@pytest.mark.parametrize("text", ["not = [toml", "[project]\nentry-points = 3\n"])
def test_a_pyproject_that_cannot_be_read_is_told_first(new: Project, text: str) -> None:
    (new.root / "pyproject.toml").write_text(text)
    before = files_of(new.root)

    with pytest.raises(InputError, match="pyproject.toml.* Repair the file."):
        clean(project=new)

    assert files_of(new.root) == before


def test_a_damaged_record_removes_nothing_of_what_it_is_about(new: Project) -> None:
    place = entry_path(new.root, MODEL)
    (new.root / MODEL).write_text("mine = 1\n")
    place.write_text(json.dumps(json.loads(place.read_text()) | {"text": "mine = 1\n"}))

    cleaned = clean(project=new)

    assert MODEL not in cleaned.removed
    assert (new.root / MODEL).read_text() == "mine = 1\n"


def test_a_file_behind_a_link_is_not_removed(new: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (new.root / "src").rename(elsewhere)
    (new.root / "src").symlink_to(elsewhere)

    clean(project=new)

    assert (elsewhere / "handwriting" / "model" / "small_net.py").is_file()


def test_a_file_that_is_there_again_stops_the_undo(new: Project) -> None:
    clean(project=new)
    (new.root / "README.md").write_text("mine")
    before = files_of(new.root)

    with pytest.raises(InputError, match="README.md is there again, and nothing was brought back"):
        undo_clean(project=new)

    assert files_of(new.root) == before


def test_the_newest_clean_is_undone_first(new: Project) -> None:
    readme = (new.root / "README.md").read_bytes()
    (new.root / "README.md").write_text("mine")
    clean(project=new)
    (new.root / "README.md").write_bytes(readme)
    clean(project=new)

    first, second = undo_clean(project=new).paths, undo_clean(project=new).paths

    assert first == ("README.md",)
    assert "Makefile" in second


def test_nothing_to_undo_is_told(new: Project) -> None:
    with pytest.raises(InputError, match="nothing was removed from .*handwriting that could be brought back"):
        undo_clean(project=new)


def test_an_undo_finds_the_project_of_which_nothing_is_left(new: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (new.root.parent / "pyproject.toml").write_text("[project]\nname = 'outer'\n")
    clean(project=new)
    monkeypatch.chdir(new.root)

    restored = undo_clean(project=Project(new.root.parent))

    assert restored.root == new.root
    assert (new.root / MODEL).is_file()


def test_a_clean_that_was_killed_halfway_can_be_undone(new: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before, rename, calls = files_of(new.root), os.rename, []

    def killed(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) > 5:
            raise SystemExit
        rename(source, target)

    monkeypatch.setattr(os, "rename", killed)
    with pytest.raises(SystemExit):  # which then cannot put back what it moved: as after a kill
        clean(project=new)
    monkeypatch.setattr(os, "rename", rename)
    assert files_of(new.root) != before

    undo_clean(project=new)

    assert files_of(new.root) == before


@pytest.mark.parametrize("error", [OSError(13, "Permission denied", "x"), KeyboardInterrupt()])
def test_a_clean_that_fails_puts_back_what_it_moved(
    new: Project, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, rename, calls = own_files(new.root), os.rename, []

    def fail(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == 5:
            raise error
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises((InputError, KeyboardInterrupt)) as failed:
        clean(project=new)

    assert own_files(new.root) == before
    assert list((new.root / FOLDER / "trash").iterdir()) == []  # nothing that an undo would take for a clean
    assert isinstance(failed.value, KeyboardInterrupt) or "x cannot be moved (Permission denied)" in str(failed.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "cannot be read"), ('{"files": 3}', "cannot be read"), ('{"files": ["../x"]}', "outside the project")],
)
def test_a_damaged_list_of_contents_moves_nothing(new: Project, content: str, message: str) -> None:
    trash = new.root / clean(project=new).trash
    (trash / "contents.json").write_text(content)
    before = files_of(new.root)

    with pytest.raises(InputError, match=message):
        undo_clean(project=new)

    assert files_of(new.root) == before


def test_a_trash_that_cannot_be_made_is_told(new: Project) -> None:
    (new.root / FOLDER / "trash").write_text("mine")
    before: dict[str, Any] = files_of(new.root)

    with pytest.raises(InputError, match="trash/.* cannot be made .*, and so nothing was removed"):
        clean(project=new)

    assert files_of(new.root) == before
