"""Which store the files of a run may name: its journal, and MLflow's password with it, go where they say.

A run may come from a stranger. An address is taken when the present project's configs, the environment or the command
name it, or when it is a SQLite file of the project that did not come with a run.
"""

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from omegaconf.errors import OmegaConfBaseException

from accelerator.components import Registry
from accelerator.config.compose import compose
from accelerator.config.own_values import own_values
from accelerator.config.project import Project, search_path
from accelerator.config.trust import came_with_a_run
from accelerator.errors import AcceleratorError
from accelerator.redaction import MASK
from accelerator.tracking.mlflow_store import resolve_uri, shown_uri, sqlite_path

ADDRESS, ADDRESS_KEY = "tracking_uri", "tracking.tracking_uri"
VARIABLE = "MLFLOW_TRACKING_URI"
UNNAMED = "is a store that only the files of the run name, and a run may come from a stranger"


def is_named(address: str, project: Project, run_folder: Path, named: Iterable[str] = ()) -> bool:
    """Tell whether somebody besides the run's own files names an address, or it is a file of the project.

    Args:
        address: as the run's config or `tracking.json` has it.
        project: the present one.
        run_folder: the run.
        named: addresses that are named besides: by the command, or by a config that was judged.
    """
    path = sqlite_path(address)
    if path is not None and "?" not in address and _is_of_project(project.root / path, project.root, run_folder):
        return True
    if MASK in address:  # without its password it reaches nothing: `resolve_uri` says what to do
        return True
    wanted = resolve_uri(address, {}, project.root)
    candidates = (item for item in (*named, *_addresses(address, project)) if item and MASK not in item)
    return any(resolve_uri(item, {}, project.root) == wanted for item in candidates)


def addresses_in(overrides: Sequence[str]) -> list[str]:
    """Return the addresses that a command names, but those with a password: they are no use without it."""
    pairs = (item.lstrip("+").partition("=") for item in overrides)
    found = [value.strip("'\"") for key, _, value in pairs if key == ADDRESS_KEY]
    return [value for value in found if value and MASK not in shown_uri(value)]


def how_to_name(address: str) -> str:
    """Return what to do about an address that nobody else names."""
    return f"If it is yours, set {VARIABLE}={shlex.quote(shown_uri(address))}, or name it in the project's configs"


def configured_address(node: Any) -> str | None:
    """Return the address that stands in a `tracking` node; None for none, and for a variable of the environment."""
    address = node.get(ADDRESS) if isinstance(node, Mapping) else None
    return address if isinstance(address, str) and address and "${" not in address else None


def address_in_use(target: Mapping[str, str]) -> str | None:
    """Return the address where a run is by its `tracking.json`; None where that is not used any more.

    That is a SQLite file which is not there: the project was moved, or the store deleted.
    """
    address = target.get(ADDRESS)
    path = sqlite_path(address) if address else None
    if path is None or path.exists():
        return address or None
    return None


def _addresses(address: str, project: Project) -> Iterator[str]:
    """Yield what could be meant, what costs least first."""
    yield os.environ.get(VARIABLE, "")
    registry = Registry.discover(project.root)
    yield from own_values(search_path(project, registry), address.partition("://")[0])
    with suppress(AcceleratorError, OmegaConfBaseException):  # broken configs name nothing
        node = compose((), project=project, registry=registry).get("tracking")
        yield str((node.get(ADDRESS) if isinstance(node, Mapping) else None) or "")


def _is_of_project(path: Path, root: Path, run_folder: Path) -> bool:
    is_inside = path.resolve().is_relative_to(root.resolve())
    return is_inside and not came_with_a_run(path, root, run_folder)
