"""A generated file that a user changed is known by its seal, and never lost."""

from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.scaffold.generated import (
    OPEN_SEAL,
    GeneratedFile,
    bring_up_to_date,
    has_sound_seal,
    refuse_without_configs,
    sealed,
    stale_lines,
)

TEXT = f"# ours, {OPEN_SEAL}\na: 1\n"


def test_a_seal_is_sound_until_a_letter_changes() -> None:
    text = sealed(TEXT)

    assert has_sound_seal(text)
    assert not has_sound_seal(text.replace("a: 1", "a: 2"))
    assert not has_sound_seal(TEXT)
    assert not has_sound_seal("a: 1\n")


@pytest.mark.parametrize(
    ("present", "state"),
    [
        (None, "missing"),
        (sealed(TEXT), "current"),
        (sealed(TEXT.replace("1", "0")), "stale"),
        (sealed(TEXT) + "b: 2\n", "changed by hand"),
        ("b: 2\n", "changed by hand"),
    ],
)
def test_the_state_of_a_file(tmp_path: Path, present: str | None, state: str) -> None:
    path = tmp_path / "a.yaml"
    if present is not None:
        path.write_text(present, encoding="utf-8")

    assert GeneratedFile(path, TEXT).state == state
    assert stale_lines([GeneratedFile(path, TEXT)], tmp_path) == ([] if state == "current" else [f"a.yaml: {state}"])


def test_missing_and_stale_files_are_written_and_current_ones_are_not(tmp_path: Path) -> None:
    (tmp_path / "stale.yaml").write_text(sealed(TEXT.replace("1", "0")), encoding="utf-8")
    (tmp_path / "current.yaml").write_text(sealed(TEXT), encoding="utf-8")
    files = [GeneratedFile(tmp_path / name, TEXT) for name in ("stale.yaml", "current.yaml", "new/missing.yaml")]

    lines = bring_up_to_date(files, tmp_path, "the command", force=False)

    assert lines == ["stale.yaml written", "new/missing.yaml written"]
    assert [item.state for item in files] == ["current"] * 3


def test_one_file_that_was_changed_by_hand_stops_them_all(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("mine: 1\n", encoding="utf-8")
    files = [GeneratedFile(tmp_path / "b.yaml", TEXT), GeneratedFile(tmp_path / "a.yaml", TEXT)]

    with pytest.raises(InputError) as caught:
        bring_up_to_date(files, tmp_path, "the command", force=False)

    assert str(caught.value) == (
        "the command: a.yaml was changed by hand, and would be written anew. Move what you added to a file of your "
        "own, or add --force, which keeps a copy of what is there (FILE.bak-<time>)."
    )
    assert not (tmp_path / "b.yaml").exists()
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == "mine: 1\n"


def test_force_keeps_each_version_that_was_changed_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for number in range(2):
        path.write_text(f"mine: {number}\n", encoding="utf-8")
        (line,) = bring_up_to_date([GeneratedFile(path, TEXT)], tmp_path, "the command", force=True)
        assert line.startswith("a.yaml written, what was there is now a.yaml.bak-")

    kept = sorted(item.read_text(encoding="utf-8") for item in tmp_path.glob("a.yaml.bak-*"))
    assert kept == ["mine: 0\n", "mine: 1\n"]
    assert path.read_text(encoding="utf-8") == sealed(TEXT)


def test_a_file_that_should_be_there_no_more_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(sealed(TEXT), encoding="utf-8")

    assert bring_up_to_date([GeneratedFile(path, None)], tmp_path, "the command", force=False) == ["a.yaml removed"]
    assert not path.exists()
    assert GeneratedFile(path, None).state == "current"


def test_a_folder_or_a_dead_link_in_the_way_is_kept_too(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere")
    files = [GeneratedFile(tmp_path / name, TEXT) for name in ("folder.yaml", "link.yaml")]

    with pytest.raises(InputError, match="folder.yaml, link.yaml were changed by hand"):
        bring_up_to_date(files, tmp_path, "the command", force=False)
    bring_up_to_date(files, tmp_path, "the command", force=True)

    assert [item.state for item in files] == ["current"] * 2
    assert next(tmp_path.glob("folder.yaml.bak-*")).is_dir()
    assert next(tmp_path.glob("link.yaml.bak-*")).is_symlink()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(InputError) as caught:
        bring_up_to_date([GeneratedFile(tmp_path / "file" / "a.yaml", TEXT)], tmp_path, "the command", force=False)

    assert str(caught.value).startswith("the command: file/a.yaml could not be written (")
    assert str(caught.value).endswith("Make its folder writable, or free some space, and repeat the command.")


def test_a_folder_without_configs_is_hardly_what_was_meant(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        refuse_without_configs(Project(tmp_path), "the command")

    assert str(caught.value) == (
        f"the command: there is no configs/ in {tmp_path}. Go into your project, name it with --project DIR, or start "
        "one with accelerator configure init."
    )
