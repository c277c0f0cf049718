"""An experiment begun in the browser, followed to its end, opened by its link in another browser."""

import re

import pytest

from tests.browser.conftest import Installation, Visitor


def test_experiment_is_begun_followed_and_opened_by_its_link(
    visitor: Visitor, browser: object, installation: Installation
) -> None:
    page = visitor.page
    visitor.open(f"/configure?study={installation.example}")
    page.get_by_role("button", name=re.compile("^Run")).click()
    page.wait_for_url(re.compile("run=run-"), timeout=60_000)
    page.get_by_text("Score distribution").first.wait_for(timeout=90_000)
    visitor.open("/experiments")
    page.get_by_role("button", name=re.compile("Run 3 choices")).click()
    page.get_by_text("3 of 3 choices finished").wait_for(timeout=90_000)
    assert page.get_by_text("Mean score beside choice 1").count() >= 1
    link = re.search(r"experiment=exp-\w+", page.url)
    assert link
    other = Visitor(browser, installation.address)
    other.open(f"/experiments?{link[0]}")
    other.page.get_by_text("3 of 3 choices finished").wait_for(timeout=30_000)
    other.page.get_by_text("Cost per persona beside choice 1").first.wait_for(timeout=30_000)
    assert visitor.strays == other.strays == []
    other.context.close()


@pytest.mark.slow
def test_branch_starts_from_the_drafts_that_are_there(visitor: Visitor, installation: Installation) -> None:
    page = visitor.page
    visitor.open(f"/configure?study={installation.example}")
    page.get_by_role("button", name=re.compile("^Run")).click()
    page.wait_for_url(re.compile("run=run-"), timeout=60_000)
    page.get_by_text("Score distribution").first.wait_for(timeout=90_000)
    page.get_by_role("button", name="Branch").click()
    page.get_by_text("none written anew").wait_for(timeout=30_000)
    visitor.settle()
    page.get_by_role("button", name=re.compile("^Run")).click()
    page.get_by_text(re.compile("drafts from run-")).wait_for(timeout=60_000)
