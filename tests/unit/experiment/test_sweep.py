"""What a sweep refuses before it starts, and how its jobs become a table. Real sweeps are in tests/e2e."""

import csv
import json
from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import InputError, RunNotFoundError, UsageError
from accelerator.experiment.sweep import sweep
from accelerator.experiment.sweep_folder import Job, SweepFolder, find_or_add_job, note_failure, read_jobs
from accelerator.experiment.sweep_table import table_of
from accelerator.runs.files import write_json

REFUSED = {
    "nothing varies": (["optimizer.lr=0.1"], "nothing varies. Give a key several values"),
    "mistyped key": (["optimizer.lrr=0.1,0.01"], "Did you mean"),
    "mistyped name in the second value": (["model=mlp,resnet88"], "resnet8"),
    "out of range in the last value": (["train.epochs=1,-1"], "train.epochs = -1"),
    "interval without Optuna": (["optimizer.lr=interval(0.1,0.2)"], "Add hydra/sweeper=optuna"),
    "unknown launcher": (["seed=1,2", "hydra/launcher=joblip"], "pip install 'accelerator-framework[sweep]'"),
    "malformed": (["seed=range(3"], "seed=range(3"),
    "no monitor": (["seed=1,2", "checkpoint.monitor=null"], "must be a text"),
}


@pytest.mark.parametrize(("overrides", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_in_any_job_is_told_before_the_first_and_leaves_nothing(
    inside_project: Path, overrides: list[str], told: str
) -> None:
    with pytest.raises(InputError) as raised:
        sweep(["experiment=digits_resnet", *overrides], project=Project(inside_project))

    assert told in str(raised.value)
    assert not list(inside_project.glob("outputs/**/sweep.json"))


def test_only_a_sweep_is_gone_on_with(inside_project: Path) -> None:
    with pytest.raises(RunNotFoundError, match="is no sweep's folder: it has no sweep.json"):
        sweep(resume=str(inside_project))


def test_a_sweep_goes_on_with_its_own_overrides_alone() -> None:
    with pytest.raises(UsageError, match="Leave seed=1 out"):
        sweep(["seed=1"], resume="somewhere")


def test_the_best_job_stands_first_and_a_failed_one_last(tmp_path: Path) -> None:
    jobs = [
        Job(0, ("a=1",), "failed", reason="out of luck"),
        Job(1, ("a=2",), "completed", 0.5, "run-1"),
        Job(2, ("a=3",), "completed", 0.7, "run-2"),
    ]

    table = table_of(jobs, ("a",), "accuracy", "max")
    table.write(tmp_path)

    assert [row[0] for row in table.rows] == [2, 1, 0]
    assert [row[0] for row in table_of(jobs, ("a",), "accuracy", "min").rows] == [1, 2, 0]
    with (tmp_path / "results.csv").open(encoding="utf-8") as file:
        assert next(csv.DictReader(file)) == {
            "job": "2", "state": "completed", "a": "3", "accuracy": "0.7", "run": "run-2",
        }  # fmt: skip
    assert json.loads((tmp_path / "results.json").read_text())[2]["state"] == "failed"


def test_a_job_is_found_again_by_its_overrides_and_keeps_why_it_failed(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    write_json(folder.state, {"jobs": []})

    assert find_or_add_job(folder, ["a=1"]) == (0, True)
    assert find_or_add_job(folder, ["a=2"]) == (1, True)
    assert find_or_add_job(folder, ["a=1"]) == (0, False)
    note_failure(folder, 1, "it could not be built")
    assert read_jobs(folder, "loss")[1] == Job(1, ("a=2",), "failed", reason="it could not be built")
