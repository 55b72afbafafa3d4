"""The wheel, built and installed as a stranger gets it, does the main job from an empty folder.

The environment is fresh but for the third-party packages of the one that runs the tests, which it sees through a
.pth file: Python does not follow the .pth files behind such an entry, so our own editable install stays out of sight.
`make release-check` does the same in an environment that is empty in truth.
"""

import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.e2e.command import Ended, accelerator, clean_environment

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from the source distribution that is built from the working tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, env=clean_environment())
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def script(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the console script of an environment that holds the wheel and sees our third-party packages."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True, env=clean_environment())
    (site_packages,) = environment.glob("lib/python3.*/site-packages")
    # Only now: pip would take our editable install, seen through this file, for an older version to uninstall.
    (site_packages / "third_party.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return environment / "bin" / "accelerator"


@pytest.fixture(scope="module")
def trained(script: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """Return an empty folder, and how the main job ended that was started in it."""
    folder = tmp_path_factory.mktemp("empty")
    ended = accelerator("experiment", "train", "experiment=digits_resnet", cwd=folder, form=(str(script),))
    return folder, ended


def test_the_wheel_holds_the_package_its_configs_and_nothing_else(wheel: Path) -> None:
    configs = {name.replace("configs/", "accelerator/_configs/", 1) for name in _tracked("configs")}
    templates = _tracked("accelerator/**/*.template")

    names = set(zipfile.ZipFile(wheel).namelist())

    assert configs <= names
    assert len(templates) > 50
    assert templates <= names
    assert "accelerator/py.typed" in names
    assert {name.split("/")[0] for name in names} == {"accelerator", "accelerator_framework-0.1.0.dist-info"}
    assert [name for name in names if "__pycache__" in name] == []


def test_the_environment_imports_the_wheel(script: Path, tmp_path: Path) -> None:
    code = "import accelerator; print(accelerator.__file__)"

    done = subprocess.run([script.with_name("python"), "-c", code], cwd=tmp_path, capture_output=True, text=True)

    assert done.stderr == ""
    assert Path(done.stdout.strip()).is_relative_to(script.parents[1])


def test_shipped_configs_are_found_from_an_empty_folder(script: Path, tmp_path: Path) -> None:
    shown = accelerator("experiment", "show", "experiment=digits_resnet", cwd=tmp_path, form=(str(script),))

    assert (shown.code, shown.err) == (0, "")
    assert "accelerator/configs/experiment/digits_resnet.yaml" in shown.out
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_makes_a_project(script: Path, tmp_path: Path) -> None:
    started = accelerator("configure", "init", "handwriting", cwd=tmp_path, form=(str(script),))
    status = accelerator("configure", "status", "--json", cwd=tmp_path / "handwriting", form=(str(script),))

    assert (started.code, status.code) == (0, 0), started.err
    assert {item["state"] for item in json.loads(status.out)["files"]} == {"ours"}


def test_the_main_job_trains_to_its_accuracy(trained: tuple[Path, Ended]) -> None:
    folder, ended = trained

    assert ended.code == 0, ended.err
    run_folder = folder / ended.last_line
    summary = json.loads((run_folder / "summary.json").read_text(encoding="utf-8"))
    assert run_folder.is_relative_to(folder / "outputs")
    assert summary["status"] == "completed"
    assert summary["metrics"]["test/accuracy"] >= 0.985


def test_the_main_job_is_tracked_in_the_folder_it_was_started_in(trained: tuple[Path, Ended]) -> None:
    folder, ended = trained

    summary = json.loads((folder / ended.last_line / "summary.json").read_text(encoding="utf-8"))

    assert summary["mlflow"]["tracking_uri"] == f"sqlite:///{folder / 'mlflow.db'}"
    assert (folder / "mlflow.db").is_file()


def _tracked(*patterns: str) -> set[str]:
    command = ["git", "ls-files", *(f":(glob){pattern}" if "*" in pattern else pattern for pattern in patterns)]
    return set(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines())
