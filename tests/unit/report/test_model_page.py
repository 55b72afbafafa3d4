"""The page of a model."""

import torch
from torch import nn

from accelerator.analysis.model import analyze
from accelerator.report.model_page import model_page


def test_each_module_has_a_row_below_its_parent() -> None:
    model, x = nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.ReLU(), nn.Linear(8, 2))), torch.randn(3, 4)
    found = analyze(model, lambda: model(x), lambda: model(x[:1]), 3, repeats=1)

    page = model_page(found.to_json(), "run", "model: mine")

    assert page.count("<code>") == 4
    assert "padding-left: 1.8rem" in page  # one level down
    assert "3×8" in page and "model: mine" in page
