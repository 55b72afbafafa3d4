"""The commands of the documentation are right: cheap ones print what is shown, the others are understood and sound."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from accelerator.cli.dispatch import run_command, verbs_of
from accelerator.cli.experiment import Experiment
from accelerator.cli.grammar import is_override, parse, read_verb
from accelerator.cli.main import GROUPS
from accelerator.config.project import Project
from accelerator.errors import AcceleratorError
from accelerator.experiment.dry_run import dry_run
from accelerator.experiment.sound_config import sound_config
from accelerator.pipeline.check import check
from accelerator.runs.folder import RunFolder
from accelerator.runs.summary import Summary, write_summary
from tests.docs.pages import ROOT, Page, Shown, all_pages, write_files

_LEFT_OUT = "…"
_CHEAP = ("--help", "--version", "show", "list")
_COMPOSED = ("train", "show")
_PAGES = all_pages()
_CHEAP_COMMANDS = [
    pytest.param(page, shown, id=f"{page.name}: {shown.command}")
    for page in _PAGES
    for shown in page.shown
    if shown.command.startswith("accelerator ") and any(word in shown.command.split() for word in _CHEAP)
]
_WITH_COMMANDS = [page for page in _PAGES if page.commands]
_PIPELINES = "configs/pipeline/"
_WITH_PIPELINES = [page for page in _PAGES if any(name.startswith(_PIPELINES) for name in page.files)]
_WITH_FILES = [page for page in _PAGES if page.files and page not in _WITH_PIPELINES]

# The runs that the table of `list` in the documentation shows.
_SIZES = {"20261123-203934-0c9b8e": (3_680_000, 30_000), "20261123-204216-a6f155": (2_450_000, 20_000)}
"""Bytes of the checkpoints, and of what lies beside them."""
_RUNS = {
    "20261123-203934-0c9b8e": Summary(
        "completed", 40, 800, {"test/loss": 0.014982547, "test/accuracy": 0.994428992}, seconds=9.78
    ),
    "20261123-204216-a6f155": Summary(
        "interrupted", 18, 377, {"validation/loss": 0.077495, "validation/accuracy": 0.96648}, seconds=4.42
    ),
}


@pytest.mark.parametrize(("page", "shown"), _CHEAP_COMMANDS)
def test_a_cheap_command_prints_what_the_page_shows(
    page: Page, shown: Shown, example_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(page, example_project)
    _write_runs(example_project)

    command = shown.command.partition(" | ")[0]
    code = run_command(GROUPS, command.split()[1:])

    printed = capsys.readouterr().out.splitlines()
    assert code == 0
    assert re.fullmatch(_pattern(shown.output), _lines(printed)), "\n".join(printed)


@pytest.mark.parametrize("page", _WITH_COMMANDS, ids=lambda page: page.name)
def test_every_command_of_a_page_is_understood_and_its_config_is_sound(page: Page, example_project: Path) -> None:
    write_files(page, example_project)

    project = Project(example_project)
    assert [told for words in page.commands if (told := _refusal(_understand, words, project))] == []


@pytest.mark.parametrize("page", _WITH_COMMANDS, ids=lambda page: page.name)
def test_every_command_of_another_group_is_understood(page: Page) -> None:
    others = [words for words in page.commands if len(words) > 1 and words[0] != "experiment" and "--help" not in words]

    assert [told for words in others if (told := _refusal(_understand_other, words))] == []


@pytest.mark.parametrize("page", _WITH_FILES, ids=lambda page: page.name)
def test_the_files_of_a_page_make_a_project_whose_experiments_train(page: Page, example_project: Path) -> None:
    write_files(page, example_project)
    commands = [rest for verb, rest in map(_verb_of, page.commands) if verb == "train" and "--dry_run" not in rest]
    own = {Path(name).stem for name in page.files}
    lines = [overrides for overrides in commands if any(item.partition("=")[2] in own for item in overrides)]

    said = [dry_run(overrides, project=Project(example_project)) for overrides in lines]

    assert lines and all(text.startswith("Dry run: composed, checked and built; one step on") for text in said)


@pytest.mark.parametrize("page", _WITH_PIPELINES, ids=lambda page: page.name)
def test_the_pipelines_of_a_page_are_sound(page: Page, example_project: Path) -> None:
    write_files(page, example_project)
    own = {f"pipeline/{Path(name).stem}" for name in page.files if name.startswith(_PIPELINES)}

    found = [item for item in check(project=Project(example_project), every=True) if item.name in own]

    assert {item.name for item in found} == own and not [str(item.problems) for item in found if item.problems]


def test_every_target_of_make_that_the_pages_name_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    named = {target for page in _PAGES for target in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", page.text, re.M)}

    assert {first or second for first, second in named} <= targets


def _understand(words: Sequence[str], project: Project) -> None:
    """Parse a command of `experiment`, and compose its config where it makes one."""
    verb, rest = _verb_of(words)
    if verb is None:
        return
    call = parse(read_verb(verbs_of(Experiment)[verb], "accelerator experiment"), rest)
    if verb in _COMPOSED:
        sound_config(call.overrides, project)


def _understand_other(words: Sequence[str]) -> None:
    """Parse a command of another group."""
    group, *rest = words
    verbs = verbs_of(GROUPS[group])
    verb, tokens = (group, rest) if group in verbs else (rest[0], rest[1:])
    parse(read_verb(verbs[verb], f"accelerator {group}"), tokens)


def _refusal(understand: Callable[..., None], words: Sequence[str], *arguments: Any) -> str:
    """Return why a command is refused; "" where it is not."""
    try:
        understand(words, *arguments)
    except (AcceleratorError, KeyError) as error:
        return f"{' '.join(words)}: {error}"
    return ""


def _verb_of(arguments: list[str]) -> tuple[str | None, list[str]]:
    if arguments[:1] != ["experiment"] or "--help" in arguments or len(arguments) == 1:
        return None, []
    if is_override(arguments[1]):
        return "train", arguments[1:]
    return arguments[1], arguments[2:]


def _pattern(lines: tuple[str, ...]) -> str:
    """Return what fits the lines; whatever stands in place of a line `…`."""
    return "".join(r"(.*\n)*?" if line.strip() == _LEFT_OUT else re.escape(f"{line}\n") for line in lines)


def _lines(printed: list[str]) -> str:
    return "".join(f"{line}\n" for line in printed)


def _write_runs(project: Path) -> None:
    for name, summary in _RUNS.items():
        folder = RunFolder(project / "outputs" / "digits" / name)
        folder.path.mkdir(parents=True)
        write_summary(folder, summary)
        folder.checkpoints.mkdir()
        for path, size in zip((folder.checkpoints / "state.pt", folder.log), _SIZES[name], strict=True):
            path.touch()
            os.truncate(path, size)
