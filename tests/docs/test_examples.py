"""Every Python block of the documentation runs, in order, one namespace a page; `>>>` shows what comes out."""

from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

from tests.docs.pages import Page, all_pages, write_files

_SYBIL = Sybil(parsers=[PythonCodeBlockParser(), SkipParser()])
_PAGES = [page for page in all_pages() if any(block.language == "python" for block in page.blocks)]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs_as_written(page: Page, example_project: Path) -> None:
    write_files(page, example_project)

    examples = list(_SYBIL.parse(page.path).examples())
    for example in examples:
        example.evaluate()

    assert len(examples) >= sum(block.language == "python" for block in page.blocks)
