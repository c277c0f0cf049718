"""Delete a study with its runs, labels and caches, and erase its text from the database and write-ahead log."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.store import Store


def erase_study(store: "Store", study_id: str, cache: Path | None) -> None:
    """Delete a study with its runs, labels, experiments, comparisons and caches.

    Cached answers of scoring models are deleted for all studies, because a cache file does not say whose text it
    holds; they are requested again when needed. Import corrections stay: they contain no text of a file.

    Args:
        store: the database of the study.
        study_id: of the study.
        cache: folder of indexes and answers; `None` without one.

    Raises:
        StoreError: there is none with that id, one of its runs is running, or another program prevented erasing the
            text. The caches are cleared unless nothing was deleted.
        OSError: a cache file cannot be deleted.
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
