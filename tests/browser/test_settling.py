"""What the other tests of the browser rest upon: `settle` ends when the answer is on the page, however late it is."""

import pytest

from tests.browser.conftest import Installation, Visitor
from tests.pages.runs import finished_run

pytestmark = pytest.mark.slow  # checks the tests' own waiting

LATE = """{
    const { prototype } = Object.getPrototypeOf(WebSocket);
    const send = prototype.send;
    prototype.send = function (data) { setTimeout(() => send.call(this, data), 700) };
}"""


def test_page_has_settled_only_when_a_table_is_drawn_whose_script_came_late(
    visitor: Visitor, installation: Installation
) -> None:
    slow = {"offline": False, "latency": 500, "downloadThroughput": -1, "uploadThroughput": -1}
    visitor.context.new_cdp_session(visitor.page).send("Network.emulateNetworkConditions", slow)
    finished_run(installation.database, "Settled late")
    visitor.open("/runs?search=settled+late")
    assert visitor.page.locator("tbody tr").count() == 1


def test_page_has_settled_only_when_a_late_request_is_answered(visitor: Visitor, installation: Installation) -> None:
    visitor.context.add_init_script(LATE)
    visitor.open(f"/configure?study={installation.example}")
    visitor.page.get_by_text("Configuration as YAML").click()
    visitor.settle()
    assert visitor.page.get_by_test_id("stCode").count() == 1
