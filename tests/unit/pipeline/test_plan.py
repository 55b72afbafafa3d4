"""`--plan`: golden outputs for each kind of change, against a pipeline that is done."""

import re
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from accelerator.pipeline import code_versions
from tests.unit.pipeline.conftest import Steps, make_steps

DONE = ("skip", "nothing has changed")
Change = Callable[[Steps], Any]


def follow(*names: str) -> tuple[str, str]:
    return "follow", f"{' and '.join(names)} runs before it"


GOLDEN: dict[str, tuple[Change, list[tuple[str, str]]]] = {
    "nothing": (lambda steps: None, [DONE] * 4),
    "what does not count": (
        lambda steps: steps.change("configs/pipeline/sums.yaml", "{step: table,", "{step: table, retries: 3,"),
        [DONE] * 4,
    ),
    "a file that came in": (
        lambda steps: steps.write("data/numbers.txt", "1 2 5"),
        [
            ("run", "input numbers: # -> #"),
            follow("first"),
            ("run", "input numbers: # -> #"),
            follow("second"),
        ],
    ),
    "an argument in the config": (
        lambda steps: steps.change("configs/pipeline/sums.yaml", "scale: 2.0", "scale: 2.5"),
        [DONE, ("run", "scale: 2.0 -> 2.5"), DONE, follow("second")],
    ),
    "an argument that is new": (
        lambda steps: steps.change("configs/pipeline/sums.yaml", "scale: 3.0", "scale: 3.0, pause_s: 0.0"),
        [DONE, DONE, ("run", "pause_s: new, 0.0"), DONE],
    ),
    "an argument that is gone": (
        lambda steps: steps.change("configs/pipeline/sums.yaml", "scale: 3.0", "pause_s: 0.0"),
        [DONE, DONE, ("run", "pause_s: new, 0.0; scale: gone, was 3.0"), DONE],
    ),
    "another component": (
        lambda steps: steps.change("configs/pipeline/sums.yaml", "{step: total, i", "{step: {_target_: table}, i"),
        [
            DONE,
            DONE,
            DONE,
            ("run", "total -> table; _target_: total -> table"),
        ],
    ),
    "what an input refers to": (
        lambda steps: steps.change("configs/pipeline/sums.yaml", "second.table", "first.table"),
        [DONE, DONE, DONE, ("run", "input table: # -> #")],
    ),
    "a module of the project": (
        lambda steps: steps.write("my_helpers.py", "def multiply(a, b):\n    return str(b * float(a))\n"),
        [
            ("run", "code my_helpers.py: # -> #"),
            follow("first"),
            ("run", "code my_helpers.py: # -> #"),
            follow("second"),
        ],
    ),
    "an output that is gone": (
        lambda steps: shutil.rmtree(next((steps.root / "outputs/pipelines/sums").glob("*/steps/other/files"))),
        [DONE, DONE, ("run", "its output table is gone: PROJECT/outputs/pipelines/sums/*/steps/other/files/table.txt")]
        + [DONE],
    ),
    "an output that was changed": (
        lambda steps: next((steps.root / "outputs/pipelines/sums").glob("*/steps/second/files/table.txt")).write_text(
            "7"
        ),
        [
            DONE,
            ("run", "its output table was changed: PROJECT/outputs/pipelines/sums/*/steps/second/files/table.txt"),
            DONE,
            follow("second"),
        ],
    ),
    "a new step": (
        lambda steps: steps.change(
            "configs/pipeline/sums.yaml",
            "  sum:",
            '  more: {step: total, inputs: {table: "${step_output:other.table}"}}\n  sum:',
        ),
        [DONE, DONE, DONE, ("run", "it has not been run yet"), DONE],
    ),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a project whose pipeline is done, and a copy of it as it was then."""
    root = tmp_path_factory.mktemp("finished")
    steps = make_steps(root / "project")
    steps.run("pipeline.parallel=2")
    shutil.copytree(root / "project", root / "copy")
    return root / "project", root / "copy"


@pytest.fixture
def done(finished: tuple[Path, Path]) -> Steps:
    root, copy = finished
    shutil.rmtree(root)
    shutil.copytree(copy, root)
    return Steps(root)


@pytest.mark.parametrize("kind", GOLDEN)
def test_a_plan_says_what_changed_with_the_old_and_the_new_value(done: Steps, kind: str) -> None:
    change, expected = GOLDEN[kind]
    (folder,) = (done.root / "outputs/pipelines/sums").iterdir()

    change(done)

    found = [(what, _without_hashes(why.replace(folder.name, "*"))) for _, what, why in done.plan()]
    assert found == expected


def test_overrides_and_flags_are_told_too(done: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    assert done.plan("other:scale=9")[2] == ("other", "run", "scale: 3.0 -> 9")
    assert done.plan(force="other")[2] == ("other", "run", "--force: nothing has changed")

    version = metadata.version("torch")
    monkeypatch.setattr(code_versions, "_installed", lambda top, hashes: {top: "9.9"} if top == "torch" else {})
    assert f"code torch: {version} -> 9.9" in done.plan()[0][2]


def _without_hashes(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{8}\b", "#", text)
