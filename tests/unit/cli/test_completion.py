"""`accelerator completion SHELL`."""

from pathlib import Path

import pytest

from accelerator.cli.completion_scripts import COMPLETE, SHELLS
from accelerator.cli.dispatch import run_command
from accelerator.cli.main import GROUPS


@pytest.mark.parametrize("shell", SHELLS)
def test_each_script_asks_the_hidden_command(
    shell: str, inside_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(GROUPS, ["completion", shell]) == 0
    assert f" {COMPLETE} " in capsys.readouterr().out


def test_another_shell_is_refused_with_those_that_there_are(
    inside_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(GROUPS, ["completion", "bahs"]) == 2
    assert capsys.readouterr().err == (
        "accelerator completion: there is no script for 'bahs'. Did you mean 'bash'? Known: bash, fish, zsh.\n"
    )
