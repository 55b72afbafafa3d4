"""Writing a trained run's model for others, as a run of its own."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from accelerator.config.project import Project, find_project
from accelerator.errors import InputError, did_you_mean
from accelerator.experiment.late import late
from accelerator.experiment.named_run import trained_run
from accelerator.experiment.outcome import Outcome, Say, say_nothing
from accelerator.experiment.sound_config import sound_config_of_run

Format = Literal["safetensors", "torch_export", "onnx"]
SUFFIXES: Mapping[Format, str] = MappingProxyType(
    {"safetensors": ".safetensors", "torch_export": ".pt2", "onnx": ".onnx"}
)
OF_ONNX = ("onnx", "onnxscript", "onnxruntime")


def export(
    reference: str,
    overrides: Sequence[str] = (),
    *,
    output: str | Path,
    format: Format = "safetensors",
    checkpoint: Literal["last", "best"] | None = None,
    project: Project | None = None,
    say: Say = say_nothing,
) -> Outcome:
    """Write the model of a run's checkpoint into one file, and compare its outputs with the original's.

    It is a run of its own, which names the run as its parent and holds `export.json`. Both models are called, on the
    CPU, with what the task gives the model for a real batch; where their outputs differ by more than 1e-4 (times the
    largest output where that is above 1) the run fails, and no file is left.

    Args:
        reference: a RUN.
        overrides: on top of the run's own config (`loader.evaluation_batch_size=1`).
        output: the file; a relative path counts from the working folder.
        format: `safetensors` (tensors and config, for `accelerator.load_model`), `torch_export` (a graph), or `onnx`.
        checkpoint: which of the run's; None: what its `checkpoint.use` says.
        project: the project; by default that of the working folder.
        say: takes lines for the user before and after.

    Raises:
        RunNotFoundError: no run is meant, or more than one.
        InputError: the run has no checkpoint, the config has problems, there is such a file already, or ONNX's
            libraries are not installed.
        CheckpointError: the checkpoint is damaged.
        StorageError: the file cannot be written.
    """
    _check(format)
    project = project or find_project()
    run = trained_run(reference, project)
    config = sound_config_of_run(run, overrides, project)
    target = Path(output).expanduser().absolute()
    alias = checkpoint or config.checkpoint.use
    outcome: Outcome = late("export_checkpoint", "exports")(config, run, target, format, alias, say)
    return outcome


def _check(format: str) -> None:
    """Refuse a format that there is not, or whose libraries are not installed."""
    if format not in get_args(Format):
        raise InputError(f"export: there is no format '{format}'. {did_you_mean(format, get_args(Format))}")
    missing = [name for name in OF_ONNX if find_spec(name) is None] if format == "onnx" else []
    if missing:
        raise InputError(
            f"export: --format onnx needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            f"installed. Install the extra: python -m pip install 'accelerator-framework[onnx]'"
        )
