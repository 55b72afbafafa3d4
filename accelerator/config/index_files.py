"""The text of index files: `configs/index/<kind>.yaml` composes every config of a kind under `index.<kind>.<name>`.

An experiment that has `/index/loss` in its defaults list may write `loss: {a: ${index.loss.ssim}}`; `fill_in_index`
puts the config in its place.
"""

from collections.abc import Iterator, Sequence

from accelerator.components import KINDS
from accelerator.config.groups import GroupConfig, configs_of
from accelerator.config.project import ConfigSource
from accelerator.config.schema import ENTRIES, TRANSFORMS

INDEX = "index"
COMMAND = "accelerator configure index"
_NAMED = (*ENTRIES, "callback", *TRANSFORMS)
"""Kinds whose files hold one key, their own name."""


def index_texts(sources: Sequence[ConfigSource], seal: str) -> dict[str, str]:
    """Return the index file of each kind that has configs, by kind; `seal` is put where the file says whose it is."""
    found = {kind: configs_of(kind, sources) for kind in KINDS}
    return {kind: _text(kind, configs, seal) for kind, configs in found.items() if configs}


def _text(kind: str, configs: Sequence[GroupConfig], seal: str) -> str:
    composed = [item for item in configs if _is_composable(item)]
    nothing = [item for item in configs if item.package == "_global_" and item.content == {kind: None}]
    left_out = [item for item in configs if item not in composed and item not in nothing]
    lines = [
        f"# @package {INDEX}.{kind}",
        f"# Every config of the kind {kind}, as {INDEX}.{kind}.<name>. Do not edit: yours go to configs/{kind}/.",
        f"# Written by `{COMMAND}`, {seal}.",
        *(f"# Not here: {item.name}, whose package is {item.package or 'its name'}." for item in left_out),
        *(_defaults(kind, composed) if composed else ()),
        *(f"{item.name}: null{_comment(item)}" for item in nothing),
    ]
    return "".join(f"{line}\n" for line in lines)


def _is_composable(item: GroupConfig) -> bool:
    """Tell whether a config can stand below another package; a dot in its name would be a step in a config path."""
    return item.package != "_global_" and "." not in item.name


def _defaults(kind: str, configs: Sequence[GroupConfig]) -> Iterator[str]:
    yield "defaults:"
    if kind in _NAMED:
        yield f"  - /{kind}@_here_:"
        yield from (f"      - {item.name}{_comment(item)}" for item in configs)
    else:
        yield from (f"  - /{kind}@{item.name}: {item.name}{_comment(item)}" for item in configs)


def _comment(item: GroupConfig) -> str:
    origin = "" if item.provider in ("project", "accelerator") else f"({item.provider}) "
    return f" # {origin}{item.description}".rstrip(" #")
