"""A composed config as text, each line with the place that set it."""

from collections.abc import Iterator
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from accelerator.config.compose import composition_of
from accelerator.config.provenance import Provenance
from accelerator.redaction import redact

_LONGEST_ALIGNED = 60
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def render(config: DictConfig) -> str:
    """Return the config as YAML, interpolations as written and without secrets; sources stand in comments."""
    composition = composition_of(config)
    provenance = composition.provenance if composition else Provenance({})
    lines = list(_lines(redact(OmegaConf.to_container(config)), "", "", provenance))
    width = min(max((len(text) for text, _ in lines), default=0), _LONGEST_ALIGNED)
    return "".join(f"{text:<{width}}  # {source}\n" if source else f"{text}\n" for text, source in lines)


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
