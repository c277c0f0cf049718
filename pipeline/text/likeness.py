"""Likeness of two sentences as claims, whatever the order of their words."""

from rapidfuzz import fuzz

SAME_CLAIM = 80
"""Similarity from 0 to 100, ignoring word order, from which on two sentences are the same claim."""

_LONGEST = 20_000


def claim_likeness(one: str, other: str) -> float:
    """Return the similarity of two claims, `SAME_CLAIM` to 100; 0 for different claims."""
    return fuzz.token_sort_ratio(one[:_LONGEST].casefold(), other[:_LONGEST].casefold(), score_cutoff=SAME_CLAIM)
