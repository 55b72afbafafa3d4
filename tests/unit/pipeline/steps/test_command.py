"""Programs as steps of a pipeline."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accelerator.config.project import Project
from accelerator.errors import ComponentError, InputError, RunFailedError
from accelerator.pipeline.outputs import file, folder
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.command import Command

ECHO = "import json, os, sys; print(json.dumps([os.getcwd(), *sys.argv[1:]]))"


@pytest.fixture
def context(project: Path, context_of: Callable[[Project], StepContext]) -> StepContext:
    return context_of(Project(project))


def test_words_are_filled_in_and_stay_words(context: StepContext) -> None:
    inputs = {"run": Path("/a run"), "scores": {"test/loss": 0.25, "by": {"class": [1, 2]}}, "text": "x; rm -rf 'y'"}
    words = [
        *(sys.executable, "-c", ECHO, "--run={input:run}", "{input:scores.test/loss}", "{input:scores.by.class}"),
        *("{input:text}", "{output:table}", "{folder}:{project}", "{other} {}"),
    ]

    (context.folder / "out").mkdir()
    (context.folder / "out" / "table.csv").write_text("a,b\n")

    outputs = Command(words, {"table": "out/table.csv", "parts": "parts/"})(inputs, context)

    assert json.loads((context.folder / "command.log").read_text()) == [
        str(context.project.root),
        "--run=/a run",
        "0.25",
        "[1, 2]",
        "x; rm -rf 'y'",
        str(context.folder / "out" / "table.csv"),
        f"{context.folder}:{context.project.root}",
        "{other} {}",
    ]
    assert outputs == {
        "log": file(context.folder / "command.log"),
        "table": file(context.folder / "out" / "table.csv"),
        "parts": folder(context.folder / "parts"),
    }


def test_a_text_is_split_as_a_shell_splits(context: StepContext) -> None:
    Command(f"{sys.executable} -c 'print(\"one word\")' # no comment")({}, context)

    assert (context.folder / "command.log").read_text() == "one word\n"


def test_an_exit_code_fails_the_step_with_the_last_line_and_the_log(context: StepContext) -> None:
    with pytest.raises(RunFailedError) as caught:
        Command([sys.executable, "-c", "print('disk?'); print('no table, token=hunter2'); raise SystemExit(3)"])(
            {}, context
        )

    assert str(caught.value) == (
        f"'{sys.executable}' ended with exit code 3: no table, token=***. "
        f"What it printed is in {context.folder / 'command.log'}"
    )


def test_a_signal_fails_the_step(context: StepContext) -> None:
    with pytest.raises(RunFailedError, match="was killed by signal 9. What it printed is in"):
        Command([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])({}, context)


def test_a_program_holds_what_its_step_was_given_to_hold(context: StepContext, tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)  # as the lock of a step is, which its process was started with
        given = Command([sys.executable, "-c", f"import os; os.fstat({lock.fileno()})"])({}, context)

    assert given.keys() == {"log"}


STEP = """
import logging, sys
from pathlib import Path
from accelerator.config.project import Project
from accelerator.pipeline.step_context import StepContext
from accelerator.pipeline.steps.command import Command

program = '''
import pathlib, signal, sys, time
def stop(*_):
    pathlib.Path("saved").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
pathlib.Path("ready").touch()
time.sleep(60)
'''
folder = Path(sys.argv[1])
Command([sys.executable, "-c", program])({}, StepContext("one", folder, project=Project(folder)))
"""


def test_a_step_that_is_stopped_stops_its_program_and_ends_by_the_same_signal(tmp_path: Path) -> None:
    step = subprocess.Popen([sys.executable, "-c", STEP, str(tmp_path)])
    deadline = time.monotonic() + 200
    while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.02)

    step.terminate()

    assert step.wait(30) == -signal.SIGTERM
    assert (tmp_path / "saved").exists()


def test_an_output_that_was_not_written_fails_the_step(context: StepContext) -> None:
    with pytest.raises(
        RunFailedError, match=r"left no output 'table': there is no .*t.csv. Have it write {output:table}"
    ):
        Command([sys.executable, "-c", ""], {"table": "t.csv"})({}, context)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("{input:modle}", "there is no input 'modle'. Did you mean 'model'"),
        ("{input:model.x}", "there is no input 'model.x'"),
        ("{output:tabel}", "there is no output 'tabel'. Did you mean 'table'"),
    ],
)
def test_a_placeholder_for_nothing_is_refused(word: str, text: str, context: StepContext) -> None:
    with pytest.raises(InputError, match=text):
        Command(["true", word], {"table": "t.csv"})({"model": "m"}, context)


def test_a_program_that_is_not_there_is_refused(context: StepContext) -> None:
    with pytest.raises(
        InputError, match=r"'no-such-program' could not be started: No such file or directory. It runs in"
    ):
        Command("no-such-program --help")({}, context)


@pytest.mark.parametrize(
    ("command", "outputs", "text"),
    [
        ([], {}, "there is no word in it"),
        ("", {}, "there is no word in it"),
        ("echo 'a", {}, "cannot be split into words: No closing quotation. Close the quotes."),
        ("true", {"table": "../t.csv"}, "outputs.table: '../t.csv' must stay in the step's folder"),
        ("true", {"table": "/t.csv"}, "outputs.table: '/t.csv' must stay in the step's folder"),
        ("true", {"log": "t.csv"}, "outputs.log: log is what the program printed"),
    ],
)
def test_what_can_be_no_command_is_refused_when_it_is_built(command: Any, outputs: dict[str, str], text: str) -> None:
    with pytest.raises(ComponentError, match=text):
        Command(command, outputs)
