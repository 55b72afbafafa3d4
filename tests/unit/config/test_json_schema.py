"""The schema for editors takes all configs that we ship, and refuses what one mistypes."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from omegaconf import OmegaConf

from accelerator.components import Component
from accelerator.config.json_schema import SCHEMA_FILE, json_schema, schema_line
from accelerator.config.project import ConfigSource, shipped_configs

SHIPPED = shipped_configs()
SCHEMA: dict[str, Any] = json.loads((SHIPPED / SCHEMA_FILE).read_text(encoding="utf-8"))
OURS = sorted(path for path in SHIPPED.rglob("*.yaml") if path.parent.name != "index")


def errors(file: str, text: str, schema: dict[str, Any] = SCHEMA) -> list[str]:
    """What an editor would say of a file of `configs/`: by the line that names the schema, as it would find it."""
    fragment = schema_line(PurePosixPath(file)).partition("#/")[2]
    used = {"definitions": schema["definitions"], "$ref": f"#/{fragment}"} if fragment else schema
    data = OmegaConf.to_container(OmegaConf.create(text))
    return [f"{error.json_path}: {error.message}" for error in Draft7Validator(used).iter_errors(data)]


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(SHIPPED)))
def test_every_config_that_we_ship_is_accepted(path: Path) -> None:
    assert errors(path.relative_to(SHIPPED).as_posix(), path.read_text(encoding="utf-8")) == []


SOUND = [
    ("main.yaml", "defaults: [base, _self_, {experiment: null}]\nhydra: {sweep: {dir: x}}"),
    (
        "main.yaml",
        "defaults: [base, _self_, {experiment: null}, {override /tracking: none}, {override hydra/launcher: x}]",
    ),
    ("experiment/x.yaml", "defaults: [/index/loss, digits_resnet, {optional override /model: mlp}]"),
    ("experiment/x.yaml", "defaults: [{override /loss: [mse, cross_entropy]}, {override /data: '${vars.data}'}]"),
    ("experiment/x.yaml", "defaults: [{override /transform@transform.train: [random_flip]}, {/model@vars.m: mlp}]"),
    ("experiment/x.yaml", "train: {epochs: '${vars.n}', clip_norm: 1}\nloader: '${vars.loader}'\nvars: {n: 3}"),
    ("experiment/x.yaml", "loss: {a: '${index.loss.mse}', cross_entropy: null, b: {_target_: mse, reduction: sum}}"),
    ("experiment/x.yaml", "loss: {cross_entropy: {weight: 0.5}}\nmetric: {accuracy: {'on': [train]}}"),
    ("experiment/x.yaml", "model: {_target_: torch.nn.Linear, in_features: 2}\ntracking: null\noptimizer: {lr: 3e-3}"),
    (
        "experiment/x.yaml",
        "model: {_target_: mlp, num_classes: null, hidden: '${vars.h}'}\nloss: {a: {_target_: 'loss:mse'}}",
    ),
    (
        "experiment/x.yaml",
        "scheduler: {interval: epoch}\ncallback: {progress: null, mine: {_target_: own.module.Callback}}",
    ),
    (
        "experiment/x.yaml",
        "optimizer: {a: {optimizer: {_target_: sgd}, parameters: x}, b: {optimizer: {_target_: adam}}}",
    ),
    ("experiment/x.yaml", "parameter_groups: {no_decay: null, head: {match: head, lr: 1e-2, momentum: 0.5}}"),
    ("debug/x.yaml", "train: {epochs: 1}"),
    ("model/x.yaml", "defaults: [mlp]\nhidden: [1]"),
    ("model/x.yaml", "_target_: a-plugin::net\nanything: 1"),
    ("loss/x.yaml", "x: {loss: {_target_: own.loss}, weight: 2, transform: {_target_: random_flip}}"),
    ("sampler/x.yaml", "_target_: own.package.Sampler"),
    ("scheduler/x.yaml", "_target_: cosine\nT_max: 10"),
    ("paths/x.yaml", "output: ${oc.env:HOME}/runs"),
    ("optimizer/x.yaml", "a: {optimizer: {_target_: sgd}, parameters: a.*}"),
]


@pytest.mark.parametrize(("file", "text"), SOUND)
def test_whatever_else_is_right_is_accepted(file: str, text: str) -> None:
    assert errors(file, text) == []


TYPOS = [
    # a wrong key
    ("experiment/x.yaml", "trian: {epochs: 1}", "$: Additional properties are not allowed ('trian' was unexpected)"),
    (
        "experiment/x.yaml",
        "train: {epoch: 1}",
        "$.train: Additional properties are not allowed ('epoch' was unexpected)",
    ),
    ("experiment/x.yaml", "loss: {a: {wieght: 2}}", "$.loss.a: Additional properties are not allowed ('wieght' was"),
    ("experiment/x.yaml", "transform: {test: {}}", "$.transform: Additional properties are not allowed ('test' was"),
    ("experiment/x.yaml", "optimizer: {a: {optimizer: {_target_: sgd}, paramters: x}}", "('paramters' was unexpected)"),
    (
        "experiment/x.yaml",
        "scheduler: {scheduler: {_target_: cosine}, intervall: step}",
        "('intervall' was unexpected)",
    ),
    ("main.yaml", "defaults: [base, {overide /model: mlp}]", "$.defaults[1]: {'overide /model': 'mlp'} is not valid"),
    ("paths/x.yaml", "outputs: runs", "$: Additional properties are not allowed ('outputs' was unexpected)"),
    (
        "loss/x.yaml",
        "x: {loss: {_target_: mse}, input: [a]}",
        "$.x: Additional properties are not allowed ('input' was",
    ),
    ("model/x.yaml", "_target_: mlp\nhiden: [1]", "$: Additional properties are not allowed ('hiden' was unexpected)"),
    ("callback/x.yaml", "x: {_target_: early_stopping, patiense: 3}", "('patiense' was unexpected)"),
    ("model/x.yaml", "target: mlp", "$: {'target': 'mlp'} is not valid under any of the given schemas"),
    # a wrong type
    ("experiment/x.yaml", "train: {epochs: ten}", "$.train.epochs: 'ten' does not match"),
    ("experiment/x.yaml", "train: {epochs: 1.5}", "$.train.epochs: 1.5 is not of type 'integer', 'string', 'null'"),
    ("experiment/x.yaml", "loader: {shuffle: 1}", "$.loader.shuffle: 1 is not of type 'boolean', 'string'"),
    ("experiment/x.yaml", "loss: [mse]", "$.loss: ['mse'] is not of type 'object', 'string', 'null'"),
    ("experiment/x.yaml", "model: mlp", "$.model: 'mlp' does not match"),
    ("experiment/x.yaml", "trust: torch", "$.trust: 'torch' does not match"),
    ("experiment/x.yaml", "model: {_target_: mlp, hidden: 3}", "$.model.hidden: 3 is not valid under any"),
    (
        "metric/x.yaml",
        "x: {metric: {_target_: accuracy}, inputs: prediction}",
        "$.x.inputs: 'prediction' does not match",
    ),
    # out of range
    ("experiment/x.yaml", "train: {epochs: -1}", "$.train.epochs: -1 is less than the minimum of 1"),
    ("experiment/x.yaml", "train: {clip_norm: 0}", "$.train.clip_norm: 0 is less than or equal to the minimum of 0"),
    ("experiment/x.yaml", "seed: -1", "$.seed: -1 is less than the minimum of 0"),
    ("experiment/x.yaml", "train: {max_time: 3ep}", "$.train.max_time: '3ep' does not match"),
    ("experiment/x.yaml", "checkpoint: {every: 1epoch}", "$.checkpoint.every: '1epoch' does not match"),
    ("experiment/x.yaml", "checkpoint: {every: 0ep}", "$.checkpoint.every: '0ep' does not match"),
    ("experiment/x.yaml", "parameter_groups: {a: {match: x, lr: -1}}", "$.parameter_groups.a.lr: -1 is less than"),
    ("engine/x.yaml", "_target_: auto\nthreads: 0", "$.threads: 0 is less than the minimum of 1"),
    ("launch/x.yaml", "processes: 0", "$.processes: 0 is less than the minimum of 1"),
    ("experiment/x.yaml", "config_version: 2", "$.config_version: 2 is not valid under any of the given schemas"),
    # none of the words
    ("experiment/x.yaml", "checkpoint: {mode: minimum}", "$.checkpoint.mode: 'minimum' is not valid under any"),
    ("experiment/x.yaml", "metric: {a: {'on': [trian]}}", "$.metric.a.on[0]: 'trian' is not one of ['train',"),
    ("experiment/x.yaml", "defaults: [{override /model: resnet9}]", "$.defaults[0]: {'override /model': 'resnet9'} is"),
    ("experiment/x.yaml", "defaults: [{override /mode: mlp}]", "$.defaults[0]: {'override /mode': 'mlp'} is not valid"),
    ("experiment/x.yaml", "defaults: [/index/los]", "$.defaults[0]: '/index/los' is not valid under any"),
    (
        "experiment/x.yaml",
        "defaults: [{override /loss: [mse, msee]}]",
        "$.defaults[0]: {'override /loss': ['mse', 'msee']}",
    ),
    ("model/x.yaml", "_target_: resnet9", "$['_target_']: 'resnet9' is not valid under any of the given schemas"),
    ("loss/x.yaml", "x: {loss: {_target_: msee}}", "$.x.loss['_target_']: 'msee' is not valid under any"),
    (
        "scheduler/x.yaml",
        "scheduler: {_target_: cosine}\ninterval: steps",
        "$.interval: 'steps' is not valid under any",
    ),
    ("experiment/x.yaml", "model: {_target_: mlp, _convert_: some}", "$.model['_convert_']: 'some' is not one of"),
]


@pytest.mark.parametrize(("file", "text", "error"), TYPOS)
def test_a_typo_is_refused_where_it_stands(file: str, text: str, error: str) -> None:
    found = errors(file, text)

    assert any(error in item for item in found), found


def test_a_project_completes_its_own_groups_configs_and_components(tmp_path: Path) -> None:
    (tmp_path / "model" / "vision").mkdir(parents=True)
    (tmp_path / "model" / "vision" / "big.yaml").write_text("_target_: big\n", encoding="utf-8")
    components = [Component("model", "big", "own:Big", "own"), Component("model", "small", "own:Small", "own")]
    arguments = {"model:big": {"width": {"type": "integer"}}, "model:small": {"*": {}}}

    schema = json_schema([ConfigSource("project", tmp_path)], components, arguments, "SEAL")

    Draft7Validator.check_schema(schema)
    assert "SEAL" in schema["$comment"]
    assert errors("experiment/x.yaml", "defaults: [{override /model/vision: big}, /model/vision/big]", schema) == []
    assert errors("experiment/x.yaml", "model: {_target_: big, width: 1, _partial_: true}", schema) == []
    assert errors("experiment/x.yaml", "model: {_target_: small, anything: 1}", schema) == []
    assert errors("model/x.yaml", "_target_: big\nwidht: 1", schema) != []
    assert errors("experiment/x.yaml", "defaults: [{override /model/vision: bigg}]", schema) != []


def test_of_two_components_of_one_name_only_the_full_names_are_right(tmp_path: Path) -> None:
    components = [Component("model", "net", "a:Net", "a"), Component("model", "net", "b:Net", "b")]

    schema = json_schema([ConfigSource("project", tmp_path)], components, {}, "SEAL")

    names = schema["definitions"]["node.model"]["properties"]["_target_"]["anyOf"][0]["enum"]
    assert names == ["a::net", "b::net"]


def test_whatever_an_editor_takes_for_a_schema_has_nothing_that_it_would_mix() -> None:
    """The language server adds the root's keys to a definition that a file names, unless it has them itself."""
    files = [path.relative_to(SHIPPED).as_posix() for path in OURS if path.parent != SHIPPED]
    named = {schema_line(PurePosixPath(file)).partition("#/definitions/")[2] for file in files} - {""}

    assert {key for key in SCHEMA if key not in ("$schema", "$comment", "title", "definitions")} == {"allOf"}
    assert [name for name in named if list(SCHEMA["definitions"][name]) != ["allOf"]] == []
    assert yaml.safe_load(schema_line(PurePosixPath("model/a.yaml"))) is None
