"""The page of a model, from what `analysis/model.json` holds."""

from collections.abc import Mapping
from typing import Any

from accelerator.report.page import render


def model_page(analysis: Mapping[str, Any], name: str, source: str) -> str:
    """Return the HTML page.

    Args:
        analysis: the content of `model.json`.
        name: what the model belongs to.
        source: what it was measured with, a line.
    """
    whole = analysis["latency_median"] or 1.0

    def bar(item: Mapping[str, Any]) -> str:
        return f"{min(100.0, 100.0 * item['latency_median'] / whole):.1f}"

    return render("model", {"model": analysis, "name": name, "source": source, "bar": bar})
