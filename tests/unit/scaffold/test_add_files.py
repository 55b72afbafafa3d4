"""Files that are written all or none."""

from pathlib import Path

import pytest

from accelerator.errors import InputError
from accelerator.scaffold.add_files import PlannedFile, Written, write_all

COMMAND = "accelerator add model m"


def _tree(root: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None for path in root.rglob("*")
    }


def _write(root: Path, *files: PlannedFile, force: bool = False) -> Written:
    return write_all(files, root, COMMAND, force=force)


def test_new_files_and_changes_are_written(tmp_path: Path) -> None:
    (tmp_path / "changed").write_bytes(b"old")
    (tmp_path / "changed").chmod(0o600)

    new, changed = tmp_path / "a/b/new", tmp_path / "changed"

    written = _write(tmp_path, PlannedFile(new, b"1"), PlannedFile(changed, b"new", b"old"))

    assert written == Written((new,), (changed,), ())
    assert _tree(tmp_path) == {"a": None, "a/b": None, "a/b/new": b"1", "changed": b"new"}
    assert (tmp_path / "changed").stat().st_mode & 0o777 == 0o600


def test_what_stands_in_the_way_is_listed_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"mine")
    (tmp_path / "c").symlink_to(tmp_path / "nowhere")
    before = _tree(tmp_path)

    with pytest.raises(InputError) as told:
        _write(tmp_path, *(PlannedFile(tmp_path / name, b"x") for name in "abc"))

    assert str(told.value) == (
        f"{COMMAND}: there already are b, c. Choose another name, or add --force, which replaces what is there and "
        f"keeps a copy of it (FILE.bak-<time>)."
    )
    assert _tree(tmp_path) == before


def test_force_keeps_a_copy_each_time(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_bytes(b"first")

    backups = [
        backup
        for text in (b"second", b"third")
        for backup in _write(tmp_path, PlannedFile(path, text), force=True).backups
    ]

    assert path.read_bytes() == b"third"
    assert [backup.read_bytes() for backup in backups] == [b"first", b"second"]
    assert all(backup.name.startswith("m.py.bak-2") for backup in backups)


def test_a_failure_halfway_takes_back_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"mine")
    (tmp_path / "changed").write_bytes(b"old")
    (tmp_path / "file").write_bytes(b"no folder")
    before = _tree(tmp_path)
    files = [
        PlannedFile(tmp_path / "new/deep/a", b"1"),
        PlannedFile(tmp_path / "there", b"2"),
        PlannedFile(tmp_path / "changed", b"3", b"old"),
        PlannedFile(tmp_path / "file/below", b"4"),
    ]

    with pytest.raises(InputError) as told:
        _write(tmp_path, *files, force=True)

    assert str(told.value) == (
        f"{COMMAND}: file/below could not be written (Not a directory), and so nothing was. "
        f"Make its folder writable, or free some space, and repeat the command."
    )
    assert _tree(tmp_path) == before


@pytest.mark.parametrize("failing", ["mkdir", "replace"])
def test_a_folder_that_may_not_be_written_is_told(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.mkdir" if failing == "mkdir" else "os.replace", refuse)

    with pytest.raises(InputError, match=r"configs/m.yaml could not be written \(Permission denied\), and so nothing"):
        _write(tmp_path, PlannedFile(tmp_path / "configs/m.yaml", b""))

    assert _tree(tmp_path) == {}


def test_a_file_that_was_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"newer")

    with pytest.raises(InputError, match=f"{COMMAND}: pyproject.toml was changed meanwhile. Repeat the command."):
        _write(tmp_path, PlannedFile(tmp_path / "a", b"1"), PlannedFile(tmp_path / "pyproject.toml", b"mine", b"old"))

    assert _tree(tmp_path) == {"pyproject.toml": b"newer"}


def test_what_is_derived_comes_last_and_is_taken_back_too(tmp_path: Path) -> None:
    path, before = tmp_path / "a", tmp_path / "index"
    before.write_bytes(b"old")

    def derived() -> list[PlannedFile]:
        assert path.read_bytes() == b"1"
        return [PlannedFile(before, b"new", b"old"), PlannedFile(tmp_path / "a/below", b"")]

    with pytest.raises(InputError, match="a/below could not be written"):
        write_all([PlannedFile(path, b"1")], tmp_path, COMMAND, force=False, derived=derived)

    assert _tree(tmp_path) == {"index": b"old"}
