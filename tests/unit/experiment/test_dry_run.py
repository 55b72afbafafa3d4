"""One real step, and nothing written."""

from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import ConfigError, NonFiniteError
from accelerator.experiment.dry_run import dry_run
from tests.unit.experiment.conftest import QUICK


@pytest.mark.parametrize("micro_batch_size", ["null", "128"])
def test_a_dry_run_takes_one_step_and_writes_nothing(micro_batch_size: str, tmp_path: Path) -> None:
    text = dry_run([*QUICK, f"loader.micro_batch_size={micro_batch_size}"], project=Project(tmp_path))

    assert text.startswith("Dry run: composed, checked and built; one step on 256 real samples")
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_finds_what_only_a_step_shows(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no 'target.x'"):
        dry_run([*QUICK, "loss.cross_entropy.inputs=[prediction,target.x]"], project=Project(tmp_path))


def test_a_first_loss_that_is_not_finite_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteError, match="at step 1"):
        dry_run([*QUICK, "loss.cross_entropy.weight=inf"], project=Project(tmp_path))


def test_the_real_step_needs_a_split_to_train_on(tmp_path: Path) -> None:
    package = tmp_path / "only_test.py"
    package.write_text("from accelerator import DataSplits\ndef data():\n    return DataSplits(train=None)\n")

    with pytest.raises(ConfigError, match="has no batch to train on"):
        dry_run(
            [
                *QUICK,
                "data._target_=only_test.data",
                "model.num_classes=3",
                "model.in_features=64",
                "scheduler=constant",
            ],
            project=Project(tmp_path),
        )
