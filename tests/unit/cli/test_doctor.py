"""`accelerator doctor`: tells what is wrong with a machine, an installation or a project, and never falls over it."""

import json
import socket
import sqlite3
from pathlib import Path

import pytest

from accelerator.cli.dispatch import run_command
from accelerator.cli.doctor import Doctor
from accelerator.components import Component, Registry
from accelerator.config.project import Project
from accelerator.experiment import examine_machine, examine_store
from accelerator.experiment.doctor import doctor
from accelerator.experiment.examine_components import examine_components
from accelerator.experiment.examine_machine import examine_disk
from accelerator.experiment.finding import OK, PROBLEM, WARNING
from tests.mlflow_server import FaultyProxy


def _components(project: Path, **targets: str) -> list[tuple[str, str, str]]:
    declared = tuple(Component("model", name, target, f"dist-{name}") for name, target in targets.items())
    return [
        (item.subject, item.state, item.text)
        for item in examine_components(Registry(declared), Project(project)).findings
    ]


def test_everything_is_told_in_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(examine_machine, "_ask", lambda: pytest.fail("torch was imported a second time"))

    code = run_command({"doctor": Doctor}, ["doctor", "--json"])

    found = {item["subject"]: item for item in json.loads(capsys.readouterr().out)}
    assert code == 0, found
    assert {
        "Python",
        "torch",
        "hydra-core",
        "mlflow",
        "devices",
        "memory",
        "output",
        "configs",
        "store",
    } <= found.keys()
    assert found["project"]["state"] == WARNING and "accelerator configure init" in found["project"]["remedy"]
    assert found["components"]["text"].endswith("of accelerator-framework import")
    assert list(tmp_path.iterdir()) == []


def test_a_problem_is_told_with_its_remedy_and_ends_in_1(
    inside_project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (inside_project / "configs" / "main.yaml").write_text("defaults: [nothing]\n", encoding="utf-8")
    monkeypatch.setattr(examine_machine, "ASK_TORCH", "raise ImportError('no such library')")
    monkeypatch.setattr(Registry, "discover", lambda root: Registry(()))

    assert run_command({"doctor": Doctor}, ["doctor"]) == 1

    out = capsys.readouterr().out
    assert "problem configs" in out and "`accelerator configure check` tells more." in out
    assert "torch does not import: ImportError: no such library\n" in out and "Install torch again." in out


def test_a_broken_pyproject_is_told(inside_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine_machine, "ASK_TORCH", "print()")
    (inside_project / "pyproject.toml").write_text("[project", encoding="utf-8")

    found = {item.subject: item for item in doctor()}

    assert "is not valid TOML" in found["plugins"].text and found["plugins"].state == PROBLEM
    assert "torch does not answer" in found["devices"].text


def test_a_broken_plugin_breaks_only_itself(project: Path) -> None:
    (project / "broken_one.py").write_text("import absent_library\n", encoding="utf-8")
    (project / "ending_one.py").write_text("import os\nos._exit(3)\n", encoding="utf-8")

    found = _components(
        project, sound="json:dumps", broken="broken_one:Model", ending="ending_one:X", none="json:Model"
    )

    assert found[0][1:] == (
        PROBLEM,
        "model:broken does not import: ModuleNotFoundError: No module named 'absent_library'",
    )
    assert found[1][1:] == (PROBLEM, "model:ending does not import: its import ended the process, or did not end")
    assert found[2][:2] == ("plugin dist-none", PROBLEM) and "has no attribute 'Model'" in found[2][2]
    assert found[3] == ("plugin dist-sound", OK, "model:sound")


def test_a_name_of_two_plugins_and_a_kind_that_is_none_are_told(project: Path) -> None:
    declared = (Component("model", "a", "json:dumps", "one"), Component("model", "a", "json:loads", "two"))
    wrong = Component("modle", "b", "json:dumps", "three")

    found = examine_components(Registry((*declared, wrong)), Project(project)).findings

    assert found[1].text == "declares entry points for kinds that there are not: modle"
    assert (found[3].text, found[3].state) == ("is declared by one and two", WARNING)
    assert found[3].remedy == "Where it is used, write one of one::a or two::a"


@pytest.mark.parametrize(
    ("content", "state", "text"),
    [
        (None, OK, "is made with the first run"),
        (b"nonsense", PROBLEM, "does not open"),
        (b"", PROBLEM, "is no store of"),
    ],
)
def test_a_database_is_opened(content: bytes | None, state: str, text: str, project: Path) -> None:
    if content is not None:
        (project / "mlflow.db").write_bytes(content * 100)

    [found] = examine_store.examine_store(Project(project))

    assert found.state == state and text in found.text


def test_a_sound_database_opens(project: Path) -> None:
    database = sqlite3.connect(project / "mlflow.db")
    database.execute("CREATE TABLE runs (a)")
    database.close()

    assert examine_store.examine_store(Project(project))[0].state == OK


def test_a_database_that_another_process_holds_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine_store, "TIMEOUT_S", 0.1)
    holder = sqlite3.connect(project / "mlflow.db", isolation_level=None)
    holder.execute("CREATE TABLE runs (a)")
    holder.execute("BEGIN IMMEDIATE")

    [found] = examine_store.examine_store(Project(project))
    holder.close()

    assert found.state == PROBLEM and "mlflow.db cannot be written: database is locked" in found.text
    assert found.remedy.startswith("See that no other process holds it") and "`sync` sends" in found.remedy


def test_a_dead_server_is_told_without_its_password(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:hunter2@127.0.0.1:{port}")

    [found] = examine_store.examine_store(Project(project))

    assert found.state == PROBLEM and "does not answer" in found.text and "hunter2" not in str(found)
    assert "`sync` sends what is missing" in found.remedy


@pytest.mark.parametrize(
    ("fault", "text", "remedy"),
    [
        (401, "refuses the login (UNAUTHENTICATED)", "Put name and password into MLFLOW_TRACKING_USERNAME"),
        (500, "does not answer: too many 500 error responses", "Start the server"),
        (200, "cannot be read: API request to endpoint was successful but", "name another store"),
    ],
)
def test_a_server_is_asked_as_runs_would_ask_it(
    fault: int, text: str, remedy: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultyProxy("http://nobody").running() as proxy:
        proxy.fault = fault
        monkeypatch.setenv("MLFLOW_TRACKING_URI", proxy.address.replace("//", "//me:hunter2@"))
        [found] = examine_store.examine_store(Project(project))

    assert found.state == PROBLEM and text in found.text and remedy in found.remedy
    assert proxy.requests == ["GET /health", "POST /api/2.0/mlflow/experiments/search"]
    assert "hunter2" not in str(found)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine_machine, "_LEAST_FREE_BYTES", 2**70)
    monkeypatch.setattr(examine_machine, "_FEW_FREE_BYTES", 2**70)

    found = examine_disk(tmp_path / "outputs")

    assert found.state == PROBLEM and "paths.output=DIR" in found.remedy
