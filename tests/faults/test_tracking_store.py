"""A locked store, and a forwarder killed at every record. Nothing is lost, nothing double, and whoever writes the
journal waits for none of it.
"""

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from accelerator.runs import tail
from accelerator.runs.delivery import delivery
from accelerator.runs.journal import Record
from accelerator.runs.progress import read_tracking
from accelerator.tracking.sink import Sink
from tests.faults.forwarding import QUICK, forwarder_of, going_on, run_of, steps_of
from tests.tracked_project import MLFLOW, end_run, make_project, make_run, point, wait_until, write_journal

# MLflow's own use of SQLAlchemy; ours raises no such warning.
pytestmark = pytest.mark.filterwarnings("ignore:.*noload.*:DeprecationWarning")


@pytest.fixture
def tracked(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_project(tmp_path_factory.mktemp("template"))
    folder = make_run(root, MLFLOW)
    end_run(folder)
    forwarder_of(folder, root).run(QUICK)
    return root / "mlflow.db"


@pytest.fixture
def with_store(tracked: Path, template: Path) -> tuple[Path, str]:
    (tracked / "mlflow.db").write_bytes(template.read_bytes())
    return tracked, f"sqlite:///{tracked}/mlflow.db"


def test_a_store_that_somebody_has_locked_gets_all_when_it_is_free(with_store: tuple[Path, str]) -> None:
    project, uri = with_store
    folder = make_run(project, MLFLOW, "locked")
    other = sqlite3.connect(project / "mlflow.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with going_on(folder, project) as journal:
        journal.append([point(step) for step in range(1, 51)])
        time.sleep(0.5)
        sent_while_locked = delivery(folder).sent
        other.execute("ROLLBACK")
        wait_until(lambda: delivery(folder).sent == 50)
        journal.append([point(51)])
    other.close()

    assert sent_while_locked == 0
    assert steps_of(uri, folder) == list(range(1, 52))
    assert run_of(uri, folder).info.status == "FINISHED"


class Killed(BaseException):
    """The process is gone: nothing of it goes on, and nothing is told."""


class DiesAfterEachCall:
    """A sink whose process is killed behind every call, before it can remember that it was done."""

    def __init__(self, sink: Sink, done: list[str]) -> None:
        self._sink = sink
        self._done = done

    def open(self, run: Any) -> Mapping[str, str] | None:
        raise AssertionError("the forwarder is given an opened sink")

    def send(self, records: Sequence[Record]) -> int | None:
        refused = self._sink.send(records)
        self._die_once(json.dumps(records[0]))
        return refused

    def close(self, status: str) -> None:
        self._sink.close(status)
        self._die_once(status)

    def _die_once(self, call: str) -> None:
        if call not in self._done:
            self._done.append(call)
            raise Killed


def test_a_forwarder_killed_behind_every_record_sends_each_once(
    with_store: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, uri = with_store
    monkeypatch.setattr(tail, "BATCH_BYTES", 1)  # a record is a batch of its own
    folder = make_run(project, MLFLOW, "killed")
    (folder.path / "a.txt").write_text("a")
    records: list[dict[str, Any]] = [
        {"kind": "parameter", "name": "seed", "value": 0},
        {"kind": "tag", "name": "team", "value": "vision"},
        {"kind": "artifact", "name": "a.txt", "path": "a.txt", "time": 1.0},
        *(point(step) for step in range(1, 7)),
    ]
    write_journal(folder, records)
    write_journal(folder, [point(step, 0.9) for step in range(5, 9)], from_step=4)
    end_run(folder)
    done: list[str] = []
    kills = 0
    while True:
        try:
            forwarder_of(folder, project, lambda sink: DiesAfterEachCall(sink, done)).run(QUICK)
            break
        except Killed:
            kills += 1
    run = run_of(uri, folder)
    tracking = read_tracking(folder)

    assert kills == len(done) == 3 + 4 + 4 + 1
    assert steps_of(uri, folder) == list(range(1, 9))
    assert (run.data.params["seed"], run.data.tags["team"], run.info.status) == ("0", "vision", "FINISHED")
    assert tracking is not None and (tracking.sent, tracking.pending, tracking.finished) == (11, None, "completed")
