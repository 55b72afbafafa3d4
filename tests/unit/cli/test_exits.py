"""What went wrong, as a message and an exit code."""

import signal

import pytest

from accelerator.cli.exits import exit_code_of
from accelerator.errors import ConfigError, Problem, RunFailedError, UsageError


def _raise(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UsageError("no such verb."), 2, "no such verb."),
        (
            ConfigError([Problem("a", "is wrong", source="x.yaml:1"), Problem("b", "is too")]),
            2,
            "a (x.yaml:1): is wrong.\nb: is too.",
        ),
        (RunFailedError("the loss is NaN."), 1, "the loss is NaN."),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
def test_what_we_raise_on_purpose_is_told_without_a_traceback(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(lambda: _raise(error)) == code
    assert capsys.readouterr() == ("", f"{message}\n")


def test_a_surprise_is_told_in_one_line_that_says_how_to_see_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACCELERATOR_TRACEBACK", raising=False)

    assert exit_code_of(lambda: _raise(ValueError("two\nlines"))) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"ValueError: two lines ({__file__}:")
    assert message.endswith("). Set ACCELERATOR_TRACEBACK=1 to see the traceback.\n")
    assert message.count("\n") == 1


def test_a_file_that_may_not_be_used_is_told_by_its_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACCELERATOR_TRACEBACK", raising=False)

    assert exit_code_of(lambda: _raise(PermissionError(13, "Permission denied", "/a/file"))) == 1
    assert capsys.readouterr().err == (
        "/a/file: could not be used: Permission denied. You may not read it. Change its permissions. "
        "Set ACCELERATOR_TRACEBACK=1 to see the traceback.\n"
    )


def test_a_surprise_shows_its_traceback_when_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATOR_TRACEBACK", "1")

    assert exit_code_of(lambda: _raise(ValueError("no"))) == 1
    message = capsys.readouterr().err
    assert message.startswith("Traceback (most recent call last):\n")
    assert message.endswith("ValueError: no\n")


def test_what_is_behind_an_error_of_ours_is_shown_when_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATOR_TRACEBACK", "1")
    error = RunFailedError("the plugin is broken.")
    error.__cause__ = ImportError("no module named absent")

    assert exit_code_of(lambda: _raise(error)) == 1
    message = capsys.readouterr().err
    assert "ImportError: no module named absent\n\nThe above exception was the direct cause" in message
    assert message.endswith("RunFailedError: the plugin is broken.\n")


def test_what_goes_well_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(lambda: 0) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [(signal.SIGINT, 130, "Interrupted.\n"), (signal.SIGTERM, 143, "Stopped by SIGTERM.\n")],
)
@pytest.mark.parametrize("becomes", [KeyboardInterrupt, AttributeError])
def test_a_signal_that_a_library_turns_into_another_error_still_counts(
    number: int, code: int, message: str, becomes: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    def import_something() -> int:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            raise becomes("half imported") from None
        return 0

    assert exit_code_of(import_something) == code
    assert capsys.readouterr() == ("", message)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
