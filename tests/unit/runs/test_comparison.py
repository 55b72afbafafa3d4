"""What differs between runs is told with its cause."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from accelerator.runs.comparison import CHOICES, CODE, CONFIG_FILES, ENVIRONMENT, OVERRIDES, RESULT, SEED, compare_runs
from accelerator.runs.files import write_json
from accelerator.runs.folder import RunFolder
from accelerator.runs.journal import JournalWriter
from accelerator.runs.run import Run
from accelerator.runs.summary import Summary, write_summary

CONFIG = {"seed": 0, "model": {"_target_": "mlp"}, "optimizer": {"lr": 0.1}, "train": {"epochs": 2}}
SOURCES = {
    "seed": ["accelerator/configs/base.yaml:25"],
    "model": ["accelerator/configs/base.yaml:4"],
    "model._target_": ["accelerator/configs/model/mlp.yaml:2"],
    "optimizer.lr": ["configs/experiment/x.yaml:3"],
    "train.epochs": ["accelerator/configs/base.yaml:33"],
}
ENVIRONMENT_JSON = {
    "git": {"commit": "a" * 40, "dirty": False},
    "python": "3.11.9",
    "host": "one",
    "device": "cpu",
    "packages": {"torch": "2.14.1"},
}


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """Write a run folder: `make("a", config={…}, sources={…}, environment={…}, summary=Summary(…))`."""

    def make_run(name: str, *, config: Any = None, sources: Any = None, environment: Any = None, **summary: Any) -> Run:
        folder = RunFolder(tmp_path / name)
        folder.path.mkdir(parents=True)
        folder.config.write_text(yaml.safe_dump(CONFIG | (config or {})), encoding="utf-8")
        write_json(folder.provenance, SOURCES | (sources or {}))
        write_json(folder.environment, ENVIRONMENT_JSON | (environment or {}))
        write_summary(folder, Summary(**{"status": "completed", **summary}))
        return Run(folder.path)

    return make_run


def _rows(runs: list[Run]) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {(item.cause, item.key): item.values for item in compare_runs(runs).differences if item.cause != RESULT}


def test_runs_that_are_alike_differ_in_nothing(make: Any) -> None:
    found = compare_runs([make("a"), make("b")])

    assert [item for item in found.differences if item.cause != RESULT] == []
    assert (found.runs, found.num_same, found.notes) == (("a", "b"), 4, ())


@pytest.mark.parametrize(
    ("changed", "row"),
    [
        (
            {"config": {"optimizer": {"lr": 0.2}}, "sources": {"optimizer.lr": ["a.yaml:3", "optimizer.lr=0.2"]}},
            {(OVERRIDES, "optimizer.lr"): (0.1, 0.2)},
        ),
        (
            {"config": {"model": {"_target_": "resnet8"}}, "sources": {"model._target_": ["x/model/resnet8.yaml:2"]}},
            {(CHOICES, "model._target_"): ("mlp", "resnet8")},
        ),
        (
            {"config": {"optimizer": {"lr": 0.2}}, "sources": {"optimizer.lr": ["configs/experiment/x.yaml:7"]}},
            {(CONFIG_FILES, "optimizer.lr"): (0.1, 0.2)},
        ),
        ({"config": {"seed": 3}, "sources": {"seed": ["seed=3"]}}, {(SEED, "seed"): (0, 3)}),
        (
            {"environment": {"git": {"commit": "b" * 40, "dirty": True}}},
            {(CODE, "git commit"): ("a" * 10, "b" * 10), (CODE, "uncommitted changes"): (False, True)},
        ),
        (
            {"environment": {"host": "two", "packages": {"torch": "2.15.0", "numpy": "2.0"}}},
            {
                (ENVIRONMENT, "host"): ("one", "two"),
                (ENVIRONMENT, "torch"): ("2.14.1", "2.15.0"),
                (ENVIRONMENT, "numpy"): (None, "2.0"),
            },
        ),
    ],
)
def test_a_difference_has_its_cause(changed: Any, row: Any, make: Any) -> None:
    assert _rows([make("a"), make("b", **changed)]) == row


def test_a_key_that_one_run_lacks_differs_also_from_null(make: Any) -> None:
    more = {"config": {"tags": {"note": None}}, "sources": {"tags.note": ["+tags.note=null"]}}

    assert _rows([make("a"), make("b", **more)]) == {(OVERRIDES, "tags.note"): (None, "null")}


def test_a_mapping_that_one_run_has_no_more_is_told_by_its_own_keys(make: Any) -> None:
    gone = {"config": {"model": None}, "sources": {"model": ["accelerator/configs/base.yaml:4", "model=null"]}}

    assert _rows([make("a"), make("b", **gone)]) == {(OVERRIDES, "model._target_"): ("mlp", None)}


def test_changes_that_were_not_committed_are_told_apart(make: Any) -> None:
    dirty = {"environment": {"git": {"commit": "a" * 40, "dirty": True}}}
    runs = [make("a", **dirty), make("b", **dirty)]
    runs[0].folder.git_diff.write_text("+one\n", encoding="utf-8")
    runs[1].folder.git_diff.write_text("+two\n", encoding="utf-8")

    assert [key for _, key in _rows(runs)] == ["their hash"]


def test_results_stand_beside_the_differences_of_any_number_of_runs(make: Any) -> None:
    best = {"metric": "validation/loss", "value": 0.25, "step": 10, "checkpoint": None}
    found = compare_runs(
        [
            make("a", metrics={"test/accuracy": 0.9}, seconds=2.0, step=20, best=best),
            make("b", status="failed", error="disk"),
            make("c", metrics={"test/loss": 0.1}, parent="a"),
        ]
    )

    results = {item.key: item.values for item in found.differences}
    assert results == {
        "status": ("completed", "failed", "completed"),
        "epoch": (0, 0, 0),
        "step": (20, 0, 0),
        "seconds": (2.0, 0.0, 0.0),
        "parent": (None, None, "a"),
        "error": (None, "disk", None),
        "test/accuracy": (0.9, None, None),
        "test/loss": (None, None, 0.1),
        "best validation/loss": (0.25, None, None),
    }


def test_a_run_that_lacks_files_is_compared_by_what_it_has(make: Any) -> None:
    whole, part = make("a"), make("b", status="running")
    for path in (part.folder.config, part.folder.environment, part.folder.provenance):
        path.unlink()

    found = compare_runs([whole, part])

    assert _rows([whole, part]) == {
        (CODE, "git commit"): ("a" * 10, None),
        (CODE, "uncommitted changes"): (False, None),
        (ENVIRONMENT, "python"): ("3.11.9", None),
        (ENVIRONMENT, "host"): ("one", None),
        (ENVIRONMENT, "device"): ("cpu", None),
        (ENVIRONMENT, "torch"): ("2.14.1", None),
    }
    assert [item.values for item in found.differences if item.key == "status"] == [("completed", "died")]
    assert len(found.notes) == 3
    assert all("is not there: what it would tell is not compared" in note for note in found.notes)


def test_a_damaged_file_is_named_and_the_rest_compared(make: Any) -> None:
    whole, damaged = make("a"), make("b")
    damaged.folder.summary.write_text("{", encoding="utf-8")

    found = compare_runs([whole, damaged])

    assert [item.values for item in found.differences if item.key == "status"] == [("completed", "unreadable")]
    assert str(damaged.folder.summary) in found.notes[0]


def test_runs_of_one_name_are_told_by_their_paths(make: Any, tmp_path: Path) -> None:
    found = compare_runs([make("x/a"), make("y/a"), make("b")])

    assert found.runs == (str(tmp_path / "x" / "a"), str(tmp_path / "y" / "a"), "b")


def test_what_each_group_was_given_is_told_by_its_name(make: Any) -> None:
    chosen = {"a": {"model": "mlp", "optimizer": "adamw"}, "b": {"model": "mlp", "optimizer": "adamw", "debug": "fast"}}
    runs = [make(name) for name in chosen]
    for run, choices in zip(runs, chosen.values(), strict=True):
        writer = JournalWriter(run.folder.journal)
        writer.append([{"kind": "tag", "name": f"choice.{key}", "value": value} for key, value in choices.items()])
        writer.close()

    assert _rows([*runs, make("without a journal")]) == {(CHOICES, "debug"): (None, "fast", None)}
