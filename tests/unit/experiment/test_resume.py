"""Going on with runs and forking them."""

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file

from accelerator.config.project import Project
from accelerator.errors import CheckpointError, ConfigError, InputError, RunLockedError
from accelerator.experiment.resume import resume
from accelerator.runs.journal import read_segment
from accelerator.runs.lock import RunLock
from accelerator.runs.run import Run
from accelerator.runs.summary import Summary, write_summary


def test_a_completed_run_is_left_alone_and_told_how_to_make_longer(trained: Project, trained_run: Run) -> None:
    lines: list[str] = []

    outcome = resume("last", project=trained, say=lines.append)

    assert outcome.exit_code == 0
    assert outcome.summary == trained_run.summary
    assert lines == [
        "There is nothing to do: the run is complete, with 10 steps in 2 epochs. To make it longer: "
        f"accelerator experiment resume {trained_run.folder.path} train.epochs=4"
    ]


def test_an_override_that_does_not_make_it_longer_leaves_it_alone(trained: Project, trained_run: Run) -> None:
    outcome = resume("last", ["train.steps=10"], project=trained)

    assert (outcome.summary.step, len(list(trained_run.folder.journal.iterdir()))) == (10, 1)


def test_a_longer_run_goes_on_in_its_folder(trained: Project, trained_run: Run) -> None:
    lines: list[str] = []

    outcome = resume("last", ["train.epochs=3"], project=trained, say=lines.append)

    assert outcome.folder == trained_run.folder
    assert (outcome.summary.epoch, outcome.summary.step) == (3, 15)
    assert lines[-1].endswith("from step 10, continuous: because the schedule changed")


def test_a_run_that_was_killed_goes_on_exactly(trained: Project, trained_run: Run) -> None:
    last = trained_run.folder.checkpoints / "step-00000010"
    expected = load_file(last / "model.safetensors")
    shutil.rmtree(last)
    write_summary(trained_run.folder, Summary("running"))
    lines: list[str] = []

    outcome = resume("last", project=trained, say=lines.append)

    assert lines[-1] == f"Going on in {trained_run.folder.path} from step 5, exact"
    assert outcome.summary.status == "completed"
    assert all(item.equal(expected[name]) for name, item in load_file(last / "model.safetensors").items())


def test_a_run_that_was_killed_before_its_first_checkpoint_starts_again(trained: Project, trained_run: Run) -> None:
    shutil.rmtree(trained_run.folder.checkpoints)
    write_summary(trained_run.folder, Summary("running"))
    lines: list[str] = []

    outcome = resume("last", project=trained, say=lines.append)

    assert lines[-1] == f"Going on in {trained_run.folder.path} from step 0, exact"
    assert outcome.summary.step == 10


def test_a_fork_goes_on_in_a_folder_of_its_own_and_leaves_its_parent(trained: Project, trained_run: Run) -> None:
    before = trained_run.summary

    outcome = resume("last", ["train.epochs=3", "name=forked"], fork=True, project=trained)

    assert outcome.folder.path.parent == trained.root / "outputs" / "forked"
    assert outcome.summary.parent == trained_run.name
    assert outcome.summary.step == 15
    assert trained_run.summary == before
    first = next(read_segment(outcome.folder.journal / "rank-0.jsonl"))
    assert (first["kind"], first["from_step"]) == ("segment", 10)


def test_a_fork_keeps_its_parent_when_it_is_resumed(trained: Project, trained_run: Run) -> None:
    fork = resume("last", ["train.epochs=3"], fork=True, project=trained)

    outcome = resume(str(fork.folder.path), ["train.epochs=4"], project=trained)

    assert outcome.folder == fork.folder
    assert outcome.summary.parent == trained_run.name


def test_a_damaged_checkpoint_is_passed_over_and_named(trained: Project, trained_run: Run) -> None:
    damaged = trained_run.folder.checkpoints / "step-00000010" / "model.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    write_summary(trained_run.folder, Summary("failed"))
    lines: list[str] = []

    resume("last", fork=True, project=trained, say=lines.append)
    resume(trained_run.name, project=trained, say=lines.append)

    assert [str(damaged) in line for line in lines if line.startswith("Passed over: ")] == [True, True]


