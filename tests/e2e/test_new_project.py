"""A project from nothing: started, a component of each kind added, tested, trained; then looked after."""

import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from accelerator.cli.dispatch import run_command
from accelerator.cli.main import GROUPS
from tests.e2e.command import FORMS, Ended, accelerator, clean_environment, modules_imported_by, start
from tests.unit.scaffold.new_project import pretend_older

GROUP_MODULE = (sys.executable, "-m", "accelerator.cli.experiment")
# A component of each kind, and how an experiment chooses it ("" where nothing does but a pipeline).
ADDED = {
    "model": "model=my_model",
    "data": "data=my_data",
    "task": "task=my_task",
    "loss": "loss=my_loss",
    "metric": "metric=[accuracy,my_metric]",
    "optimizer": "optimizer=my_optimizer",
    "scheduler": "scheduler=my_scheduler",
    "callback": "callback=[progress,my_callback]",
    "transform": "transform@transform.train=[my_transform]",
    "sample_transform": "sample_transform@sample_transform.train=[my_sample_transform]",
    "sampler": "sampler=my_sampler",
    "collate": "collate=my_collate",
    "experiment": "experiment=my_experiment",
    "pipeline_step": "",
    "pipeline": "",
}


def _make(target: str, project: Path) -> Ended:
    command = ["make", target, f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=project, env=clean_environment(), capture_output=True, text=True, timeout=400)
    return Ended(done.returncode, done.stdout, done.stderr)


def test_a_project_with_one_component_of_each_kind_passes_its_tests_and_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "Hand Writing"
    started = accelerator("configure", "init", project.name, cwd=tmp_path, form=FORMS["script"])
    monkeypatch.chdir(project)
    added = [run_command(GROUPS, ["add", kind, f"my_{kind}"]) for kind in ADDED]
    tested = _make("test", project)
    overrides = [override for override in ADDED.values() if override]
    trained = accelerator(*overrides, "tracking=none", "train.epochs=2", cwd=project, form=GROUP_MODULE)
    shown = accelerator("experiment", "show", *overrides, cwd=project, form=FORMS["script"])

    assert (started.code, started.err) == (0, "")
    assert added == [0] * len(ADDED)
    assert tested.code == 0, tested.out
    assert {f"tests/{kind}/test_my_{kind}.py" for kind in ADDED} <= set(tested.out.split())
    assert (trained.code, shown.code) == (0, 0), trained.err
    summary = json.loads((Path(trained.last_line) / "summary.json").read_text())
    assert (summary["status"], summary["epoch"]) == ("completed", 2)
    assert summary["metrics"]["test/my_metric"] > 0.9
    assert "src/hand_writing/model/my_model.py" in [path.relative_to(project).as_posix() for path in project.rglob("*")]


def test_the_example_of_a_new_project_trains_as_mlflow_starts_it(tmp_path: Path) -> None:
    accelerator("configure", "init", "handwriting", cwd=tmp_path)
    project = yaml.safe_load((tmp_path / "handwriting" / "MLproject").read_text())
    train = project["entry_points"]["train"]
    overrides = "train.epochs=3 tracking=none '+tags.note=two words' experiment=example"
    # As MLflow does it: a value is quoted for the shell, put into the command, and bash runs that.
    command = train["command"].format(overrides=shlex.quote(overrides))
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"

    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path / "handwriting",
        env=clean_environment(PATH=path),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    run = Path(done.stdout.splitlines()[-1])
    assert train["parameters"]["overrides"]["default"] == "experiment=example"
    assert yaml.safe_load((run / "config.yaml").read_text())["tags"] == {"note": "two words"}
    assert json.loads((run / "summary.json").read_text())["metrics"]["test/accuracy"] > 0.9


def test_make_without_accelerator_says_what_to_do(tmp_path: Path) -> None:
    accelerator("configure", "init", "handwriting", cwd=tmp_path)
    no_accelerator = tmp_path / "python"
    no_accelerator.write_text("#!/bin/sh\nexit 1\n")
    no_accelerator.chmod(0o700)

    done = subprocess.run(
        ["make", "train", f"PYTHON={no_accelerator}"], cwd=tmp_path / "handwriting", capture_output=True, text=True
    )

    assert done.returncode == 2
    assert f"accelerator is not installed for {no_accelerator}. Run: make setup (or name another: make train" in (
        done.stderr
    )


def test_starting_and_looking_after_a_project_imports_nothing_of_training(tmp_path: Path) -> None:
    heavy = {"torch", "numpy", "mlflow"}

    assert modules_imported_by("configure", "init", "handwriting", cwd=tmp_path) & heavy == set()
    assert modules_imported_by("configure", "status", cwd=tmp_path / "handwriting") & heavy == set()


