"""`accelerator add`: from an empty project to a component that trains, without installing anything."""

import sys
from pathlib import Path

import pytest

from accelerator.cli.dispatch import run_command
from accelerator.cli.main import GROUPS
from tests.e2e.command import FORMS, accelerator, modules_imported_by

WROTE = """\
wrote src/a_project/__init__.py
wrote src/a_project/model/__init__.py
wrote src/a_project/model/my_model.py
wrote configs/model/my_model.yaml
wrote tests/model/test_my_model.py
wrote tests/conftest.py
changed pyproject.toml
Try it: accelerator experiment train experiment=digits_resnet model=my_model
"""
GROUP_MODULE = (sys.executable, "-m", "accelerator.cli.add")
TRAIN_MODULE = (sys.executable, "-m", "accelerator.cli.experiment")


def test_what_was_added_trains_at_once(project: Path) -> None:
    added = [
        accelerator("add", "model", "my_model", cwd=project, form=FORMS["script"]),
        accelerator("experiment", "my_experiment", cwd=project, form=GROUP_MODULE),
    ]
    trained = accelerator(
        *("experiment=my_experiment", "model=my_model", "train.steps=2", "tracking=none"),
        cwd=project,
        form=TRAIN_MODULE,
    )

    assert [(ended.code, ended.err) for ended in added] == [(0, ""), (0, "")]
    assert added[0].out == WROTE
    assert (trained.code, Path(trained.last_line).parent.name) == (0, "my_experiment")


def test_adding_from_a_template_imports_nothing_of_training(project: Path) -> None:
    assert modules_imported_by("add", "loss", "my_loss", cwd=project) & {"torch", "numpy", "mlflow"} == set()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "accelerator add needs a KIND and a NAME, such as: accelerator add model my_model."),
        (["loss"], "accelerator add needs a KIND and a NAME, such as: accelerator add loss my_loss."),
        (["modl", "x"], "there is no kind 'modl' to add. Did you mean 'model'?"),
        (["model", "my-model"], "Write accelerator add model my_model."),
        (["model", "resnet8"], "accelerator-framework has a model of that name"),
        (["model", "a", "b"], "accelerator add takes only KIND and NAME; 'b' is one too many."),
        (
            ["--check", "model", "mine"],
            "accelerator add --check looks at all components of the project. Write it alone.",
        ),
        (["--check", "--force"], "accelerator add --check looks at all components of the project. Write it alone."),
        (["loss", "mine", "--from"], "accelerator add: --from needs a value. Write --from VALUE."),
        (["loss", "mine", "--from", "os.system"], "add 'os.system' to `trust` in the project's configs/main.yaml"),
        (["model", "mine", "--froce"], "there is no flag '--froce'. Did you mean '--force'?"),
    ],
)
def test_what_cannot_be_added_exits_2_and_writes_nothing(
    arguments: list[str], message: str, inside_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(inside_project.rglob("*"))

    code = run_command(GROUPS, ["add", *arguments])

    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert message in printed.err
    assert sorted(inside_project.rglob("*")) == before


def test_a_copy_that_was_kept_is_named(inside_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [run_command(GROUPS, ["add", "loss", "mine", *flags]) for flags in ([], [], ["--force"])]

    assert codes == [0, 2, 0]
    assert "\nkept a copy in configs/loss/mine.yaml.bak-2" in capsys.readouterr().out


def test_the_help_page_has_its_flags_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    code = run_command(GROUPS, ["add", "--help"])

    page = capsys.readouterr().out
    assert code == 0
    assert page.startswith("accelerator add [KIND] [NAME] [--from FROM] [--force] [--check]\n")
    assert all(f"\n  --{flag} " in page for flag in ("from", "force", "check"))
    assert "\nExamples:\n  accelerator add model my_model" in page
    assert max(len(line) for line in page.splitlines()) <= 120


def test_a_class_that_exists_is_taken(inside_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [
        run_command(GROUPS, ["add", "loss", "huber", "--from", "torch.nn.HuberLoss"]),
        run_command(GROUPS, ["add", "model", "small", "--from=resnet8"]),
    ]

    assert codes == [0, 0]
    assert capsys.readouterr().out.splitlines() == [
        "wrote configs/loss/huber.yaml",
        "Try it: accelerator experiment train experiment=digits_resnet loss=huber",
        "wrote configs/model/small.yaml",
        "Fill in what is ??? in configs/model/small.yaml.",
        "Then try it: accelerator experiment train experiment=digits_resnet model=small",
    ]


def test_drift_is_printed_and_exits_1(inside_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_command(GROUPS, ["add", "loss", "mine"])
    module = inside_project / "src/a_project/loss/mine.py"
    before = run_command(GROUPS, ["add", "--check"])
    module.write_text(
        module.read_text(encoding="utf-8").replace("gamma: float = 2.0", "power: float"), encoding="utf-8"
    )

    after = run_command(GROUPS, ["add", "--check"])

    printed = capsys.readouterr().out
    assert (before, after) == (0, 1)
    assert "All 1 component nodes of configs/ fit the signatures of their components." in printed
    assert (
        "mine.loss.gamma (configs/loss/mine.yaml:5): a_project.loss.mine.Mine has no argument 'gamma' any m" in printed
    )
    assert "mine.loss.power (configs/loss/mine.yaml:4): a_project.loss.mine.Mine needs the argument 'power' " in printed
