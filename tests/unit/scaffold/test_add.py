"""What `add` writes: it fits together, its tests pass, and nothing that exists is lost."""

import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import black
import pytest

from accelerator.components import Registry
from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.errors import InputError
from accelerator.runtime.context import Context
from accelerator.runtime.loop.train_loop import TrainLoop
from accelerator.scaffold.add import add
from accelerator.scaffold.add_check import add_check
from accelerator.scaffold.add_names import KINDS_TO_ADD
from tests.e2e.command import clean_environment
from tests.unit.scaffold.conftest import AWKWARD, PYPROJECT, start

CHOICES = {
    **{
        kind: f"{kind}=my_{kind}"
        for kind in ("model", "data", "task", "loss", "optimizer", "scheduler", "sampler", "collate")
    },
    "metric": "metric=[accuracy,my_metric]",
    "callback": "callback=[progress,my_callback]",
    "transform": "transform@transform.train=[my_transform]",
    "sample_transform": "sample_transform@sample_transform.train=[my_sample_transform]",
}
STEPS_ALONE = ("pipeline_step", "pipeline", "experiment")


def _tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _trained(project: Project, *overrides: str) -> Context:
    config = compose(
        ["experiment=my_experiment", *overrides, "train.steps=2", "tracking=none", "callback.progress=null"],
        project=project,
    )
    context = Context.from_config(config)
    assert TrainLoop(context).run().status == "completed"
    return context


def test_every_kind_of_component_has_a_choice_here() -> None:
    assert {*CHOICES, *STEPS_ALONE} == set(KINDS_TO_ADD)


def test_the_tests_of_all_that_was_added_pass_under_plain_pytest(full: Project) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]

    done = subprocess.run(command, cwd=full.root, env=clean_environment(), capture_output=True, text=True)

    assert done.returncode == 0, done.stdout
    files = [path for path in full.root.rglob("test_*.py") if path.parent.parent.name == "tests"]
    assert len(files) == len(KINDS_TO_ADD) + len(AWKWARD)


@pytest.mark.parametrize(
    "kinds",
    [["data"], ["model"], [kind for kind in CHOICES if kind not in ("data", "model")]],
    ids=["data", "model", "others"],
)
def test_components_work_with_what_ships(kinds: list[str], full: Project) -> None:
    context = _trained(full, *[CHOICES[kind] for kind in kinds])

    assert context.state.step == 2


def test_all_components_work_together(full: Project) -> None:
    context = _trained(full, *CHOICES.values())

    assert type(context.model).__module__ == "hand_writing.model.my_model"
    assert set(context.metrics["test"].metrics) == {"accuracy", "my_metric"}
    assert context.callbacks["my_callback"].largest > 0  # type: ignore[attr-defined]


def test_every_python_file_is_as_black_writes_it(full: Project) -> None:
    mode = black.Mode(line_length=120)

    changed = [
        path.name
        for path in full.root.rglob("*.py")
        if black.format_str(text := path.read_text(encoding="utf-8"), mode=mode) != text
    ]

    assert changed == []


def test_pyproject_keeps_what_was_in_it(full: Project) -> None:
    text = (full.root / "pyproject.toml").read_text(encoding="utf-8")

    head, tail = PYPROJECT.split("\n# how I like it\n")
    assert text.startswith(head)
    assert text.endswith(f"\n# how I like it\n{tail}")
    assert {item.name for item in Registry.discover(full.root).of_kind("loss") if "hand" in item.distribution} == {
        *("again", "loss", "my_loss", "tensor")
    }


def test_what_was_done_is_told(tmp_path: Path) -> None:
    added = add("step", "count", project=start(tmp_path))

    assert added.written == (
        "src/hand_writing/__init__.py",
        "src/hand_writing/pipeline_step/__init__.py",
        "src/hand_writing/pipeline_step/count.py",
        "configs/pipeline_step/count.yaml",
        "tests/pipeline_step/test_count.py",
        "tests/conftest.py",
    )
    assert (added.changed, added.backups, added.next_command) == (("pyproject.toml",), (), "")


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("model", "accelerator experiment train experiment=digits_resnet model=mine"),
        ("metric", 'accelerator experiment train experiment=digits_resnet "metric=[accuracy,mine]"'),
        ("experiment", "accelerator experiment train experiment=mine"),
    ],
)
def test_the_next_command_is_told(kind: str, command: str, tmp_path: Path) -> None:
    assert add(kind, "mine", project=start(tmp_path)).next_command == command


def test_nothing_that_exists_is_overwritten(tmp_path: Path) -> None:
    project = start(tmp_path)
    add("model", "mine", project=project)
    (tmp_path / "configs/model/mine.yaml").write_text("mine: true", encoding="utf-8")
    before = _tree(tmp_path)

    with pytest.raises(InputError, match=r"there already are src/hand_writing/model/mine.py, configs/model/mine.yaml"):
        add("model", "mine", project=project)

    assert _tree(tmp_path) == before


