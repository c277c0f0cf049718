"""What the other tests of the browser rest upon: `settle` ends when the answer is on the page, however late it is."""

import re

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.conftest import RERUNS, Installation, Visitor
from tests.pages.runs import finished_run

LATE = """{
    const { prototype } = Object.getPrototypeOf(WebSocket);
    const send = prototype.send;
    prototype.send = function (data) { setTimeout(() => send.call(this, data), 700) };
}"""


def test_numbers_of_messages_are_those_of_this_streamlit() -> None:
    ours = {name: int(number) for name, number in re.findall(r"([A-Z_]{4,}) = (\d+)", RERUNS)}
    forward = ForwardMsg.DESCRIPTOR.fields_by_name
    assert ours == {
        "RERUN": BackMsg.DESCRIPTOR.fields_by_name["rerun_script"].number,
        "NEW_SESSION": forward["new_session"].number,
        "FINISHED": forward["script_finished"].number,
        "EARLY_FOR_RERUN": ForwardMsg.FINISHED_EARLY_FOR_RERUN,
    }


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
