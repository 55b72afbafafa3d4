"""The folder of a sweep that was made elsewhere: its `sweep.json` chooses nothing that is called."""

import json
from pathlib import Path
from typing import Any

import pytest

from accelerator.config.project import Project
from accelerator.errors import ConfigError, StorageError
from accelerator.experiment.sweep import sweep
from accelerator.experiment.sweep_folder import SweepFolder
from accelerator.experiment.sweep_trust import refuse_foreign

OWN = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra/sweeper=optuna", "hydra/sweeper/sampler=grid"]
OWN += ["hydra.sweeper.n_trials=9", "seed=1,2", "model=mlp"]


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
    ],
)
def test_what_would_be_called_is_not_taken(override: str, home: Project, canary: Path) -> None:
    folder = home.root / "outputs" / "sweep"
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text(json.dumps({"overrides": ["seed=1,2", override], "jobs": []}))

    with pytest.raises(ConfigError, match="is not taken from a sweep's folder.*Start the sweep anew"):
        sweep(resume=str(folder), project=home)
    assert not canary.exists()


@pytest.mark.parametrize("content", [[], {}, {"overrides": "x"}, {"overrides": [1]}, 3])
def test_a_sweep_that_is_none_is_told(content: Any, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="sweep.json: holds no list of overrides. The file is damaged"):
        refuse_foreign(SweepFolder(tmp_path), content)


def test_launchers_and_sweepers_by_name_are_taken(tmp_path: Path) -> None:
    assert refuse_foreign(SweepFolder(tmp_path), {"overrides": OWN}) is None
