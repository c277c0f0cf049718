"""A study and everything that came of it, gone: from the database with its write-ahead log, and from the caches."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.store import Store


def erase_study(store: "Store", study_id: str, cache: Path | None) -> None:
    """Delete a study with its runs, labels, experiments and comparisons, and what was computed of its words.

    What models have answered for scores goes for all studies, because no file says whose words it holds: it is asked
    for again when it is needed. How files of a shape are read stays: no word of a file is in it.

    Args:
        store: where it is kept.
        study_id: which one.
        cache: folder of indexes and answers; `None` where none is kept.

    Raises:
        StoreError: there is none of that id, one of its runs is running, or another program kept the text from being
            erased; the caches are clean then too, unless nothing was deleted.
        OSError: a file of the cache cannot be deleted.
    """
    from pipeline.scoring.index import index_file  # numpy is loaded only where a study is deleted
    from pipeline.scoring.optional_models import forget_answers

    index = index_file(store.study(study_id), cache) if cache else None
    try:
        store.delete_study(study_id)
    finally:
        is_gone = study_id not in {study.id for study in store.studies()}
        if cache and index and is_gone:
            index.unlink(missing_ok=True)
            forget_answers(cache)
