"""Help, version and wrong usage of the command line, in real processes."""

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from accelerator.cli.dispatch import PROGRAM, verbs_of
from accelerator.cli.experiment import Experiment
from accelerator.cli.grammar import read_verb
from tests.e2e.command import FORMS, SCRIPT, accelerator, modules_imported_by

VERBS = verbs_of(Experiment)
HEAVY = {"torch", "numpy", "mlflow", "hydra", "omegaconf", "fire", "rich"}


@pytest.mark.parametrize("arguments", [[], ["--help"], ["experiment"], ["experiment", "list", "-h"], ["--version"]])
def test_script_and_module_are_the_same(arguments: list[str], tmp_path: Path) -> None:
    by_script = accelerator(*arguments, cwd=tmp_path, form=FORMS["script"])
    by_module = accelerator(*arguments, cwd=tmp_path, form=FORMS["module"])

    assert by_script == by_module
    assert by_script.code == 0
    assert by_script.err == ""


@pytest.mark.parametrize("arguments", [[], ["list", "--help"], ["lisst"]])
def test_the_module_of_a_group_is_the_same(arguments: list[str], tmp_path: Path) -> None:
    by_group = accelerator(*arguments, cwd=tmp_path, form=(sys.executable, "-m", "accelerator.cli.experiment"))
    by_script = accelerator("experiment", *arguments, cwd=tmp_path, form=(SCRIPT,))

    assert by_group == by_script


@pytest.mark.parametrize("module", ["accelerator", "accelerator.cli.configure"])
def test_the_version_is_that_of_the_distribution(module: str, tmp_path: Path) -> None:
    ended = accelerator("--version", cwd=tmp_path, form=(sys.executable, "-m", module))

    assert (ended.code, ended.out, ended.err) == (0, f"accelerator {version('accelerator-framework')}\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["experiment", "--help"], ["experiment", "list", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    assert modules_imported_by(*arguments, cwd=tmp_path) & HEAVY == set()


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_a_page_with_its_flags_and_an_example(verb: str, tmp_path: Path) -> None:
    page = accelerator("experiment", verb, "--help", cwd=tmp_path)

    assert page.code == 0
    assert page.out.startswith(f"accelerator experiment {verb}")
    assert f"\nExamples:\n  accelerator experiment {verb}" in page.out
    for flag in read_verb(VERBS[verb], f"{PROGRAM} experiment").flags:
        assert f"\n  --{flag} " in page.out
    assert max(len(line) for line in page.out.splitlines()) <= 120


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["experiment", "lisst"], "accelerator experiment has no verb 'lisst'. Did you mean 'list'?"),
        (["experiment", "list", "--jason"], "there is no flag '--jason'. Did you mean '--json'?"),
        (["experiment", "list", "a=1"], "accelerator experiment list takes no overrides, 'a=1' came."),
        (["experiment", "-m", "a=1"], "accelerator experiment train: there is no flag '-m'."),
        (["expermient"], "accelerator: there is no group 'expermient'. Did you mean 'experiment'?"),
        (["list"], "accelerator: there is no group 'list'. Did you mean 'accelerator experiment list'?"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_right(arguments: list[str], message: str, tmp_path: Path) -> None:
    ended = accelerator(*arguments, cwd=tmp_path)

    assert ended.code == 2
    assert ended.out == ""
    assert message in ended.err
    assert "Traceback" not in ended.err
