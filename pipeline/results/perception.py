"""Perception of the personas of a run by its readers: means of the constructs, with interval and number of readers."""

from collections.abc import Iterable
from statistics import fmean

from pipeline.calibration.estimates import Estimate, mean_interval
from pipeline.domain.questionnaire import CONSTRUCTS, HIGHEST, LOWEST, Construct, ReaderAnswer

PERCEPTION_NOTE = (
    "Readers rate statements from 1 (disagree) to 7 (agree). The constructs are those of the Persona Perception Scale "
    "(Salminen et al., IJHCS 141, 2020); the statements are our own and not validated. n is the number of readers; the "
    "interval is 95 %."
)


def perceptions(answers: Iterable[ReaderAnswer], persona: str = "") -> dict[Construct, Estimate]:
    """Return the mean of each construct over readers, each of whom counts once.

    Constructs without answers are left out.

    Args:
        answers: about one run.
        persona: id of one persona (of its draft); empty for all of the run together.
    """
    values: dict[tuple[Construct, str], list[int]] = {}
    for one in answers:
        construct = next((name for name in CONSTRUCTS if name == one.item.rpartition(" ")[0]), None)
        if construct and persona in ("", one.persona):
            values.setdefault((construct, one.respondent), []).append(one.value)
    found = {}
    for construct in CONSTRUCTS:
        readers = [fmean(given) for (name, _), given in values.items() if name == construct]
        if readers:
            found[construct] = mean_interval(readers, LOWEST, HIGHEST)
    return found


def perception_words(found: Estimate | None) -> str:
    """Return a mean in words: `5.2 (4.6 to 5.8), n = 7`; a dash without answers."""
    if found is None:
        return "–"
    interval = f" ({found.low:.1f} to {found.high:.1f})" if found.low is not None and found.high is not None else ""
    return f"{found.value:.1f}{interval}, n = {found.n}"
