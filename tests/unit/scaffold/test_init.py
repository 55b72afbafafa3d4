"""`configure init`: a whole project or nothing, and never over what is there."""

import ast
import os
import subprocess
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from accelerator.components import Registry
from accelerator.config.json_schema import schema_line
from accelerator.config.project import Project, find_project
from accelerator.errors import InputError
from accelerator.scaffold import add_files
from accelerator.scaffold.generated import has_sound_seal
from accelerator.scaffold.init import init
from accelerator.scaffold.record import read_record
from accelerator.scaffold.write_schema import write_schema
from tests.unit.scaffold.new_project import files_of, own_files, recorded, start

NEW = Project(Path("/"))


def test_a_project_is_written_whole_and_every_file_can_be_read(tmp_path: Path) -> None:
    started = init(str(tmp_path / "Hand Writing"), project=NEW)

    root = tmp_path / "Hand Writing"
    assert started.root == root
    assert set(started.written) == set(own_files(root))
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["name"] == "hand-writing"
    assert all(ast.parse(path.read_text()) for path in root.rglob("*.py"))
    assert all(yaml.safe_load(path.read_text()) for path in (root / "configs").rglob("*.yaml"))
    assert started.next_commands[1:] == ("make test", "accelerator experiment train experiment=example")
    assert started.notes == ()


def test_editors_find_the_schema_of_every_config(new: Project) -> None:
    for path in new.configs.rglob("*.yaml"):
        assert schema_line(PurePosixPath(path.relative_to(new.configs))) in path.read_text().splitlines()[:2]
    assert write_schema(new, check=True) == []


def test_its_components_are_found_at_once(new: Project) -> None:
    (model,) = [item for item in Registry.discover(new.root).declared if item.distribution == "handwriting"]

    assert (model.kind, model.name, model.target) == (
        "model",
        "small_net",
        "handwriting.model.small_net:SmallNet",
    )
    assert (new.root / "src" / "handwriting" / "model" / "small_net.py").is_file()


def test_every_file_is_recorded_as_it_was_written(new: Project) -> None:
    record = read_record(new.root)

    files = own_files(new.root)
    assert has_sound_seal(files.pop("configs/schema.json").decode())
    assert recorded(new.root) == files
    assert {entry.template for entry in record.entries.values()} == {"project"}


def test_without_a_folder_it_is_the_working_one(inside_new: Path) -> None:
    started = init(None, project=find_project())

    assert started.root == inside_new
    assert (inside_new / "src" / inside_new.name / "__init__.py").is_file()
    assert started.next_commands[0] == "make test"


def test_other_files_are_left_alone(inside_new: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    (inside_new / "LICENSE").write_text("mine")
    before = files_of(inside_new)

    init(None, project=find_project())

    assert before.items() <= files_of(inside_new).items()


@pytest.mark.parametrize(
    ("standing", "named"),
    [
        (["README.md"], "README.md"),
        (["README.md", "configs/main.yaml"], "README.md and configs/main.yaml"),
        (["Makefile", "README.md", ".gitignore"], ".gitignore, Makefile and README.md"),
    ],
)
def test_a_file_in_the_way_is_named_and_nothing_is_written(inside_new: Path, standing: list[str], named: str) -> None:
    for name in standing:
        (inside_new / name).parent.mkdir(exist_ok=True)
        (inside_new / name).write_text("mine")
    before = files_of(inside_new)

    with pytest.raises(InputError) as refused:
        init(None, project=find_project())

    assert f"{inside_new} has already {named}. Nothing was written" in str(refused.value)
    assert "choose another folder" in str(refused.value)
    assert "move them away" in str(refused.value)
    assert files_of(inside_new) == before


def test_a_second_init_says_how_to_update(new: Project) -> None:
    before = files_of(new.root)

    with pytest.raises(InputError, match="bring what we wrote up to date with accelerator configure init --update"):
        init(str(new.root), project=NEW)

    assert files_of(new.root) == before


@pytest.mark.parametrize("way", ["file", "dangling", "linked"])
def test_what_is_no_folder_in_the_place_of_one_is_in_the_way(inside_new: Path, tmp_path: Path, way: str) -> None:
    place = inside_new / "configs"
    place.write_text("") if way == "file" else place.symlink_to(tmp_path if way == "linked" else "nowhere")

    with pytest.raises(InputError, match="has already configs. Nothing was written"):
        init(None, project=find_project())

    assert [path.name for path in inside_new.iterdir()] == ["configs"]


def test_a_file_of_the_name_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "handwriting").write_text("mine")

    with pytest.raises(InputError, match="handwriting is a file. Name a folder, or one that is yet to be made."):
        init(str(tmp_path / "handwriting"), project=NEW)


