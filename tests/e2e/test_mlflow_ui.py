"""MLflow's own page on a run of ours, in a real browser: the command that `train` prints, opened and looked at."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Page

from tests.e2e.browser import needs_chromium, opened_browser
from tests.e2e.command import accelerator
from tests.mlflow_server import serving

LOOK = "To look at it: "


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what a short main job prints, after what `sync` prints where a busy machine left something unsent."""
    project = tmp_path_factory.mktemp("project")
    printed = accelerator("experiment", "train", "experiment=digits_resnet", "train.epochs=3", cwd=project).out
    return printed if LOOK in printed else accelerator("experiment", "sync", "last", cwd=project).out + printed


@pytest.fixture(scope="module")
def address(trained: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the command that was printed, on a free port, and return where it answers."""
    printed = re.search(rf"^{LOOK}mlflow (ui .*)$", trained, re.MULTILINE)
    assert printed is not None
    with serving(tmp_path_factory.mktemp("server"), words=shlex.split(printed[1])) as server:
        yield server.address


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with opened_browser() as page:
        yield page


@needs_chromium
def test_the_printed_command_shows_the_run_with_its_curves(
    trained: str, address: str, page: Page, tmp_path: Path
) -> None:
    run = MlflowClient(address).search_runs([MlflowClient(address).get_experiment_by_name("digits").experiment_id])[0]

    page.goto(f"{address}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}/model-metrics")
    for name in ("optimizer", "train", "validation", "test"):
        page.wait_for_function(f"document.body.innerText.includes('{name}\\n(')", timeout=200_000)
    curve = f"{run.info.run_name} (optimizer/lr)"  # drawn when its points have come, after the headings
    page.wait_for_function("curve => document.body.innerText.includes(curve)", arg=curve, timeout=200_000)
    page.screenshot(path=tmp_path / "mlflow.png")

    assert run.info.run_name == Path(trained.splitlines()[-1]).name
    assert (tmp_path / "mlflow.png").stat().st_size > 20_000
