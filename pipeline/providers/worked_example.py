"""The worked example in the prompt of a draft, and how an answer that copies it is recognised.

Invented, and far from what products are about. Models of a few hundred million parameters may repeat it instead of
reading the material (Gemma 3 270M did in 20 drafts of 20): such an answer must not pass for a persona.
"""

from collections.abc import Iterable

from pipeline.providers.lines import json_line

MATERIAL = (
    {
        "participant": "X1",
        "question": "What is hard about the ferry?",
        "lines": {"1": "With wind I never know if it sails.", "2": "So I ring the harbour at six."},
    },
    {"participant": "X2", "lines": {"3": "I always pack for a night away, the last boat may not go."}},
)
CLAIMS = {
    "pain_points": ["Cannot tell on windy days whether the boat will sail", "May be left without a last boat"],
    "goals": ["Learn early whether the boat sails", "Get home on the day of the trip"],
    "behaviours": ["Calls the harbour early in the morning", "Packs for a night away on every trip"],
    "motivations": ["Does not want to be stranded overnight"],
}
ANSWER = {
    "quotes": [1, 3],
    **CLAIMS,
    "background": "Depends on a ferry that may not sail in wind.",
    "demographics": {"age": "", "occupation": "", "location": "", "household": ""},
    "tagline": "Plans every crossing around the weather",
    "name": "Ines",
}
TEXT = "\n".join(
    [
        "Example of another study, about a ferry. Material:",
        *map(json_line, MATERIAL),
        f"Answer:\n{json_line(ANSWER)}",
        "Use nothing of this example in your answer.",
    ]
)
_COPIED = frozenset(claim.casefold() for claims in CLAIMS.values() for claim in claims)


def copied_claims(claims: Iterable[str]) -> int:
    """Return how many claims are those of the example, word for word."""
    return sum(claim.strip(" .").casefold() in _COPIED for claim in claims)
