"""The one place that turns what went wrong into a message on stderr and an exit code."""

import os
import traceback
from collections.abc import Callable

from accelerator.cli.terminal import print_error
from accelerator.errors import EXIT_FAILED, EXIT_INTERRUPTED, AcceleratorError

TRACEBACK_VARIABLE = "ACCELERATOR_TRACEBACK"


def exit_code_of(action: Callable[[], int]) -> int:
    """Do it and return its exit code, or that of its failure. Nothing but SystemExit comes out."""
    try:
        return action()
    except AcceleratorError as error:
        print_error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        print_error("Interrupted.")
        return EXIT_INTERRUPTED
    except Exception as error:  # the outermost border: whatever a component or we ourselves got wrong
        print_error(_describe_unexpected(error))
        return EXIT_FAILED


def _describe_unexpected(error: Exception) -> str:
    if os.environ.get(TRACEBACK_VARIABLE):
        return "".join(traceback.format_exception(error)).rstrip()
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return f"{what} ({frame.filename}:{frame.lineno}). Set {TRACEBACK_VARIABLE}=1 to see the traceback."
