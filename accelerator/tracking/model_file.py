"""The model of a checkpoint as one safetensors file that holds its config: what `accelerator.load_model` reads.

Only the file's head is written anew; the tensors are copied as bytes, so that the forwarder needs no torch. The head is
the one that `accelerator.runtime.export.safetensors_file` reads.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from accelerator.runs.files import read_json
from accelerator.runs.folder import RunFolder
from accelerator.runs.run import Run
from accelerator.tracking.sink import SinkError

FORMAT_VERSION = 1
_MODEL, _MANIFEST = "model.safetensors", "manifest.json"


@dataclass(frozen=True)
class TrainedModel:
    """A checkpoint whose model is to be passed on."""

    folder: RunFolder
    checkpoint: Path
    step: int

    @property
    def digest(self) -> str:
        """The hash of its tensors."""
        return str(read_json(self.checkpoint / _MANIFEST)["files"][_MODEL]["sha256"])

    def write(self, path: Path) -> None:
        """Write the file.

        Raises:
            SinkError: the checkpoint is damaged.
        """
        source, manifest = self.checkpoint / _MODEL, read_json(self.checkpoint / _MANIFEST)
        with source.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != self.digest:
                raise SinkError(f"{source} is damaged: it does not have the hash that {_MANIFEST} states.")
        config = yaml.safe_dump({"model": Run(self.folder.path).config["model"]}, sort_keys=False)
        content = {
            "format_version": FORMAT_VERSION,
            "config": config,
            "facts": manifest.get("facts", {}),
            "run": self.folder.run_id,
            "step": self.step,
            "aliases": manifest.get("aliases", {}),
        }
        _copy_with_metadata(source, path, {"format": "pt", "accelerator": json.dumps(content)})


def trained_model(folder: RunFolder) -> TrainedModel | None:
    """Return the checkpoint whose weights the run's final test took; None for a run that has none."""
    settings = Run(folder.path).config.get("checkpoint")
    alias = folder.checkpoints / str(settings.get("use", "last") if isinstance(settings, dict) else "last")
    if alias.name not in ("last", "best") or not alias.is_file():
        return None
    name = alias.read_text(encoding="utf-8").strip()
    manifest = folder.checkpoints / name / _MANIFEST
    if Path(name).name != name or not manifest.is_file():
        return None
    return TrainedModel(folder, manifest.parent, int(read_json(manifest)["step"]))


def _copy_with_metadata(source: Path, target: Path, metadata: dict[str, str]) -> None:
    """Copy a safetensors file (8 bytes of length, a JSON head, the tensors) with other metadata in its head."""
    with source.open("rb") as old, target.open("wb") as new:
        head: dict[str, Any] = json.loads(old.read(int.from_bytes(old.read(8), "little")))
        text = json.dumps({"__metadata__": metadata, **{key: head[key] for key in head if key != "__metadata__"}})
        content = text.encode()
        content += b" " * (-len(content) % 8)
        new.write(len(content).to_bytes(8, "little") + content)
        shutil.copyfileobj(old, new, 1 << 20)
