"""Capacity of a study: the number of personas that its clusters of participants carry, answered before a run.

A persona should stand for several people. The answer is the finest division of the study in which each cluster still
holds enough participants; the reason names the cluster that would be too small in the next finer one. It says nothing
about how far apart the clusters are: silhouettes of tf-idf vectors are near 0 for any number of clusters (0.03 to
-0.05 for 2 to 12 on the example study) and choose none.
"""

from pipeline.domain.base import Frozen
from pipeline.domain.study import Study
from pipeline.hybrid.focus import cluster_sizes
from pipeline.text.wording import count

FEWEST_PARTICIPANTS = 3
"""Participants that a persona should stand for."""

_FEW_PARTICIPANTS = 5
"""Up to so many participants there are no clusters: every persona is the portrait of one person."""


class Capacity(Frozen):
    """Number of personas that a study carries."""

    personas: int
    """0 without participants."""
    participants: int
    reason: str
    """In one sentence."""

    @property
    def sentence(self) -> str:
        """The answer with its reason."""
        if not self.participants:
            return f"This study carries no persona: {self.reason}"
        return f"This study carries {count(self.personas, 'persona')}: {self.reason}"

    def warn_of(self, wanted: int, drafts: int) -> str:
        """Return a sentence if more personas are asked for than the study carries, else an empty one.

        Args:
            wanted: personas to deliver.
            drafts: drafts to write for them.
        """
        if not self.participants or wanted <= self.personas:
            return ""
        if wanted > self.participants:
            return (
                f"{count(wanted, 'persona')} {'is' if wanted == 1 else 'are'} asked for, and the study has "
                f"{count(self.participants, 'participant')}: at most {self.participants} can differ. "
                f"{count(drafts, 'draft')} will repeat the same people."
            )
        return f"{count(wanted, 'persona')} are asked for. {self.sentence}"


def capacity(study: Study) -> Capacity:
    """Return how many personas a study carries, and why."""
    people = len(study.participants)
    if not people:
        return Capacity(personas=0, participants=0, reason="it has no participant.")
    if people <= _FEW_PARTICIPANTS:
        why = f"it has {count(people, 'participant')}, so each persona is the portrait of one person, not of a group."
        return Capacity(personas=people, participants=people, reason=why)
    sizes = cluster_sizes(study)
    carried = _finest(sizes, FEWEST_PARTICIPANTS)
    if carried == 1:
        carried = _finest(sizes, FEWEST_PARTICIPANTS - 1)
    return Capacity(personas=carried, participants=people, reason=_reason(sizes, carried, people))


def _finest(sizes: dict[int, tuple[int, ...]], fewest: int) -> int:
    """Return the largest number of clusters that all hold so many participants; 1 if only the whole study does."""
    return max(number for number, clusters in sizes.items() if number == 1 or min(clusters) >= fewest)


def _reason(sizes: dict[int, tuple[int, ...]], carried: int, people: int) -> str:
    groups = ", ".join(str(size) for size in sizes[carried])
    finer = sizes.get(carried + 1)
    if carried == 1:
        why = "its participants talk about the same things"
        return f"{why}, and any division leaves {count(min(finer), 'person', 'people')} alone." if finer else f"{why}."
    now = f"its {people} participants form groups of {groups}"
    if finer is None:
        return f"{now}, and no finer ones."
    return f"{now}; with {carried + 1}, one persona would stand for {count(min(finer), 'person', 'people')} only."
