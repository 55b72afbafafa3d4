"""What a run tells its tracker at the start, as its journal has it."""

import json
from pathlib import Path

import pytest

from accelerator.config.compose import compose
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import read_journal
from accelerator.runtime.context import Context
from accelerator.runtime.loop.train_loop import TrainLoop

SHORT = ("experiment=digits_resnet", "model=mlp", "train.steps=1", "tracking=none", "callback=[]", "engine.device=cpu")


@pytest.fixture
def told(inside_project: Path) -> dict[str, dict[str, object]]:
    """Return names and values of what the journal of a short run has, by kind."""
    config = compose([*SHORT, "note=a first try", "+tags.team=vision", "loss=[cross_entropy]", "+vars.api_key=hunter2"])
    TrainLoop(Context.from_config(config)).run()
    (path,) = (inside_project / "outputs" / "digits").iterdir()
    found: dict[str, dict[str, object]] = {}
    for record in read_journal(RunFolder(path).journal):
        found.setdefault(record["kind"], {})[record["name"]] = record.get("value", record.get("path"))
    return found


def test_choices_overrides_note_and_tags_are_told_without_secrets(told: dict[str, dict[str, object]]) -> None:
    tags = told["tag"]

    assert (tags["choice.model"], tags["choice.experiment"], tags["choice.loss"]) == (
        "mlp",
        "digits_resnet",
        "cross_entropy",
    )
    assert (tags["note"], tags["team"]) == ("a first try", "vision")
    assert tags["overrides"] == (
        "experiment=digits_resnet model=mlp train.steps=1 tracking=none 'callback=[]' engine.device=cpu "
        "'note=a first try' +tags.team=vision 'loss=[cross_entropy]' '+vars.api_key=***'"
    )
    assert "hunter2" not in json.dumps(told)


def test_the_files_that_say_how_a_run_was_made_are_artifacts(told: dict[str, dict[str, object]]) -> None:
    assert told["artifact"] == {name: name for name in ("config.yaml", "overrides.yaml", "environment.json")}
