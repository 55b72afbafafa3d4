import math
from pathlib import Path

import pytest

from accelerator.errors import RunNotFoundError, StorageError
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import JournalWriter
from accelerator.runs.run import Run
from accelerator.runs.summary import Summary, write_summary


def make_run(path: Path) -> Run:
    folder = RunFolder(path)
    folder.path.mkdir(parents=True)
    folder.config.write_text("name: digits\noptimizer: {lr: 0.1}\ntoken: ${oc.env:TOKEN}\n")
    writer = JournalWriter(folder.journal)
    writer.append([{"kind": "metric", "name": "a", "value": math.inf, "step": 1}])
    writer.append([{"kind": "metric", "name": "b", "value": 0.5, "step": 1}, {"kind": "event", "name": "stop"}])
    writer.close()
    write_summary(folder, Summary("completed", step=1, parent="before"))
    return Run(path)


def test_a_run_is_read_as_plain_values(tmp_path: Path) -> None:
    run = make_run(tmp_path / "20261123-101500-3fa2b1")

    assert (run.name, run.status, run.parent) == ("20261123-101500-3fa2b1", "completed", "before")
    assert run.config == {"name": "digits", "optimizer": {"lr": 0.1}, "token": "${oc.env:TOKEN}"}
    assert run.metric_names() == ["a", "b"]
    assert run.points("a")[0]["value"] == math.inf
    assert repr(run) == f"Run('{run.folder.path}')"


def test_a_folder_that_no_run_wrote_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="is no run folder: it has neither summary.json nor"):
        Run(tmp_path)


def test_a_run_without_a_config_has_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()

    assert Run(tmp_path).config == {}


@pytest.mark.parametrize(("text", "said"), [("a: [", "cannot be read"), ("- a", "holds no mapping")])
def test_a_damaged_config_is_named(tmp_path: Path, text: str, said: str) -> None:
    run = make_run(tmp_path / "run")
    run.folder.config.write_text(text)

    with pytest.raises(StorageError, match=f"config.yaml: {said}"):
        run.config
