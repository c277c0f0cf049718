"""A questionnaire for readers: how do they perceive a persona?

The eight constructs are those of the Persona Perception Scale (Salminen, Santos, Kwak, An, Jung, Jansen: "Persona
Perception Scale: Development and Exploratory Validation of an Instrument for Evaluating Individuals' Perceptions of
Personas", International Journal of Human-Computer Studies 141, 2020, 102437). The statements are our own words and are
not validated: compare runs with them, and do not compare with published results. Answers are anonymous: a random
token groups those of one reader, and neither name nor time is kept.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

Construct = Literal[
    "credibility",
    "consistency",
    "completeness",
    "clarity",
    "similarity",
    "likability",
    "empathy",
    "willingness to use",
]

CONSTRUCTS: tuple[Construct, ...] = get_args(Construct)

LOWEST, HIGHEST = 1, 7
"""Ends of the scale: disagree entirely, agree entirely."""

MOST_READERS = 500
"""Readers whose answers about one run are taken."""

STATEMENTS: Mapping[Construct, tuple[str, str]] = {
    "credibility": ("This persona could be a real person.", "I believe what this persona says."),
    "consistency": ("The parts of this persona fit together.", "The quotes match the rest of the description."),
    "completeness": ("I know enough about this persona to work with it.", "No important detail is missing."),
    "clarity": ("This persona is easy to understand.", "The information is well presented."),
    "similarity": ("This persona and I have things in common.", "This persona thinks as I do."),
    "likability": ("I like this persona.", "I would enjoy meeting this persona."),
    "empathy": ("I can put myself into this persona's place.", "I understand what this persona feels."),
    "willingness to use": ("I would use this persona in my work.", "This persona helps me to decide."),
}
"""Two statements per construct, in our own words."""


class ReaderAnswer(NamedTuple):
    """Agreement of one reader with one statement about a persona."""

    persona: str
    respondent: str
    item: str
    """Construct and number of the statement: `credibility 1`."""
    value: int
