"""A database in which every text that a file, a model or a user can fill tries to do something in a browser."""

import json
from pathlib import Path
from typing import Any

from pipeline.domain.bundle import Bundle
from pipeline.domain.config import PriceOverride, Settings
from pipeline.domain.units import SystemClock
from pipeline.jobs.experiment import plan_experiment
from pipeline.jobs.grid import Grid
from pipeline.store import Store
from tests.browser.populated import populate

IMAGE = "![x](http://evil.example/{})"
REST = (
    "[a](javascript:alert(1)) <img src=http://evil.example/tag onerror=alert(2)> <script>alert(3)</script> "
    ":material/home: $\\LaTeX$ :red[r] `c` \u202egpj http://evil.example/link | # - >"
)
_TEXTS = frozenset(
    (
        *("name", "tagline", "background", "note", "reason", "text", "quote", "sentence", "where", "kind_of_file"),
        *("payload", "reply", "error", "model", "local_model", "frontier_model", "price_source", "roles", "rater"),
        *("title", "drafted_by", "flag", "document_name"),
    )
)
_LISTS = frozenset(("goals", "pain_points", "behaviours", "motivations", "quotes", "notes", "warnings", "tags"))
_MODEL = IMAGE.format("model") + "[a](javascript:alert(1))<b>"
"""One and the same everywhere, because a price is set for it."""


def hostile(place: str, text: str = "") -> str:
    """A text of no more than 120 characters, which begins with an image or, at every second place, with the rest."""
    image, turn = IMAGE.format(place), sum(map(ord, place + text)) % 2
    return (f"{image} {REST}" if turn else f"{REST[:70]} {image} {REST}")[:120]


def rewritten(value: Any, people: dict[str, str], key: str = "") -> Any:
    """Replace the texts of a bundle, and the ids of its participants wherever they stand."""
    if isinstance(value, dict):
        if key == "demographics":
            return {hostile("fact", fact)[:40]: hostile("value", said) for fact, said in value.items()}
        return {people.get(name, name): rewritten(part, people, name) for name, part in value.items()}
    if isinstance(value, list):
        return [hostile(key, str(part)) if key in _LISTS else rewritten(part, people, key) for part in value]
    if not isinstance(value, str):
        return value
    if value in people:
        return people[value]
    if key in ("model", "local_model", "frontier_model"):
        return _MODEL
    is_code = key == "text" and value in ("draft", "frontier", "refined")
    return hostile(key, value) if key in _TEXTS and value and not is_code else value


def populate_hostile(database: Path) -> dict[str, str]:
    """Fill a new database; the address of each page, by name."""
    harmless = database.with_name("harmless.db")
    addresses = populate(harmless)
    source = Store(harmless)
    bundle = json.loads(source.bundle([run.id for run in source.runs()]).model_dump_json())
    people = {person["id"]: f"{IMAGE.format(person['id'])}<b>" for person in bundle["studies"][0]["participants"]}
    bundle = rewritten(bundle, people)
    for run in bundle["runs"]:
        run["config"]["prices"] = {_MODEL: PriceOverride(input_usd=1, output_usd=5).model_dump()}
        run["note"], run["tags"] = hostile("note", run["id"]), [hostile("tag")[:60]]
    for design in bundle["designs"]:
        for label in design["labels"]:
            label["rater"], label["note"] = hostile("rater")[:80], hostile("labelnote")
    store = Store(database)
    now = SystemClock().now()
    store.import_bundle(Bundle.model_validate(bundle), now)
    pair = addresses["compare"].partition("=")[2]
    compared = source.comparison(pair).run_ids
    notes = {run_id: hostile("annotation", run_id) for run_id in compared}
    saved = store.save_comparison(hostile("title"), compared, now, note=hostile("note"), annotations=notes)
    addresses["compare"] = f"/compare?comparison={saved}"
    addresses["experiments"] = f"/experiments?experiment={_experiment(store, compared[0])}"
    return addresses


def _experiment(store: Store, run_id: str) -> str:
    values = {"quality_threshold": [0.8, 0.9], "frontier_model": [_MODEL]}
    prices = {_MODEL: {"input_usd": 1, "output_usd": 5}}
    grid = Grid.model_validate(
        {"experiment": hostile("experiment"), "from_drafts": run_id, "grid": values, "hybrid": {"prices": prices}}
    )
    experiment = plan_experiment(grid, store.run(run_id), Settings(), store.path.parent, SystemClock().now())
    store.save_experiment(experiment.model_copy(update={"problem": hostile("problem")}))
    return experiment.id


def hostile_files() -> list[dict[str, Any]]:
    """Files to upload: a survey with hostile columns and people, and a conversation of hostile speakers."""
    columns = [hostile("column", str(number)).replace(",", " ").replace('"', "") for number in range(3)]
    rows = [
        f'"{IMAGE.format("person")}{number}","{REST[:40]}","{REST[-60:]}",yes,I want it warm.' for number in range(4)
    ]
    survey = "\n".join([",".join(["participant", *columns, "answer"]), *rows])
    asked = {"speaker": "<img src=x onerror=alert(4)>", "text": f"Why {REST}?"}
    answered = {"speaker": IMAGE.format("speaker"), "text": f"I want {REST}"}
    talk = json.dumps([asked, answered] * 6)
    return [
        {"name": "![x](http:evil.example) <b>.csv", "mimeType": "text/csv", "buffer": survey.encode()},
        {"name": "[a](javascript:alert(5)).json", "mimeType": "application/json", "buffer": talk.encode()},
    ]
