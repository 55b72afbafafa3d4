"""Training from Python, and which run is gone on with."""

from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from accelerator.components import component
from accelerator.config.project import Project
from accelerator.errors import ConfigError, NonFiniteError
from accelerator.experiment.dry_run import dry_run
from accelerator.experiment.sound_config import sound_saved_config
from accelerator.experiment.train import find_unfinished, run, train
from accelerator.runs.folder import RunFolder
from accelerator.runs.overrides import read_overrides
from accelerator.runs.run import Run
from accelerator.runs.summary import Summary, write_summary
from accelerator.testing.tiny import TinyModel, tiny_data
from tests.unit.experiment.conftest import QUICK

TINY = ("data._target_=tiny_points", "model._target_=tiny_model", "transform.train.random_shift=null")


@component("data", "tiny_points")
def tiny_points() -> object:
    """Return the tiny data."""
    return tiny_data()


@component("model", "tiny_model")
def tiny_model(num_classes: int, num_features: int = 4, **of_mlp: object) -> torch.nn.Module:
    """Return the tiny model; the data says how many classes there are, and the MLP's other arguments are dropped."""
    return TinyModel(num_features, num_classes)


def _write_run(output: Path, run_id: str, summary: Summary, *, checkpoint: bool = False) -> Path:
    path = output / run_id
    path.mkdir(parents=True)
    write_summary(RunFolder(path), summary)
    if checkpoint:
        (path / "checkpoints" / "step-00000010").mkdir(parents=True)
    return path


def test_a_run_in_one_call_gives_the_summary_and_its_folder(tmp_path: Path) -> None:
    summary = run(*QUICK, "train.epochs=1", project=tmp_path)

    assert (summary.status, summary.epoch, summary.step) == ("completed", 1, 5)
    assert {"train/loss", "validation/loss", "test/accuracy"} <= summary.metrics.keys()
    assert summary.run_folder is not None
    assert summary.run_folder.parent == tmp_path / "outputs" / "digits"


def test_a_run_does_without_what_its_config_leaves_out(tmp_path: Path) -> None:
    left_out = ("tags=null", "vars=null", "parameter_groups=null", "~seed", "~trust", "~loader", "~launch")

    assert run(*QUICK, *left_out, "train.steps=1", "train.epochs=null", project=tmp_path).status == "completed"


def test_a_run_prints_nothing_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(*QUICK, "train.epochs=1", project=str(tmp_path))

    assert capsys.readouterr() == ("", "")


def test_components_of_the_session_are_found_by_name(tmp_path: Path) -> None:
    summary = run(*QUICK, *TINY, components=[tiny_points, tiny_model], project=tmp_path)

    assert summary.status == "completed"


def test_all_problems_are_raised_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        run(*QUICK, "train.epochs=0", "loader.batch_size=many", "model._target_=mpl", project=tmp_path)

    assert [problem.key for problem in raised.value.problems] == ["loader.batch_size", "train.epochs", "model._target_"]
    assert not (tmp_path / "outputs").exists()


def test_what_cannot_be_built_leaves_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no argument 'depth'"):
        train([*QUICK, "+model.depth=3"], project=Project(tmp_path))

    assert not (tmp_path / "outputs").exists()


def test_a_failure_is_raised_from_python_and_told_by_the_outcome(tmp_path: Path) -> None:
    failing = [*QUICK, "optimizer.lr=1e38"]
    with pytest.raises(NonFiniteError, match="train/loss"):
        run(*failing, project=tmp_path)

    outcome = train(failing, project=Project(tmp_path))

    assert outcome.exit_code == 1
    assert "train/loss (cross_entropy) is" in outcome.reason
    assert outcome.summary.status == "failed"


def test_what_a_component_raises_is_told_with_its_type(tmp_path: Path) -> None:
    outcome = train([*QUICK, "loss.cross_entropy.inputs=[target,target]"], project=Project(tmp_path))

    assert (outcome.exit_code, outcome.summary.status) == (1, "failed")
    assert outcome.reason.startswith("RuntimeError: Expected floating point type")
    assert "Traceback" in outcome.folder.log.read_text()


def test_what_was_switched_on_is_said_before_training(tmp_path: Path) -> None:
    lines: list[str] = []

    train([*QUICK, "train.epochs=1"], project=Project(tmp_path), say=lines.append)

    assert len(lines) == 1
    assert lines[0].startswith("Training with device cpu, ")
    assert "has no effect" not in lines[0]


def test_processes_that_nobody_starts_are_said_to_have_no_effect(tmp_path: Path) -> None:
    lines: list[str] = []

    train([*QUICK, "train.steps=1", "launch.processes=2"], project=Project(tmp_path), say=lines.append)

    assert lines[0].endswith("launch.processes=2 has no effect: a training is one process in this version")


