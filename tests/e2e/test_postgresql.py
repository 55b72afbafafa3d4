"""A run in an MLflow server whose store is PostgreSQL: Debian's package, a cluster of our own in a temporary folder."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from accelerator.runs.delivery import delivery
from tests.mlflow_server import serving
from tests.tracked_project import MLFLOW, carry, end_run, make_project, make_run, point, write_journal

_FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))  # Debian keeps it off the PATH
INITDB = str(_FOUND[-1]) if _FOUND else shutil.which("initdb")


@pytest.fixture
def database() -> Iterator[str]:
    """Give the address, without its scheme, of a PostgreSQL that listens on a socket in its own folder alone."""
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed: pip install psycopg2-binary")
    if INITDB is None:
        pytest.skip("PostgreSQL is not installed: apt install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="accelerator-"))  # short, for the socket; below /tmp, for who runs it
    who: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        who = {"user": "postgres", "group": "postgres", "extra_groups": []}
    quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **who}
    data = folder / "data"
    subprocess.run([INITDB, "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], check=True, **quiet)
    postgres = Path(INITDB).with_name("postgres")
    command = [postgres, "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
    with subprocess.Popen(command, **quiet) as running:
        try:
            _await(folder)
            yield f"postgres@/postgres?host={folder}"
        finally:
            running.terminate()
            running.wait(30)
            shutil.rmtree(folder)


def _await(folder: Path) -> None:
    import psycopg2

    deadline = time.monotonic() + 200
    while True:
        try:
            psycopg2.connect(host=str(folder), user="postgres", dbname="postgres").close()
            return
        except psycopg2.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_run_arrives_whole_and_once_in_postgresql_behind_a_server(database: str, tmp_path: Path) -> None:
    import psycopg2

    project = make_project(tmp_path / "project")
    with serving(tmp_path, f"postgresql+psycopg2://{database}") as server:
        folder = make_run(project, MLFLOW.replace("tracking_uri: null", f"tracking_uri: '{server.address}'"))
        (folder.path / "page.html").write_text("a page")
        write_journal(
            folder,
            [
                {"kind": "parameter", "name": "long", "value": "ü" * 7000},
                {"kind": "tag", "name": "note", "value": "first"},
                {"kind": "artifact", "name": "page.html", "path": "page.html", "time": 1.0},
                *(point(step, float("nan") if step == 2 else 1 / step) for step in range(1, 1501)),
            ],
        )
        end_run(folder)
        carry(folder, project)
        again = carry(folder, project)
        client = MlflowClient(server.address)
        experiment = client.get_experiment_by_name("digits")
        assert experiment is not None
        (run,) = client.search_runs([experiment.experiment_id])
        steps = [item.step for item in client.get_metric_history(run.info.run_id, "train/loss")]
        kept = [item.path for item in client.list_artifacts(run.info.run_id)]
        with psycopg2.connect(f"postgresql://{database}") as connection, connection.cursor() as cursor:
            cursor.execute("select count(*) from metrics where key = 'train/loss'")
            rows = cursor.fetchone()
        connection.close()

    assert again.returncode == 0 and delivery(folder).is_complete
    assert run.info.status == "FINISHED"
    assert sorted(steps) == list(range(1, 1501))
    assert rows == (1500,)
    assert "7000 characters" in run.data.params["long"] and run.data.tags["mlflow.note.content"] == "first"
    assert kept == ["page.html", "parameters"]