def test_force_keeps_a_copy_of_what_it_replaces(tmp_path: Path) -> None:
    project = start(tmp_path)
    add("model", "mine", project=project)
    (tmp_path / "configs/model/mine.yaml").write_text("mine: true", encoding="utf-8")

    added = add("model", "mine", project=project, force=True)

    assert [re.sub(r"\.bak-[\d-]+$", "", name) for name in added.backups] == [
        *("src/hand_writing/model/mine.py", "configs/model/mine.yaml", "tests/model/test_mine.py")
    ]
    assert (tmp_path / added.backups[1]).read_text(encoding="utf-8") == "mine: true"
    assert "_target_: mine" in (tmp_path / "configs/model/mine.yaml").read_text(encoding="utf-8")
    assert added.changed == ()


@pytest.mark.parametrize("force", [False, True])
def test_a_name_that_is_declared_otherwise_is_changed_only_by_force(force: bool, tmp_path: Path) -> None:
    point = '[project.entry-points."accelerator.loss"]\nmine = "other:Loss" # my own\n'
    project = start(tmp_path, f"{PYPROJECT}\n{point}")

    if force:
        add("loss", "mine", project=project, force=True)
        text = (tmp_path / "pyproject.toml").read_text(encoding="utf-8")
        assert text.endswith('\nmine = "hand_writing.loss.mine:Mine"  # my own\n')
        (backup,) = tmp_path.glob("pyproject.toml.bak-*")
        assert backup.read_text(encoding="utf-8") == f"{PYPROJECT}\n{point}"
    else:
        with pytest.raises(
            InputError, match="pyproject.toml declares mine to be other:Loss already. Choose another na"
        ):
            add("loss", "mine", project=project)
        assert list(_tree(tmp_path)) == ["pyproject.toml"]


@pytest.mark.parametrize(
    ("pyproject", "kind", "lack"),
    [
        (None, "model", "is not there"),
        (None, "experiment", "is not there"),
        ("[tool.black]\n", "model", r"has no \[project\] with a name"),
    ],
)
def test_a_folder_that_is_no_project_is_told_how_to_become_one(
    pyproject: str | None, kind: str, lack: str, tmp_path: Path
) -> None:
    project = start(tmp_path, pyproject) if pyproject else Project(tmp_path)
    before = _tree(tmp_path)

    with pytest.raises(InputError, match=rf"pyproject.toml {lack}, and .* with accelerator configure init, or write"):
        add(kind, "mine", project=project)

    assert _tree(tmp_path) == before


def test_an_experiment_needs_no_package(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()

    assert add("experiment", "mine", project=Project(tmp_path)).written[0] == "configs/experiment/mine.yaml"


def test_a_pipeline_is_made_of_the_steps_that_the_project_has(tmp_path: Path) -> None:
    project = start(tmp_path)
    add("pipeline", "empty", project=project)
    add("pipeline_step", "count", project=project)
    add("pipeline", "full", project=project)

    empty, full = ((tmp_path / "configs/pipeline" / f"{name}.yaml").read_text() for name in ("empty", "full"))
    assert "steps: {}" in empty
    assert "step: count" in full and "${step_output:first.mean}" in full


@pytest.mark.parametrize(
    ("name", "text", "has_own"),
    [
        ("conftest.py", "", True),
        ("tests/conftest.py", "", True),
        ("pytest.ini", "[pytest]\npythonpath = src\n", True),
        ("pytest.ini", "[pytest]\naddopts = -q\n", False),
    ],
)
def test_a_conftest_is_written_where_nothing_makes_the_package_importable(
    name: str, text: str, has_own: bool, tmp_path: Path
) -> None:
    project = start(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert ("tests/conftest.py" in add("model", "mine", project=project).written) is not has_own


def test_names_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="accelerator-framework has a model of that name"):
        add("model", "resnet8", project=start(tmp_path))

    assert list(_tree(tmp_path)) == ["pyproject.toml"]


def test_all_templates_fit_the_modules_that_they_come_with(full: Project) -> None:
    drift = add_check(full)

    assert drift.num_nodes > 30
    assert drift.problems == ()


def test_a_module_of_the_project_is_not_hidden_by_a_package(tmp_path: Path) -> None:
    project = start(tmp_path)
    (tmp_path / "src/hand_writing").mkdir(parents=True)
    (tmp_path / "src/hand_writing/model.py").write_text("mine = 1", encoding="utf-8")

    add("model", "small", project=project)

    assert Registry.discover(tmp_path).find("small", "model").target == "hand_writing.model_components.small:Small"
    assert not (tmp_path / "src/hand_writing/model").exists()


def test_commands_at_the_same_time_lose_no_line(tmp_path: Path) -> None:
    project = start(tmp_path)
    names = [f"loss_{number}" for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add("loss", name, project=project), names))

    declared = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    assert sorted(declared["accelerator.loss"]) == names
