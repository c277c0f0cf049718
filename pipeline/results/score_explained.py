"""Explain a score: its parts with their exponents, the reasons for lower ones, and the limits of the score.

Pure functions on a stored assessment and the weights of its run; nothing is scored again. If the parts do not give
the stored score, because another version of the scorer wrote it, the explanation says so.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import prod
from typing import Literal

from pipeline.domain.base import Frozen, Score
from pipeline.domain.config import HybridConfig, Weights
from pipeline.domain.persona import Assessment, ClaimSupport
from pipeline.domain.run import RunRecord
from pipeline.results.evidence import FLAG_WORDS, Mark, mark, rest_on_one
from pipeline.scoring.claim_faults import KINDS
from pipeline.scoring.coherence import PER_ISSUE
from pipeline.scoring.duplicates import PENALTY
from pipeline.scoring.faithfulness import ClaimSummary, summary
from pipeline.scoring.scorer import INSTRUCTION_CAP, exponents, weight_of
from pipeline.scoring.verifier import verifier_name
from pipeline.text.wording import count, listed, percent, score

PartName = Literal["faithfulness", "coherence", "completeness"]

LOOKS_AT: dict[PartName, str] = {
    "faithfulness": "How well the words of a draft's participants support its claims: half the mean of "
    "all claims, half the mean of the lowest quarter. A fact about the person counts half.",
    "coherence": "Contradictions inside the text, found by rules: age beside years of work, novice beside "
    "expert, often beside seldom, opposite statements, repeated statements. Each one leaves "
    f"{percent(PER_ISSUE)}. And whether statements say something, are whole and stand in the right list: the square of "
    "the share that do.",
    "completeness": "Enough content: three goals, pain points and behaviours, two quotes, an occupation, a "
    "name and another fact about the person. Placeholders and repetitions do not count.",
}
"""Meaning of each part of the score, in display order: by default weight, largest first."""

BLIND: tuple[str, ...] = (
    "Who did what to whom. A claim that swaps two people or two things keeps its words, and passes.",
    "Contradictions that are only implied. A reversed meaning shows only where the study has nearly the same sentence "
    "with or without “not”: on material kept out of development 13 of 24 reversed statements were found. Outside "
    "English it never shows.",
    "A true claim in wholly other words than the study's: it looks weak.",
    "Whether a persona is useful, typical or kind. Name, tagline and background are not checked against the study.",
)
"""Errors that the score cannot detect."""

MEANING: tuple[str, ...] = (
    "0.80 means: nearly all words, numbers and names of the claims were said by the people that the persona is drawn "
    "from, near each other, and no rule found a fault in its form.",
    "0.80 does not mean that the claims are true, that they matter, or that more than one person would agree.",
)
"""Explanation of a score of 0.80: its meaning and its limits."""

CAUTIONS: tuple[str, ...] = (
    "It is not a probability: 0.80 does not mean that four of five claims are true.",
    "0.70 is not portable: scores spread differently in another study, model or kind of data. Judge some "
    "personas yourself before you trust a threshold.",
)
"""Cautions against misreading the score."""

_HIGH = 0.8
"""The score that is explained."""

_AGREED = ("judge_supported", "verifier_supports")
_TOLERANCE = 0.005
"""Scores are shown with two decimals: smaller differences are not mentioned."""

_NO_WORDS = "There are no participants' words to compare with, so neither it nor the overall score can be computed."
_LACKING: dict[Mark, str] = {"weak": "weak", "not_found": "not found"}
_FINDINGS: dict[PartName, tuple[str, ...]] = {
    "completeness": ("missing",),
    "coherence": ("contradiction", "retold", *KINDS),
}


class ScorePart(Frozen):
    """One factor of the overall score."""

    name: PartName
    value: Score | None
    exponent: float
    factor: Score | None
    """The value to the power of the exponent: the share of the overall score that it leaves."""
    lowered: tuple[str, ...]
    """Reasons for a value under 1; untrusted text."""


class Explanation(Frozen):
    """The score of one text, taken apart."""

    parts: tuple[ScorePart, ...]
    """Faithfulness first: it weighs most by default."""
    product: Score | None
    """Of the factors; `None` when one of them is missing."""
    overall: Score | None
    changes: tuple[str, ...]
    """Reasons why the overall score differs from the product, one sentence each; untrusted text."""
    claims: int
    """Claims that were looked up in the study."""
    mean: Score | None
    """Mean support of all claims; `None` without a claim."""
    lowest_mean: Score | None
    """Mean support of the lowest quarter."""
    lowest: tuple[ClaimSupport, ...]
    """The claims of that quarter, lowest first."""
    scorer_version: str


def scoring_method(config: HybridConfig) -> str:
    """Describe how the drafts of a run are scored."""
    helpers = [
        f"the embedding model {config.embedding_model} gives half of a statement's support"
        if config.embedding_model
        else "",
        f"the judge {config.judge_model} checks claims that the words leave unclear" if config.judge_model else "",
        f"the verifier {verifier_name(config.verifier_model)} may overrule words" if config.verifier_model else "",
    ]
    helped = listed(tuple(filter(None, helpers)))
    if not helped:
        return (
            "Every draft is scored on this machine, by fixed rules and without a model: the same text and the "
            "same study give the same score."
        )
    return f"Every draft is scored by fixed rules; in this run {helped}. Such scores are on a different scale."


def score_formula(weights: Weights) -> str:
    """Write the overall score as a formula with the weights of a run: `faithfulness^0.50 · coherence^0.30 · …`."""
    powers = exponents(weights)._asdict()
    return " · ".join(f"{name}^{powers[name]:.2f}" for name in LOOKS_AT)


def explain_score(assessment: Assessment, weights: Weights) -> Explanation:
    """Explain the score of one text with the weights of its run."""
    supports = [(claim.support, weight_of(claim)) for claim in assessment.claims]
    summed = summary(supports)
    parts = tuple(_part(name, assessment, weights, summed) for name in LOOKS_AT)
    product = _product(parts)
    return Explanation(
        parts=parts,
        product=product,
        overall=assessment.scores.overall,
        changes=tuple(_changes(assessment, product)),
        claims=len(supports),
        mean=summed.mean if summed else None,
        lowest_mean=summed.lowest_mean if summed else None,
        lowest=_lowest(assessment.claims, summed),
        scorer_version=assessment.scorer_version,
    )


def on_this_study(run: RunRecord) -> tuple[str, ...]:
    """Describe the scores of a run in sentences: their spread, and how many claims rest on one person."""
    scores = sorted(item.assessment.scores.overall for item in run.drafts if item.assessment.scores.overall is not None)
    told = []
    if len(scores) > 1:
        high = sum(value >= _HIGH for value in scores)
        told.append(
            f"The {len(scores)} drafts of this run score from {score(scores[0])} to {score(scores[-1])}, half of them "
            f"{score(scores[len(scores) // 2])} or more; {high} reach {score(_HIGH)}."
        )
    counted = [rest_on_one(final.assessment) for final in run.personas]
    alone, backed = sum(one for one, _ in counted), sum(total for _, total in counted)
    if backed:
        told.append(f"Of {count(backed, 'claim')} that somebody supports alone, {alone} rest on one person.")
    elif any(claim.of is None for final in run.personas for claim in final.assessment.claims):
        told.append(
            "How many people say so was not counted here: by an older scorer, or without knowing whom to count."
        )
    kinds = Counter(finding.kind for final in run.personas for finding in final.assessment.findings)
    faulty = sum(kinds[kind] for kind in KINDS)
    if faulty:
        told.append(f"{count(faulty, 'statement')} of the delivered personas say nothing, are broken or misplaced.")
    return tuple(told)


def product_in_words(explained: Explanation) -> str:
    """Write the product of the factors: `0.86 · 1.00 · 0.96 = 0.83`; empty when one of them is missing."""
    if explained.product is None:
        return ""
    return f"{' · '.join(score(part.factor) for part in explained.parts)} = {score(explained.product)}"


def _part(name: PartName, assessment: Assessment, weights: Weights, summed: ClaimSummary | None) -> ScorePart:
    value: float | None = getattr(assessment.scores, name)
    exponent: float = getattr(exponents(weights), name)
    if name == "faithfulness":
        lowered = tuple(_about_claims(assessment.claims, summed)) if value is not None else (_NO_WORDS,)
    else:
        lowered = tuple(finding.text for finding in assessment.findings if finding.kind in _FINDINGS[name])
    factor = None if value is None else value**exponent
    return ScorePart(name=name, value=value, exponent=exponent, factor=factor, lowered=lowered)


def _about_claims(claims: Sequence[ClaimSupport], summed: ClaimSummary | None) -> Iterator[str]:
    if summed is None:
        yield "No claim could be looked up in the study, which counts as 0."
        return
    marks = Counter(mark(claim) for claim in claims)
    lacking = [f"{marks[name]} {words}" for name, words in _LACKING.items() if marks[name]]
    if lacking:
        yield f"Of {count(len(claims), 'claim')}: {', '.join(lacking)}."
    yield (
        f"Mean support {score(summed.mean)} over all {count(len(claims), 'claim')}, "
        f"{score(summed.lowest_mean)} over the lowest {summed.lowest}."
    )
    flags = Counter(flag for claim in claims for flag in claim.flags if flag not in _AGREED)
    for flag, number in flags.most_common():
        yield f"{count(number, 'claim')}: {FLAG_WORDS.get(flag, flag)}."


def _lowest(claims: Sequence[ClaimSupport], summed: ClaimSummary | None) -> tuple[ClaimSupport, ...]:
    ranked = sorted(claims, key=lambda claim: (claim.support, weight_of(claim)))
    return tuple(ranked[: summed.lowest]) if summed else ()


def _product(parts: Sequence[ScorePart]) -> float | None:
    factors = [part.factor for part in parts if part.factor is not None]
    return min(prod(factors), 1.0) if len(factors) == len(parts) else None


def _changes(assessment: Assessment, product: float | None) -> Iterator[str]:
    """Yield every rule that changed the product, then any unexplained difference from the stored score."""
    overall = assessment.scores.overall
    if product is None or overall is None:
        return
    expected = product
    if expected > INSTRUCTION_CAP and _has(assessment, "instruction"):
        expected = INSTRUCTION_CAP
        yield f"Part of the text reads like an instruction to a model: the score is at most {score(INSTRUCTION_CAP)}."
    if _has(assessment, "near_duplicate"):
        expected *= PENALTY
        yield f"Another draft of the run is nearly the same: {percent(PENALTY)} of the score is left."
    if abs(expected - overall) > _TOLERANCE:
        yield (
            f"Version {assessment.scorer_version} of the scorer gave {score(overall)}; by the current rules "
            f"the parts make {score(expected)}."
        )


def _has(assessment: Assessment, kind: str) -> bool:
    return any(finding.kind == kind for finding in assessment.findings)
