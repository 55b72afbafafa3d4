"""The `launch` settings of a step: what cannot be launched is told with its line before anything runs."""

from pathlib import Path

import pytest

from accelerator.components import Registry
from accelerator.config.check_pipeline import check_pipeline
from accelerator.config.groups import configs_of
from accelerator.config.launch_settings import launcher_overrides, training_overrides
from accelerator.config.project import Project, search_path

SOUND = [
    "null",
    "local",
    "cluster",
    "{processes: 2}",
    "{launcher: basic}",
    "{processes: 1, launcher: joblib, n_jobs: 2}",
    "{launcher: mine, nodes: 2}",
    "{launcher: submitit_slurm, setup: [module load a], additional_parameters: {mail-type: END}}",
]
BROKEN = [
    ("[joblib]", "launch = ['joblib']", "must be a mapping of settings", "Write launch: {launcher: submitit_local}"),
    ("lokal", "launch", "there is no launch 'lokal'. Did you mean 'local'?", "Name one"),
    ("{processes: 0}", "launch.processes = 0", "must be", ""),
    ("{lancher: joblib}", "launch.lancher", "no such setting without a launcher. Did you mean 'launcher'?", "Correct"),
    (
        "{launcher: submitit_lokal}",
        "launch.launcher",
        "there is no launcher 'submitit_lokal'. Did you mean 'submitit_local'?",
        "hydra-submitit-launcher comes with pip install 'accelerator-framework[slurm]'",
    ),
    ("{launcher: [a]}", "launch.launcher", "there is no launcher '['a']'", "Name one of them"),
    ("{launcher: broken}", "launch.launcher", "configs/hydra/launcher/broken.yaml does not compose: ", "Correct it"),
    (
        "{launcher: submitit_local, time_out: 5}",
        "launch.time_out",
        "the launcher 'submitit_local' has no such setting. Did you mean 'timeout_min'?",
        "Correct or remove it",
    ),
    (
        "{launcher: submitit_local, timeout_min: soon}",
        "launch.timeout_min",
        "does not take it: Value 'soon' of type 'str' could not be converted to Integer",
        "Correct it",
    ),
    ("{launcher: basic, _target_: os.system}", "launch._target_", "has no such setting", "Correct or remove it"),
]


def problems(root: Path, launch: str) -> list[str]:
    """Return what is said of a pipeline with such a step."""
    for name, text in (
        ("launch/cluster.yaml", "launcher: submitit_local\ntimeout_min: 5\n"),
        ("hydra/launcher/mine.yaml", "defaults: [submitit_local]\nmem_gb: 4\n"),
        ("hydra/launcher/broken.yaml", "defaults: [submitit_nowhere]\n"),
        ("pipeline/p.yaml", f"steps:\n  first:\n    experiment: digits_resnet\n    launch: {launch}\n"),
    ):
        (root / "configs" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "configs" / name).write_text(text)
    project, registry = Project(root), Registry.discover(root)
    sources = search_path(project, registry)
    (config,) = (item for item in configs_of("pipeline", sources) if item.name == "p")
    return [str(item) for item in check_pipeline(config, registry, project, sources)]


@pytest.mark.parametrize("launch", SOUND)
def test_what_can_be_launched_has_no_problem(launch: str, tmp_path: Path) -> None:
    assert problems(tmp_path, launch) == []


@pytest.mark.parametrize(("launch", "key", "what", "then"), BROKEN)
def test_what_cannot_be_launched_is_named_with_its_line_and_its_mend(
    launch: str, key: str, what: str, then: str, tmp_path: Path
) -> None:
    (text,) = problems(tmp_path, launch)

    assert text.startswith(f"steps.first.{key}")
    assert "(configs/pipeline/p.yaml:4)" in text
    assert what in text and then in text


def test_settings_go_to_the_training_or_to_the_launcher() -> None:
    launch = {
        "processes": 2,
        "launcher": "submitit_slurm",
        "setup": ["module load a"],
        "additional_parameters": {"mail-type": "END"},
    }

    assert training_overrides(launch) == ("launch.processes=2",)
    assert launcher_overrides(launch) == (
        "hydra/launcher=submitit_slurm",
        'hydra.launcher.setup=["module load a"]',
        '+hydra.launcher.additional_parameters.mail-type="END"',
    )
