"""What a sweep refuses before it starts, and how its jobs become a table. Real sweeps are in tests/e2e."""

import csv
import json
import socket
import time
from pathlib import Path

import pytest
import yaml
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins

from accelerator.cli.dispatch import run_command
from accelerator.cli.experiment import Experiment
from accelerator.config.multirun import combinations, read_line
from accelerator.config.project import ConfigSource, Project
from accelerator.errors import ConfigError, InputError, RunNotFoundError, UsageError
from accelerator.experiment import sweep_parent
from accelerator.experiment.sound_config import sound_config
from accelerator.experiment.sweep import sweep
from accelerator.experiment.sweep_folder import (
    Job,
    SweepFolder,
    find_or_add_job,
    note_completion,
    note_failure,
    read_jobs,
)
from accelerator.experiment.sweep_job import freeze_configs
from accelerator.experiment.sweep_parent import open_parent
from accelerator.experiment.sweep_table import table_of
from accelerator.experiment.sweep_trust import draws_naming_variables, overrides_for_jobs, to_repeat
from accelerator.runs.files import write_json
from accelerator.runs.folder import create_run_folder
from accelerator.runs.summary import COMPLETED, Summary, write_summary

REFUSED = {
    "nothing for Optuna to draw": (
        ["hydra/sweeper=optuna"],
        "nothing varies, so Optuna has nothing to draw. Give a key",
    ),
    "mistyped key": (["optimizer.lrr=0.1,0.01"], "Did you mean"),
    "mistyped name in the second value": (["model=mlp,resnet88"], "resnet8"),
    "out of range in the last value": (["train.epochs=1,-1"], "train.epochs = -1"),
    "interval without Optuna": (["optimizer.lr=interval(0.1,0.2)"], "Add hydra/sweeper=optuna"),
    "unknown launcher": (["seed=1,2", "hydra/launcher=joblip"], "pip install 'accelerator-framework[sweep]'"),
    "mistyped setting": (
        ["seed=1,2", "hydra/launcher=joblib", "hydra.launcher.n_job=2"],
        "hydra.launcher.n_job (command line): there is no such key. Did you mean 'hydra.launcher.n_jobs'?",
    ),
    "setting of another launcher": (["seed=1,2", "hydra.launcher.n_jobs=2"], "Known in hydra.launcher: _target_."),
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


SECRETS = {
    "key": "+vars.token=hunter22",
    "credentials in an address": "+vars.store=postgresql://me:hunter22@host/db",
    "drawn": "+vars.api_key=hunter22,other",
    "inside a value": "+vars.service={password: hunter22}",
    "of a launcher": "+hydra.launcher.password=hunter22",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_sweep_takes_no_secret_in_clear_and_says_how_to_name_it(inside_project: Path, secret: str) -> None:
    with pytest.raises(ConfigError) as raised:
        sweep(["experiment=digits_resnet", "seed=1,2", secret], project=Project(inside_project))

    assert f"{secret.partition('=')[0].lstrip('+')} = " in str(raised.value)
    assert "(command line): is a secret in clear" in str(raised.value)
    assert "${oc.env:NAME}" in str(raised.value)
    assert "hunter22" not in str(raised.value)
    assert not (inside_project / "outputs").exists()


def test_a_secret_in_a_config_of_the_project_is_refused_at_its_line(inside_project: Path) -> None:
    experiment = inside_project / "configs" / "experiment" / "mine.yaml"
    experiment.write_text("# @package _global_\ndefaults: [digits_resnet]\nvars: {token: hunter22}\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"vars.token \(configs/experiment/mine.yaml:3\): is a secret in clear"):
        sweep(["experiment=mine", "seed=1,2"], project=Project(inside_project))

    assert not list(inside_project.glob("outputs/**/sweep.json"))


def test_configs_are_frozen_without_the_secrets_of_those_that_no_job_uses(tmp_path: Path) -> None:
    source = tmp_path / "configs"
    (source / "tracking").mkdir(parents=True)
    text = "# @package _global_\ntoken: hunter22  # mine\nall: [{password: 'hunter22', user: me}]\nlr: 0.1\n"
    (source / "tracking" / "private.yaml").write_text(text, encoding="utf-8")

    freeze_configs([ConfigSource("project", source)], SweepFolder(tmp_path / "sweep"))

    frozen = (tmp_path / "sweep" / "frozen" / "configs" / "tracking" / "private.yaml").read_text(encoding="utf-8")
    assert frozen.startswith("# @package _global_\n")
    assert yaml.safe_load(frozen) == {"token": "***", "all": [{"password": "***", "user": "me"}], "lr": 0.1}


def test_a_finished_sweep_has_nothing_to_do_and_tells_its_table_again(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    content = {"overrides": ["seed=choice(1)"], "monitor": "loss", "mode": "min", "sampler_seed": 0, "jobs": []}
    write_json(folder.state, content)
    find_or_add_job(folder, ["seed=1"])
    run = create_run_folder(folder.job(0) / "run", "digits")
    write_summary(run, Summary(status=COMPLETED, metrics={"loss": 0.25}))
    note_completion(folder)
    said: list[str] = []

    outcome = sweep(resume=str(tmp_path), project=Project(tmp_path), say=said.append)

    assert said[-1] == "There is nothing to do: all jobs are complete"
    assert outcome.exit_code == 0
    assert outcome.resume_command is None
    assert [row[:2] for row in outcome.rows] == [(0, COMPLETED)]


def test_a_launcher_that_is_not_installed_is_refused_with_what_installs_it(
    inside_project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Plugins.instance()  # it registers the configs of what is installed, once
    monkeypatch.delitem(ConfigStore.instance().repo["hydra"]["launcher"], "joblib.yaml")
    arguments = [
        "experiment",
        "sweep",
        "experiment=digits_resnet",
        "tracking=none",
        "seed=1,2",
        "hydra/launcher=joblib",
    ]

    code = run_command({"experiment": Experiment}, arguments)

    assert code == 2
    assert "pip install 'accelerator-framework[sweep]'" in capsys.readouterr().err


def test_a_tracker_out_of_reach_is_said_in_one_line(inside_project: Path) -> None:
    project = Project(inside_project)
    overrides = ["experiment=digits_resnet", "tracking.tracking_uri=sqlite:////proc/nowhere/mlflow.db"]
    said: list[str] = []

    parent = open_parent(
        SweepFolder(inside_project / "sweep"), sound_config(overrides, project), [], project, said.append
    )

    assert parent is None
    assert len(said) == 1
    assert said[0].startswith("The tracker is out of reach (")
    assert said[0].endswith("): the runs of the jobs will have no parent there")


def test_a_tracker_that_does_not_answer_is_waited_for_no_longer_than_said(
    inside_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, said = Project(inside_project), list[str]()
    monkeypatch.setattr(sweep_parent, "_FIRST_S", 1.0)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tracking.tracking_uri=http://127.0.0.1:{silent.getsockname()[1]}"
        overrides = ["experiment=digits_resnet", address]
        begun = time.monotonic()
        parent = open_parent(
            SweepFolder(inside_project / "sweep"), sound_config(overrides, project), overrides, project, said.append
        )

    assert parent is None
    assert time.monotonic() - begun < 20
    assert said == ["The tracker is out of reach (no answer in 1 s): the runs of the jobs will have no parent there"]


def test_only_a_sweep_is_gone_on_with(inside_project: Path) -> None:
    with pytest.raises(RunNotFoundError, match="is no sweep's folder: it has no sweep.json"):
        sweep(resume=str(inside_project))


def test_a_sweep_goes_on_with_its_own_overrides_alone() -> None:
    with pytest.raises(UsageError, match="Leave seed=1 out. Taken are hydra.launcher"):
        sweep(["trust=[torch]", "seed=1"], resume="somewhere")


def test_jobs_are_told_of_the_command_what_a_saved_config_is_not_believed_about() -> None:
    token = "+vars.token=${oc.env:TOKEN}"
    command = ["trust=[numpy]", token, "tracking.tracking_uri=sqlite:///x.db", "seed=1,2", "optimizer.lr=0.1"]
    command += ["vars.key=${oc.env:A},b", "hydra/launcher=joblib", "hydra.launcher.setup=[x]"]

    told = overrides_for_jobs(command)

    assert told == ["trust=[numpy]", "++vars.token=${oc.env:TOKEN}", "tracking.tracking_uri=sqlite:///x.db"]
    assert draws_naming_variables(command) == {job[1] for job in combinations(read_line(command)) if "env" in job[1]}
    assert to_repeat(command) == [*command[:3], "vars.key=${oc.env:A},b", "hydra.launcher.setup=[x]"]


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
