"""What a model takes and gives, kept in the run folder for whoever passes the model on: files that need no torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerator.runs.files import read_json, write_json
from accelerator.runs.folder import RunFolder

FORMAT_VERSION = 1


@dataclass(frozen=True)
class ModelExample:
    """Where the example of a run's model lies, and what it says."""

    inputs: list[dict[str, Any]]
    """Of each tensor that the model takes: `name`, `dtype`, `shape` (-1 is the batch)."""
    outputs: list[dict[str, Any]]

    @staticmethod
    def tensors(folder: RunFolder) -> Path:
        """Return the safetensors file with the inputs of a few real samples."""
        return folder.path / "model" / "example.safetensors"

    @classmethod
    def read(cls, folder: RunFolder) -> "ModelExample | None":
        """Return what a run kept; None for one that kept nothing."""
        path = _file(folder)
        if not path.is_file():
            return None
        stored = read_json(path)
        return cls(stored["inputs"], stored["outputs"])

    def write(self, folder: RunFolder) -> None:
        """Keep it; the tensors must lie there already."""
        content = {"format_version": FORMAT_VERSION, "inputs": self.inputs, "outputs": self.outputs}
        write_json(_file(folder), content)


def _file(folder: RunFolder) -> Path:
    return folder.path / "model" / "signature.json"
