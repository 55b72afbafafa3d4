"""Files and long texts of one MLflow run."""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mlflow import MlflowClient

from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import Record
from accelerator.tracking.mlflow_names import mlflow_key

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MlflowArtifacts:
    """Where the files of one MLflow run go: its store's disk, or through the server's proxy; MLflow knows which."""

    client: MlflowClient
    run_id: str
    folder: Path
    """The run folder that they come from."""

    def log_files(self, records: Iterable[Record]) -> int:
        """Upload files of the run folder; return how many are refused: one that is gone, or lies outside."""
        refused = 0
        for record in records:
            source = (self.folder / str(record.get("path", ""))).resolve()
            name = PurePosixPath(str(record["name"]))
            if not source.is_relative_to(self.folder.resolve()) or not source.is_file() or ".." in name.parts:
                _log.warning("%s: no file of this run, so it is not uploaded", record)
                refused += 1
                continue
            self.log_file(source, str(name.parent).strip("/."))
        return refused

    def log_file(self, source: Path, place: str = "") -> None:
        """Upload one file into the folder `place`; one of the same name there is replaced."""
        self.client.log_artifact(self.run_id, str(source), place or None)

    def log_report(self, folder: RunFolder) -> None:
        """Upload the run's page, if it has one."""
        page = folder.path / "report.html"
        if page.is_file():
            self.log_file(page)

    def log_checkpoints(self, folder: RunFolder, policy: str) -> None:
        """Upload checkpoints of an ended run, with the files that say which is the last and which the best.

        Args:
            folder: the run.
            policy: `none`, `best`, `last` or `all`.
        """
        aliases = {name: folder.checkpoints / name for name in ("last", "best")}
        named = {
            name: path.read_text(encoding="utf-8").strip()
            for name, path in aliases.items()
            if policy in (name, "all") and path.is_file()
        }
        chosen = set(named.values())
        if policy == "all":
            chosen |= {path.name for path in folder.checkpoints.glob("step-*") if (path / "manifest.json").is_file()}
        for name in sorted(chosen):
            path = folder.checkpoints / name
            if Path(name).name == name and path.is_dir() and not path.is_symlink():
                self.client.log_artifacts(self.run_id, str(path), f"checkpoints/{name}")
        for name in named:
            self.log_file(aliases[name], "checkpoints")

    def pointer(self, text: str, name: str, folder: str, longest: int, known: str = "") -> str:
        """Return `text`, or when it is longer than `longest` characters, where it is: whole, in an artifact.

        Args:
            text: the value.
            name: what it is the value of.
            folder: `parameters` or `tags`.
            longest: what MLflow takes.
            known: what MLflow has under this name already; a text that it points to is not uploaded again.
        """
        if len(text) <= longest:
            return text
        digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]
        place = f"{folder}/{mlflow_key(name).replace('/', '_')}-{digest}.txt"
        if place not in known:
            self.client.log_text(self.run_id, text, place)
        return f"{len(text)} characters, see the artifact {place}"
