"""Self-contained HTML pages: one file, no script, nothing loaded from elsewhere."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jinja2

from accelerator.report.figures import as_bytes, as_count, as_number, as_share, as_time

_FILTERS = {"count": as_count, "number": as_number, "bytes": as_bytes, "share": as_share, "time": as_time}


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return the page that a template of `accelerator/report/templates` makes of values; every text is escaped.

    Args:
        template: its name without `.html`.
        values: what it shows.
    """
    return _environment().get_template(f"{template}.html").render(values)


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    """Return what makes pages, kept: to compile a template takes ten times as long as to fill it."""
    source = (files("accelerator.report") / "templates").joinpath
    loader = jinja2.FunctionLoader(lambda name: source(name).read_text(encoding="utf-8"))
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(_FILTERS)
    return environment
