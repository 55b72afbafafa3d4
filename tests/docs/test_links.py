"""Whatever the pages link to is there."""

import pytest

from tests.docs.pages import ROOT, Page, all_pages

_OUTSIDE = ("http://", "https://", "mailto:")


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere_inside_the_project(page: Page) -> None:
    inside = [link for link in page.links if not link.startswith(_OUTSIDE)]

    assert [link for link in inside if not _leads_somewhere(page, link)] == []


def _leads_somewhere(page: Page, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.path.parent / path).resolve() if path else page.path
    is_there = target.exists() and target.is_relative_to(ROOT)
    return is_there and (not anchor or anchor in Page(target).anchors)
