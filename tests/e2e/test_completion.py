"""Completion in real shells: the printed script, asked as the shell asks it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from accelerator.cli.completion_scripts import COMPLETE, SCRIPTS
from tests.e2e.command import SCRIPT, accelerator, clean_environment, modules_imported_by

HEAVY = {"torch", "numpy", "mlflow", "hydra", "omegaconf", "fire", "rich"}

# Bash splits a line into words at spaces, and at what stands in COMP_WORDBREAKS.
_BASH = """
eval "$(cat)"
ask() {
    COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
    COMP_WORDS=(${1//=/ = })
    COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
    _accelerator accelerator "${COMP_WORDS[COMP_CWORD]}"
    printf '[%s]' "${COMPREPLY[@]}"
    echo
}
"""
_ZSH = """
compdef() { : }
compadd() { [[ $1 == -S ]] && shift 2; print -rn -- "[${(j:|:)${(P)2}}]" }
_files() { print -rn files }
eval "$(cat)"
words=(accelerator experiment model=r) CURRENT=3 PREFIX=model=r QIPREFIX=
_accelerator
"""


def _asked(shell: str, script: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    path = f"{Path(SCRIPT).parent}:{clean_environment()['PATH']}"
    return subprocess.run(
        [shell, "-c", script],
        input=SCRIPTS[Path(shell).name],
        cwd=cwd,
        env=clean_environment(PATH=path),
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_bash_gets_what_stands_behind_the_last_character_that_breaks_words(inside_project: Path) -> None:
    lines = (
        "accelerator experiment train model=r",
        "accelerator experiment train optimizer.l",
        "accelerator experiment train 'transform@transform.train=[random_sh",
    )

    done = _asked("bash", _BASH + "\n".join(f'ask "{line}"' for line in lines), inside_project)

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "[resnet18 ][resnet8 ]",
        "[optimizer.lr=]",
        "[transform@transform.train=[random_shift]",
    ]


def test_bash_that_breaks_no_words_gets_them_whole(inside_project: Path) -> None:
    script = f'{_BASH} COMP_WORDBREAKS=" "; ask "accelerator experiment train model=m"'

    assert _asked("bash", script, inside_project).stdout == "[model=mlp ]\n"


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh on this machine")
def test_zsh_gets_whole_words(inside_project: Path) -> None:
    done = _asked("zsh", _ZSH, inside_project)

    assert (done.stdout, done.stderr) == ("[model=resnet18|model=resnet8]", "")


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish on this machine")
def test_fish_gets_a_list_that_goes_on(inside_project: Path) -> None:
    script = "source -; complete -C 'accelerator experiment train callback=[progress,early'"

    done = _asked("fish", script, inside_project)

    assert (done.stdout, done.stderr) == ("callback=[progress,early_stopping\n", "")


def test_completing_imports_nothing_heavy(inside_project: Path) -> None:
    words = (COMPLETE, "accelerator experiment train optimizer.l")

    assert modules_imported_by(*words, cwd=inside_project) & HEAVY == set()


def test_a_broken_project_is_met_with_silence(inside_project: Path) -> None:
    (inside_project / "pyproject.toml").write_text("a: [1\n", encoding="utf-8")

    ended = accelerator(COMPLETE, "accelerator experiment train model=", cwd=inside_project)

    assert (ended.code, ended.out, ended.err) == (0, "", "")
