"""The exceptions a user can meet: their exit codes, and how a problem reads."""

import pytest

from accelerator.errors import (
    AcceleratorError,
    ComponentError,
    ConfigError,
    InputError,
    NonFiniteError,
    Problem,
    RunFailedError,
    UsageError,
    did_you_mean,
    in_one_line,
    nearest,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [(AcceleratorError, 1), (RunFailedError, 1), (InputError, 2), (UsageError, 2), (ComponentError, 2)],
)
def test_an_exception_says_what_a_command_ends_with(kind: type[AcceleratorError], code: int) -> None:
    assert kind.exit_code == code


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (
            Problem(
                "optimizer.lr",
                "must be greater than 0",
                "Add optimizer.lr=0.001 to the command",
                "configs/a.yaml:7",
                "-0.1",
            ),
            "optimizer.lr = -0.1 (configs/a.yaml:7): must be greater than 0. Add optimizer.lr=0.001 to the command.",
        ),
        (Problem("model", "there is no 'x'. Known: a, b."), "model: there is no 'x'. Known: a, b."),
        (Problem("", "is not valid YAML", source="a.yaml:1"), "a.yaml:1: is not valid YAML."),
        (Problem("", "nothing is known", "Ask."), "nothing is known. Ask."),
        (Problem("", "loose", value="3"), "loose."),
    ],
)
def test_a_problem_reads_where_what_and_what_to_do(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_config_error_carries_all_problems_a_line_each() -> None:
    problems = [Problem("a", "is wrong"), Problem("b", "is wrong too")]
    error = ConfigError(problems)

    assert error.problems == tuple(problems)
    assert str(error) == "a: is wrong.\nb: is wrong too."


def test_a_config_error_takes_a_single_problem() -> None:
    assert ConfigError(Problem("a", "is wrong")).problems == (Problem("a", "is wrong"),)


def test_a_value_that_is_not_finite_is_named_with_its_step() -> None:
    error = NonFiniteError("train/loss is NaN", name="train/loss", step=7)

    assert (error.name, error.step, str(error)) == ("train/loss", 7, "train/loss is NaN")


def test_the_nearest_name_is_found_or_none() -> None:
    assert nearest("resnet9", ["mlp", "resnet8"]) == "resnet8"
    assert nearest("zzz", ["mlp", "resnet8"]) == ""
    assert nearest("lr", ["best", "optimizer.lr", "optimizer/lr"]) == "optimizer.lr"


def test_the_beginning_of_one_name_is_taken_for_it() -> None:
    assert nearest("mean", ["accuracy", "mean_absolute_error"]) == "mean_absolute_error"
    assert nearest("me", ["accuracy", "mean_absolute_error"]) == ""
    assert nearest("validation", ["validation/top1_accuracy", "validation/cross_entropy"]) == ""


@pytest.mark.parametrize(
    ("name", "choices", "text"),
    [
        ("resnet9", ["resnet8", "mlp", "mlp"], "Did you mean 'resnet8'? Known: mlp, resnet8."),
        ("zzz", ["b", "a"], "Known: a, b."),
        ("a", [], ""),
        (
            "zzz",
            [str(number) for number in range(10, 24)],
            "Known: 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21 and 2 more.",
        ),
    ],
)
def test_what_is_known_is_told(name: str, choices: list[str], text: str) -> None:
    assert did_you_mean(name, choices) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("\n  too large\nby far"), "ValueError: too large"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_an_error_of_others_is_told_in_one_line(error: BaseException, text: str) -> None:
    assert in_one_line(error) == text
