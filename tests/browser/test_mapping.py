"""A messy survey in a real browser: uploaded, its columns corrected, the run started."""

import re
from pathlib import Path

import pytest

from tests.browser.conftest import Visitor
from tests.browser.test_main_journey import UPLOAD, run_it

pytestmark = pytest.mark.slow  # tests/pages/test_mapping.py maps without a browser

SURVEY = """\
Kitchen study spring,,,,,
Exported by D. Whitlock - do not forward,,,,,
,,,,,
Stamp,Wave,Col 3,Col 4,Tick,Ref
2026-03-01,1,The oven door sticks whenever the pan is too large for it.,gas,4,K-07
2026-03-01,1,"I never use the left hob, because it takes an age to get hot.",electric,2,K-08
2026-03-04,2,I moved the kettle next to the sink and that helped a lot.,gas,5,K-07
2026-03-04,2,"Still the same hob, and I have given up on it by now.",electric,1,K-08
2026-03-05,2,My daughter set the timer and now nothing burns any more.,gas,5,K-09
"""


def test_a_messy_survey_is_mapped_by_hand_and_run(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "messy.csv"
    file.write_text(SURVEY)
    page = visitor.page
    visitor.open("/upload")
    page.locator(UPLOAD).first.set_input_files(str(file))
    page.get_by_text("Correct how this was read").click()
    visitor.settle()
    assert figure(visitor, "Participants") == "5"

    page.get_by_role("combobox", name=re.compile("^Participant")).click()
    page.get_by_role("option", name="Ref").click()
    page.get_by_text("was 5").first.wait_for()
    page.get_by_role("button", name="Use this", exact=True).click()
    page.get_by_role("button", name="Forget").wait_for()
    visitor.settle()
    assert figure(visitor, "Participants") == "3"

    page.get_by_role("button", name="Use this study").click()
    page.wait_for_url(re.compile("/configure"))
    visitor.settle()
    run_it(visitor)
    assert page.get_by_role("heading", level=3).count() >= 1
    assert visitor.strays == []


def figure(visitor: Visitor, label: str) -> str:
    """A number of the study that is about to be used."""
    return visitor.page.locator('[data-testid="stMetric"]', has_text=label).first.inner_text().split()[-1]
