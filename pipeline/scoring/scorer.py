"""Assess one draft: completeness, coherence, faithfulness, evidence and findings.

Local, deterministic, free. The overall score is `C^.2 * H^.3 * F^.5` with the weights of the run; it orders
drafts, it is not a probability. Findings are sentences for an analyst, made from flags and supports.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from pipeline.domain.config import Weights
from pipeline.domain.persona import (
    CLAIM_LISTS,
    WEAK_FROM,
    Assessment,
    ClaimSupport,
    Finding,
    Persona,
    Scores,
    Supporter,
)
from pipeline.domain.run import ChosenSource
from pipeline.scoring.coherence import coherence
from pipeline.scoring.completeness import completeness, is_blank
from pipeline.scoring.demographics import look_up
from pipeline.scoring.faithfulness import LONGEST_CLAIM, Claim, Evidence, find, find_at, summed_up
from pipeline.scoring.index import SCORER_VERSION, SourceView, StudyIndex
from pipeline.scoring.judge import Judge
from pipeline.scoring.meaning import Meaning
from pipeline.scoring.prevalence import about_prevalence, quoted, stating, supporters
from pipeline.scoring.quotes import find_quote, is_scorable
from pipeline.scoring.verifier import Verifier, verifier_name
from pipeline.text.instructions import reads_like_instruction
from pipeline.text.tokens import STOP_WORDS, language_of, shortened

_COPIED_RUN, _COPIED_SHARE, _COPIED_CAP = 12, 0.6, 0.4
_CLOSE_RUN, _CLOSE_COST = 7, 0.5
_STUFFED_LENGTH, _STUFFED_SHARE, _STUFFED_CAP = 8, 0.1, 0.3
_POOLED_KNEE, _POOLED_SLOPE = 0.6, 0.5
"""Support over .6 counts half where it is not known whose words count, so that it ends at .8 without a tie."""
INSTRUCTION_CAP = 0.3
"""Maximum overall score of a text that contains instructions to a model."""

_NOT_STATED_CAPS = {"age": 0.0, "occupation": 0.5, "location": 0.5}
_DEMOGRAPHICS = "demographics."
_DEMOGRAPHIC_WEIGHT = 0.5


class Scorer:
    """Scores texts against one study.

    Attributes:
        version: names everything that decides a score; scores of different versions are not comparable.
    """

    def __init__(
        self,
        index: StudyIndex,
        weights: Weights,
        meaning: Meaning | None = None,
        judge: Judge | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        """Bind the score to a study; without `meaning`, `judge` and `verifier` no model is called."""
        self._index = index
        self._weights = weights
        self._meaning = meaning
        self._judge = judge
        self._verifier = verifier
        self.version = scorer_version(
            meaning.model if meaning else None,
            judge.model if judge else None,
            verifier.model if verifier else None,
        )

    def assess(
        self,
        persona: Persona,
        focus: Sequence[str] | None = None,
        *,
        sources: Sequence[ChosenSource] = (),
        known: Sequence[ClaimSupport] = (),
    ) -> Assessment:
        """The assessment of one text.

        Args:
            persona: the text; nothing in it is trusted.
            focus: ids of the participants it is drawn from. `None`, or ids this study does not have, score it
                against everybody, which sees less: supports are capped at .8 and a finding says so.
            sources: sentences that a person chose for some claims; one that is not in focus is passed over.
            known: supports of claims that need not be computed again, because nothing about them changed.

        Raises:
            ProviderError: a model that takes part in the score does not answer.
            Cancelled: the run was cancelled before such a model could be asked.
        """
        view = self._index.view(focus)
        if self._meaning:
            listed = [text for field, text in statements(persona) if field in CLAIM_LISTS]
            self._meaning.prepare(listed, view, persona.id)
        claims = tuple(self._claims(persona, view, sources, known))
        complete, missing = completeness(persona)
        written = language_of(" ".join(text[:LONGEST_CLAIM] for _, text in statements(persona)))
        coherent, issues = coherence(persona, written)
        faithful = None if view.is_empty else summed_up([(claim.support, weight_of(claim)) for claim in claims])
        overall = None if faithful is None else self._overall(complete, coherent, faithful)
        injected = about_instructions(persona, claims)
        if overall is not None and injected:
            overall = min(overall, INSTRUCTION_CAP)
        findings = [
            *injected,
            *about_source(written, view),
            *issues,
            *about_claims(claims),
            *about_prevalence(claims, CLAIM_LISTS),
            *missing,
        ]
        scores = Scores(overall=overall, coherence=coherent, faithfulness=faithful, completeness=complete)
        return Assessment(scores=scores, claims=claims, findings=tuple(findings), scorer_version=self.version)

    def _overall(self, complete: float, coherent: float, faithful: float) -> float:
        parts = zip((complete, coherent, faithful), exponents(self._weights), strict=True)
        return min(math.prod(math.pow(score, exponent) for score, exponent in parts), 1.0)

    def _claims(
        self, persona: Persona, view: SourceView, sources: Sequence[ChosenSource], known: Sequence[ClaimSupport]
    ) -> Iterator[ClaimSupport]:
        chosen = {(one.claim.field, one.claim.text): place_of_source(one, view) for one in sources}
        computed = {(claim.field, claim.text): claim for claim in known}
        for field, text in statements(persona):
            if (field, text) in computed:
                yield computed[field, text]
            elif field == "quotes":
                if is_scorable(text):
                    evidence = find_quote(text, view)
                    yield self._support(field, text, evidence, view, quoted(evidence, view, self._index))
            else:
                claim = Claim.of(text, view.language, is_goal=field == "goals")
                sentence = chosen.get((field, text))
                best = find(claim, view)
                # Who says so does not depend on the sentence that is shown.
                backers = supporters(claim, best, view, self._index)
                evidence = best if sentence is None else find_at(claim, sentence, view)
                if self._meaning and field in CLAIM_LISTS:
                    evidence = self._meaning.blend(text, claim, evidence, view, persona.id)
                evidence = _capped(claim, evidence, view)
                if self._verifier and field in CLAIM_LISTS:
                    evidence = self._verifier.weigh(field, text, claim, evidence, view, persona.id)
                if self._judge and field in CLAIM_LISTS:
                    evidence = self._judge.weigh(field, text, evidence, view, persona.id)
                if field.startswith(_DEMOGRAPHICS):
                    key = field.removeprefix(_DEMOGRAPHICS)
                    evidence = _with_facts(key, text, evidence, view)
                    backers = stating(key, text, view) or backers
                yield self._support(field, text, evidence, view, backers)

    def _support(
        self, field: str, text: str, evidence: Evidence, view: SourceView, backers: tuple[Supporter, ...]
    ) -> ClaimSupport:
        support, flags = evidence.support, evidence.flags
        if reads_like_instruction(text):
            support, flags = 0.0, (*flags, "instruction")
        if not view.is_known:
            support = min(support, _POOLED_KNEE + _POOLED_SLOPE * (support - _POOLED_KNEE))
        support = min(max(support, 0.0), 1.0)
        person = evidence.participant
        segment = view.segment_of(evidence.sentences[0]) if evidence.sentences else None
        document = segment.document if segment else person.documents[0] if person and person.documents else None
        return ClaimSupport(
            field=field,
            text=text,
            support=support,
            document=self._index.document_names.get(document, document) if document else None,
            segment=segment.id if segment else None,
            quote=view.text_between(*evidence.sentences) if evidence.sentences else None,
            participant=segment.participant if segment else person.id if person else None,
            flags=flags,
            unjudged=evidence.unjudged,
            at=segment.at if segment else None,
            supporters=backers,
            of=len(view.participants) if view.is_known else None,
        )


def place_of_source(source: ChosenSource, view: SourceView) -> int | None:
    """Return the sentence of a view that a person chose; `None` when the view does not have it."""
    there = view.sentences_in(source.segment)
    return next((one for one in there if view.text_between(one, one + 1) == source.quote), None)


def scorer_version(
    embedding_model: str | None = None, judge_model: str | None = None, verifier_model: str | None = None
) -> str:
    """`1.0`, `1.0+all-minilm`, `1.0+judge:qwen2.5:7b`: the version of the formula and the models in the score.

    Of a verifier in a folder, only the folder's own name counts: paths differ from machine to machine.
    """
    parts = (
        SCORER_VERSION,
        embedding_model,
        f"judge:{judge_model}" if judge_model else None,
        f"verifier:{verifier_name(verifier_model)}" if verifier_model else None,
    )
    return "+".join(part for part in parts if part)


class Exponents(NamedTuple):
    """Exponent of each part of the overall score."""

    completeness: float
    coherence: float
    faithfulness: float


def exponents(weights: Weights) -> Exponents:
    """The weights of a run, made to sum to 1; weights that are all 0 count every part fully."""
    total = weights.completeness + weights.coherence + weights.faithfulness
    if total <= 0:
        return Exponents(1.0, 1.0, 1.0)
    return Exponents(weights.completeness / total, weights.coherence / total, weights.faithfulness / total)


def statements(persona: Persona) -> Iterator[tuple[str, str]]:
    """Everything in a persona that is a claim about the people studied: field and text, blanks left out.

    The name is invented on purpose, and tagline and background retell the other parts: they are not scored.
    """
    for field in (*CLAIM_LISTS, "quotes"):
        for text in getattr(persona, field):
            if not is_blank(text):
                yield field, text
    for key, value in persona.demographics.items():
        if not is_blank(value):
            yield f"{_DEMOGRAPHICS}{key}", value


def _with_facts(key: str, text: str, evidence: Evidence, view: SourceView) -> Evidence:
    """Return the evidence from words, or from stated facts where these decide better."""
    stated = look_up(key, text, view.participants)
    if stated is None:
        return evidence
    if stated.support == 0:
        # A number or a job that is said somewhere may be anybody's; the data knows whose it is not.
        return Evidence(
            min(evidence.support, _NOT_STATED_CAPS.get(key, 1.0)), None, ("not_stated",), stated.participant
        )
    if key != "age" and evidence.support >= stated.support:
        return evidence
    return Evidence(stated.support, None, (), stated.participant)


def _capped(claim: Claim, evidence: Evidence, view: SourceView) -> Evidence:
    """Less for a claim that repeats the source instead of summing it up, and for one that only lists words.

    The source always supports its own words best: without this a paste would beat every honest persona.
    """
    support, flags = evidence.support, list(evidence.flags)
    close = view.copied_share(claim.words, _CLOSE_RUN)
    if close and view.copied_share(claim.words, _COPIED_RUN) >= _COPIED_SHARE:
        support, flags = min(support, _COPIED_CAP), [*flags, "copied"]
    elif close:
        support *= 1 - _CLOSE_COST * close
        flags += ["close_to_source"] if close >= _COPIED_SHARE else []
    if view.language == "english" and _is_stuffed(claim):
        support, flags = min(support, _STUFFED_CAP), [*flags, "stuffed"]
    return replace(evidence, support=support, flags=tuple(flags))


def _is_stuffed(claim: Claim) -> bool:
    if len(claim.words) < _STUFFED_LENGTH:
        return False
    return sum(word in STOP_WORDS or "'" in word for word in claim.words) < _STUFFED_SHARE * len(claim.words)


def weight_of(claim: ClaimSupport) -> float:
    """Return the weight of a claim in faithfulness: a fact about the person half as much as a statement."""
    return _DEMOGRAPHIC_WEIGHT if claim.field.startswith(_DEMOGRAPHICS) else 1.0


def about_instructions(persona: Persona, claims: Sequence[ClaimSupport]) -> list[Finding]:
    """Return a finding for each text of a persona that addresses the model that will read it."""
    texts = (("name", persona.name), ("tagline", persona.tagline), ("background", persona.background))
    found = [(field, text) for field, text in texts if reads_like_instruction(text)]
    found += [(claim.field, claim.text) for claim in claims if "instruction" in claim.flags]
    sentence = "Reads like an instruction to a model, not a fact"
    return [Finding(kind="instruction", field=field, text=f"{sentence}: '{shortened(text)}'") for field, text in found]


def about_source(written: str, view: SourceView) -> Iterator[Finding]:
    """Yield findings on the source: no words, an unknown focus, or another language than the draft's."""
    if view.is_empty:
        yield Finding(
            kind="empty_source", text="There are no participants' words to compare with: faithfulness is open."
        )
        return
    if not view.is_known:
        text = "It is not known which participants this is drawn from: compared with everybody, supports at most .8."
        yield Finding(kind="unknown_focus", text=text)
    if written != view.language:
        text = f"Written in {written}, the study in {view.language}: wording cannot be compared and scores near 0."
        yield Finding(kind="other_language", text=text)


