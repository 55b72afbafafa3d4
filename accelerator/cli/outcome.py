"""What is printed when a run has ended: metrics, best checkpoint, tracking, and the run folder last."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from accelerator.cli.terminal import in_one_line, print_error, print_line, print_table
from accelerator.errors import EXIT_FAILED
from accelerator.experiment.outcome import Outcome
from accelerator.runs.delivery import Delivery
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import INTERRUPTED, Summary

if TYPE_CHECKING:
    from accelerator.experiment.sync import Synced

SPLITS = ("train", "validation", "test")


def print_outcome(outcome: Outcome) -> int:
    """Print how a run ended and return the command's exit code. The run folder is the last line of stdout."""
    folder, summary = outcome.folder, outcome.summary
    if outcome.reason:
        print_error(f"The run failed: {outcome.reason}\nThe traceback is in {folder.log}")
    elif summary.metrics:
        print_table(("metric", "value"), metric_rows(summary.metrics))
    for line in _state_lines(summary, folder):
        print_line(in_one_line(line))
    print_tracking(outcome.delivery, outcome.open_command, folder.path)
    print_line(str(folder.path))
    return outcome.exit_code


def print_synced(synced: "Synced") -> int:
    """Print how far a run has been carried and return the command's exit code."""
    folder, delivery = synced.folder, synced.delivery
    if not synced.has_arrived:
        print_error(in_one_line(unsent_text(delivery, folder.path)))
        return EXIT_FAILED
    if delivery.address is None and not delivery.sent:
        print_line(f"{folder.path} is not tracked (tracking=none): there is nothing to send.")
    else:
        others = f", and of {synced.others} more run{'s' if synced.others > 1 else ''}" if synced.others else ""
        print_line(f"All is there: {delivery.sent} records of {folder.path}{others}")
        if synced.open_command is not None:
            print_line(in_one_line(_to_look(synced.open_command)))
    return 0


def metric_rows(metrics: Mapping[str, float]) -> list[tuple[str, str]]:
    """Return the metrics as rows: training, validation, test, then all others; within each by name."""
    order = {split: place for place, split in enumerate(SPLITS)}
    names = sorted(metrics, key=lambda name: (order.get(name.partition("/")[0], len(order)), name))
    return [(name, f"{metrics[name]:.5g}") for name in names]


def unsent_text(delivery: Delivery, folder: Path) -> str:
    """Return what the tracker lacks of the run in a folder, why, and how to send it; "" when it has all."""
    if delivery.is_complete:
        return ""
    what = f"{delivery.unsent} records" if delivery.unsent else "the run's end"
    why = f" ({delivery.error.rstrip('.')})" if delivery.error else ""
    command = f"accelerator experiment sync {shlex.quote(str(folder))}"
    return f"Not in the tracker yet: {what}{why}. To send it: {command}"


def _state_lines(summary: Summary, folder: RunFolder) -> Iterable[str]:
    best = summary.best
    if best is not None and best["checkpoint"] is not None:
        yield f"Best checkpoint: {best['checkpoint']}, {best['metric']} {best['value']:.5g}"
    if summary.status != INTERRUPTED or summary.checkpoint is None:
        return
    if (folder.checkpoints / summary.checkpoint).exists():
        command = f"accelerator experiment resume {shlex.quote(str(folder.path))}"
        yield f"Interrupted after step {summary.step}, saved as {summary.checkpoint}. To go on: {command}"
    else:  # an evaluation names a checkpoint of the run that it is of
        yield "Interrupted, and not done: give the command again."


def print_tracking(delivery: Delivery | None, open_command: str | None, folder: Path) -> None:
    """Print what the tracker lacks of the run in a folder, and what shows it, as far as there is something to say."""
    unsent = "" if delivery is None else unsent_text(delivery, folder)
    if unsent:
        print_line(in_one_line(unsent))
    if open_command is not None:
        print_line(in_one_line(_to_look(open_command)))


def _to_look(command: str) -> str:
    return f"To look at it: {command}"
