"""Pipelines whose steps are there, and ask for what is given: each message, and its mend."""

from pathlib import Path

import pytest

from accelerator.components import Registry
from accelerator.config.check_pipeline import check_pipeline
from accelerator.config.groups import configs_of
from accelerator.config.project import Project, search_path
from accelerator.errors import Problem

PYPROJECT = """
[project]
name = "mine"
[project.entry-points."accelerator.pipeline_step"]
count = "mine:Count"
silent = "mine:Silent"
"""
SOURCE = """
from accelerator.config.declared import gives


@gives("count", "mean")
class Count:
    def __init__(self, scale: float = 1.0, token: str = "") -> None: ...


class Silent: ...
"""
SOUND = """
name: two_stage
steps:
  pretrain: {experiment: digits_resnet, overrides: [train.epochs=5]}
  finetune:
    experiment: digits_resnet
    inputs: {weights: "${step_output:pretrain.checkpoint.best}"}
  figures:
    step: count
    inputs: {values: ["${step_output:finetune.metrics.test/loss}", 1.0]}
  again:
    step: {_target_: count, scale: 2.0}
    inputs: {value: "${step_output:figures.mean}", text: "data.csv", other: "${step_output:last.whatever}"}
  last: {retries: 2, step: silent}
  shrink: {step: {_target_: command, command: [shrink, "{output:small.a}"], outputs: {small.a: small.onnx}}}
  look:
    step: {_target_: command, command: [cat, "{input:file}", "{input:log.of}", "{folder}/{other}"]}
    inputs: {file: "${step_output:shrink.small.a}", log: "${step_output:shrink.log}"}
"""


def problems(tmp_path: Path, text: str) -> list[Problem]:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "mine.py").write_text(SOURCE)
    (tmp_path / "configs" / "pipeline").mkdir(parents=True, exist_ok=True)
    (tmp_path / "configs" / "pipeline" / "p.yaml").write_text(text)
    project, registry = Project(tmp_path), Registry.discover(tmp_path)
    sources = search_path(project, registry)
    (config,) = (item for item in configs_of("pipeline", sources) if item.name == "p")
    return check_pipeline(config, registry, project, sources)


def test_a_sound_pipeline_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, SOUND) == []


