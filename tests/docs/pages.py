"""The pages of the documentation as the tests read them: code blocks, the files they are, commands, links."""

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"^# (\S+\.(?:py|yaml|toml))$")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_PROMPT = "$ "
_LINES_OF_A_NAME = 2  # `# @package _global_` comes before it


@dataclass(frozen=True)
class Block:
    """One fenced code block."""

    language: str
    text: str

    @property
    def file(self) -> str:
        """The file that the block is, as the comment at its head says: `# configs/model/wide.yaml`; else ""."""
        head = self.text.splitlines()[:_LINES_OF_A_NAME]
        return next((found[1] for found in map(_FILE_NAME.match, head) if found), "")


@dataclass(frozen=True)
class Shown:
    """A command of a console block, and what is shown below it; a line `…` stands for lines left out."""

    command: str
    output: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the root of the project."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """The whole page."""
        return self.path.read_text(encoding="utf-8")

    @property
    def blocks(self) -> list[Block]:
        """Its code blocks."""
        return [Block(language, text) for language, text in _FENCE.findall(self.text)]

    @property
    def files(self) -> dict[str, str]:
        """The files that it shows whole, by path."""
        return {block.file: block.text for block in self.blocks if block.file}

    @property
    def shown(self) -> list[Shown]:
        """The commands of its console blocks, with what is shown below them."""
        return [found for block in self.blocks if block.language == "console" for found in _shown(block.text)]

    @property
    def commands(self) -> list[list[str]]:
        """The arguments of every `accelerator` command in its console and bash blocks."""
        lines = [item.command for item in self.shown]
        lines += [line for block in self.blocks if block.language == "bash" for line in block.text.splitlines()]
        words = [shlex.split(line, comments=True) for line in lines]
        return [found for line in words for found in _arguments(line)]

    @property
    def links(self) -> list[str]:
        """What it links to, code left out."""
        return _LINK.findall(_FENCE.sub("", self.text))

    @property
    def anchors(self) -> set[str]:
        """The anchors of its headings, as GitHub makes them."""
        titles = _HEADING.findall(_FENCE.sub("", self.text))
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def all_pages() -> list[Page]:
    """Return every page that a reader of the project opens."""
    return [Page(path) for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))]


def write_files(page: Page, project: Path) -> None:
    """Write the files that a page shows into a project."""
    for name, text in page.files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _shown(text: str) -> list[Shown]:
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith(_PROMPT):
            found.append((line.removeprefix(_PROMPT), []))
        elif found:
            found[-1][1].append(line)
    return [Shown(command, tuple(output)) for command, output in found]


def _arguments(words: list[str]) -> list[list[str]]:
    if words[:1] == ["accelerator"]:
        return [words[1:]]
    if words[:3] == ["python", "-m", "accelerator.cli.experiment"]:
        return [["experiment", *words[3:]]]
    return []
