"""Components and configs as tables and pages for a terminal."""

from collections.abc import Iterable, Sequence

from accelerator.config.catalogue import Item
from accelerator.config.describe import Description
from accelerator.config.signatures import Parameter

LIST_HEADER = ("kind", "name", "description", "package", "config")
_PREFIXES = {"var_positional": "*", "var_keyword": "**"}


def list_rows(items: Iterable[Item]) -> list[tuple[str, ...]]:
    """Return a row for each item, under `LIST_HEADER`."""
    return [
        (item.kind, item.name, item.description, item.package, f"{item.kind}={item.config}" if item.config else "")
        for item in items
    ]


def description_text(found: Description) -> str:
    """Return the page of one component or config."""
    item, signature, config = found.item, found.signature, found.item.file
    title = f"{item.kind} {item.name}, of {item.package}" if item.kind else item.name
    parts = [title + (f"\n{found.source}" if found.source else "")]
    if signature is not None and signature.docstring:
        parts.append(signature.docstring.strip())
    elif item.description:
        parts.append(item.description)
    if signature is not None:
        parts.append(_parameter_text(signature.parameters))
    if config is not None:
        parts.append(f"Config, chosen by {config.group}={config.name} ({config.path}):\n{_indented(config.text)}")
    return "\n\n".join(parts)


def _parameter_text(parameters: Sequence[Parameter]) -> str:
    if not parameters:
        return "Parameters: none."
    rows = [
        (
            f"{_PREFIXES.get(item.kind, '')}{item.name}",
            item.annotation or "",
            "required" if item.is_required else "" if item.default is None else f"= {item.default}",
        )
        for item in parameters
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"  {name:<{widths[0]}}  {kind:<{widths[1]}}  {default}".rstrip() for name, kind, default in rows]
    return "\n".join(["Parameters:", *lines])


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.rstrip().splitlines())
