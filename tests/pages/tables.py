"""What a table of ours shows: a page test sees what is sent to the browser, and cannot click in it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamlit.testing.v1 import AppTest

from pipeline.domain.config import HybridConfig
from pipeline.domain.run import Timing
from pipeline.domain.study import Study
from pipeline.store import Store
from tests.pages.runs import save_study


def sent(page: AppTest) -> dict:
    """Everything that the one table of a page is told."""
    (table,) = page.get("bidi_component")
    return json.loads(table.proto.json)


def column(page: AppTest, title: str) -> list:
    """The cells of a column, from top to bottom."""
    told = sent(page)
    place = [column["title"] for column in told["columns"]].index(title)
    return [row["cells"][place] for row in told["rows"]]


def idle_runs(database: Path, number: int, study: Study | None = None) -> list[str]:
    """Runs that did nothing, newest first; of the study of three participants where no other one is named."""
    store = Store(database)
    if study:
        store.save_study(study)
    study_id, now = (study or save_study(store)).id, datetime(2026, 3, 3, tzinfo=UTC)
    config = HybridConfig(local_provider="builtin", enabled=False)
    ids = [
        store.create_run(study_id, config, name=f"Run {at}", simulated=False, now=now + timedelta(minutes=at))
        for at in range(number)
    ]
    for run_id in ids:
        ending = {"error": None, "timing": Timing(), "frontier_only_micros": None, "price_source": ""}
        store.finish_run(run_id, "completed", **ending, scorer_version="2.0", now=now)
    return ids[::-1]
