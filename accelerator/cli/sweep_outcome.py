"""What is printed when a sweep has ended: the table of its jobs, its picture, how to go on, and its folder last."""

from typing import TYPE_CHECKING

from accelerator.cli.terminal import print_error, print_line, print_table

if TYPE_CHECKING:
    from accelerator.experiment.sweep import SweepOutcome


def print_sweep(outcome: "SweepOutcome") -> int:
    """Print how a sweep ended and return the command's exit code. The sweep's folder is the last line of stdout."""
    print_table(outcome.header, [[_cell(value) for value in row] for row in outcome.rows])
    for line in outcome.failures:
        print_error(line)
    if outcome.picture is not None:
        print_line(f"The picture: {outcome.picture}")
    if outcome.resume_command is not None:
        print_line(f"To run what is not complete: {outcome.resume_command}")
    print_line(str(outcome.folder))
    return outcome.exit_code


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
