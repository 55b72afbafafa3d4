"""A pipeline as one tree in MLflow, brought there by real commands, and looked at in a real browser."""

import json
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from playwright.sync_api import Page

from accelerator.runs.family import run_of_folder
from accelerator.runs.folder import RunFolder
from accelerator.runs.progress import read_tracking
from tests.e2e.browser import needs_chromium, opened_browser
from tests.e2e.command import Ended, accelerator, await_path, start
from tests.mlflow_server import serving
from tests.tracked_project import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")
TREE = """
name: tree
steps:
  train: {experiment: digits_resnet, overrides: [model=mlp, train.steps=2, train.epochs=null]}
  write:
    step:
      _target_: command
      command: [python, -c, "import sys; open(sys.argv[2], 'w').write(sys.argv[1])", "{input:loss}", "{output:loss}"]
      outputs: {loss: loss.txt}
    inputs: {loss: "${step_output:train.metrics.test/loss}"}
"""
GATE = """
name: gate
steps:
  open:
    step:
      _target_: command
      command: [sh, -c, "touch begun; while test -e closed; do sleep 0.1; done; test -e open"]
  after: {step: {_target_: command, command: "true", outputs: {}}, inputs: {log: "${step_output:open.log}"}}
"""


class Tracked:
    """A project with both pipelines in one store: making one takes seconds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "configs" / "pipeline").mkdir(parents=True)
        for name, text in (("tree", TREE), ("gate", GATE)):
            (root / "configs" / "pipeline" / f"{name}.yaml").write_text(text)

    def run(self, name: str) -> tuple[Ended, Path]:
        """Run a pipeline, and return its folder too."""
        ended = accelerator("pipeline", "run", name, cwd=self.root)
        return ended, Path(ended.last_line)

    def sync(self, folder: Path) -> None:
        """Return when all of a pipeline has arrived."""
        synced = accelerator("experiment", "sync", str(folder), cwd=self.root)
        assert synced.code == 0, synced.err

    def tree(self, folder: Path) -> tuple[Run, dict[str, Run]]:
        """Return the run of a pipeline, and those below it by their steps."""
        (run,) = self._runs(f"tags.`accelerator.run_id` = '{folder.name}'")
        below = self._runs(f"tags.`mlflow.parentRunId` = '{run.info.run_id}'")
        return run, {child.data.tags["accelerator.step"]: child for child in below}

    def status(self, folder: Path) -> str | None:
        """Return the status of a pipeline's run as the store has it at this moment."""
        tracking = read_tracking(run_of_folder(folder))
        if tracking is None or "run_id" not in tracking.target:
            return None
        with sqlite3.connect(self.root / "mlflow.db") as store:
            query = "select status from runs where run_uuid = ?"
            (found,) = store.execute(query, [tracking.target["run_id"]]).fetchone()
        store.close()
        return str(found)

    def _runs(self, condition: str) -> list[Run]:
        client = MlflowClient(f"sqlite:///{self.root}/mlflow.db")
        return list(client.search_runs([item.experiment_id for item in client.search_experiments()], condition))


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    return Tracked(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def trees(tracked: Tracked) -> list[tuple[Run, dict[str, Run]]]:
    """Run a pipeline twice; return what stands in the store of each."""
    folders = [tracked.run("tree")[1], tracked.run("tree")[1]]
    for folder in folders:
        tracked.sync(folder)
    return [tracked.tree(folder) for folder in folders]


def told(run: Run, name: str) -> Any:
    return json.loads(run.data.tags[name])


def test_a_pipeline_is_one_run_with_a_run_of_each_step_and_lineage_is_read_from_both_ends(
    tracked: Tracked, trees: list[tuple[Run, dict[str, Run]]]
) -> None:
    whole, steps = trees[0]
    train, write = steps["train"], steps["write"]

    assert set(steps) == {"train", "write"}
    assert {run.info.status for run in (whole, train, write)} == {"FINISHED"}
    assert {run.info.experiment_id for run in (train, write)} == {whole.info.experiment_id}
    assert (whole.data.metrics["steps/ran"], whole.data.tags["accelerator.pipeline"]) == (2.0, "tree")
    folder = RunFolder(Path(told(train, "accelerator.output.run")["value"]))
    assert (folder.run_id, train.data.params["train.steps"]) == (train.data.tags["accelerator.run_id"], "2")
    assert (train.data.tags["choice.model"], "model=mlp" in train.data.tags["overrides"].split()) == ("mlp", True)
    came_in = told(write, "accelerator.input.loss")
    assert (came_in["run_id"], came_in["output"]) == (train.info.run_id, "metrics.test/loss")
    assert float(came_in["value"]) == train.data.metrics["test/loss"]
    assert told(train, f"accelerator.used_by.{write.data.tags['accelerator.run_id']}") == {
        "run_id": write.info.run_id, "step": "write", "inputs": {"loss": "metrics.test/loss"},
    }  # fmt: skip
    assert told(write, "accelerator.output.loss")["hash"]
    listed = accelerator("experiment", "list", cwd=tracked.root).out
    assert (folder.run_id in listed, "/.run" in listed) == (True, False)


def test_a_skipped_step_is_shown_as_such_with_the_run_that_it_came_from(
    trees: list[tuple[Run, dict[str, Run]]],
) -> None:
    (_, ran), (whole, skipped) = trees

    assert (whole.info.status, whole.data.metrics["steps/skipped"]) == ("FINISHED", 2.0)
    assert {name: run.info.run_name for name, run in skipped.items()} == {
        "train": "train (skipped)", "write": "write (skipped)",
    }  # fmt: skip
    sources = {name: told(run, "accelerator.skipped_from")["run_id"] for name, run in skipped.items()}
    assert sources == {name: run.info.run_id for name, run in ran.items()}
    back = {name: f"accelerator.reused_by.{run.data.tags['accelerator.run_id']}" for name, run in skipped.items()}
    assert {name: told(ran[name], tag)["run_id"] for name, tag in back.items()} == {
        name: run.info.run_id for name, run in skipped.items()
    }


def test_a_killed_pipeline_is_killed_there_too_and_the_same_command_brings_its_run_to_its_end(
    tracked: Tracked,
) -> None:
    (tracked.root / "closed").touch()
    runner = start("pipeline", "run", "gate", cwd=tracked.root)
    await_path(tracked.root, "begun")
    folder = await_path(tracked.root, "outputs/pipelines/gate/*/.run/*/tracking.json").parents[2]
    wait_until(lambda: tracked.status(folder) == "RUNNING", 60)

    runner.send_signal(signal.SIGKILL)
    runner.communicate()
    wait_until(lambda: tracked.status(folder) == "KILLED", 60)
    (tracked.root / "closed").unlink()
    shown = accelerator("pipeline", "status", "gate", cwd=tracked.root)
    failed, same = tracked.run("gate")
    wait_until(lambda: tracked.status(folder) == "FAILED", 60)
    (tracked.root / "open").touch()
    ended, _ = tracked.run("gate")
    tracked.sync(folder)
    whole, steps = tracked.tree(folder)

    assert "gate: died, " in shown.out and f"The page: {folder}/report.html" in shown.out
    assert (failed.code, same) == (1, folder)
    assert (ended.code, whole.info.status) == (0, "FINISHED")
    assert {name: run.info.status for name, run in steps.items()} == {"open": "FINISHED", "after": "FINISHED"}


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with opened_browser() as page:
        yield page


@needs_chromium
def test_the_tree_is_what_the_page_of_mlflow_shows(
    tracked: Tracked, trees: list[tuple[Run, dict[str, Run]]], page: Page, tmp_path: Path
) -> None:
    whole, steps = trees[0]
    runs = f"#/experiments/{whole.info.experiment_id}/runs"
    links = {name: f"a[href$='{run.info.run_id}']" for name, run in steps.items()}

    with serving(tmp_path, f"sqlite:///{tracked.root}/mlflow.db") as server:
        page.goto(f"{server.address}/{runs}")
        row = page.locator("[role=gridcell]", has=page.locator(f"a[href$='{whole.info.run_id}']"))
        row.wait_for(timeout=200_000)
        before = {name: page.locator(link).count() for name, link in links.items()}
        row.locator("button").first.click()
        for link in links.values():
            page.locator(link).first.wait_for(timeout=200_000)
        page.screenshot(path=tmp_path / "runs.png")
        page.goto(f"{server.address}/{runs}/{whole.info.run_id}")
        page.wait_for_function("document.body.innerText.includes('Child runs\\n')", timeout=200_000)
        shown = {name: page.locator(link).inner_text(timeout=200_000) for name, link in links.items()}
        page.screenshot(path=tmp_path / "run.png")

    assert before == {"train": 0, "write": 0}
    assert {name: text.rstrip(",") for name, text in shown.items()} == {
        name: run.info.run_name for name, run in steps.items()
    }


@needs_chromium
def test_the_page_of_a_pipeline_shows_its_graph_and_its_links_lead_somewhere(
    tracked: Tracked, trees: list[tuple[Run, dict[str, Run]]], page: Page
) -> None:
    folder = Path(trees[0][0].data.tags["accelerator.pipeline_folder"])

    page.goto((folder / "report.html").as_uri())
    nodes = page.locator("svg .node")
    boxes = {item.get_attribute("id"): item.bounding_box() for item in nodes.all()}
    addresses = [item.get_attribute("href") or "" for item in page.locator("a").all()]

    assert set(boxes) == {"node-train", "node-write"}
    train, write = boxes["node-train"], boxes["node-write"]
    assert train is not None and write is not None and train["x"] + train["width"] < write["x"]
    assert page.locator("svg path.edge").count() == 1
    assert [item for item in addresses if not (folder / item).exists()] == []
    assert len(addresses) >= 3
