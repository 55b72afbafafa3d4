"""Every experiment is checked by itself; problems come as objects too."""

from pathlib import Path

import pytest

from accelerator.config.project import Project
from accelerator.errors import StorageError
from accelerator.experiment import check as checking
from accelerator.experiment.check import check


def test_each_experiment_has_its_own_problems(tmp_path: Path) -> None:
    (tmp_path / "configs" / "experiment").mkdir(parents=True)
    (tmp_path / "configs" / "experiment" / "x.yaml").write_text(
        "# @package _global_\ndefaults: [digits_resnet]\nseed: -1\n"
    )

    found = {
        item.name: [problem.key for problem in item.problems]
        for item in check([], project=Project(tmp_path), every=True)
    }

    assert found["experiment/digits_resnet"] == [] and found["experiment/x"] == ["seed"]


def test_a_problem_names_the_override_it_came_from(tmp_path: Path) -> None:
    overrides = ["experiment=digits_resnet", "seed=-1"]
    (found,) = check(overrides, project=Project(tmp_path))

    (problem,) = found.to_json(overrides)
    assert (problem["key"], problem["value"], problem["override"]) == ("seed", "-1", "seed=-1")


def test_a_key_that_an_override_below_it_has_made_names_that_override(tmp_path: Path) -> None:
    overrides = ["experiment=digits_resnet", "+optimizer.foo.bar=1"]
    (found,) = check(overrides, project=Project(tmp_path))

    (problem,) = found.to_json(overrides)
    assert (problem["key"], problem["override"]) == ("optimizer.foo", "+optimizer.foo.bar=1")


def test_an_experiment_in_a_subfolder_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "configs" / "experiment" / "vision" / "old").mkdir(parents=True)
    text = "# @package _global_\ndefaults: [/experiment/digits_resnet]\nseed: -1\n"
    (tmp_path / "configs" / "experiment" / "vision" / "old" / "x.yaml").write_text(text)

    found = {item.name: item.problems for item in check([], project=Project(tmp_path), every=True)}

    assert [problem.key for problem in found["experiment/vision/old/x"]] == ["seed"]


def test_a_dry_run_that_fails_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rehearse(overrides: list[str], project: Project) -> str:
        if "experiment=digits_resnet" in overrides:
            raise StorageError("The disk is full.")
        return "tried"

    monkeypatch.setattr(checking, "rehearse", rehearse)

    found = {item.name: item for item in check([], project=Project(tmp_path), every=True, dry_run=True)}

    assert [item.what for item in found["experiment/digits_resnet"].problems] == ["The disk is full."]
    assert found["experiment/cifar10_resnet18"].note == "tried"
