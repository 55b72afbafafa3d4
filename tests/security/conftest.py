"""A run folder as a stranger could have sent it: sound, until a test edits it. Nothing was trained for it."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from accelerator.config.compose import compose, composition_of
from accelerator.config.project import Project
from accelerator.config.saved import saved_yaml
from accelerator.domain.cross.mlp import MLP
from accelerator.experiment.evaluate import evaluate
from accelerator.experiment.export import export
from accelerator.experiment.load_model import load_model
from accelerator.experiment.predict import predict
from accelerator.experiment.resume import resume
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import Summary, write_summary
from accelerator.runtime.checkpoint.files import Snapshot, write_checkpoint

OPENINGS: dict[str, Callable[[Path, Project], Any]] = {
    "evaluate": lambda run, project: evaluate(str(run), project=project),
    "predict": lambda run, project: predict(str(run), output=project.root / "p.parquet", project=project),
    "export": lambda run, project: export(str(run), output=project.root / "m.safetensors", project=project),
    "resume": lambda run, project: resume(str(run), ["train.epochs=99"], project=project),
    "fork": lambda run, project: resume(str(run), ["train.epochs=99"], fork=True, project=project),
    "load_model": lambda run, project: load_model(run, project=project.root),
    "load_model of a checkpoint": lambda run, project: load_model(
        run / "checkpoints" / "step-00000001", project=project.root
    ),
}
"""Whatever builds from a run's config."""


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", sys.path.copy())


@pytest.fixture
def home(tmp_path: Path) -> Project:
    """Return the project of the one who opens the run."""
    (tmp_path / "home" / "configs").mkdir(parents=True)
    return Project(tmp_path / "home")


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """Return a path that exists when something of a stranger's was run."""
    return tmp_path / "canary"


@pytest.fixture
def stranger(_template: Path, home: Project) -> RunFolder:
    """Return a completed run with one checkpoint, lying among those of `home`."""
    place = home.root / "outputs" / "digits" / "20261123-101500-3fa2b1"
    return RunFolder(shutil.copytree(_template, place))


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = RunFolder(tmp_path_factory.mktemp("template") / "run")
    model_keys = ("model=mlp", "model.in_features=64", "model.num_classes=10")
    config = compose(["experiment=digits_resnet", *model_keys, "tracking=none"], project=Project(folder.path.parent))
    composition = composition_of(config)
    assert composition is not None
    folder.journal.mkdir(parents=True)
    folder.config.write_text(saved_yaml(config), encoding="utf-8")
    folder.provenance.write_text(composition.provenance.to_json(), encoding="utf-8")
    model = MLP(num_classes=10, in_features=64)
    state = {"counters": {"step": 1, "epoch": 1}, "extra": {}, "config": saved_yaml(config)}
    write_checkpoint(folder.checkpoints, Snapshot(1, model.state_dict(), state, None))
    (folder.checkpoints / "last").write_text("step-00000001\n", encoding="utf-8")
    write_summary(folder, Summary("completed", epoch=1, step=1, checkpoint="step-00000001"))
    return folder.path


@pytest.fixture
def edit(stranger: RunFolder) -> Callable[[str, Any], None]:
    """Change one key of the run's config: `edit("model._target_", "os.system")`."""

    def set_key(key: str, value: Any) -> None:
        config = OmegaConf.load(stranger.config)
        OmegaConf.update(config, key, value, merge=False, force_add=True)
        OmegaConf.save(config, stranger.config)

    return set_key
