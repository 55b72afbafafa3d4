"""The step `command`: any program, with its words filled in from the step's inputs."""

import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from accelerator.config.declared import gives
from accelerator.config.step_placeholders import PLACEHOLDER
from accelerator.errors import ComponentError, InputError, RunFailedError, did_you_mean
from accelerator.launch.signals import signals_to
from accelerator.pipeline.outputs import Output, file, folder
from accelerator.pipeline.printed import last_line
from accelerator.pipeline.step_context import StepContext
from accelerator.redaction import redact_text

LOG = "command.log"


@gives("log", outputs="outputs", fills="command")
class Command:
    """Runs a program in the project's root, without a shell; an exit code other than 0 fails the step.

    | in a word | becomes |
    |---|---|
    | `{input:NAME}` | the input of that name: a path, or a value as text; `{input:scores.test/loss}` a part of one |
    | `{output:NAME}` | the absolute path of an output |
    | `{folder}` · `{project}` | the step's folder · the project's root |

    A word stays one word, whatever it is filled with. Gives the outputs, and `log`: what the program printed.

    Args:
        command: the words; or one text, which is split as a shell splits.
        outputs: by name the path, in the step's folder, of a file that the program writes; with a slash at its end, of
            a folder, which is made for it.
    """

    def __init__(self, command: str | Sequence[str], outputs: Mapping[str, str] | None = None) -> None:
        self.words = _words(command)
        self.outputs = {str(name): _inside(str(name), str(path)) for name, path in (outputs or {}).items()}

    def __call__(self, inputs: Mapping[str, Any], step_context: StepContext) -> Mapping[str, Output]:
        """Run the program and return its outputs."""
        paths = {name: step_context.folder / path for name, path in self.outputs.items()}
        words = [_filled(word, inputs, paths, step_context) for word in self.words]
        for name, path in self.outputs.items():
            (paths[name] if path.endswith("/") else paths[name].parent).mkdir(parents=True, exist_ok=True)
        root = step_context.project.root
        step_context.log.info("Running %s in %s", redact_text(words[0]), root)  # no more: words may hold secrets
        log = step_context.folder / LOG
        code = _run(words, log, root)
        if code != 0:
            raise RunFailedError(_failure(words[0], code, log))
        left_out = [name for name, path in paths.items() if not path.exists()]
        if left_out:
            raise RunFailedError(
                f"The command left no output '{left_out[0]}': there is no {paths[left_out[0]]}. "
                f"Have it write {{output:{left_out[0]}}}. What it printed is in {log}"
            )
        return {
            "log": file(log),
            **{name: folder(path) if path.is_dir() else file(path) for name, path in paths.items()},
        }


def _words(command: str | Sequence[str]) -> tuple[str, ...]:
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command or ())
    except ValueError as error:
        raise ComponentError(f"command: '{command}' cannot be split into words: {error}. Close the quotes.") from error
    if not words:
        raise ComponentError("command: there is no word in it. Write command: [python, shrink.py, '{input:model}'].")
    return tuple(map(str, words))


def _inside(name: str, path: str) -> str:
    given = PurePosixPath(path)
    if given.is_absolute() or ".." in given.parts or not given.name or name == "log":
        what = "log is what the program printed" if name == "log" else f"'{path}' must stay in the step's folder"
        raise ComponentError(f"outputs.{name}: {what}. Write outputs: {{table: table.csv}}.")
    return path


def _filled(word: str, inputs: Mapping[str, Any], outputs: Mapping[str, Path], step_context: StepContext) -> str:
    def fill(found: re.Match[str]) -> str:
        if found[3]:
            return str(step_context.folder if found[3] == "folder" else step_context.project.root)
        name = found[2].strip()
        if found[1] == "input":
            return _text(_part(inputs, name))
        if name not in outputs:
            raise InputError(f"command: there is no output '{name}'. {did_you_mean(name, outputs)} Name it in outputs.")
        return str(outputs[name])

    return PLACEHOLDER.sub(fill, word)


def _part(inputs: Mapping[str, Any], name: str) -> Any:
    """Return an input, or the entry of a mapping among them: `scores.test/loss`."""
    if name in inputs:
        return inputs[name]
    head, _, rest = name.partition(".")
    found = inputs.get(head)
    if isinstance(found, Mapping) and rest:
        return _part(found, rest)
    guess = did_you_mean(name, inputs) or "The step has none."
    raise InputError(f"command: there is no input '{name}'. {guess} Name it in the step's inputs.")


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | Path) else json.dumps(value)


def _run(words: Sequence[str], log: Path, root: Path) -> int:
    with log.open("ab") as file:
        try:
            process = subprocess.Popen(
                words,
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                close_fds=False,  # it holds the step's lock too: where it outlives the step, the next command waits
            )
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise InputError(
                f"command: '{words[0]}' could not be started: {reason}. It runs in {root}: name a program of the PATH, "
                f"or its path from there."
            ) from error
        with _passing_signals_to(process):
            return process.wait()


@contextmanager
def _passing_signals_to(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Let the program end in its own way when the step is to stop; after it the step ends by the same signal."""
    came: list[int] = []

    def pass_on(number: int) -> None:
        came.append(number)
        process.send_signal(number)

    with signals_to(pass_on):
        yield
    if came:
        signal.raise_signal(came[0])


def _failure(program: str, code: int, log: Path) -> str:
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    line = last_line(log)
    said = f": {redact_text(line)}" if line else ""
    return f"'{program}' {how}{said}. What it printed is in {log}"
