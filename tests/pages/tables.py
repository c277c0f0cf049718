"""What a table of ours shows: a page test sees what is sent to the browser, and cannot click in it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamlit.testing.v1 import AppTest

from pipeline.config import HybridConfig
from pipeline.models import Timing
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


def idle_runs(database: Path, number: int) -> list[str]:
    """So many runs that did nothing; newest first."""
    store = Store(database)
    study, now = save_study(store).id, datetime(2026, 3, 3, tzinfo=UTC)
    config = HybridConfig(local_provider="builtin", enabled=False)
    ids = [
        store.create_run(study, config, name=f"Run {at}", simulated=False, now=now + timedelta(minutes=at))
        for at in range(number)
    ]
    for run_id in ids:
        ending = {"error": None, "timing": Timing(), "frontier_only_micros": None, "price_source": ""}
        store.finish_run(run_id, "completed", **ending, scorer_version="2.0", now=now)
    return ids[::-1]
