"""The example of a plugin, built and installed by pip as a stranger's would be, and used by name alone.

It is installed into a folder of its own, which the commands see through `PYTHONPATH`: nothing of the environment that
runs the tests is changed.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import FORMS, Ended, accelerator, clean_environment

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "examples" / "plugin"
DISTRIBUTION = "patchwork-plugin"
NAMES = ("patchwork", "patch_mixer", "update_ratio", "digits_mixer", "DoubleEngine")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the plugin was installed into, from a wheel that was built for it."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", folder, PLUGIN], check=True, env=clean_environment())
    return folder


@pytest.fixture(scope="module")
def trained(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """Return an empty folder, and how a short training with every component of the plugin ended there."""
    folder = tmp_path_factory.mktemp("empty")
    words = ("experiment=digits_mixer", "train.steps=20", "callback.update_ratio.every=5", "tracking=none")
    variables = {"PYTHONPATH": str(installed)}
    return folder, accelerator(
        "experiment", "train", *words, "train.log_every=5st", cwd=folder, form=FORMS["script"], variables=variables
    )


def test_its_model_callback_engine_and_configs_train_by_name(trained: tuple[Path, Ended]) -> None:
    folder, ended = trained

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Training with device cpu, fp64, ")
    summary = json.loads((folder / ended.last_line / "summary.json").read_text(encoding="utf-8"))
    assert (summary["status"], summary["step"]) == ("completed", 20)
    assert summary["metrics"]["test/accuracy"] > 0.15  # twenty steps beat a guess
    assert 1e-5 < summary["metrics"]["train/update_ratio"] < 1


def test_its_callback_hears_the_steps_it_asked_for(trained: tuple[Path, Ended]) -> None:
    folder, ended = trained
    journal = (folder / ended.last_line / "journal" / "rank-0.jsonl").read_text(encoding="utf-8")

    points = [item for item in map(json.loads, journal.splitlines()) if item.get("name") == "train/update_ratio"]

    assert [item["step"] for item in points] == [5, 10, 15, 20]


def test_what_its_configs_set_is_told_with_its_files(trained: tuple[Path, Ended]) -> None:
    folder, ended = trained

    sources = json.loads((folder / ended.last_line / "provenance.json").read_text(encoding="utf-8"))

    assert sources["model._target_"] == [f"{DISTRIBUTION}/configs/model/patch_mixer.yaml:2"]
    assert sources["engine.precision"] == [f"{DISTRIBUTION}/configs/engine/double.yaml:5"]


def test_it_is_listed_beside_ours(installed: Path, tmp_path: Path) -> None:
    listed = accelerator("configure", "list", "--json", cwd=tmp_path, variables={"PYTHONPATH": str(installed)})

    found = {(item["kind"], item["name"]): item["config"] for item in json.loads(listed.out) if _is_its(item)}
    assert found == {
        ("model", "patch_mixer"): "patch_mixer",
        ("callback", "update_ratio"): "update_ratio",
        ("engine", "double"): "double",
        ("experiment", "digits_mixer"): "digits_mixer",
    }


def test_it_passes_its_own_tests(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", "pytest.ini"]
    variables = clean_environment(PYTHONPATH=f"{installed}:{ROOT}", PYTHONDONTWRITEBYTECODE="1")

    done = subprocess.run([*command, PLUGIN / "tests"], cwd=tmp_path, env=variables, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d+ passed in ", done.stdout, re.MULTILINE)


def test_nothing_of_ours_knows_it() -> None:
    files = [path for room in ("accelerator", "configs", "benchmarks") for path in (ROOT / room).rglob("*.*")]
    texts = [path for path in (*files, ROOT / "pyproject.toml") if path.suffix in (".py", ".yaml", ".toml", ".json")]

    assert [str(path) for path in texts if any(name in path.read_text(encoding="utf-8") for name in NAMES)] == []


def _is_its(item: dict[str, str]) -> bool:
    return item["package"] == DISTRIBUTION
