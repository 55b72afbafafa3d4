"""`configure init --update`: ours becomes that of this version, and what the user changed stays."""

from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.scaffold import add_files
from accelerator.scaffold.add import add
from accelerator.scaffold.clean import clean
from accelerator.scaffold.record import FOLDER, entry_path, read_record
from accelerator.scaffold.status import status
from accelerator.scaffold.update import Change, update
from accelerator.scaffold.write_index import write_index
from tests.unit.scaffold.new_project import files_of, own_files, recorded, templates_with

MAIN, SCHEMA = "configs/main.yaml", "configs/schema.json"


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """Return the templates of a later version, which writes two files differently, and a third that is new."""
    changes = {
        MAIN: ("# The start of every config:", "# Where every config starts:"),
        "Makefile": ("ARGS ?=", "ARGS ?= seed=0"),
    }
    return templates_with(tmp_path / "later", changes, {"configs/model/new.yaml": "_target_: small_net\n"})


def test_an_unchanged_project_becomes_that_of_this_version(new: Project, later: Path, tmp_path: Path) -> None:
    done = update(project=new, templates=later)

    assert [(change.action, change.path) for change in done.changes] == [
        ("replaced", "Makefile"),
        ("replaced", MAIN),
        ("added", "configs/model/new.yaml"),
        ("replaced", "configs/schema.json"),
    ]
    assert b"ARGS ?= seed=0" in own_files(new.root)["Makefile"]
    assert recorded(new.root) == {path: text for path, text in own_files(new.root).items() if path != SCHEMA}
    assert '"new"' in (new.root / SCHEMA).read_text()
    assert update(project=new, templates=later).changes == ()


def test_what_was_added_is_the_users_and_is_neither_touched_nor_told(new: Project, later: Path) -> None:
    before = own_files(new.root)
    for kind, name in (("model", "new"), ("loss", "sharp"), ("experiment", "first")):
        add(kind, name, project=new)
    added = {path: text for path, text in own_files(new.root).items() if path not in before}

    done = update(project=new, templates=later)

    assert added == {path: text for path, text in own_files(new.root).items() if path in added}
    assert not {change.path for change in done.changes} & added.keys()
    assert not read_record(new.root).entries.keys() & added.keys()


def test_nothing_changes_where_nothing_is_new(new: Project) -> None:
    before = files_of(new.root)

    assert update(project=new).changes == ()
    assert files_of(new.root) == before


def test_what_both_changed_in_different_places_is_merged(new: Project, later: Path) -> None:
    path = new.root / MAIN
    mine = path.read_text() + "seed: 7\n"
    path.write_text(mine)

    done = update(project=new, templates=later)

    assert Change("merged", MAIN) in done.changes
    assert path.read_text() == mine.replace("# The start of every config:", "# Where every config starts:")
    assert (new.root / done.backups / MAIN).read_text() == mine
    assert {item.path: item.state for item in status(new).files}[MAIN] == "changed"
    assert update(project=new, templates=later).changes == ()


def test_a_conflict_leaves_the_users_file_and_puts_ours_beside_it(new: Project, later: Path) -> None:
    path = new.root / MAIN
    path.write_text(path.read_text().replace("# The start of every config:", "# Mine:"))
    before = path.read_bytes()

    done = update(project=new, templates=later)
    again = update(project=new, templates=later)

    assert Change("conflict", MAIN, f"{MAIN}.new") in done.changes
    assert path.read_bytes() == before
    assert "# Where every config starts:" in (new.root / f"{MAIN}.new").read_text()
    assert again.changes == (Change("conflict", MAIN, f"{MAIN}.new"),)


def test_a_conflict_that_was_settled_is_over(new: Project, later: Path) -> None:
    path = new.root / MAIN
    path.write_text(path.read_text().replace("# The start of every config:", "# Mine:"))
    update(project=new, templates=later)
    (new.root / f"{MAIN}.new").rename(path)
    path.write_text(path.read_text() + "seed: 7\n")

    done = update(project=new, templates=later)

    assert done.changes == (Change("merged", MAIN),)
    assert path.read_text().endswith("seed: 7\n")


