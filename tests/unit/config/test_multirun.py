"""Launchers and sweepers on the installed line of Hydra, with jobs that are plain functions."""

from pathlib import Path

import pytest

from accelerator.config.multirun import HydraPlace, read_line, run_multirun
from accelerator.errors import InputError

DRAWN: list[tuple[str, ...]] = []


def draw(job: tuple[str, ...]) -> float:
    """Note what was drawn, and be the better the nearer the learning rate is to 0.05."""
    DRAWN.append(job)
    return abs(float(job[0].partition("=")[2]) - 0.05)


@pytest.mark.filterwarnings("ignore:.*declarative_base:DeprecationWarning")  # Optuna 2.10 beside SQLAlchemy 2
def test_optuna_draws_without_a_word_and_draws_the_same_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = read_line(
        ["optimizer.lr=interval(0.001,0.1)", "model=mlp,resnet8", "hydra/sweeper=optuna", "hydra.sweeper.n_trials=3"]
    )
    settings = ["hydra.sweeper.direction=minimize", "hydra.sweeper.sampler.seed=7"]
    DRAWN.clear()

    run_multirun(line, HydraPlace(tmp_path / "first"), settings, draw)
    run_multirun(line, HydraPlace(tmp_path / "again"), settings, draw)

    assert len(DRAWN) == 6
    assert DRAWN[:3] == DRAWN[3:]
    assert len(set(DRAWN)) == 3
    assert all(job[1] in ("model=mlp", "model=resnet8") for job in DRAWN)
    assert capfd.readouterr() == ("", "")


def test_a_line_that_looks_for_names_is_told_to_write_them() -> None:
    with pytest.raises(
        InputError, match=r"model=glob\(\*\) \(command line\): glob\(\) is not taken. Write .* model=a,b"
    ):
        read_line(["model=glob(*)"])


def test_a_line_in_which_nothing_varies_is_one_job(tmp_path: Path) -> None:
    jobs: list[tuple[str, ...]] = []

    run_multirun(read_line(["seed=1"]), HydraPlace(tmp_path), [], jobs.append)  # type: ignore[arg-type]

    assert jobs == [()]
