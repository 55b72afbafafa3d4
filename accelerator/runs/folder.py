"""The run folder: where each of a run's files lies, and how a new folder gets its name."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from accelerator.errors import InputError
from accelerator.run_name import RULE, is_run_name
from accelerator.runs.files import storage_error


@dataclass(frozen=True)
class RunFolder:
    """The layout of one run folder. Making one touches nothing on the disk."""

    path: Path

    @property
    def run_id(self) -> str:
        """The folder's name, `<YYYYmmdd-HHMMSS>-<6 hex>`: what the run is called outside."""
        return self.path.name

    @property
    def config(self) -> Path:
        """The resolved config."""
        return self.path / "config.yaml"

    @property
    def overrides(self) -> Path:
        """The overrides as typed."""
        return self.path / "overrides.yaml"

    @property
    def provenance(self) -> Path:
        """Where each value of the config came from."""
        return self.path / "provenance.json"

    @property
    def environment(self) -> Path:
        """Command, versions, host, device."""
        return self.path / "environment.json"

    @property
    def datasets(self) -> Path:
        """What data the run read; absent for a run that is not tracked."""
        return self.path / "datasets.json"

    @property
    def git_diff(self) -> Path:
        """What the working tree had besides the commit; absent when it was clean."""
        return self.path / "git.diff"

    @property
    def lock(self) -> Path:
        """Held while the run is written."""
        return self.path / "run.lock"

    @property
    def journal(self) -> Path:
        """The folder of the append-only record."""
        return self.path / "journal"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def analysis(self) -> Path:
        """The folder of what an analysis found."""
        return self.path / "analysis"

    @property
    def log(self) -> Path:
        """All log lines."""
        return self.path / "log.txt"

    @property
    def summary(self) -> Path:
        """Status and results."""
        return self.path / "summary.json"

    @property
    def tracking(self) -> Path:
        """How far the forwarder has carried the journal."""
        return self.path / "tracking.json"

    @property
    def forwarder_lock(self) -> Path:
        """Held by the one forwarder of the run."""
        return self.path / "forwarder.lock"

    @property
    def forwarder_log(self) -> Path:
        """What the forwarder had to say."""
        return self.path / "forwarder.log"


def create_run_folder(output: Path, name: str) -> RunFolder:
    """Create `<output>/<name>/<YYYYmmdd-HHMMSS>-<6 hex>/` and return it; no two calls get the same one.

    Raises:
        InputError: `name` would leave `output`, or cannot be a folder's name.
        StorageError: the folder cannot be created.
    """
    check_name(name)
    parent = output / name
    while True:
        path = parent / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(3).hex()}"
        try:
            parent.mkdir(parents=True, exist_ok=True)
            path.mkdir()
        except FileExistsError as error:
            if not path.is_dir():  # a file stands where the parent should be
                raise storage_error(path, error, doing="created") from error
        except OSError as error:
            raise storage_error(path, error, doing="created") from error
        else:
            return RunFolder(path)


def check_name(name: str) -> None:
    """Raise InputError when a run's name cannot be a path below the output folder."""
    if not is_run_name(name):
        raise InputError(
            f"name = {name!r}: a run's name is {RULE}. Change `name` in the config, or add name=my_run to the command."
        )
    parts = name.split("/")
    if any(len(part.encode("utf-8")) > 255 for part in parts):
        raise InputError(f"name = {name[:40]!r}…: a part is longer than 255 bytes. Choose a shorter name.")
