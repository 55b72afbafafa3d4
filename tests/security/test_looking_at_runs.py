"""Commands that only look at a run: they print what its maker wrote, as text, and no secret of the one who looks."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accelerator.cli.dispatch import run_command
from accelerator.cli.main import GROUPS
from accelerator.config.project import Project
from accelerator.runs.folder import RunFolder

Edit = Callable[[str, Any], None]
ESCAPE = "\x1b]0;pwned\x07\x1b[2J\x9b\u202e"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
SECRET = "hunter2"  # noqa: S105


@pytest.fixture
def evil(stranger: RunFolder, edit: Edit, canary: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """Return a run whose every file was edited to reach the terminal, the environment or the shell."""
    monkeypatch.setenv("AWS_KEY", SECRET)
    edit("model", {"_target_": "os.system", "command": f"touch {canary}"})
    edit("tags", {"note": f"a{ESCAPE}\nb", f"key{ESCAPE}": 1})
    edit(
        "vars", {"key": "${oc.env:AWS_KEY}", "name": "key", "file": "${read_file:/etc/passwd}", "made": "${.${.name}}"}
    )
    sources = {"tags.note": [f"configs/x{ESCAPE}\n  set by  nobody"], "optimizer.lr": [ESCAPE]}
    stranger.provenance.write_text(json.dumps(sources))
    stranger.environment.write_text(json.dumps({"git": 3, "packages": ["x"], "host": ESCAPE, "python": [ESCAPE]}))
    stranger.overrides.write_text(f"- 'a={SECRET}'\n")
    summary = json.loads(stranger.summary.read_text())
    stranger.summary.write_text(json.dumps({**summary, "metrics": {f"test/{ESCAPE}\nx": 1.0}, "error": ESCAPE}))
    return stranger


@pytest.fixture
def look(home: Project, canary: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run a command as the one who looks; return its code and all that it printed, which was only text."""

    def command(*arguments: str) -> tuple[int, str]:
        code = run_command(GROUPS, ["experiment", *arguments, "--project", str(home.root)])
        out, err = capsys.readouterr()
        assert CONTROL.findall(out + err) == []
        assert SECRET not in out + err and "root:" not in out + err and "Traceback" not in err
        assert not canary.exists()
        return code, out + err

    return command


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("model", ["os.system", "touch"]),
        ("tags.note", ["tags.note = a\\x1b]0;pwned\\x07", "\\nb", "configs/x\\x1b]", "\\n  set by  nobody"]),
        ("vars.key", ["${oc.env:AWS_KEY}", "read from the environment when the run starts, and never shown"]),
        ("vars.file", ["${read_file:/etc/passwd}", "computed when the run starts"]),
        ("vars.made", ["${.${.name}}", "computed when the run starts"]),
        (f"tags{ESCAPE}", ["there is no such key"]),
    ],
    ids=["target", "text", "variable", "resolver", "computed name", "no key"],
)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_explain_shows_and_does_nothing(
    key: str, parts: list[str], form: tuple[str, ...], evil: RunFolder, look: Callable[..., tuple[int, str]]
) -> None:
    code, text = look("explain", key, str(evil.path), *form)

    assert code == (2 if "no such key" in parts[0] else 0)
    assert form or [part for part in parts if part not in text] == []


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_compare_and_list_show_and_do_nothing(
    form: tuple[str, ...], evil: RunFolder, look: Callable[..., tuple[int, str]]
) -> None:
    compared = look("compare", str(evil.path), str(evil.path), *form)
    listed = look("list", *form)

    assert (compared[0], listed[0]) == (0, 0)
    assert evil.run_id in compared[1] and evil.run_id in listed[1]
    assert form or "test/\\x1b]0;pwned\\x07\\x1b[2J\\x9b\\u202e\\nx" in compared[1]


@pytest.mark.parametrize(
    "text",
    ["[]", "3", '{"seed": 3}', '{"seed": [3]}', '{"seed": ["a"], "__values__": {"seed": ["1", "2"]}}', "[" * 100_000],
)
def test_a_provenance_that_is_none_is_passed_over(
    text: str, stranger: RunFolder, look: Callable[..., tuple[int, str]]
) -> None:
    stranger.provenance.write_text(text)

    code, said = look("explain", "seed", str(stranger.path))

    assert code == 0 and "config.yaml:" in said


@pytest.mark.parametrize("command", ["evaluate", "resume", "predict", "train"])
def test_what_would_build_it_says_why_not(
    command: str, evil: RunFolder, home: Project, look: Callable[..., tuple[int, str]]
) -> None:
    flags = {"predict": ["--output", str(home.root / "p.parquet")]}
    named = ["--config", str(evil.path)] if command == "train" else [str(evil.path), *flags.get(command, [])]

    code, text = look(command, *named)

    assert code == 2
    assert "vars.key" in text and "which no config of this project names" in text


@pytest.mark.parametrize("trusting", [[], ["os", "os.system"]])
def test_a_config_that_is_trained_anew_cannot_trust_itself(
    trusting: list[str], stranger: RunFolder, edit: Edit, look: Callable[..., tuple[int, str]], canary: Path
) -> None:
    edit("trust", trusting)
    edit("model", {"_target_": "os.system", "command": f"touch {canary}"})

    code, text = look("train", "--config", str(stranger.path))

    assert code == 2 and "'os.system' is not trusted" in text


def test_show_takes_no_run(evil: RunFolder, look: Callable[..., tuple[int, str]]) -> None:
    """It composes the project's own configs: the folder of a run is no override."""
    code, text = look("show", str(evil.path))

    assert code == 2 and "os.system" not in text
