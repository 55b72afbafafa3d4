"""How an override, a key or a name may go on, in a small project of its own beside our configs."""

import pytest

from accelerator.config.project import Project
from accelerator.config.suggestions import Suggestions

EXPERIMENT = """# @package _global_
defaults:
  - override /model: wide
  - override /optimizer: sgd
  - override /transform@transform.train: [random_shift]
vars: {width: 64}
"""


@pytest.fixture
def suggestions(project: Project) -> Suggestions:
    files = {
        "experiment/wide_digits": EXPERIMENT,
        "model/wide": "_target_: mlp\nhidden: {sizes: [64], dropout: 0.1}\n",
        "main": "defaults: [base, _self_, experiment: null]\n",
    }
    for name, text in files.items():
        path = project.configs / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Suggestions(project)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("experiment=w", ["experiment=wide_digits"]),
        ("model=w", ["model=wide"]),
        ("+model=w", ["+model=wide"]),
        ("optimizer=ad", ["optimizer=adam", "optimizer=adamw"]),
        ("callback=[progress,e", ["callback=[progress,early_stopping"]),
        ("metric=[acc", ["metric=[accuracy"]),
        ("transform@transform.train=[random_sh", ["transform@transform.train=[random_shift"]),
        ("exp", ["experiment="]),
        ("opt", ["optimizer=", "optimizer."]),
        ("transform@", ["transform@transform.train=", "transform@transform.evaluation="]),
        ("loa", ["loader."]),
        ("see", ["seed="]),
        ("optimizer.l", ["optimizer.lr="]),
        ("~optimizer.l", ["~optimizer.lr"]),
        ("loss.", ["loss.cross_entropy."]),
        ("loss.cross_entropy.w", ["loss.cross_entropy.weight="]),
        ("optimizer._", ["optimizer._target_="]),
        ("train.ep", ["train.epochs="]),
        ("checkpoint.mode=", ["checkpoint.mode=min", "checkpoint.mode=max"]),
        ("loader.shuffle=", ["loader.shuffle=true", "loader.shuffle=false"]),
        ("seed=", []),
        ("nothing.of.the.kind.", []),
        ("train.epochs.", []),
    ],
)
def test_an_override_goes_on_as_the_files_have_it(typed: str, expected: list[str], suggestions: Suggestions) -> None:
    assert suggestions.overrides(typed) == expected


@pytest.mark.parametrize(
    ("typed", "others", "expected"),
    [
        ("optimizer.m", ["optimizer=sgd"], ["optimizer.momentum="]),
        ("optimizer.m", ["experiment=wide_digits"], ["optimizer.momentum="]),
        ("optimizer.m", ["optimizer=adamw", "experiment=wide_digits"], []),
        ("model.hidden.", ["experiment=wide_digits"], ["model.hidden.sizes=", "model.hidden.dropout="]),
        ("transform.train.", ["experiment=wide_digits"], ["transform.train.random_shift."]),
        ("transform.train.", ["transform@transform.train=[random_flip]"], ["transform.train.random_flip."]),
        ("vars.", ["experiment=wide_digits"], ["vars.width="]),
        ("callback.", ["callback=[progress,early_stopping]"], ["callback.progress.", "callback.early_stopping."]),
    ],
)
def test_keys_are_those_of_what_the_command_chooses(
    typed: str, others: list[str], expected: list[str], suggestions: Suggestions
) -> None:
    assert suggestions.overrides(typed, others) == expected


def test_keys_to_explain_have_no_sign_of_equality_and_name_parts_as_well(suggestions: Suggestions) -> None:
    assert suggestions.keys("optimizer") == ["optimizer."]
    assert suggestions.keys("optimizer.l") == ["optimizer.lr"]


def test_a_name_that_several_kinds_have_is_proposed_with_its_kind(suggestions: Suggestions) -> None:
    names = suggestions.names()

    assert {"resnet8", "adamw", "wide", "digits_resnet", "callback:overfit", "debug:overfit"} <= set(names)
    assert "overfit" not in names


def test_a_file_that_is_broken_hides_none_of_the_others(project: Project, suggestions: Suggestions) -> None:
    (project.configs / "model" / "torn.yaml").write_text("a: [1\n", encoding="utf-8")
    (project.configs / "experiment" / "torn.yaml").write_text("- a\n- {\n", encoding="utf-8")

    assert suggestions.overrides("model=t") == ["model=torn"]
    assert suggestions.overrides("model.", ["model=torn", "experiment=torn"]) == []
    assert suggestions.overrides("optimizer.l", ["model=torn", "experiment=torn"]) == ["optimizer.lr="]


@pytest.mark.parametrize("paths", ["[a]", "text", "{output: 3}", '{output: "${vars.a}"}'])
def test_paths_of_any_form_give_an_output_folder(paths: str, project: Project, suggestions: Suggestions) -> None:
    (project.configs / "main.yaml").write_text(f"defaults: [base, _self_]\npaths: {paths}", encoding="utf-8")

    assert suggestions.output.is_relative_to(project.root)


def test_the_output_folder_is_that_of_the_projects_files(project: Project, suggestions: Suggestions) -> None:
    assert suggestions.output == project.root / "outputs"

    (project.configs / "main.yaml").write_text("defaults: [base, _self_]\npaths: {output: runs}\n")

    assert suggestions.output == project.root / "runs"
