"""The page of a data set, from what `analysis/data.json` holds."""

from collections.abc import Mapping, Sequence
from typing import Any

from accelerator.report.page import render

_KINDS = {
    "leaks": "leaks between splits",
    "duplicates": "duplicates",
    "label_conflicts": "label conflicts",
    "non_finite": "non-finite samples",
    "missing": "samples with missing fields",
}
_MEANING = {
    "leaks": "Samples of a later split that stand in an earlier one too: what is measured on them is too good.",
    "duplicates": "Samples that stand in their set before.",
    "label_conflicts": "Samples that stand before, in any set, with another target: one of the two is wrong.",
    "non_finite": "Samples with a NaN or an infinity.",
    "missing": "Samples that lack a field which others of their set have.",
}
_MOST_SHAPES = 3
_ROUNDING = 1e-9
_CONSTANT = "  # 1 where all values of a channel are alike"


def data_page(analysis: Mapping[str, Any], name: str, source: str) -> str:
    """Return the HTML page.

    Args:
        analysis: the content of `data.json`.
        name: what the data belongs to.
        source: where it comes from, a line.
    """
    values = {"data": analysis, "kinds": _KINDS, "meaning": _MEANING, "name": name, "source": source}
    helpers = {"example_cells": _example_cells, "set_title": set_title, "shapes": _shapes}
    return render("data", {**values, **helpers, "classes": class_table(analysis), "paste": normalisation(analysis)})


def set_title(item: Mapping[str, Any]) -> str:
    """Return what a set is called: `validation`, or `validation/night` where the split has several."""
    return f"{item['split']}/{item['dataset']}" if item.get("dataset") else str(item["split"])


def class_table(analysis: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the samples of each class in each set (a class that a set lacks has 0); None where there are none."""
    sets = [item for item in analysis["sets"] if item["classes"]]
    labels = list(dict.fromkeys(label for item in sets for label in item["classes"]))
    if not labels:
        return None
    return {
        "sets": [set_title(item) for item in sets],
        "rows": {label: [item["classes"].get(label, 0) for item in sets] for label in labels},
        "totals": [sum(item["classes"].values()) for item in sets],
        "most": [max(item["classes"].values()) for item in sets],
    }


def normalisation(analysis: Mapping[str, Any]) -> str:
    """Return YAML with mean and std of the training pictures, for a transform.

    "" where there are none, or where a channel has no finite number.
    """
    for item in analysis["sets"]:
        for known in item["fields"].values():
            is_picture = any(shape.count("×") == 2 for shape in known["shapes"])
            if item["split"] == "train" and is_picture and known.get("std") and None not in known["std"]:
                return _pasted(known["mean"], known["std"])
    return ""


def _pasted(mean: Sequence[float], std: Sequence[float]) -> str:
    # rounding leaves a little of the spread of what is always 0.1; nothing is to be divided by that
    is_constant = [spread <= _ROUNDING * abs(middle) for middle, spread in zip(mean, std, strict=True)]
    spreads = [1.0 if constant else spread for constant, spread in zip(is_constant, std, strict=True)]
    middles, widths = (", ".join(f"{value:.6g}" for value in values) for values in (mean, spreads))
    return f"mean: [{middles}]\nstd: [{widths}]" + _CONSTANT * any(is_constant)


def _example_cells(example: Mapping[str, Any]) -> list[str]:
    if "again" in example:
        return [_place(example["first"]), _place(example["again"])]
    return [_place(example), ", ".join(example["fields"])]


def _place(place: Mapping[str, Any]) -> str:
    return f"{set_title(place)} {place['index']}"


def _shapes(known: Mapping[str, Any]) -> str:
    names = list(known["shapes"])
    return ", ".join(names[:_MOST_SHAPES]) + f", … ({len(names)} shapes)" * (len(names) > _MOST_SHAPES)
