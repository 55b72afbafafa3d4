"""Targets whose source does not tell what they take are imported, and judged as the others are."""

import sys
from pathlib import Path
from typing import Any

import pytest

from accelerator.components import Registry
from accelerator.config.check_imported import check_imported
from accelerator.config.check_targets import Target
from accelerator.config.component_nodes import ComponentNode
from accelerator.config.provenance import Provenance
from accelerator.config.read import Reader
from accelerator.config.trust import Trust

SOURCE = """
import torch


def made(base):
    class Made(base):
        def __init__(self, width: int) -> None:
            super().__init__()

    return Made


Net, Odd = made(torch.nn.Module), made(object)
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what is told of a node of some kind, in a project with a module `only_when_run`."""
    (tmp_path / "only_when_run.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "only_broken.py").write_text("import a_library_that_is_absent\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "only_when_run", raising=False)
    registry, reader = Registry(()), Reader(Provenance({}))
    trust = Trust(("torch",), tmp_path, registry)

    def of(target: str, kind: str = "model", *, is_outermost: bool = True, **arguments: Any) -> list[str]:
        node = ComponentNode(kind, kind, {"_target_": target, **arguments}, is_outermost)
        check_imported([Target(node, target, None, None)], (), registry, trust, reader)
        return [str(problem) for problem in reader.problems]

    return of


def test_what_fits_is_no_problem(told: Any) -> None:
    assert told("only_when_run.Net", width=3) == []


def test_arguments_are_judged_by_the_imported_signature(told: Any) -> None:
    (problem,) = told("only_when_run.Net", width="wide")

    assert problem.startswith("model.width: only_when_run.Net takes int as 'width', not 'wide'.")


def test_what_does_not_fit_its_kind_is_told_unless_it_is_nested(told: Any) -> None:
    assert told("only_when_run.Odd", is_outermost=False, width=3) == []

    (problem,) = told("only_when_run.Odd", width=3)

    assert "model._target_: 'only_when_run.Odd' is a class that is no model: a Module is needed there." in problem


def test_what_does_not_import_is_told_with_the_reason(told: Any) -> None:
    (problem,) = told("only_broken.Net")

    assert "'only_broken.Net' does not import: ModuleNotFoundError: No module named 'a_library_that_is" in problem


def test_a_name_that_leads_to_a_function_of_a_library_is_refused(told: Any) -> None:
    (problem,) = told("torch.hub.load")

    assert "'torch.hub.load' is a function that is no component" in problem
