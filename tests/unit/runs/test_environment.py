import json
import os
import subprocess
from pathlib import Path

import pytest

from accelerator.runs.environment import Environment, Resources, collect_environment, write_environment
from accelerator.runs.folder import RunFolder

RESOURCES = Resources(device="cpu", threads=2)


def git(root: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *settings, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("x = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_a_clean_commit_is_named_without_a_diff(checkout: Path) -> None:
    environment = collect_environment(["train"], checkout, RESOURCES)

    assert environment.values["git"] == {
        "commit": git(checkout, "rev-parse", "HEAD").strip(),
        "dirty": False,
        "changed": [],
    }
    assert environment.diff == ""


def test_a_dirty_tree_comes_with_its_diff_without_secrets(checkout: Path) -> None:
    (checkout / "a.py").write_text("x = 1\nuri = 'https://me:hunter2@host/x'\n")
    (checkout / "new.py").write_text("")
    environment = collect_environment(["train"], checkout, RESOURCES)
    write_environment(RunFolder(checkout), environment)

    assert environment.values["git"]["dirty"] is True
    assert environment.values["git"]["changed"] == [" M a.py", "?? new.py"]
    assert "+uri = 'https://***@host/x'" in (checkout / "git.diff").read_text()
    assert "hunter2" not in (checkout / "git.diff").read_text()


def test_outside_of_git_nothing_is_said_about_it(tmp_path: Path) -> None:
    assert collect_environment(["train"], tmp_path, RESOURCES).values["git"] is None


def test_the_command_is_kept_without_secrets(tmp_path: Path) -> None:
    values = collect_environment(["train", "+vars.api_key=hunter2", "name=a b"], tmp_path, RESOURCES).values

    assert (
        values["command"] == "train '+vars.api_key=***' 'name=a b'"
        or values["command"] == "train +vars.api_key=*** 'name=a b'"
    )
    assert "hunter2" not in json.dumps(values)


def test_it_holds_machine_versions_and_a_format_version(tmp_path: Path) -> None:
    values = collect_environment(["train"], tmp_path, RESOURCES, ["pytest", "no-such-package"]).values

    assert (values["format_version"], values["device"], values["threads"], values["world_size"]) == (1, "cpu", 2, 1)
    assert values["packages"]["pytest"] == pytest.__version__
    assert {"python", "host", "platform", "project_root", "time"} <= values.keys()
    assert values["project_root"] == str(tmp_path)


def test_without_a_diff_only_one_file_is_written(tmp_path: Path) -> None:
    write_environment(RunFolder(tmp_path), Environment({"format_version": 1}))

    assert os.listdir(tmp_path) == ["environment.json"]


A, B = {"MLFLOW_RUN_ID": "a"}, {"MLFLOW_RUN_ID": "b"}


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        ({"mlflow": A}, {}, A),
        ({"mlflow": A}, {"MLFLOW_EXPERIMENT_NAME": "x"}, A),
        ({"mlflow": A}, B, B),
        ({"mlflow": {}}, B, B),
        ({"mlflow": 3}, {}, {}),
        ([A], B, B),
        ([A], {}, {}),
    ],
)
def test_what_mlflow_run_gave_the_first_command_stays_unless_it_gives_another(
    before: object, now: dict[str, str], kept: dict[str, str], tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    folder.environment.write_text(json.dumps(before))
    write_environment(folder, Environment({"format_version": 1, "mlflow": now}))

    assert json.loads(folder.environment.read_text()) == {"format_version": 1, "mlflow": kept}


def test_a_damaged_environment_is_replaced(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.environment.write_text("{torn")
    write_environment(folder, Environment({"mlflow": {}}))

    assert json.loads(folder.environment.read_text()) == {"mlflow": {}}