def test_a_fork_of_nothing_sound_leaves_no_folder(trained: Project, trained_run: Run) -> None:
    for path in trained_run.folder.checkpoints.glob("step-*/model.safetensors"):
        path.write_bytes(b"")

    with pytest.raises(CheckpointError, match="No checkpoint of .* is sound"):
        resume("last", fork=True, project=trained)

    assert [path.name for path in trained_run.folder.path.parent.iterdir()] == [trained_run.name]


def test_a_running_run_is_refused_but_may_be_forked(trained: Project, trained_run: Run) -> None:
    write_summary(trained_run.folder, Summary("running"))

    with RunLock.acquire(trained_run.folder.lock):
        forked = resume("last", ["train.epochs=3"], fork=True, project=trained)
        with pytest.raises(RunLockedError, match="is being written by process"):
            resume(trained_run.name, project=trained)

    assert forked.summary.status == "completed"


def test_an_evaluation_is_no_training(trained: Project, trained_run: Run) -> None:
    shutil.rmtree(trained_run.folder.checkpoints)
    write_summary(trained_run.folder, Summary("completed", parent="20261123-101500-3fa2b1"))

    with pytest.raises(InputError, match="trained nothing: it evaluated 20261123-101500-3fa2b1. Resume that one"):
        resume("last", project=trained)


def test_all_problems_of_the_overrides_are_told(trained: Project) -> None:
    with pytest.raises(ConfigError) as raised:
        resume("last", ["train.epochs=0", "loader.workers=-1"], project=trained)

    assert [problem.key for problem in raised.value.problems] == ["loader.workers", "train.epochs"]


def test_a_run_made_from_objects_is_refused(trained: Project, trained_run: Run) -> None:
    trained_run.folder.config.write_text("name: run\nseed: 0\n", encoding="utf-8")

    with pytest.raises(InputError, match="made in Python from objects"):
        resume("last", project=trained)


def test_what_a_run_may_name_is_up_to_the_project_of_today(trained: Project, trained_run: Run) -> None:
    config = trained_run.folder.config
    text = config.read_text(encoding="utf-8").replace("_target_: mlp", "_target_: json.tool.main")
    config.write_text(text.replace("trust:", "trust:\n- json.tool.main"), encoding="utf-8")

    with pytest.raises(ConfigError, match="'json.tool.main' is not trusted"):
        resume("last", ["train.epochs=3"], project=trained)


def test_the_weights_a_run_started_from_are_not_needed_any_more(trained: Project, trained_run: Run) -> None:
    text = trained_run.folder.config.read_text(encoding="utf-8")
    trained_run.folder.config.write_text(text.replace("weights: null", "weights: gone.safetensors"), encoding="utf-8")

    outcome = resume("last", ["train.epochs=3"], project=trained)

    assert outcome.summary.step == 15
    assert "weights: gone.safetensors" in Path(trained_run.folder.config).read_text(encoding="utf-8")


def test_what_a_broken_component_raises_is_kept_in_the_log_of_the_run(trained: Project, trained_run: Run) -> None:
    (trained.root / "net_that_breaks.py").write_text(
        "import torch\nimport absent_library\n\nclass Net(torch.nn.Module):\n    pass\n"
    )
    config = trained_run.folder.config.read_text(encoding="utf-8")
    trained_run.folder.config.write_text(
        config.replace("_target_: mlp", "_target_: net_that_breaks.Net"), encoding="utf-8"
    )
    write_summary(trained_run.folder, Summary("failed"))
    before = trained_run.folder.log.read_text(encoding="utf-8")

    with pytest.raises(ConfigError, match="does not import: ModuleNotFoundError: No module named 'absent_library'"):
        resume("last", ["model={_target_: net_that_breaks.Net}", "~model.in_features"], project=trained)

    added = trained_run.folder.log.read_text(encoding="utf-8").removeprefix(before)
    assert "ERROR rank 0 the run was not gone on with\nTraceback" in added
    assert 'net_that_breaks.py", line 2' in added
    assert trained_run.summary.status == "failed"
