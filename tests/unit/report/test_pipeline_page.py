"""The page of a pipeline: its graph, states, figures and links, and nothing loaded from elsewhere."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelerator.pipeline.outputs import metrics
from accelerator.pipeline.state import PipelineState, Source, StepState
from accelerator.pipeline.write_page import write_page
from accelerator.report.pipeline_page import GAP_X, GAP_Y, HEIGHT, MARGIN, WIDTH, lay_out, main_figures
from accelerator.runs.family import run_of_folder
from accelerator.runs.progress import Tracking, write_tracking


def three_steps(folder: Path) -> PipelineState:
    """A pipeline with a step that ran, one that was skipped, and one that failed."""
    scores = {"scores": metrics({"train/loss": 0.2, "test/accuracy": 0.97})}
    steps = (
        StepState(
            "pretrain", uses="digits", state="ran", outputs=scores, seconds=2.5, run_folder=str(folder / "a run")
        ),
        StepState("clean", "step", "command", "skipped", skipped_from="/elsewhere/20261123-101500-3fa2b1"),
        StepState(
            "finetune",
            uses="<script>",
            state="failed",
            reason="it is out of memory",
            needs=("pretrain", "clean"),
            inputs=(Source("weights", "pretrain", "checkpoint.best"),),
            folder=str(folder / "steps/finetune"),
        ),
    )
    return PipelineState("two", "failed", "2026-11-23T10:15:00+0000", command="go on", steps=steps, folder=folder)


def test_a_step_stands_in_the_column_after_all_that_it_needs() -> None:
    steps = [{"name": "a", "needs": []}, {"name": "b", "needs": []}, {"name": "c", "needs": ["a"]}]
    steps += [{"name": "d", "needs": ["a", "c"]}]

    graph = lay_out(steps)

    columns = {name: x // (WIDTH + GAP_X) for name, (x, _) in graph.nodes.items()}
    assert columns == {"a": 0, "b": 0, "c": 1, "d": 2}
    assert graph.nodes["b"][1] - graph.nodes["a"][1] > HEIGHT
    assert len(graph.edges) == 3


def test_an_arrow_over_columns_passes_below_all_steps() -> None:
    steps = [{"name": "a", "needs": []}, {"name": "b", "needs": []}, {"name": "c", "needs": ["a"]}]
    steps += [{"name": "d", "needs": ["a", "c"]}]

    graph = lay_out(steps)

    lane = MARGIN + 2 * (HEIGHT + GAP_Y)
    assert f" {lane} H" in graph.edges[1]
    assert max(y for _, y in graph.nodes.values()) + HEIGHT < lane < graph.height
    assert "H" not in graph.edges[0] + graph.edges[2]


def test_metrics_of_the_test_come_first() -> None:
    values: dict[str, Any] = {
        "a/x": 1.0,
        "b/x": 1.0,
        "c/x": 1.0,
        "train/loss": 0.2,
        "test/loss": 0.4,
        "test/accuracy": 0.9,
    }

    values["test/auc"] = "nan"  # as JSON has it

    found = main_figures({"m": {"type": "metrics", "value": values}, "f": {"type": "file", "value": "/x"}})

    assert list(found) == ["test/accuracy", "test/auc", "test/loss", "train/loss", "a/x", "b/x"]
    assert math.isnan(found["test/auc"])


def test_the_page_tells_states_figures_inputs_and_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "a run").mkdir()
    (tmp_path / "a run" / "report.html").write_text("")

    page = write_page(three_steps(tmp_path)).read_text()

    assert 'href="a%20run/report.html"' in page
    assert 'href="steps/finetune/output.txt"' in page
    for text in ("test/accuracy 0.97", "weights from pretrain.checkpoint.best", "it is out of memory", "go on"):
        assert text in page
    assert "taken from 20261123-101500-3fa2b1" in page
    assert page.count('class="edge"') == 2
    assert "<script" not in page
    assert "http" not in page


def test_a_skipped_step_links_to_the_page_of_the_pipeline_that_it_ran_in(tmp_path: Path) -> None:
    before = tmp_path / "before"
    before.mkdir()
    (before / "report.html").write_text("")
    (tmp_path / "now").mkdir()
    step = StepState("clean", "step", "command", "skipped", skipped_from=str(before))

    page = write_page(PipelineState("two", "completed", steps=(step,), folder=tmp_path / "now")).read_text()

    assert '<a href="../before/report.html">where it ran</a>' in page


def test_the_page_links_to_the_run_of_the_pipeline_where_a_server_has_it(tmp_path: Path) -> None:
    state = replace(three_steps(tmp_path), folder=tmp_path)
    run = run_of_folder(tmp_path)
    run.path.mkdir(parents=True)
    target = {"tracking_uri": "http://127.0.0.1:5000/", "experiment": "two", "run_id": "ab12"}
    write_tracking(run, Tracking(sink="mlflow", target=target))

    page = write_page(state).read_text()

    assert '<a href="http://127.0.0.1:5000/#/runs/ab12">in MLflow</a>' in page
