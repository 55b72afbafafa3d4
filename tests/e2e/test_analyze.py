"""The analyses as commands, and their pages in a real browser."""

import json
from pathlib import Path

import pytest

from tests.e2e.browser import needs_chromium, opened_browser
from tests.e2e.command import accelerator

CONFIG = ("experiment=digits_resnet", "tracking=none")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the run folders of both analyses."""
    project = tmp_path_factory.mktemp("project")
    found = {}
    for name in ("data", "model"):
        ended = accelerator("experiment", f"analyze_{name}", *CONFIG, cwd=project)
        assert (ended.code, ended.err) == (0, "")
        found[name] = Path(ended.last_line)
        assert f"The page: {found[name] / 'analysis' / f'{name}.html'}" in ended.out
    return found


def test_both_write_json_for_machines(folders: dict[str, Path]) -> None:
    data, model = (json.loads((folders[name] / "analysis" / f"{name}.json").read_text()) for name in folders)

    assert data["leaks"] == data["duplicates"] == {"count": 0, "examples": []}
    assert (model["parameters"], model["flops"]) == (77754, 1527040)
    assert len(model["modules"]) > 20


@needs_chromium
def test_the_pages_show_everything_and_load_nothing(folders: dict[str, Path]) -> None:
    requests: list[str] = []
    errors: list[str] = []
    texts = {}
    with opened_browser() as page:
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        for name, folder in folders.items():
            page.goto((folder / "analysis" / f"{name}.html").as_uri())
            texts[name] = page.inner_text("body")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    assert len(requests) == 2 and all(url.startswith("file://") for url in requests)
    assert errors == []
    assert "1,797" in texts["data"] and "leaks between splits" in texts["data"]
    assert "77.8 k" in texts["model"] and "BatchNorm2d" in texts["model"]
