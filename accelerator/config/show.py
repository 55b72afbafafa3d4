"""A composed config as text, each line with the place that set it."""

from collections.abc import Iterator
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from accelerator.config.compose import Composition, composition_of
from accelerator.config.provenance import Provenance, shown_path
from accelerator.config.shadows import find_shadows
from accelerator.redaction import redact

_LONGEST_ALIGNED = 60
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def render(config: DictConfig) -> str:
    """Return the config as YAML, interpolations as written and without secrets; sources stand in comments.

    Configs of the search path that others hide are comments at the end.
    """
    composition = composition_of(config)
    provenance = composition.provenance if composition else Provenance({})
    lines = source_lines(redact(OmegaConf.to_container(config)), "", provenance)
    if composition:
        lines += _shadow_lines(composition)
    return "".join(f"{line}\n" for line in lines)


def source_lines(values: dict[Any, Any], key: str, provenance: Provenance) -> list[str]:
    """Return the mapping that stands at `key` as lines of YAML, each with its source in a comment."""
    lines = list(_lines(values, key, "", provenance))
    width = min(max((len(text) for text, _ in lines), default=0), _LONGEST_ALIGNED)
    return [f"{text:<{width}}  # {source}" if source else text for text, source in lines]


def _shadow_lines(composition: Composition) -> list[str]:
    lines = []
    for shadow in find_shadows(composition.sources):
        paths = [item.path / f"{shadow.name}.yaml" for item in (shadow.winner, *shadow.hidden)]
        winner, *hidden = (shown_path(path, composition.project, composition.sources) for path in paths)
        lines.append(f"# {winner} hides {', '.join(hidden)}")
    return lines


def _lines(node: dict[Any, Any], key: str, indent: str, provenance: Provenance) -> Iterator[tuple[str, str]]:
    for name, value in node.items():
        path = f"{key}.{name}" if key else str(name)
        start = f"{indent}{_inline(name)}:"
        if isinstance(value, dict) and value:
            yield start, "; ".join(provenance.sources(path)[-1:])
            yield from _lines(value, path, f"{indent}  ", provenance)
        else:
            yield f"{start} {_inline(value)}", provenance.source_of(path)


def _inline(value: Any) -> str:
    text: str = yaml.dump(
        value, Dumper=_DUMPER, default_flow_style=True, width=1_000_000, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...").strip()