def about_claims(claims: Sequence[ClaimSupport]) -> Iterator[Finding]:
    """Yield reasons for little support of claims: flags, a judge's verdict against the words, or no source."""
    sentences = {
        "copied": "Copied from the study word for word instead of summed up",
        "close_to_source": "Nearly word for word from the study instead of summed up",
        "stuffed": "A string of keywords, not a statement",
        "not_stated": "The data states something else about these participants than",
        "polarity": "The study seems to say the opposite of",
    }
    for claim in claims:
        for flag in claim.flags:
            if flag in sentences:
                yield Finding(kind=flag, field=claim.field, text=f"{sentences[flag]}: '{shortened(claim.text)}'")
        if claim.unjudged is not None and (claim.unjudged >= WEAK_FROM) != (claim.support >= WEAK_FROM):
            yield _about_judgement(claim, claim.unjudged)
        elif claim.support < WEAK_FROM and all(flag.startswith(("judge_", "verifier_")) for flag in claim.flags):
            kind = "unsupported_quote" if claim.field == "quotes" else "unsupported_claim"
            found = (
                "No quote found in the study for" if claim.field == "quotes" else "Little or nothing in the study says"
            )
            yield Finding(kind=kind, field=claim.field, text=f"{found}: '{shortened(claim.text)}'")


def who_weighed(flags: Sequence[str]) -> str:
    """Name the models that changed a support, by the flags that they left."""
    judged, verified = (any(flag.startswith(role) for flag in flags) for role in ("judge_", "verifier_"))
    return "both models" if judged and verified else "the judge" if judged else "the verifier"


def _about_judgement(claim: ClaimSupport, by_words: float) -> Finding:
    sentences = {
        "judge_contradicted": "The local judge finds the opposite said of",
        "judge_not_found": "The local judge finds nobody who says",
        "judge_supported": "The local judge finds it said",
        "verifier_doubts": "The local verifier doubts that the study says",
        "verifier_supports": "The local verifier finds it said",
    }
    # The last to be asked is named; a small change by a verifier has no flag of its own.
    said = [sentences[flag] for flag in claim.flags if flag in sentences] or [sentences["verifier_doubts"]]
    text = f"{said[-1]}: '{shortened(claim.text)}' (without {who_weighed(claim.flags)}: {by_words:.2f})"
    return Finding(kind="judge_disagrees", field=claim.field, text=text)