BROKEN = [
    ("pretrain.checkpoint", "pretrian.checkpoint", "finetune.inputs.weights", "no step 'pretrian'", "'pretrain'"),
    ("checkpoint.best", "checkpoint.bets", "finetune.inputs.weights", "gives no 'checkpoint.bets'", "checkpoint.best"),
    ("shrink.small.a", "shrink.smal", "look.inputs.file", "'shrink' gives no 'smal'", "${step_output:shrink.small.a}"),
    ("{input:file}", "{input:fiel}", "look.step.command", "there is no input 'fiel'", "Write {input:file}"),
    ("{output:small.a}", "{output:smal.a}", "shrink.step.command", "no output 'smal.a'", "Write {output:small.a}"),
    ("{input:file}", "{output:xyz}", "look.step.command", "there is no output 'xyz'.", "Name it in outputs"),
    (
        "  last:",
        "  score: {step: evaluate, inputs: {rnu: x}}\n  last:",
        "score.inputs",
        "needs one of the inputs run, checkpoint; these are there: rnu",
        "Write run: ${step_output:STEP.run}",
    ),
    (
        "  last:",
        "  small: {step: export, inputs: {run: x, checkpoint: y}}\n  last:",
        "small.inputs",
        "both run and checkpoint are there",
        "Write run: ${step_output:STEP.run}",
    ),
    ("figures.mean", "figures.meen", "again.inputs.value", "'figures' gives no 'meen'", "Did you mean 'mean'?"),
    ("step: count", "step: cuont", "figures.step._target_", "There is no pipeline_step 'cuont'", "'count'"),
    ("scale: 2.0", "sclae: 2.0", "again.step.sclae", "has no argument 'sclae'", "'scale'"),
    ("scale: 2.0", "scale: two", "again.step.scale", "two", "float"),
    (
        "{experiment: digits_resnet, ",
        "{experiment: digits_resnt, ",
        "pretrain.experiment",
        "digits_resnt",
        "digits_resnet",
    ),
    ("retries: 2", "retry: 2", "last.retry", "no such key of a step", "'retries'"),
    (", step: silent", "", "last", "needs an experiment or a step, neither", "Keep one"),
    (
        "{experiment: digits_resnet, ",
        "{experiment: digits_resnet, step: silent, ",
        "pretrain",
        "both stand there",
        "Keep one",
    ),
    ("{retries: 2, step: silent}", "silent", "last", "must be a mapping", "last: {experiment: NAME}"),
    (
        "  last:",
        "  onnx: {step: {_target_: export, format: onx}, inputs: {run: x}}\n  last:",
        "onnx.step.format",
        "'onnx' as 'format', not 'onx'",
        "onnx:format=safetensors",
    ),
    (
        "  last:",
        "  onnx: {step: {_target_: predict, checkpoint: bst}, inputs: {run: x}}\n  last:",
        "onnx.step.checkpoint",
        "not 'bst'",
        "or null as 'checkpoint'",
    ),
    (
        "[train.epochs=5]",
        "['train.epochs=${step_output:figures.count}']",
        "pretrain.overrides[0]",
        "only an input can be what another step gives",
        "Write inputs: {NAME: ${step_output:figures.count}}",
    ),
    (
        '"{input:file}"',
        '"${step_output:shrink.log}"',
        "look.step.command[1]",
        "only an input can be what another step gives",
        "a command's word has it as {input:NAME}",
    ),
    ("step: silent", "step: [1]", "last.step", "must be the name of a pipeline_step", "_target_"),
    (
        "name: two_stage",
        "name: two_stage\nparalel: 2",
        "paralel",
        "no such key of a pipeline. Did you mean 'par",
        "Correct",
    ),
    ("name: two_stage", "name: two stage", "name", "must be letters, digits, '_' and '-'", "Write name: my_pipeline"),
    (
        "  last:",
        "  the one: {step: silent}\n  last:",
        "steps.the one",
        "a step is called by letters, digits, '_' and '-'",
        "Give it such",
    ),
    ("[train.epochs=5]", "train.epochs=5", "pretrain.overrides", "must be a list of overrides", "[train.epochs=5]"),
    ("step: silent", "step: silent, overrides: [a=1]", "last.overrides", "takes no overrides", "Write step: {_target_"),
    ("step: silent", "step: silent, inputs: [1]", "last.inputs", "must be a mapping by name", "Write inputs: {"),
    ("scale: 2.0", "scale: 2.0, token: abc", "again.step.token", "is a secret in clear", "an environment variable"),
    (
        "retries: 2",
        "inputs: {of: {password: abc}}",
        "last.inputs.of.password",
        "is a secret in clear",
        "${oc.env:NAME}",
    ),
    (
        "figures.mean",
        "figures.mean}-${nope.it",
        "again.inputs.value",
        "key 'nope.it' not found",
        "${step_output:STEP.O",
    ),
    (
        "${step_output:figures.mean}",
        "${figures.mean}",
        "again.inputs.value",
        "not found",
        "${step_output:figures.mean}",
    ),
    ("${step_output:figures.mean}", "${step_output:figures", "again.inputs.value", "cannot be resolved", "Correct it"),
    ("step_output:figures.mean", "stepoutput:figures.mean", "again.inputs.value", "Unsupported interp", "Correct it"),
    ("retries: 2", "inputs: {a: '${oc.env:NOT_SET}'}", "last.inputs.a", "'NOT_SET' not found", "Set it, or write"),
    ("  figures:", "  pretrain: {step: silent}\n  figures:", "", "found duplicate key pretrain", "Repair the file"),
    ("retries: 2", f"inputs: {'[' * 61}{']' * 61}", "", "more than 60 levels stand in one another", "Remove that"),
    (
        "retries: 2",
        "inputs: {a: '${step_output:again.mean}'}",
        "inputs",
        "in a circle",
        "Take one of these inputs away",
    ),
]


@pytest.mark.parametrize(("sound", "broken", "key", "what", "then"), BROKEN)
def test_what_is_broken_is_named_with_its_line_and_its_mend(
    sound: str, broken: str, key: str, what: str, then: str, tmp_path: Path
) -> None:
    assert sound in SOUND

    (problem,) = problems(tmp_path, SOUND.replace(sound, broken, 1))

    text = str(problem)
    assert key in problem.key
    assert "configs/pipeline/p.yaml" in text
    assert what in text and then in text
    assert problems(tmp_path, SOUND) == []


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = SOUND.replace("step: count", "step: cuont").replace("checkpoint.best", "checkpoint.bets")

    assert len(problems(tmp_path, text)) == 2


def test_a_pipeline_that_is_made_of_others_is_told_to_write_its_steps(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "defaults: [other, _self_]\nname: two\nsteps: {last: null}\n")

    assert str(found) == (
        "defaults (configs/pipeline/p.yaml): a pipeline is one file, and takes nothing from others. "
        "Write its steps out: one that another pipeline has done is skipped here too."
    )


@pytest.mark.parametrize("content", ["steps: [a]\n", "name: x\n", "- a\n", ""])
def test_steps_are_a_mapping(content: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, content)

    assert str(problem).startswith("steps (configs/pipeline/p.yaml")
    assert "must be a mapping by name" in str(problem)