@pytest.mark.parametrize(
    ("status", "has_checkpoint", "parent", "is_taken"),
    [
        ("died", True, None, True),
        ("died", False, None, True),
        ("interrupted", True, None, True),
        ("failed", True, None, True),
        ("failed", False, None, False),
        ("completed", True, None, False),
        ("died", True, "20261123-101500-3fa2b1", True),
        ("died", False, "20261123-101500-3fa2b1", False),
    ],
)
def test_an_unfinished_run_is_one_that_can_be_gone_on_with(
    status: str, has_checkpoint: bool, parent: str | None, is_taken: bool, tmp_path: Path
) -> None:
    _write_run(tmp_path / "a", "20261123-101502-3fa2b1", Summary(status, parent=parent), checkpoint=has_checkpoint)

    assert (find_unfinished(tmp_path, "a") is not None) == is_taken


def test_the_newest_unfinished_run_of_just_that_name_is_taken(tmp_path: Path) -> None:
    _write_run(tmp_path / "a", "20261123-101501-3fa2b1", Summary("died"))
    newest = _write_run(tmp_path / "a", "20261123-101502-3fa2b1", Summary("died"))
    _write_run(tmp_path / "a", "20261123-101503-3fa2b1", Summary("failed"))
    _write_run(tmp_path / "a" / "b", "20261123-101504-3fa2b1", Summary("died"))

    found = find_unfinished(tmp_path, "a")

    assert found is not None
    assert found.folder.path == newest


def test_a_completed_run_makes_up_for_older_ones(tmp_path: Path) -> None:
    _write_run(tmp_path / "a", "20261123-101501-3fa2b1", Summary("died"))
    _write_run(tmp_path / "a", "20261123-101502-3fa2b1", Summary("completed"))

    assert find_unfinished(tmp_path, "a") is None


def test_an_unfinished_run_is_gone_on_with_again_and_again(trained: Project, trained_run: Run) -> None:
    overrides = [*QUICK, "model.in_features=64", "train.epochs=2"]
    lines: list[str] = []
    for longer in ("train.epochs=3", "train.epochs=4"):
        write_summary(trained_run.folder, Summary("died", step=10))
        outcome = train([*overrides, longer], project=trained, resume="auto", say=lines.append)

    assert outcome.folder == trained_run.folder
    assert (outcome.exit_code, outcome.summary.epoch) == (0, 4)
    assert f"Resuming {trained_run.folder.path}, which died after step 10" in lines


def test_without_an_unfinished_run_a_new_one_begins(trained: Project, trained_run: Run) -> None:
    lines: list[str] = []

    outcome = train([*QUICK, "train.epochs=1"], project=trained, resume="auto", say=lines.append)

    assert outcome.folder != trained_run.folder
    assert lines[0] == "No run of the name 'digits' was left unfinished: starting a new one"


def test_a_saved_config_is_trained_anew_whatever_the_configs_of_today_say(trained: Project, trained_run: Run) -> None:
    experiment = trained.root / "configs" / "experiment" / "digits_resnet.yaml"
    experiment.parent.mkdir()
    experiment.write_text("broken", encoding="utf-8")
    saved = str(trained_run.folder.path)

    rehearsed = dry_run(["train.epochs=1"], project=trained, saved=saved)
    outcome = train(["train.epochs=1", "paths.output=again"], project=trained, saved=saved)

    assert rehearsed.startswith("Dry run: composed, checked and built; one step")
    assert outcome.exit_code == 0
    (again,) = map(Run, (trained.root / "again" / "digits").iterdir())
    assert again.summary.step == 5
    assert again.choices() == {**trained_run.choices(), "model": "mlp"}
    assert read_overrides(again.folder) == [*read_overrides(trained_run.folder), "train.epochs=1", "paths.output=again"]


def test_a_saved_config_is_judged_by_the_present_projects_trust(trained: Project, trained_run: Run) -> None:
    config = OmegaConf.load(trained_run.folder.config)
    config.merge_with({"trust": ["os"], "model": {"_target_": "os.system"}})
    OmegaConf.save(config, trained_run.folder.config)

    with pytest.raises(ConfigError, match="os.system"):
        train(project=trained, saved=str(trained_run.folder.path))


def test_a_saved_config_without_trust_gets_the_projects(trained: Project, trained_run: Run) -> None:
    config = OmegaConf.load(trained_run.folder.config)
    del config["trust"]
    OmegaConf.save(config, trained_run.folder.config)

    found = sound_saved_config(trained_run.folder.path, [], trained)

    assert "torch" in found.trust


def test_a_folder_without_a_saved_config_is_named(trained: Project) -> None:
    with pytest.raises(ConfigError, match="the run's config cannot be read"):
        train(project=trained, saved=str(trained.root / "nowhere"))
