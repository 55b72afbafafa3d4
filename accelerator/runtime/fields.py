"""Looking up what a loss, metric or model is called with: first in the task's outputs, then in the batch."""

from collections.abc import Mapping
from typing import Any

from accelerator.errors import ConfigError, Problem, did_you_mean


def look_up(name: str, outputs: Mapping[str, Any], batch: Mapping[str, Any], *, user: str) -> Any:
    """Return the value called `name`; `a.b` reaches into nested mappings.

    Args:
        name: a field name, or a path of names joined by dots.
        outputs: what the task gave.
        batch: what the loader gave.
        user: who asks (`loss.cross_entropy`), for the message.

    Raises:
        ConfigError: neither has it; says what there is.
    """
    if name in outputs:
        return outputs[name]
    if name in batch:
        return batch[name]
    head, dot, rest = name.partition(".")
    for source in (outputs, batch):
        if dot and isinstance(source.get(head), Mapping):
            return look_up(rest, source[head], {}, user=user)
    known = [*outputs, *batch]
    raise ConfigError(
        Problem(
            f"{user}.inputs",
            f"there is no '{name}' in what the task gives ({', '.join(outputs) or 'nothing'}) "
            f"or in the batch ({', '.join(batch) or 'nothing'}). {did_you_mean(name, known)}",
            f"Name one of them in {user}.inputs.",
        )
    )
