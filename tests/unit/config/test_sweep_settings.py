"""A sweep's settings in config files become overrides, as a command would have them."""

import pytest

from accelerator.config.multirun import read_line
from accelerator.config.sweep_settings import refuse_settings_of_hydra, settings_in_files
from accelerator.errors import ConfigError
from tests.unit.config.conftest import Compose, Write

HEAD = "# @package _global_\ndefaults:\n  - digits_resnet\n"


def settings(composed: Compose, *command: str) -> dict[str, str]:
    config = composed("experiment=mine", *command)
    return {item.text: item.place for item in settings_in_files(config, ["experiment=mine", *command])}


def test_parameters_and_launcher_stand_where_the_file_has_them(write: Write, composed: Compose) -> None:
    write(
        "experiment/mine.yaml",
        f"{HEAD}  - override /hydra/launcher: joblib\nvars: {{jobs: 2, note: a}}\nhydra:\n  mode: MULTIRUN\n"
        "  launcher: {n_jobs: '${vars.jobs}', backend: null, prefer: threads}\n"
        "  sweeper:\n    params:\n      optimizer.lr: 0.1,0.01\n      seed: range(3)\n      +vars.b: 5\n"
        "      vars.note: ${oc.env:NOTE}\n",
    )

    found = settings(composed)

    file = "configs/experiment/mine.yaml"
    assert found == {
        "optimizer.lr=0.1,0.01": f"{file}:11",
        "seed=range(3)": f"{file}:12",
        "+vars.b=5": f"{file}:13",
        "vars.note=${oc.env:NOTE}": f"{file}:14",
        "hydra/launcher=joblib": f"{file}:8",
        "hydra/sweeper=basic": f"{file}:9",
        "++hydra.launcher.n_jobs=2": f"{file}:8",
        "++hydra.launcher.backend=null": f"{file}:8",
        "++hydra.launcher.prefer=threads": f"{file}:8",
    }


def test_a_sweeper_with_its_sampler_is_chosen_and_set(write: Write, composed: Compose) -> None:
    write(
        "experiment/mine.yaml",
        f"{HEAD}  - override /hydra/sweeper: optuna\n  - override /hydra/sweeper/sampler: random\nhydra:\n"
        "  sweeper:\n    n_trials: 3\n    study_name: it's mine\n    params: {optimizer.lr: 'interval(0.001, 0.1)'}\n",
    )

    line = read_line(list(settings(composed)))

    assert line.uses_optuna
    assert line.parameters == ("optimizer.lr=interval(0.001, 0.1)",)
    assert line.hydra[:2] == ("hydra/sweeper=optuna", "hydra/sweeper/sampler=random")
    assert line.hydra[2:] == ("++hydra.sweeper.n_trials=3", r"++hydra.sweeper.study_name='it\'s mine'")


def test_what_the_command_says_of_a_key_counts_instead(write: Write, composed: Compose) -> None:
    write(
        "experiment/mine.yaml",
        f"{HEAD}  - override /hydra/launcher: joblib\nhydra:\n  launcher: {{n_jobs: 2}}\n"
        "  sweeper: {params: {optimizer.lr: '0.1,0.01', seed: '1,2'}}\n",
    )

    found = settings(composed, "optimizer.lr=0.5", "hydra.launcher.n_jobs=4", "hydra/launcher=joblib")

    assert list(found) == ["seed=1,2", "hydra/sweeper=basic"]


def test_a_config_that_says_nothing_to_hydra_sets_nothing(write: Write, composed: Compose) -> None:
    write("experiment/mine.yaml", HEAD)

    assert not settings(composed)


REFUSED = {
    "nested": (
        "params: {optimizer: {lr: '0.1,0.01'}}",
        r"hydra.sweeper.params.optimizer \(configs/experiment/mine.yaml:6\): is a mapping; .*"
        r"Write optimizer.lr: 0.1,0.01\.",
    ),
    "malformed": (
        "params: {seed: range(3}",
        r"configs/experiment/mine.yaml:6: the override 'seed=range\(3' cannot be read at its end",
    ),
    "unresolved": (
        "params: {seed: '${vars.none}'}",
        r"hydra.sweeper.params.seed \(configs/experiment/mine.yaml:6\): cannot be resolved: .*Correct it",
    ),
    "older form": (
        "search_space: {optimizer.lr: {type: float}}",
        r"hydra.sweeper.search_space \(configs/experiment/mine.yaml:6\): is not taken: hydra.sweeper.params says",
    ),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_a_setting_is_refused_at_its_line(text: str, told: str, write: Write, composed: Compose) -> None:
    sweeper = "optuna" if "search_space" in text else "basic"
    write(
        "experiment/mine.yaml",
        f"{HEAD}  - override /hydra/sweeper: {sweeper}\nhydra:\n  sweeper: {{{text}}}\n",
    )

    with pytest.raises(ConfigError, match=told):
        settings(composed)


def test_a_mistyped_launcher_in_a_file_is_told_with_the_nearest(write: Write, composed: Compose) -> None:
    write("experiment/mine.yaml", f"{HEAD}  - override /hydra/launcher: joblip\n  - override /hydra/sweeper: optuna\n")

    with pytest.raises(ConfigError) as raised:
        settings(composed)

    (problem,) = raised.value.problems
    assert problem.source == "configs/experiment/mine.yaml:4"
    assert "There is no hydra/launcher 'joblip'. Did you mean 'joblib'?" in problem.what


def test_a_setting_that_the_launcher_does_not_have_is_told_with_its_file(write: Write, composed: Compose) -> None:
    write(
        "experiment/mine.yaml",
        f"{HEAD}  - override /hydra/launcher: joblib\nhydra: {{launcher: {{n_job: 2}}}}\n",
    )

    with pytest.raises(ConfigError) as raised:
        settings(composed)

    assert str(raised.value) == (
        "hydra.launcher.n_job (configs/experiment/mine.yaml): there is no such key in hydra.launcher as it is chosen "
        "(JobLibLauncherConf). Correct or remove it, or choose another hydra/launcher."
    )


def test_a_command_names_its_parameters_themselves() -> None:
    with pytest.raises(ConfigError, match=r"hydra.sweeper.params.seed \(command line\): is for config files.* Write"):
        refuse_settings_of_hydra(read_line(["+hydra.sweeper.params.seed='1,2'"]))


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("hydra.sweep.dir=/tmp", "hydra.sweep.dir .* is nothing that a sweep takes.*Leave it out"),
        ("+hydra.callbacks={x: {_target_: os.system}}", "hydra.callbacks .* is nothing that a sweep takes"),
        ("+hydra.launcher={_target_: os.system}", "hydra.launcher .* names a class.*Write hydra/launcher=NAME"),
        ("hydra.sweeper._target_=os.system", "hydra.sweeper._target_ .* names a class"),
    ],
)
def test_a_command_says_to_hydra_only_who_sweeps_and_launches(override: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        refuse_settings_of_hydra(read_line([override]))


def test_a_file_names_no_class_to_hydra(write: Write, composed: Compose) -> None:
    write("experiment/mine.yaml", f"{HEAD}hydra: {{launcher: {{_target_: os.system}}}}\n")

    with pytest.raises(
        ConfigError, match=r"hydra.launcher._target_ \(configs/experiment/mine.yaml:\d\): names a class"
    ):
        settings(composed)
