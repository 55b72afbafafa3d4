"""The pages that `list` and `compare` write, in a real browser."""

from pathlib import Path

from accelerator.cli.dispatch import run_command
from accelerator.cli.experiment import Experiment
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import JournalWriter
from accelerator.runs.summary import Summary, write_summary
from tests.e2e.browser import needs_chromium, opened_browser


def _write_runs(root: Path) -> None:
    for place, name in enumerate(("20261123-101501-aaaaaa", "20261123-101502-bbbbbb")):
        folder = RunFolder(root / "outputs" / "digits" / name)
        folder.path.mkdir(parents=True)
        write_summary(folder, Summary(("completed", "failed")[place], 2, 40, {"test/loss": 0.5}, seconds=75.0))
        writer = JournalWriter(folder.journal)
        points = [{"kind": "metric", "name": "train/loss", "value": 1 / step, "step": step} for step in (1, 2, 3)]
        writer.append(points)
        writer.close()


@needs_chromium
def test_both_pages_show_their_runs_and_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    _write_runs(tmp_path)
    table, side_by_side = tmp_path / "table.html", tmp_path / "side.html"
    run = ("--project", str(tmp_path), "experiment")
    run_command({"experiment": Experiment}, [*run, "list", "--output", str(table)])
    compared = ["compare", "aaaaaa", "last", "--curves", "train/loss", "--output", str(side_by_side)]
    run_command({"experiment": Experiment}, [*run, *compared])
    asked: list[str] = []

    with opened_browser() as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(table.as_uri())
        cells, states = page.locator("td").all_inner_texts(), page.locator("td.bad").all_inner_texts()
        page.goto(side_by_side.as_uri())
        curve, headers = page.locator("[role=img] svg").bounding_box(), page.locator("th").all_inner_texts()

    assert {"20261123-101501-aaaaaa", "1 min 15 s", "0.5"} <= set(cells) and states == ["failed"]
    assert headers == ["cause", "key", "20261123-101501-aaaaaa", "20261123-101502-bbbbbb"]
    assert curve is not None and curve["width"] > 400 and curve["height"] > 200
    assert asked == [table.as_uri(), side_by_side.as_uri()]
