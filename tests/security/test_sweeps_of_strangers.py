"""The folder of a sweep that was made elsewhere: it chooses nothing that is called, read or reached for its jobs."""

import json
from pathlib import Path
from typing import Any

import pytest

from accelerator.config.project import Project
from accelerator.errors import ConfigError, InputError, StorageError
from accelerator.experiment.sweep import sweep
from accelerator.experiment.sweep_folder import SweepFolder
from accelerator.experiment.sweep_trust import believed_line, refuse_damaged

OWN = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra/sweeper=optuna", "hydra/sweeper/sampler=grid"]
OWN += ["hydra.sweeper.n_trials=9", "seed=1,2", "model=mlp"]
CONTENT = {"overrides": ["seed=1,2"], "monitor": "validation/loss", "mode": "min", "sampler_seed": 1, "jobs": []}


def folder_with(root: Path, **content: Any) -> SweepFolder:
    """Return a sweep's folder below `root` with these things in its `sweep.json`."""
    folder = SweepFolder(root / "outputs" / "sweep")
    folder.path.mkdir(parents=True)
    folder.state.write_text(json.dumps({**CONTENT, **content}), encoding="utf-8")
    return folder


def waiting_job(folder: SweepFolder, config: str) -> None:
    """Put the first job of a sweep into its folder, with a config of this text."""
    folder.job(0).mkdir(parents=True)
    (folder.job(0) / "config.yaml").write_text(config, encoding="utf-8")


JOB = {"number": 0, "overrides": ["seed=1"], "state": "waiting", "reason": None}


@pytest.mark.parametrize(
    "override",
    [
        *(
            "hydra.launcher._target_=os.system",
            "+hydra.sweeper.x._target_=os.system",
            "hydra.sweeper.storage=sqlite:///x",
        ),
        *(
            "hydra.launcher={_target_: os.system}",
            "+hydra.callbacks.x={_target_: os.system}",
            "hydra.searchpath=[/tmp]",
        ),
        *("hydra.sweep.dir=/tmp/elsewhere", "hydra.launcher.n_jobs=${oc.env:AWS_KEY}", "hydra.sweeper.x={_target_: a}"),
        *("hydra.launcher.setup=[touch /tmp/x]", "+hydra.launcher.additional_parameters.wrap=x"),
        *("hydra.launcher.submitit_folder=/tmp/elsewhere", "hydra.launcher.temp_folder=/tmp/elsewhere"),
    ],
)
def test_what_would_be_called_or_where_is_not_taken(override: str, home: Project, canary: Path) -> None:
    folder = folder_with(home.root, overrides=["seed=1,2", override])

    with pytest.raises(ConfigError, match="is not taken from a sweep's folder.*add it to the command") as raised:
        sweep(resume=str(folder.path), project=home)
    assert override in str(raised.value)
    assert not canary.exists()


def test_what_the_command_says_too_is_taken_as_the_message_proposes(tmp_path: Path) -> None:
    lines = ["seed=1,2", "hydra/launcher=submitit_slurm", "hydra.launcher.setup=[module load cuda]"]
    content = {**CONTENT, "overrides": lines}

    line = believed_line(SweepFolder(tmp_path), content, ["hydra.launcher.setup=[module load cuda]"])

    assert line.hydra == ("hydra/launcher=submitit_slurm", "hydra.launcher.setup=[module load cuda]")


def test_a_launcher_of_the_command_takes_the_place_of_the_folders(tmp_path: Path) -> None:
    lines = ["seed=1,2", "hydra/launcher=submitit_slurm", "hydra.launcher.setup=[rm -rf /]"]

    line = believed_line(SweepFolder(tmp_path), {**CONTENT, "overrides": lines}, ["hydra/launcher=basic"])

    assert line.hydra == ("hydra/launcher=basic",)


def test_a_config_in_the_folder_sets_up_no_launcher(home: Project, canary: Path) -> None:
    folder = folder_with(home.root, overrides=["seed=1,2", "hydra/launcher=evil"])
    evil = folder.path / "hydra" / "hydra" / "launcher" / "evil.yaml"
    evil.parent.mkdir(parents=True)
    evil.write_text(f"_target_: os.system\ncommand: touch {canary}\n", encoding="utf-8")

    with pytest.raises(InputError, match="evil"):
        sweep(resume=str(folder.path), project=home)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sampler_seed", "{_target_: os.system, command: touch /tmp/x}"),
        *[("mode", "best"), ("monitor", None), ("mlflow_parent", 3), ("jobs", None)],
        *[("jobs", [{**JOB, "number": "../../../elsewhere"}]), ("jobs", [{**JOB, "number": 4}]), ("jobs", [1])],
    ],
)  # fmt: skip
def test_what_has_another_form_is_told(field: str, value: Any, home: Project) -> None:
    folder = folder_with(home.root, **{field: value})

    with pytest.raises(StorageError, match=f"sweep.json: has no valid {field}. The file is damaged: start the sweep"):
        sweep(resume=str(folder.path), project=home)


@pytest.mark.parametrize("content", [[], {}, {"overrides": "x"}, {"overrides": [1]}, 3])
def test_a_sweep_that_is_none_is_told(content: Any, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="sweep.json: holds no list of overrides. The file is damaged"):
        refuse_damaged(SweepFolder(tmp_path), content)


@pytest.mark.parametrize("link", ["jobs/0/output.txt", "jobs/0/run", "jobs/0", "results.csv", "hydra"])
def test_a_link_in_the_folder_is_not_written_through(link: str, home: Project, tmp_path: Path) -> None:
    folder = folder_with(home.root, jobs=[JOB])
    place = folder.path / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(tmp_path)

    with pytest.raises(InputError, match=f"{link} is a link to"):
        sweep(resume=str(folder.path), project=home)


TOKEN = "+vars.token=${oc.env:AWS_KEY}"


def test_a_variable_that_only_the_folder_names_is_not_read_for_its_jobs(home: Project) -> None:
    folder = folder_with(home.root, overrides=["seed=1,2", TOKEN], jobs=[JOB])
    waiting_job(folder, "name: mine\nmodel: {_target_: mlp}\nvars: {token: '${oc.env:AWS_KEY}'}\n")

    with pytest.raises(ConfigError, match="reads the environment variable AWS_KEY, which no config of this project"):
        sweep(resume=str(folder.path), project=home)


def test_a_store_that_only_the_folder_names_is_not_written_to(home: Project) -> None:
    folder = folder_with(home.root, overrides=["seed=1,2", "tracking.tracking_uri=http://elsewhere"], jobs=[JOB])
    waiting_job(folder, "name: mine\ntracking: {_target_: mlflow, tracking_uri: 'http://elsewhere'}\ntrust: []\n")

    with pytest.raises(ConfigError, match="is a store that only the files of the run name"):
        sweep(resume=str(folder.path), project=home)


def test_launchers_and_sweepers_by_name_are_taken(tmp_path: Path) -> None:
    line = believed_line(SweepFolder(tmp_path), {**CONTENT, "overrides": OWN}, [])

    assert (line.parameters, line.fixed) == (("seed=1,2",), ("model=mlp",))
    assert line.hydra == tuple(OWN[:5])
