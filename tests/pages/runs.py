"""Runs for page tests: really drafted and scored by `builtin`, refined by `simulated`."""

import threading
from pathlib import Path

from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.study import Study
from pipeline.jobs.worker import Worker
from pipeline.sources import SourceFile, load_files
from pipeline.store import Store

ANSWERS = (
    "I want to know what tonight is going to cost before I go to bed. The bill always comes too late to change "
    "anything. I check the app every evening on the stairs.",
    "I need the flat warm at seven because my mother feels the cold. The app forgets my schedule when the router "
    "restarts. I always write the meter reading on the fridge.",
    "I would like one number that I can trust. I hate that the forecast changes after the evening has begun. I "
    "turn the boost on for an hour before bath time. I cannot read the small numbers on the screen.",
)


def save_study(store: Store) -> Study:
    """A study of three participants."""
    rows = "\n".join(f'R{number},"{text}"' for number, text in enumerate(ANSWERS, start=1))
    study = load_files(
        [SourceFile(name="answers.csv", data=f"participant,answer\n{rows}\n".encode())], "Heating at home"
    )
    store.save_study(study)
    return study


def join_background() -> None:
    """Wait until everything that pages have started in the background has ended.

    Raises:
        TimeoutError: something has not within a minute.
    """
    for thread in threading.enumerate():
        if thread.name.startswith("persona-"):
            thread.join(60)
            if thread.is_alive():
                raise TimeoutError(f"{thread.name} has not ended")


def finished_run(database: Path, name: str = "Night tariff", study: Study | None = None, **settings: object) -> str:
    """The id of a completed run in a database; of the study of three participants where no other one is named."""
    store = Store(database)
    if study:
        store.save_study(study)
    values = {
        "local_provider": "builtin",
        "frontier_provider": "simulated",
        "frontier_model": "claude-sonnet-5-5",
        "count": 2,
        "quality_threshold": 0.7,
    }
    config = HybridConfig.model_validate(values | settings)
    return Worker(store).run((study or save_study(store)).id, config, Settings(), name)
