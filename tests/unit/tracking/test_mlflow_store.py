import os
import sqlite3
from pathlib import Path

import pytest

from accelerator.tracking.mlflow_store import artifact_folder, ensure_sqlite, resolve_uri, shown_uri
from accelerator.tracking.sink import SinkError

SERVER = "http://localhost:5000"


def test_the_default_store_lies_at_the_project_root_by_absolute_address(tmp_path: Path) -> None:
    uri = resolve_uri(None, {}, tmp_path)

    assert uri == f"sqlite:///{tmp_path}/mlflow.db"
    assert artifact_folder(uri, tmp_path) == tmp_path / "mlartifacts"


def test_the_config_comes_before_the_environment(tmp_path: Path) -> None:
    environment = {"MLFLOW_TRACKING_URI": SERVER}

    assert resolve_uri(None, environment, tmp_path) == SERVER
    assert resolve_uri("sqlite:///runs/a.db", environment, tmp_path) == f"sqlite:///{tmp_path}/runs/a.db"


def test_artifacts_lie_beside_a_sqlite_store_and_are_left_to_a_server(tmp_path: Path) -> None:
    assert artifact_folder("sqlite:////data/a.db", tmp_path) == Path("/data/mlartifacts")
    assert artifact_folder("postgresql://host/a", tmp_path) == tmp_path / "mlartifacts"
    assert artifact_folder(SERVER, tmp_path) is None


def test_a_password_that_was_not_saved_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(
        SinkError, match="tracking.tracking_uri = .* MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    ):
        resolve_uri("http://***@host", {}, tmp_path)


def test_an_address_is_shown_without_credentials() -> None:
    assert shown_uri("https://me:hunter2@host/x") == "https://***@host/x"


def create(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table a (b)")
    connection.close()


def test_a_store_is_made_once_and_nothing_else_stays(tmp_path: Path) -> None:
    made: list[Path] = []
    for _ in range(2):
        ensure_sqlite(tmp_path / "deep" / "mlflow.db", lambda path: (made.append(path), create(path))[1])

    assert len(made) == 1
    assert made[0].parent != tmp_path / "deep"
    assert os.listdir(tmp_path / "deep") == ["mlflow.db"]


def test_a_store_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"

    def create_late(made: Path) -> None:
        create(made)
        path.write_text("theirs")

    ensure_sqlite(path, create_late)

    assert path.read_text() == "theirs"


def test_a_failed_creation_leaves_no_store(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("stopped")

    with pytest.raises(OSError, match="stopped"):
        ensure_sqlite(tmp_path / "mlflow.db", fail)
    assert os.listdir(tmp_path) == []
