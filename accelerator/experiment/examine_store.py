"""Whether the tracking store of the project can be reached; MLflow is imported for a server that answers alone."""

import os
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.errors import AcceleratorError
from accelerator.experiment.finding import OK, PROBLEM, WARNING, Finding
from accelerator.redaction import redact_text
from accelerator.tracking.mlflow_store import import_late, resolve_uri, sqlite_path

TIMEOUT_S = 3.0
_SUBJECT = "store"
_LATER = "runs go on without it, `sync` sends what is missing"


def examine_store(project: Project) -> list[Finding]:
    """Return whether the MLflow store that runs of the project go to can be opened, or answers."""
    try:
        node = compose((), project=project).get("tracking")
        configured = None if node is None else node.get("tracking_uri")
        uri = resolve_uri(configured, os.environ, project.root)
    except AcceleratorError as error:
        return [Finding(_SUBJECT, PROBLEM, str(error), "Correct tracking.tracking_uri")]
    if node is None:
        return [Finding(_SUBJECT, OK, "tracking is off (tracking=none)")]
    if node.get("_target_") != "mlflow":
        return [Finding(_SUBJECT, OK, f"tracking={node.get('_target_')} is not looked at")]
    path = sqlite_path(uri)
    if path is not None:
        return [_database(path)]
    if uri.startswith(("http://", "https://")):
        return [_server(uri)]
    return [Finding(_SUBJECT, WARNING, f"{redact_text(uri)} is not looked at", "Try it: `accelerator experiment sync`")]


def _database(path: Path) -> Finding:
    if not path.exists():
        return Finding(_SUBJECT, OK, f"{path} is made with the first run")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=TIMEOUT_S)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
            database.execute("BEGIN IMMEDIATE")  # whether it can be written; closing it writes nothing
    except sqlite3.OperationalError as error:
        remedy = "See that no other process holds it, and that it and its disk can be written"
        return Finding(_SUBJECT, PROBLEM, f"{path} cannot be written: {error}", f"{remedy}; {_LATER}")
    except sqlite3.Error as error:
        return Finding(
            _SUBJECT, PROBLEM, f"{path} does not open: {error}", "Restore it, or move it away: a new is made"
        )
    if "runs" not in tables:
        return Finding(_SUBJECT, PROBLEM, f"{path} is no store of MLflow", "Move it away, or set tracking.tracking_uri")
    return Finding(_SUBJECT, OK, f"{path} opens")


def _server(uri: str) -> Finding:
    """Return whether a server answers soon, and then whether it answers as MLflow's does, to the login of runs."""
    address = urlsplit(uri)
    health = urlunsplit(
        (address.scheme, address.netloc.rpartition("@")[2], f"{address.path.rstrip('/')}/health", "", "")
    )
    shown = redact_text(uri)
    try:
        urllib.request.urlopen(health, timeout=TIMEOUT_S).close()
    except urllib.error.HTTPError as error:  # it is there
        error.close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        remedy = "Start the server or correct tracking.tracking_uri"
        return Finding(_SUBJECT, PROBLEM, f"{shown} does not answer: {reason}", f"{remedy}; {_LATER}")
    found = import_late("mlflow_trouble").find_trouble(uri)
    if found is not None:
        return Finding(_SUBJECT, PROBLEM, found.text, f"{found.remedy}; {_LATER}")
    return Finding(_SUBJECT, OK, f"{shown} answers")