def test_a_file_called_new_of_the_users_is_left_alone(new: Project, later: Path) -> None:
    (new.root / "Makefile").write_bytes(b"\xff not text")
    (new.root / "Makefile.new").write_text("mine")

    done = update(project=new, templates=later)

    assert Change("conflict", "Makefile", "Makefile.new-2") in done.changes
    assert (new.root / "Makefile.new").read_text() == "mine"
    assert (new.root / "Makefile").read_bytes() == b"\xff not text"


def test_what_the_user_deleted_stays_deleted(new: Project, later: Path) -> None:
    (new.root / "Makefile").unlink()

    update(project=new, templates=later)

    assert not (new.root / "Makefile").exists()


def test_a_file_of_the_users_in_the_place_of_a_new_one_stays(new: Project, later: Path) -> None:
    (new.configs / "model" / "new.yaml").write_text("mine")

    update(project=new, templates=later)

    assert (new.configs / "model" / "new.yaml").read_text() == "mine"
    assert "configs/model/new.yaml" not in read_record(new.root).entries


def test_a_lost_record_is_made_anew_for_what_is_as_we_write_it(new: Project) -> None:
    (new.root / FOLDER).rename(new.root / "lost")
    (new.root / "lost").rename(new.root.parent / "lost")
    (new.root / MAIN).write_text("defaults: [base]\n")
    before = own_files(new.root)

    done = update(project=new)

    assert {change.action for change in done.changes} == {"adopted"}
    assert {change.path for change in done.changes} == set(before) - {MAIN, SCHEMA}
    assert own_files(new.root) == before


def test_a_damaged_entry_is_made_anew(new: Project) -> None:
    for path in (MAIN, "Makefile", "README.md"):
        entry_path(new.root, path).write_text("{")
    (new.root / "Makefile").write_text("mine")
    (new.root / "README.md").unlink()

    done = update(project=new)

    assert done.changes == (Change("adopted", MAIN),)
    assert read_record(new.root).damaged == ("Makefile", "README.md")
    assert "Makefile" not in clean(project=new, dry_run=True).removed


def test_configs_alone_are_updated_too(project: Path, later: Path) -> None:
    from accelerator.scaffold.init import init

    init(None, project=Project(project), configs_only=True)

    done = update(project=Project(project), templates=later)

    assert [(change.action, change.path) for change in done.changes] == [("replaced", MAIN)]


def test_a_generated_file_that_was_changed_by_hand_is_left_alone(new: Project, later: Path) -> None:
    write_index(new)
    (new.configs / "model" / "wide.yaml").write_text("_target_: small_net\n")
    schema = (new.root / SCHEMA).read_text() + "\n"
    (new.root / SCHEMA).write_text(schema)

    done = update(project=new)

    assert done.changes == (Change("replaced", "configs/index/model.yaml"),)
    assert "wide" in (new.configs / "index" / "model.yaml").read_text()
    assert (new.root / SCHEMA).read_text() == schema


def test_a_folder_without_anything_of_ours_is_refused(project: Path) -> None:
    with pytest.raises(InputError, match="holds nothing that was written by accelerator configure init. Start a"):
        update(str(project), project=Project(project))


def test_an_update_that_fails_changes_nothing(new: Project, later: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (new.root / MAIN).write_text((new.root / MAIN).read_text() + "seed: 7\n")
    before = files_of(new.root)
    write = add_files.write_bytes

    def fail(path: Path, content: bytes) -> None:
        if path.name == "new.yaml":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(add_files, "write_bytes", fail)
    with pytest.raises(InputError, match="new.yaml could not be written .No space left on device"):
        update(project=new, templates=later)

    assert files_of(new.root) == before