def test_ctrl_c_leaves_a_whole_project_or_none(tmp_path: Path) -> None:
    """Wherever it hits: while Python starts, while files are written, or after."""
    left = []
    for number, delay_s in enumerate((0.1, 0.2, 0.25, 0.3, 0.35, 0.4)):
        process = start("configure", "init", f"p{number}", cwd=tmp_path)
        time.sleep(delay_s)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=200)
        left.append(len([path for path in (tmp_path / f"p{number}").rglob("*") if path.is_file()]))

    whole = init_in_process(tmp_path)
    assert set(left) <= {0, whole}
    assert [path.name for path in tmp_path.iterdir() if not any(path.iterdir())] == []


def init_in_process(folder: Path) -> int:
    """Start a project undisturbed, and return the number of its files."""
    assert run_command(GROUPS, ["configure", "init", str(folder / "whole")]) == 0
    return len([path for path in (folder / "whole").rglob("*") if path.is_file()])


@pytest.fixture
def inside_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return the root of a new project that is the working folder."""
    run_command(GROUPS, ["configure", "init", str(tmp_path / "handwriting")])
    monkeypatch.chdir(tmp_path / "handwriting")
    capsys.readouterr()
    return tmp_path / "handwriting"


def test_status_shows_what_is_whose(inside_new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inside_new / "Makefile").write_text("all:\n")
    (inside_new / "configs" / "model" / "mlp.yaml").write_text("_target_: mlp\n")

    codes = [run_command(GROUPS, ["configure", "status", *flags]) for flags in ([], ["--json"])]

    table, _, json_text = capsys.readouterr().out.partition("\n{")
    found = json.loads("{" + json_text)
    assert codes == [0, 0]
    assert {"changed Makefile 0.1.0", "yours configs/model/mlp.yaml", "model/mlp project accelerator"} <= {
        " ".join(line.split()) for line in table.splitlines()
    }
    assert {"path": "Makefile", "state": "changed", "version": "0.1.0", "is_outdated": False} in found["files"]


def test_clean_lists_removes_and_brings_back(inside_new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for flags in (["--dry_run"], [], ["--undo"]):
        said.append((run_command(GROUPS, ["configure", "clean", *flags]), capsys.readouterr().out))

    (_, planned), (_, removed), (_, restored) = said
    assert [code for code, _ in said] == [0, 0, 0]
    assert planned.startswith(f"Would be removed from {inside_new}, ours and unchanged:\n  .gitignore\n")
    assert removed.startswith(f"Removed from {inside_new}, ours and unchanged:\n  .gitignore\n")
    assert restored.startswith(f"Brought back into {inside_new}:\n  .gitignore\n")
    assert (inside_new / "configs" / "main.yaml").is_file()


def test_an_update_says_what_it_did_and_exits_1_on_a_conflict(
    inside_new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend_older(inside_new, "README.md", "What is where", "Places")
    pretend_older(inside_new, "Makefile", "ARGS ?=", "ARGUMENTS ?=")
    makefile = (inside_new / "Makefile").read_text().replace("ARGUMENTS ?=", "MINE ?=")
    (inside_new / "Makefile").write_text(makefile)

    codes = [run_command(GROUPS, ["configure", "init", "--update"]) for _ in range(2)]

    out = capsys.readouterr().out
    assert codes == [1, 1]
    assert (inside_new / "Makefile").read_text() == makefile
    assert "\nconflict  Makefile   see Makefile.new\n" in out
    assert "\nreplaced  README.md\n" in out
    assert "Your file was left as it is, ours lies beside it" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["init", "."], "Nothing was written, so that nothing is overwritten"),
        (["init", "--update", "--configs_only"], "--update updates what is there. Leave --configs_only out."),
        (["clean", "--undo", "--dry_run"], "--undo brings back at once. Leave --dry_run out."),
        (["clean", "--undo"], "nothing was removed from"),
        (["init", ""], "DIR is empty. Name a folder, or leave it out for the working one."),
        (["init", "a", "b"], "'b' is one too many"),
        (["init", "/proc/none"], "could not be written"),
        (["stauts"], "Did you mean 'status'?"),
    ],
)
def test_what_cannot_be_done_exits_2_with_the_reason(
    arguments: list[str], message: str, inside_new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_command(GROUPS, ["configure", *arguments])

    assert code == 2
    assert message in capsys.readouterr().err
