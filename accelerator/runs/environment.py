"""What a run was made with: command, code, packages, machine. Written at the start, and at each resume."""

import os
import platform
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from accelerator.errors import StorageError
from accelerator.redaction import redact, redact_text
from accelerator.runs.files import read_json, write_json, write_text
from accelerator.runs.folder import RunFolder

FORMAT_VERSION = 1
OUR_DISTRIBUTION = "accelerator-framework"
MLFLOW = "mlflow"
RUN_ID, EXPERIMENT_ID, EXPERIMENT_NAME = "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"
"""What `mlflow run` sets for its command; a run is sent where they say, whenever that is."""
_GIT_TIMEOUT_S = 5.0
_MOST_DIFF_CHARACTERS = 5_000_000


@dataclass(frozen=True)
class Resources:
    """What the run computes on; the engine knows it."""

    device: str
    threads: int
    world_size: int = 1


@dataclass(frozen=True)
class Environment:
    """The content of `environment.json`, and of `git.diff` ("" when the tree was clean)."""

    values: dict[str, Any]
    diff: str = ""


def collect_environment(
    command: Sequence[str], project_root: Path, resources: Resources, distributions: Iterable[str] = ()
) -> Environment:
    """Return what this process runs with; secrets are masked.

    `distributions` names those of the run's components; our own direct dependencies are always there. Takes about
    30 ms in a git checkout, most of it in git.
    """
    git, diff = _git(project_root)
    values = {
        "format_version": FORMAT_VERSION,
        "command": redact_text(shlex.join(command)),
        "argv": redact(list(command)),
        "working_folder": os.getcwd(),
        "project_root": str(project_root),
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "git": git,
        "python": platform.python_version(),
        "executable": sys.executable,
        "packages": _versions([OUR_DISTRIBUTION, *_our_dependencies(), *distributions]),
        "host": os.uname().nodename,
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "device": resources.device,
        "threads": resources.threads,
        "world_size": resources.world_size,
        MLFLOW: {name: os.environ[name] for name in (RUN_ID, EXPERIMENT_ID, EXPERIMENT_NAME) if os.environ.get(name)},
    }
    return Environment(values, diff)


def write_environment(folder: RunFolder, environment: Environment) -> None:
    """Write `environment.json`, and `git.diff` beside it when the tree was dirty.

    What `mlflow run` gave the command that began the run stays: its forwarder may still be on the way there when the
    run is resumed from a shell that knows nothing of it.

    Raises:
        StorageError: the disk refuses.
    """
    given = environment.values.get(MLFLOW, {})
    before = {} if RUN_ID in given else _given_before(folder)
    write_json(folder.environment, {**environment.values, **({MLFLOW: before} if before else {})})
    if environment.diff:
        write_text(folder.git_diff, environment.diff)


def _given_before(folder: RunFolder) -> dict[str, Any]:
    """Return what stands there of MLflow's variables; nothing where nothing stands, or something else."""
    try:
        found = read_json(folder.environment)
    except StorageError:  # not there yet; or damaged, and about to be replaced
        return {}
    given = found.get(MLFLOW) if isinstance(found, dict) else None
    return given if isinstance(given, dict) else {}


def _git(root: Path) -> tuple[dict[str, Any] | None, str]:
    commit = _run_git(root, "rev-parse", "HEAD")
    if commit is None:
        return None, ""
    status = _run_git(root, "status", "--porcelain")
    if status is None:  # git took too long: say that it is not known
        return {"commit": commit.strip(), "dirty": None, "changed": []}, ""
    diff = (_run_git(root, "diff", "HEAD", "--no-color", "--no-ext-diff") or "") if status else ""
    if len(diff) > _MOST_DIFF_CHARACTERS:
        diff = f"{diff[:_MOST_DIFF_CHARACTERS]}\n… cut here: the diff has {len(diff)} characters.\n"
    git = {"commit": commit.strip(), "dirty": bool(status), "changed": status.splitlines()}
    return git, "\n".join(redact_text(line) for line in diff.split("\n"))


def _run_git(root: Path, *arguments: str) -> str | None:
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_GIT_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):  # no git here, or a huge tree
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _our_dependencies() -> list[str]:
    try:
        lines = metadata.requires(OUR_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return []
    names = [found[0] for line in lines if (found := re.match(r"[\w.\-]+", line)) and "extra ==" not in line]
    return names


def _versions(names: Iterable[str]) -> dict[str, str]:
    versions = {}
    for name in sorted(set(names)):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # the project itself, or a component of this session
            continue
    return versions
