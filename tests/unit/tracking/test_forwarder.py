import json
import os
import time
from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.runs.delivery import (
    delivery,
    start_forwarder,
    stop_forwarder,
    wait_for_delivery,
)
from accelerator.runs.folder import RunFolder
from accelerator.runs.lock import RunLock, read_holder
from accelerator.runs.run import Run
from accelerator.runs.summary import Summary, read_summary, write_summary
from accelerator.tracking.sync import sync
from accelerator.tracking.where_to_look import open_command
from tests.tracked_project import (
    carry,
    end_run,
    ledger,
    make_project,
    make_run,
    point,
    points,
    start_training,
    wait_until,
    write_journal,
)


@pytest.fixture
def tracked(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def test_a_whole_run_arrives_in_order_with_its_end(tracked: Path) -> None:
    folder = make_run(tracked)
    write_journal(
        folder, [{"kind": "parameter", "name": "seed", "value": 0}, point(1), {"kind": "event", "name": "stop"}]
    )
    end_run(folder)
    carry(folder, tracked)

    assert ledger(tracked) == [
        {"opened": folder.run_id, "before": {}},
        {"kind": "parameter", "name": "seed", "value": 0},
        point(1),
        {"closed": "completed"},
    ]
    assert delivery(folder).is_complete
    assert delivery(folder).sent == 2


def test_records_arrive_while_training_runs_and_its_end_after(tracked: Path) -> None:
    folder = make_run(tracked)
    training = start_training(folder, tracked, steps=150, pause_s=0.02)
    wait_until(lambda: points(ledger(tracked)))
    was_alive = training.poll() is None
    training.wait()
    found = wait_for_delivery(folder, 20)

    assert was_alive
    assert found.is_complete and not found.error
    assert points(ledger(tracked)) == [("train/loss", step) for step in range(1, 151)]
    assert ledger(tracked)[-1] == {"closed": "completed"}
    assert found.address == str(tracked / "ledger.jsonl")


def test_samples_of_the_machines_load_arrive_once_also_what_was_taken_while_the_store_was_away(tracked: Path) -> None:
    folder = make_run(tracked, "system_every: 0.2s\ntracking: {_target_: ledger}\n")
    (tracked / "fault").write_text("unreachable")
    training = start_training(folder, tracked, steps=60, pause_s=0.02)
    wait_until(lambda: (folder.journal / "system-0.jsonl").exists())
    training.wait()
    wait_until(lambda: delivery(folder).error)
    (tracked / "fault").unlink()
    found = sync(folder, tracked)
    samples = Run(folder.path).points("system/cpu_utilization_percentage")

    assert found.is_complete
    assert [item for item in points(ledger(tracked)) if item[0] == "system/cpu_utilization_percentage"] == [
        ("system/cpu_utilization_percentage", number) for number in range(1, len(samples) + 1)
    ]
    assert samples and len(points(ledger(tracked))) == len(set(points(ledger(tracked))))


def test_the_forwarder_holds_none_of_our_streams_and_lets_training_go_first(tracked: Path) -> None:
    folder = make_run(tracked)
    with RunLock.acquire(folder.lock):
        pid = start_forwarder(folder, tracked)
        wait_until(lambda: read_holder(folder.forwarder_lock))
        session, nice = os.getsid(pid), os.getpriority(os.PRIO_PROCESS, pid)
        stop_forwarder(folder)

    assert session == pid
    assert nice >= 10
    assert not delivery(folder).alive


def test_a_stopped_forwarder_leaves_the_rest_to_sync(tracked: Path) -> None:
    folder = make_run(tracked)
    with RunLock.acquire(folder.lock):
        write_summary(folder, Summary())
        start_forwarder(folder, tracked)
        wait_until(lambda: read_holder(folder.forwarder_lock))
        stop_forwarder(folder)
        write_journal(folder, [point(1), point(2)])
        write_summary(folder, Summary("interrupted"))
    before = wait_for_delivery(folder, 0.5)
    after = sync(folder, tracked)

    assert (before.unsent, before.alive, before.is_complete) == (2, False, False)
    assert after.is_complete
    assert ledger(tracked)[-1] == {"closed": "interrupted"}


def test_stopping_where_no_forwarder_is_does_nothing(tracked: Path) -> None:
    folder = make_run(tracked)
    stop_forwarder(folder)

    assert not folder.tracking.exists()


def test_a_run_without_tracking_has_nothing_to_carry(tracked: Path) -> None:
    folder = make_run(tracked, "tracking: null\n")
    write_journal(folder, [point(1)])
    end_run(folder)

    assert wait_for_delivery(folder, 5).is_complete
    assert sync(folder, tracked).is_complete
    assert open_command(folder, Project(tracked)) is None


def test_sync_carries_a_run_that_was_killed_before_its_forwarder_started(tracked: Path) -> None:
    folder = make_run(tracked)
    write_journal(folder, [point(1)])
    found = sync(folder, tracked)

    assert found.is_complete
    assert ledger(tracked)[-1] == {"closed": "died"}
    assert json.loads(folder.summary.read_text())["status"] == "died"


def test_sync_beside_a_running_training_returns_when_what_is_there_has_arrived(tracked: Path) -> None:
    folder = make_run(tracked)
    with RunLock.acquire(folder.lock):
        write_summary(folder, Summary())
        write_journal(folder, [point(1), point(2)])
        start_forwarder(folder, tracked)
        wait_until(lambda: delivery(folder).alive)
        found = sync(folder, tracked)
        stop_forwarder(folder)

    assert (found.sent, found.unsent, found.finished) == (2, 0, None)


def test_sync_of_a_running_training_without_a_forwarder_carries_what_is_there(tracked: Path) -> None:
    folder = make_run(tracked)
    with RunLock.acquire(folder.lock):
        write_summary(folder, Summary())
        write_journal(folder, [point(1)])
        found = sync(folder, tracked)
        again = sync(folder, tracked)

    assert (found.sent, found.finished, again.sent) == (1, None, 1)
    assert "closed" not in str(ledger(tracked))


def test_an_unreachable_sink_is_told_soon_without_credentials(tracked: Path) -> None:
    folder = make_run(tracked)
    (tracked / "fault").write_text("unreachable")
    write_journal(folder, [point(1)])
    end_run(folder)
    start = time.monotonic()
    found = sync(folder, tracked)

    assert time.monotonic() - start < 20
    assert found.error == "ConnectionError: http://***@store is out of reach"
    assert (found.unsent, found.is_complete) == (1, False)
    log = folder.forwarder_log.read_text()
    assert "hunter2" not in folder.tracking.read_text() + log
    assert log.count("ConnectionError: http://***@store is out of reach") == 4
    assert log.count("Traceback (most recent call last):") == 1
    assert 'ledger_sink.py", line ' in log


def test_what_could_not_be_sent_arrives_when_the_sink_is_back(tracked: Path) -> None:
    folder = make_run(tracked)
    (tracked / "fault").write_text("unreachable")
    training = start_training(folder, tracked, steps=20, pause_s=0.0)
    training.wait()
    before = wait_for_delivery(folder, 20)
    (tracked / "fault").unlink()
    after = sync(folder, tracked)

    assert before.unsent == 20 and before.error
    assert after.is_complete and after.error is None
    assert points(ledger(tracked)) == [("train/loss", step) for step in range(1, 21)]


def test_a_run_that_was_resumed_is_opened_where_it_was(tracked: Path) -> None:
    folder = make_run(tracked)
    write_journal(folder, [point(step) for step in range(1, 6)])
    end_run(folder, "interrupted")
    carry(folder, tracked)
    write_journal(folder, [point(step) for step in range(4, 9)], from_step=3)
    end_run(folder)
    training_has_ended_twice = carry(folder, tracked)

    assert training_has_ended_twice.returncode == 0
    assert points(ledger(tracked)) == [("train/loss", step) for step in range(1, 9)]
    assert [record for record in ledger(tracked) if "opened" in record][1]["before"]["run_id"] == "L1"
    assert delivery(folder).finished == "completed"


def test_a_config_without_a_sink_is_an_error_in_the_log(tracked: Path) -> None:
    folder = make_run(tracked, "tracking: 3\n")
    write_journal(folder, [point(1)])
    done = carry(folder, tracked, "--once")

    assert done.returncode == 1
    assert "tracking = 3 names no component. Write `_target_: mlflow`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_sink_that_is_neither_component_nor_ours_is_refused(tracked: Path) -> None:
    folder = make_run(tracked, "trust: [subprocess]\ntracking: {_target_: subprocess.Popen, args: [touch, hacked]}\n")
    write_journal(folder, [point(1)])
    done = carry(folder, tracked, "--once")

    assert "'subprocess.Popen' is not trusted" in done.stderr
    assert not Path("hacked").exists()


def test_an_environment_variable_that_the_project_does_not_name_is_not_read(tracked: Path) -> None:
    folder = make_run(tracked, "tracking: {_target_: mlflow, tracking_uri: '${oc.env:SECRET_PLACE}'}\n")
    write_journal(folder, [point(1)])
    done = carry(folder, tracked, "--once")

    assert done.returncode == 1
    assert "SECRET_PLACE" in done.stderr
    assert "which no config of this project names" in done.stderr


def test_the_summary_of_a_killed_run_becomes_true(tracked: Path) -> None:
    folder = make_run(tracked)
    write_summary(folder, Summary("running", step=7, metrics={"train/loss": 0.5}))
    write_journal(folder, [point(1)])
    carry(folder, tracked)

    assert json.loads(folder.summary.read_text())["status"] == "died"
    assert read_summary(folder).metrics == {"train/loss": 0.5}


def test_a_run_is_carried_once_by_two_forwarders(tracked: Path) -> None:
    folder = make_run(tracked)
    with RunLock.acquire(folder.lock):
        write_summary(folder, Summary())
        start_forwarder(folder, tracked)
        start_forwarder(folder, tracked)
        write_journal(folder, [point(step) for step in range(50)])
        write_summary(folder, Summary("completed"))
    found = wait_for_delivery(folder, 20)

    assert found.is_complete
    assert len(points(ledger(tracked))) == 50


def test_a_damaged_state_says_what_to_do(tracked: Path) -> None:
    folder = make_run(tracked)
    folder.tracking.write_text("{}")

    with pytest.raises(Exception, match="tracking.json: does not say how far .* Delete the file"):
        delivery(RunFolder(folder.path))


def test_a_sink_that_guards_an_end_is_asked_when_it_has_arrived(tracked: Path) -> None:
    folder = make_run(tracked, "system_every: null\ntracking: {_target_: guarding}\n")
    write_journal(folder, [point(1)])
    end_run(folder)
    carry(folder, tracked)

    assert ledger(tracked)[-2:] == [{"closed": "completed"}, {"guarded": "completed", "left alone": False}]
    assert delivery(folder).is_complete


def test_an_end_that_is_not_seen_to_stay_is_sent_again(tracked: Path) -> None:
    folder = make_run(tracked, "system_every: null\ntracking: {_target_: guarding}\n")
    write_journal(folder, [point(1)])
    end_run(folder)
    (tracked / "fault").write_text("slow")
    start_forwarder(folder, tracked)
    wait_until(lambda: delivery(folder).is_complete)

    stop_forwarder(folder, 60.0)
    is_left_complete = delivery(folder).is_complete
    (tracked / "fault").unlink()
    again = sync(folder, tracked)

    assert (is_left_complete, again.is_complete) == (False, True)
    assert [item for item in ledger(tracked) if "closed" in item or "guarded" in item] == [
        {"closed": "completed"},
        {"guarded": "completed", "left alone": True},
        {"closed": "completed"},
        {"guarded": "completed", "left alone": False},
    ]


def test_a_guard_that_fails_is_told_in_the_log_and_hinders_nothing(tracked: Path) -> None:
    folder = make_run(tracked, "system_every: null\ntracking: {_target_: guarding}\n")
    write_journal(folder, [point(1)])
    end_run(folder)
    (tracked / "fault").write_text("guard")
    carried = carry(folder, tracked)

    assert ledger(tracked)[-1] == {"closed": "completed"}
    assert (delivery(folder).is_complete, delivery(folder).error) == (True, None)
    assert "The run's end is not watched: ConnectionError: http://***@store is gone" in carried.stderr
