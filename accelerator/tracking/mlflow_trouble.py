"""Why a store of MLflow does not serve us, as what the user can change. Imports MLflow."""

import sqlite3
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from accelerator.errors import first_line, in_one_line
from accelerator.tracking.mlflow_store import shown_uri

_LOGIN = ("UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED", "PERMISSION_DENIED")


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a store, and what to do; neither has credentials, nor a full stop at its end."""

    text: str
    remedy: str


def known_trouble(error: Exception, uri: str) -> Trouble | None:
    """Return what keeps us from the store at `uri`: login, way to a server, SQLite file; None for anything else."""
    shown, root = shown_uri(uri), _root(error)
    if isinstance(root, sqlite3.Error):
        return Trouble(
            f"{shown} cannot be used: {first_line(root)}",
            "See that it is a store of MLflow's, that no other process holds it, and that it and its disk can be "
            "written",
        )
    if not isinstance(error, MlflowException):
        return None
    if error.error_code in _LOGIN:
        return Trouble(
            f"{shown} refuses the login ({error.error_code})",
            "Put name and password into MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or a token into "
            "MLFLOW_TRACKING_TOKEN",
        )
    if uri.startswith("http") and isinstance(error.__context__, OSError):  # as all that `requests` raises
        reason = shown_uri(first_line(root))
        return Trouble(f"{shown} does not answer: {reason}", "Start the server, or correct its address")
    return None


def trouble(error: Exception, uri: str) -> Trouble:
    """Return why the store at `uri` cannot be read, whatever MLflow, its database's driver or a disk has raised."""
    told = first_line if isinstance(error, MlflowException) else in_one_line
    return known_trouble(error, uri) or Trouble(
        f"{shown_uri(uri)} cannot be read: {shown_uri(told(error)).rstrip(' .')}",
        "Start the server, install what its address needs, or name another store",
    )


def find_trouble(uri: str) -> Trouble | None:
    """Ask a store for one experiment, with the login that runs would have; return what is wrong with the answer."""
    try:
        MlflowClient(uri).search_experiments(max_results=1)
    except Exception as error:  # the border to MLflow and its plugins
        return trouble(error, uri)
    return None


def _root(error: BaseException) -> BaseException:
    """Return the error that all began with; some of urllib3's have it among their arguments."""
    below = error.__cause__ or error.__context__ or next((it for it in error.args if isinstance(it, Exception)), None)
    return error if below is None else _root(below)
