"""What a checkpoint may hold: tensors, numbers, strings, lists and dicts. Anything else is an error, early.

So a checkpoint loads with `weights_only=True`: opening one made by a stranger runs nothing of theirs.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from accelerator.errors import ComponentError

_LEAVES = (Tensor, bool, int, float, str, type(None))
_EXACT = (bool, int, float, str, type(None))


def check_tree(tree: Any, owner: str) -> None:
    """Refuse a state that a checkpoint cannot hold.

    Args:
        tree: what `state_dict` gave.
        owner: whose state it is (`callback.counter`), for the message.

    Raises:
        ComponentError: says where in the state, and what stands there.
    """
    for path, value in _leaves(tree, ""):
        if not isinstance(value, _LEAVES):
            raise ComponentError(
                f"{owner}: state_dict()['{path.lstrip('.')}'] is a {type(value).__name__}. A checkpoint holds tensors, "
                f"numbers, strings, lists and dicts only: turn it into one of these."
            )


def to_host(tree: Any) -> Any:
    """Return a copy of a state whose tensors are on the CPU, apart from those that training goes on to change.

    Subclasses of Python's numbers and strings (NumPy's float64 is one) become plain: a checkpoint with them would not
    load.
    """
    if isinstance(tree, Tensor):
        return tree.detach().to("cpu", copy=True)
    if isinstance(tree, Mapping):
        return {name: to_host(value) for name, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [to_host(value) for value in tree]
    if type(tree) in _EXACT:
        return tree
    return next((kind(tree) for kind in (int, float, str) if isinstance(tree, kind)), tree)


def tensors_to_host(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return contiguous copies on the CPU; tensors that are one and the same stay so, and are copied once."""
    copies: dict[Any, Tensor] = {}
    found = {}
    for name, item in tensors.items():
        same = (item.data_ptr(), item.shape, item.stride(), item.dtype) if item.numel() else name
        if same not in copies:
            copies[same] = item.detach().to("cpu", copy=True).contiguous()
        found[name] = copies[same]
    return found


def first_non_finite(tensors: Mapping[str, Tensor]) -> str:
    """Return the name of the first tensor that holds NaN or infinity, or ""."""
    floating = {name: item for name, item in tensors.items() if item.is_floating_point()}
    # A sum is finite only if every part is (or overflows: then the exact look follows).
    for name, item in floating.items():
        if not bool(torch.isfinite(item.sum(dtype=torch.float64))) and not bool(torch.isfinite(item).all()):
            return name
    return ""


def _leaves(tree: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(tree, Mapping):
        return [leaf for name, value in tree.items() for leaf in _leaves(value, f"{path}.{name}")]
    if isinstance(tree, list | tuple):
        return [leaf for place, value in enumerate(tree) for leaf in _leaves(value, f"{path}[{place}]")]
    return [(path, tree)]
