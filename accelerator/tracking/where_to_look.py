"""What shows a run in its tracker. The command is made here: the files of a run, which may come from a stranger, say
nothing that anybody is told to run or to open.
"""

import os
import shlex
from collections.abc import Sequence

from accelerator.config.project import Project
from accelerator.redaction import MASK
from accelerator.runs.delivery import address_of
from accelerator.runs.folder import RunFolder
from accelerator.runs.progress import read_tracking
from accelerator.runs.run import Run
from accelerator.tracking.addresses import VARIABLE, configured_address, is_named
from accelerator.tracking.mlflow_store import shown_uri
from accelerator.tracking.tensorboard import FOLDER


def open_command(folder: RunFolder, project: Project, named: Sequence[str] = ()) -> str | None:
    """Return what shows the run: a shell command, or the address of an MLflow server.

    None when it is not tracked, by a sink that has nothing to look at, or in a store that only its own files name.

    Args:
        folder: the run.
        project: the present one.
        named: addresses that are named besides: by the command, or by a config that was judged.
    """
    tracking = read_tracking(folder)
    if tracking is None:
        return None
    address = address_of(tracking)
    if address is None:
        board = folder.path / FOLDER
        return f"tensorboard --logdir {shlex.quote(str(board))}" if board.is_dir() else None
    uri = address["tracking_uri"]
    if not _is_named(uri, folder, project, named):
        return None
    if uri.startswith(("http://", "https://")):
        return uri
    return f"mlflow ui --backend-store-uri {shlex.quote(uri)}"


def open_command_of_own(folder: RunFolder, project: Project) -> str | None:
    """Return what shows a run that this command has made or gone on with: its config was judged before."""
    address = configured_address(Run(folder.path).config.get("tracking"))
    return open_command(folder, project, [address] if address else [])


def _is_named(uri: str, folder: RunFolder, project: Project, named: Sequence[str]) -> bool:
    if MASK not in uri:
        return is_named(uri, project, folder.path, named)
    # Without its password it is not what anybody has named: what was masked in the same way is.
    return uri in [shown_uri(item) for item in (*named, os.environ.get(VARIABLE, ""))]
