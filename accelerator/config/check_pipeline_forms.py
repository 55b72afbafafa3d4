"""Whether the values of a pipeline's own keys are what they should be: names, numbers, times, lists."""

import re
from collections.abc import Mapping
from typing import Any

from accelerator.config.interval import TIME_PATTERN
from accelerator.config.read import Reader, is_mapping
from accelerator.errors import did_you_mean
from accelerator.leaves import leaves
from accelerator.redaction import redact

PIPELINE_KEYS = ("name", "parallel", "steps", "vars")
STEP_KEYS = ("experiment", "overrides", "step", "inputs", "launch", "retries", "time_limit")
_STEP_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*")


def check_pipeline_forms(content: Mapping[Any, Any], written: Mapping[Any, Any], reader: Reader) -> None:
    """Note each value that a pipeline cannot be run with.

    Args:
        content: the pipeline's config, resolved.
        written: the same as it is written down, which holds no secret: environment variables are named there.
        reader: takes the problems.
    """
    for key in content:
        if key not in PIPELINE_KEYS:
            text = f"there is no such key of a pipeline. {did_you_mean(str(key), PIPELINE_KEYS)}"
            reader.add(str(key), text, "Correct or remove it")
    name, parallel = content.get("name"), content.get("parallel", 1)
    if name is not None and (not isinstance(name, str) or not _STEP_NAME.fullmatch(name)):
        reader.add("name", "must be letters, digits, '_' and '-'", "Write name: my_pipeline", value=name)
    if type(parallel) is not int or parallel < 1:
        reader.add("parallel", "must be a whole number of at least 1", "Write parallel: 2", value=parallel)
    for step, entry in content["steps"].items():
        key = f"steps.{step}"
        if not isinstance(step, str) or not _STEP_NAME.fullmatch(step):
            reader.add(key, "a step is called by letters, digits, '_' and '-'", "Give it such a name")
        elif is_mapping(entry):
            _check_step(key, entry, reader)
            for part in ("step", "inputs"):
                _refuse_secrets(f"{key}.{part}", written["steps"][step].get(part), reader)


def _check_step(key: str, entry: Mapping[str, Any], reader: Reader) -> None:
    overrides, inputs = entry.get("overrides"), entry.get("inputs")
    if overrides is not None and not (isinstance(overrides, list) and all(isinstance(i, str) for i in overrides)):
        reader.add(f"{key}.overrides", "must be a list of overrides", "Write [train.epochs=5]", value=overrides)
    if overrides and entry.get("step") is not None and entry.get("experiment") is None:
        text = "a step that is no experiment takes no overrides"
        reader.add(f"{key}.overrides", text, "Write step: {_target_: NAME, an_argument: 1}")
    if inputs is not None and not is_mapping(inputs):
        reader.add(f"{key}.inputs", "must be a mapping by name", "Write inputs: {a_name: a_value}", value=inputs)
    retries, limit = entry.get("retries"), entry.get("time_limit")
    if retries is not None and (type(retries) is not int or retries < 0):
        reader.add(f"{key}.retries", "must be a whole number of at least 0", "Write retries: 2", value=retries)
    if limit is not None and (not isinstance(limit, str) or not re.match(TIME_PATTERN, limit)):
        reader.add(f"{key}.time_limit", "must be a time: 45s, 30min or 2h", "Write time_limit: 30min", value=limit)


def _refuse_secrets(key: str, node: Any, reader: Reader) -> None:
    """Note each value that must not be written down, without telling it."""
    masked = dict(leaves(redact(node), key))
    for path, value in leaves(node, key):
        if masked.get(path) != value:
            text = "is a secret in clear, which a pipeline would have to write down for its step"
            reader.add(path, text, "Put it in an environment variable and name that: ${oc.env:NAME}")