def test_a_folder_that_cannot_be_written_is_told() -> None:
    with pytest.raises(InputError, match="accelerator configure init /proc/handwriting: .* could not be written"):
        init("/proc/handwriting", project=NEW)


@pytest.mark.parametrize(
    ("folder", "error"),
    [("handwriting", KeyboardInterrupt()), ("work/handwriting", OSError(28, "No space left on device"))],
)
def test_stopped_at_any_file_it_leaves_nothing(
    tmp_path: Path, folder: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing is stopped after the first file, the fifth, and so on, until it gets through."""
    write, stops = add_files.write_bytes, 0
    while not (tmp_path / folder).exists():
        left = [stops]

        def stop(path: Path, content: bytes, left: list[int] = left, **durable: Any) -> None:
            write(path, content, **durable)
            left[0] -= 1
            if left[0] == -1:
                raise error

        monkeypatch.setattr(add_files, "write_bytes", stop)
        try:
            init(str(tmp_path / folder), project=NEW)
        except (KeyboardInterrupt, InputError):
            assert os.listdir(tmp_path) == []
            stops += 4

    assert stops > 20


def test_a_name_that_cannot_be_is_explained(tmp_path: Path) -> None:
    started = init(str(tmp_path / "torch"), project=NEW)

    assert started.notes == (
        "The package is called torch_project: there is another package 'torch', which it would hide.",
    )
    assert (tmp_path / "torch" / "src" / "torch_project").is_dir()


def test_a_project_inside_another_says_so(tmp_path: Path) -> None:
    outer = start(tmp_path / "outer")

    started = init(str(outer.root / "inner"), project=outer)

    assert started.notes == (
        f"It lies inside the project {outer.root}. Commands in {outer.root}/inner are about the inner one.",
    )
    assert find_project(outer.root / "inner" / "src").root == outer.root / "inner"


def test_configs_alone_leave_the_project_as_it_is(project: Path) -> None:
    before = files_of(project)

    started = init(None, project=Project(project), configs_only=True)

    assert started.written == (
        "configs/experiment/example.yaml",
        "configs/main.yaml",
        "configs/schema.json",
    )
    assert set(own_files(project)) == {*before, *started.written}
    assert before.items() <= files_of(project).items()


@pytest.mark.parametrize(("folder", "package"), [("src/mine", "mine"), ("mine", "mine"), ("tests", "your_package")])
def test_configs_alone_say_the_line_for_a_component(project: Path, folder: str, package: str) -> None:
    (project / folder).mkdir(parents=True)
    (project / folder / "__init__.py").touch()

    started = init(str(project), project=NEW, configs_only=True)

    assert "pyproject.toml was left as it is." in started.notes[0]
    assert (
        f'  [project.entry-points."accelerator.model"]\n  my_model = "{package}.my_model:MyModel"' in started.notes[0]
    )
    assert "outputs/, mlflow.db and mlartifacts/: lines for your .gitignore" in started.notes[1]


@pytest.fixture
def inside_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the working one."""
    folder = tmp_path / "handwriting"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
