"""The sink `tensorboard`: event files in the run folder, below `tensorboard/`. Needs neither torch nor TensorFlow."""

import html
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from accelerator.runs.journal import METRIC, PARAMETER, TAG, Record
from accelerator.tracking.sink import SinkError, TrackedRun

FOLDER = "tensorboard"
_PARTS = {
    "DT_STRING": "tensorboard.compat.proto.types_pb2",
    "Event": "tensorboard.compat.proto.event_pb2",
    "EventFileLoader": "tensorboard.backend.event_processing.event_file_loader",
    "EventFileWriter": "tensorboard.summary.writer.event_file_writer",
    "Summary": "tensorboard.compat.proto.summary_pb2",
    "SummaryMetadata": "tensorboard.compat.proto.summary_pb2",
    "TensorProto": "tensorboard.compat.proto.tensor_pb2",
}


class TensorBoardSink:
    """Carries metrics as scalars; parameters and tags as texts; files stay where they are, in the run folder."""

    def __init__(self) -> None:
        self._board: Any = None
        self._writer: Any = None
        self._written: dict[str, set[int]] = {}

    def open(self, run: TrackedRun) -> Mapping[str, str]:
        """Open a new event file, and read which points older ones have.

        Raises:
            SinkError: the package tensorboard is not installed.
        """
        folder = run.folder / FOLDER
        self._board = _import_tensorboard()
        self._written = _written_steps(folder, self._board)
        self._writer = self._board.EventFileWriter(str(folder))
        return {"address": str(folder)}

    def send(self, records: Sequence[Record]) -> int:
        """Write records and flush them to the file; points that an event file has already are left out."""
        for record in records:
            if record["kind"] == METRIC:
                self._add_point(record)
            elif record["kind"] in (PARAMETER, TAG):
                self._add_text(record)
        self._writer.flush()
        return 0

    def close(self, status: str) -> None:
        """Write the status as a text, and close the file."""
        self._add_text({"kind": TAG, "name": "status", "value": status})
        self._writer.flush()
        self._writer.close()

    def _add_point(self, record: Record) -> None:
        steps = self._written.setdefault(record["name"], set())
        if record["step"] not in steps:
            steps.add(record["step"])
            value = self._board.Summary.Value(tag=record["name"], simple_value=float(record["value"]))
            self._add_event([value], record.get("time", 0.0), record["step"])

    def _add_text(self, record: Record) -> None:
        board = self._board
        text = f"<pre>{html.escape(str(record.get('value')))}</pre>"
        tensor = board.TensorProto(dtype=board.DT_STRING, string_val=[text.encode("utf-8", "backslashreplace")])
        metadata = board.SummaryMetadata(plugin_data=board.SummaryMetadata.PluginData(plugin_name="text"))
        value = board.Summary.Value(tag=f"{record['kind']}/{record['name']}", tensor=tensor, metadata=metadata)
        self._add_event([value], record.get("time", 0.0), 0)

    def _add_event(self, values: list[Any], wall_time: float, step: int) -> None:
        summary = self._board.Summary(value=values)
        self._writer.add_event(self._board.Event(wall_time=wall_time, step=step, summary=summary))


def _written_steps(folder: Path, board: Any) -> dict[str, set[int]]:
    steps: dict[str, set[int]] = {}
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for event in board.EventFileLoader(str(path)).Load():  # ends at a torn record
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name != "text":
                    steps.setdefault(value.tag, set()).add(event.step)
    return steps


def _import_tensorboard() -> SimpleNamespace:
    try:
        return SimpleNamespace(**{name: getattr(import_module(module), name) for name, module in _PARTS.items()})
    except ImportError as error:
        raise SinkError(
            f"tracking=tensorboard needs the package tensorboard ({error}). Install it: "
            f"pip install 'accelerator-framework[tensorboard]'"
        ) from error
