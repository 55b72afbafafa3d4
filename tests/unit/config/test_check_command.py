"""All problems of a command in one list."""

import pytest

from accelerator.components import Registry
from accelerator.config.check_command import compose_sound
from accelerator.config.project import Project
from accelerator.errors import ConfigError

DIGITS = "experiment=digits_resnet"


def problems_of(overrides: list[str], project: Project) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        compose_sound(overrides, project=project, registry=Registry.discover(project.root))
    assert len({problem.key for problem in caught.value.problems}) == len(caught.value.problems)
    return {problem.key: str(problem) for problem in caught.value.problems}


def test_a_sound_command_gives_its_config(project: Project) -> None:
    config = compose_sound([DIGITS, "seed=3"], project=project, registry=Registry.discover(project.root))

    assert config.seed == 3


@pytest.mark.parametrize(
    ("overrides", "keys"),
    [
        (["optimizer=sgdd"], ["optimizer"]),
        (["optimizer=sgdd", "model=resnet17", "train.epochs=-1"], ["model", "optimizer", "train.epochs"]),
        (["optimizer=sgdd", "optimizer.lr=x", "seed=-2"], ["optimizer", "seed"]),
        (["optimizer=sgdd", "checkpoint.monitor=validation/acc"], ["checkpoint.monitor", "optimizer"]),
        (["model=resnet17", "train.epoch=3", "seed=-1"], ["model", "seed", "train.epoch"]),
        (["transform@transform.train=[nothing]", "loader.batch_size=0"], ["loader.batch_size", "transform.train"]),
        (["optimizer.lrr=1", "train.epochs=0"], ["optimizer.lrr", "train.epochs"]),
    ],
)
def test_one_mistake_does_not_hide_another(overrides: list[str], keys: list[str], project: Project) -> None:
    assert sorted(problems_of([DIGITS, *overrides], project)) == keys


@pytest.mark.parametrize(
    ("overrides", "keys"),
    [
        (["metric=accuracyy", "checkpoint.monitor=validation/x"], ["metric"]),  # which metrics there would be
        (["metric=accuracyy", "train.epoch=3", "checkpoint.monitor=validation/x"], ["metric", "train.epoch"]),
        (["task=nothing", "seed=-1"], ["seed", "task"]),
    ],
)
def test_what_only_follows_from_a_mistake_is_not_told(overrides: list[str], keys: list[str], project: Project) -> None:
    assert sorted(problems_of([DIGITS, *overrides], project)) == keys


def test_nothing_is_guessed_of_an_experiment_that_is_not_there(project: Project) -> None:
    assert list(problems_of(["experiment=digits_resnt", "train.epochs=0"], project)) == ["experiment"]
