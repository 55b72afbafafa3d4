from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from accelerator.config.project import Project
from accelerator.runs.delivery import delivery
from accelerator.tracking.sink import SinkError, TrackedRun
from accelerator.tracking.tensorboard import TensorBoardSink
from accelerator.tracking.where_to_look import open_command
from tests.tracked_project import carry, end_run, make_project, make_run, point, write_journal


def open_sink(folder: Path) -> TensorBoardSink:
    sink = TensorBoardSink()
    sink.open(TrackedRun("run", "digits", folder, folder, 1.0))
    return sink


def read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder / "tensorboard"))
    found.Reload()
    return found


def test_points_and_texts_are_read_back_by_tensorboard(tmp_path: Path) -> None:
    sink = open_sink(tmp_path)
    sink.send([point(1, 0.5), point(2, 0.25), {"kind": "parameter", "name": "optimizer.lr", "value": "<0.1>"}])
    sink.close("completed")
    found = read(tmp_path)

    assert [(item.step, item.value, item.wall_time) for item in found.Scalars("train/loss")] == [
        (1, 0.5, 1732352461.0),
        (2, 0.25, 1732352462.0),
    ]
    assert found.Tensors("parameter/optimizer.lr")[0].tensor_proto.string_val[0] == b"<pre>&lt;0.1&gt;</pre>"


def test_a_batch_sent_again_by_another_process_is_written_once(tmp_path: Path) -> None:
    open_sink(tmp_path).send([point(1), point(2)])
    again = open_sink(tmp_path)
    again.send([point(1), point(2), point(3)])
    again.close("completed")

    assert [item.step for item in read(tmp_path).Scalars("train/loss")] == [1, 2, 3]


def test_a_run_through_the_forwarder_names_the_command_that_shows_it(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    folder = make_run(project, "tracking: {_target_: tensorboard}\n")
    write_journal(folder, [point(1)])
    end_run(folder)
    carry(folder, project)

    assert delivery(folder).is_complete
    assert open_command(folder, Project(project)) == f"tensorboard --logdir {folder.path / 'tensorboard'}"


def test_a_missing_package_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tensorboard.compat.proto.event_pb2", None)

    with pytest.raises(SinkError, match="needs the package tensorboard .* pip install"):
        open_sink(tmp_path)
