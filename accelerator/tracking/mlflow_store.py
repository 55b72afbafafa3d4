"""Which MLflow store a run goes to, and the creation of the default one.

The address is the config's `tracking_uri`, else MLFLOW_TRACKING_URI, else `mlflow.db` at the project root. A new
SQLite store is made in a temporary folder and linked into its place: a kill in between, ten runs that start at once,
or an `mlflow ui` opened in that second find no store or a whole one.
"""

import fcntl
import hashlib
import importlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from accelerator.redaction import MASK, redact_text
from accelerator.runs.files import place_beside, sync_folder
from accelerator.tracking.sink import SinkError

SQLITE = "sqlite:///"
ENVIRONMENT = {
    # Quiet, and quick to notice that a server is out of reach. The forwarder tries again by itself, and looks first for
    # what it has made; MLflow's client would repeat a request whose answer was lost, and make a second run of it.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    # It would print the address of a run that has ended, with the password that stands in it.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def import_late(module: str) -> Any:
    """Import what needs MLflow, which costs 2 s and 150 MB, with MLflow's environment set before."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    return importlib.import_module(f"accelerator.tracking.{module}")


def resolve_uri(configured: str | None, environment: Mapping[str, str], project_root: Path) -> str:
    """Return the address of the store; a relative SQLite path is relative to the project root.

    Raises:
        SinkError: the configured address was saved without its password.
    """
    uri = configured or environment.get("MLFLOW_TRACKING_URI") or f"{SQLITE}mlflow.db"
    if MASK in uri:
        raise SinkError(
            f"tracking.tracking_uri = {uri}: passwords are not saved with a run, so that they cannot be read back "
            f"either. Put name and password into MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or the whole "
            f"address into MLFLOW_TRACKING_URI and tracking_uri: null into the config."
        )
    path = sqlite_path(uri)
    return uri if path is None else sqlite_uri(project_root / path)


def sqlite_uri(path: Path) -> str:
    """Return the address of a SQLite store: a percent sign in its path is escaped, all else stands as it is."""
    return f"{SQLITE}{os.path.abspath(path)}".replace("%", "%25")


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a SQLite store; None for any other, and for one in memory.

    Escapes are undone, as MLflow does: `mlflow run` writes a space as %20.
    """
    path = unquote(uri.removeprefix(SQLITE).partition("?")[0])
    return Path(path) if uri.startswith(SQLITE) and path not in ("", ":memory:") else None


def artifact_folder(uri: str, project_root: Path) -> Path | None:
    """Return the folder for artifacts of new experiments: beside a SQLite store, else at the project root.

    None for a server, which has a place of its own.
    """
    if uri.startswith(("http://", "https://", "databricks")):
        return None
    path = sqlite_path(uri)
    return (path.parent if path else project_root) / "mlartifacts"


def shown_uri(uri: str) -> str:
    """Return the address without credentials."""
    return redact_text(uri)


def ensure_sqlite(path: Path, create: Callable[[Path], None]) -> None:
    """See that there is a store at `path`, made by `create`; only one process at a time makes it.

    Raises:
        OSError: the folder cannot be written.
    """
    if path.exists():
        return
    with _one_at_a_time(path):
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_quick_folder(), prefix="accelerator-") as folder:
            made = Path(folder) / path.name
            create(made)
            _publish(made, path)


def _publish(made: Path, path: Path) -> None:
    beside = place_beside(path)
    try:
        with made.open("rb") as source, beside.open("xb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        with suppress(FileExistsError):  # made by a process of another machine meanwhile: theirs stays
            _link(beside, path)
        sync_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if not target.exists():
            os.replace(source, target)


def _quick_folder() -> str | None:
    """Return a folder in memory where there is one: SQLite flushes after each of some hundred steps."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    digest = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    name = Path(tempfile.gettempdir()) / f"accelerator-{os.getuid()}-{digest}.lock"
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
