"""The sink `mlflow`, opened for a run of a project."""

from pathlib import Path
from typing import Any

from accelerator.tracking.mlflow_sink import MLflowSink
from accelerator.tracking.sink import TrackedRun

RUN_ID = "20261123-101500-3fa2b1"


def opened(project: Path, run_id: str = RUN_ID, **values: Any) -> tuple[MLflowSink, dict[str, str]]:
    """Open a sink for a run that began at 1732352460 s; return it and where the run is."""
    sink = MLflowSink()
    folder = project / "outputs" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    return sink, dict(sink.open(TrackedRun(run_id, "digits", folder, project, 1732352460.0, **values)))
