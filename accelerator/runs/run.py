"""Reading a run: what a folder holds, as plain values."""

from functools import cached_property
from pathlib import Path
from typing import Any

from accelerator.errors import RunNotFoundError, StorageError
from accelerator.hostile_yaml import measure_yaml
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import (
    METRIC,
    PARAMETER,
    TAG,
    Record,
    carried_streams,
    read_journal,
    read_segment,
    segment_paths,
)
from accelerator.runs.summary import Summary, read_summary

CHOICE_PREFIX = "choice."
"""What the tags begin with that name the config chosen for a group."""
PARENT_TAG = "accelerator.parent"
"""The tag with the name of the run that this one was made from."""


class Run:
    """A run folder, to read from, also while the run goes on.

    Example:
        >>> run = Run("outputs/digits/20261123-101500-3fa2b1")              # doctest: +SKIP
        >>> run.status, run.summary.metrics["test/accuracy"]                # doctest: +SKIP
        >>> [point["value"] for point in run.points("validation/loss")]     # doctest: +SKIP

    | attribute | type | holds |
    |---|---|---|
    | folder | RunFolder | where each file lies |
    """

    def __init__(self, path: Path | str) -> None:
        """Open the run folder at `path`.

        Raises:
            RunNotFoundError: `path` is no run folder.
        """
        self.folder = RunFolder(Path(path).absolute())
        if not is_run_folder(self.folder.path):
            raise RunNotFoundError(
                f"{self.folder.path} is no run folder: it has neither summary.json nor config.yaml nor a journal. "
                f"`accelerator experiment list` shows the runs that there are."
            )

    def __repr__(self) -> str:
        return f"Run({str(self.folder.path)!r})"

    @property
    def name(self) -> str:
        """The folder's name; also the run's name in MLflow."""
        return self.folder.run_id

    @property
    def summary(self) -> Summary:
        """How the run stands at this moment."""
        return read_summary(self.folder)

    @property
    def status(self) -> str:
        """One of running, completed, failed, interrupted, died."""
        return self.summary.status

    @property
    def parent(self) -> str | None:
        """The run that this one evaluates or predicts with."""
        return self.summary.parent

    @cached_property
    def config(self) -> dict[str, Any]:
        """The config as saved; interpolations that it keeps are strings."""
        return _load_yaml(self.folder.config) if self.folder.config.exists() else {}

    def parameters(self) -> dict[str, Any]:
        """Return the config as one flat mapping from key to value, as the journal has it; {} where it has none.

        A sixth of the time that `config` takes: for who reads a thousand of them.
        """
        return self._told_at_start(PARAMETER)

    def choices(self) -> dict[str, str]:
        """Return which config each group was given (`model`: `resnet8`), by the journal; {} where it tells of none."""
        tags = self._told_at_start(TAG)
        return {
            name.removeprefix(CHOICE_PREFIX): str(value)
            for name, value in tags.items()
            if name.startswith(CHOICE_PREFIX)
        }

    def _told_at_start(self, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in segment_paths(self.folder.journal):  # a resume tells its own anew
            for record in read_segment(path):
                if record.get("kind") == METRIC:  # what a run starts with stands before its first point
                    break
                if record.get("kind") == kind:
                    found[str(record.get("name"))] = record.get("value")
        return found

    def points(self, name: str) -> list[Record]:
        """Return the points of one metric in the order of their steps, each with `value`, `step`, `epoch`, `time`.

        The steps of `system/…`, the machine's load, are the numbers of its samples; they have no epoch.
        """
        return [record for record in self._metrics() if record["name"] == name]

    def metric_names(self) -> list[str]:
        """Return the names of all metrics in the journal, sorted."""
        return sorted({record["name"] for record in self._metrics()})

    def _metrics(self) -> list[Record]:
        folder = self.folder.journal
        streams = carried_streams(folder)
        return [record for name in streams for record in read_journal(folder, name) if record.get("kind") == METRIC]


def is_run_folder(path: Path) -> bool:
    """Tell whether a folder is one that a run has written to."""
    folder = RunFolder(path)
    return folder.summary.is_file() or folder.journal.is_dir() or (folder.config.is_file() and folder.lock.exists())


def _load_yaml(path: Path) -> dict[str, Any]:
    import yaml  # 15 ms, and only who looks into a config needs it

    try:
        text = path.read_text(encoding="utf-8")
        measure_yaml(text)
        # libyaml's parser: 1.6 ms a config, where OmegaConf's takes 35
        loaded = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise StorageError(f"{path}: cannot be read ({error}). The file is damaged: restore it.") from error
    if not isinstance(loaded, dict):
        raise StorageError(f"{path}: holds no mapping. The file is damaged: restore it.")
    return {str(key): value for key, value in loaded.items()}
