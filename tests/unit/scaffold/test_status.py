"""`configure status`: ours, changed, outdated, deleted or the user's; and what shadows what."""

from pathlib import Path

import pytest

from accelerator.config.project import Project, shipped_configs
from accelerator.scaffold import current_text
from accelerator.scaffold import status as status_module
from accelerator.scaffold.add import add
from accelerator.scaffold.record import entry_path
from accelerator.scaffold.status import status
from accelerator.scaffold.write_index import write_index
from tests.unit.scaffold.new_project import own_files, templates_with


def _states(project: Project) -> dict[str, str]:
    return {item.path: item.state for item in status(project).files}


def test_what_init_wrote_is_ours(new: Project) -> None:
    assert _states(new) == dict.fromkeys(own_files(new.root), "ours")
    assert {item.path for item in status(new).files if item.version != "0.1.0"} == {"configs/schema.json"}


def test_what_the_user_does_to_a_file_is_seen(new: Project) -> None:
    (new.root / "Makefile").write_text("all:\n")
    (new.root / "README.md").unlink()
    (new.configs / "model" / "wide.yaml").write_text("_target_: small_net\nwidth: 64\n")
    (new.configs / ".model.yaml.swp").write_text("")

    states = _states(new)

    assert {path: state for path, state in states.items() if state != "ours"} == {
        "Makefile": "changed",
        "README.md": "deleted",
        "configs/model/wide.yaml": "yours",
        "configs/schema.json": "outdated",  # it knows nothing of the new model
    }


def test_what_add_wrote_is_the_users_from_the_first(new: Project) -> None:
    add("model", "wide", project=new)

    found = _states(new)

    assert {path: state for path, state in found.items() if state != "ours"} == {
        "pyproject.toml": "changed",
        "configs/model/wide.yaml": "yours",
    }
    assert not [path for path in own_files(new.root) if "wide" in path and found.get(path) == "ours"]


def test_what_this_version_writes_differently_is_outdated(
    new: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {"Makefile": ("run the tests", "test"), "README.md": ("What is where", "Places")}
    later = templates_with(tmp_path / "later", changes)
    monkeypatch.setattr(status_module, "current_text", lambda entry: current_text.current_text(entry, later))
    (new.root / "README.md").write_text("mine")

    found = {item.path: (item.state, item.is_outdated) for item in status(new).files if item.is_outdated}

    assert found == {"Makefile": ("outdated", True), "README.md": ("changed", True)}


def test_a_file_whose_entry_is_damaged_counts_as_the_users(new: Project) -> None:
    entry_path(new.root, "configs/main.yaml").write_text("{")

    found = status(new)

    assert found.damaged == ("configs/main.yaml",)
    assert {item.path: item.state for item in found.files}["configs/main.yaml"] == "yours"


def test_index_files_are_ours_by_their_seal(new: Project) -> None:
    write_index(new)
    loss, model, metric = (new.configs / "index" / f"{kind}.yaml" for kind in ("loss", "model", "metric"))
    loss.write_text(loss.read_text() + "# mine\n")
    metric.write_text("defaults: []\n")
    (new.configs / "model" / "wide.yaml").write_text("_target_: small_net\nwidth: 64\n")

    states = _states(new)

    assert [states[f"configs/index/{path.name}"] for path in (loss, model, metric)] == ["changed", "outdated", "yours"]
    assert states["configs/index/optimizer.yaml"] == "ours"


def test_a_config_that_hides_another_is_told(new: Project) -> None:
    (new.configs / "model" / "mlp.yaml").write_text("_target_: mlp\nhidden: [8]\n")

    shadows = {item["name"]: (item["winner"], item["hidden"]) for item in status(new).to_json()["shadows"]}

    assert shadows["model/mlp"] == (
        {"provider": "project", "path": str(new.configs / "model" / "mlp.yaml")},
        [{"provider": "accelerator", "path": str(shipped_configs() / "model" / "mlp.yaml")}],
    )
    assert set(shadows) == {"main", "model/mlp"}


def test_a_folder_without_anything_of_ours_has_a_status_too(tmp_path: Path) -> None:
    found = status(Project(tmp_path))

    assert (found.files, found.shadows, found.damaged) == ((), (), ())
