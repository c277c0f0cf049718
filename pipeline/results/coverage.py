"""Coverage: who is represented by the personas of a run, who is left out and why, and which personas overlap.

Pure functions on a run. Being represented means being among the participants that a delivered persona is drawn from;
being heard means supporting at least one of its statements in one's own words. The other rule of selection is shown
on the same drafts.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

from pipeline.domain.base import Frozen
from pipeline.domain.config import SelectionRule
from pipeline.domain.run import AssessedDraft, FinalPersona, RunRecord
from pipeline.domain.selection import Ground, choose, ground_of, mean_score, overlap, represented
from pipeline.domain.study import Study
from pipeline.text.wording import count, label, listed, percent, score

MOST_OVERLAPS = 200
"""Pairs that are listed, the largest first; further ones are counted."""

_SHOWN_PAIRS = 5
_SHOWN_IDS = 12


class Represented(Frozen):
    """A delivered persona and its participants."""

    persona: str
    """Its id."""
    name: str
    participants: tuple[str, ...]
    """Ids of the participants that its draft is drawn from."""
    heard: tuple[str, ...]
    """Ids of those who support at least one of its statements in their own words."""


class LeftOut(Frozen):
    """A participant whom no delivered persona is drawn from."""

    participant: str
    reason: str


class PersonaOverlap(Frozen):
    """Two delivered personas that share participants or statements."""

    a: str
    b: str
    names: tuple[str, str]
    shared: tuple[str, ...]
    """Ids of the participants of both."""
    jaccard: float
    """Shared participants as a fraction of all of both."""
    same_statements: int
    is_repeat: bool


class RuleResult(Frozen):
    """The set that a rule of selection chooses from the drafts of the run."""

    rule: SelectionRule
    drafts: tuple[str, ...]
    represented: int
    mean_score: float
    """Of the drafts, before refinement; 0 to 1."""
    repeats: int
    """Pairs that repeat each other."""


class Coverage(Frozen):
    """Coverage of a run in any state."""

    participants: int
    represented: int
    heard: int
    """Participants who support at least one statement of a delivered persona in their own words."""
    personas: tuple[Represented, ...]
    left_out: tuple[LeftOut, ...]
    unnamed: int
    """Participants left out whose ids are unknown, because the drafts drawn from them failed."""
    overlaps: tuple[PersonaOverlap, ...]
    more_overlaps: int
    """Overlaps that are not listed."""
    rules: tuple[RuleResult, ...]
    """Both rules on the same drafts, that of the run first; none without drafts."""


def coverage(run: RunRecord) -> Coverage:
    """Return who the personas of a run stand for."""
    focus = {final.draft_id: run.people_of(final) for final in run.shown}
    delivered = [_represented(final, focus[final.draft_id]) for final in run.shown]
    covered = frozenset(person for one in delivered for person in one.participants)
    known = represented(run.drafts)
    overlaps = sorted(_overlaps(run.shown, focus), key=lambda pair: (-pair.jaccard, -pair.same_statements))
    return Coverage(
        participants=max(run.study.participants, len(known)),
        represented=len(covered),
        heard=len({person for one in delivered for person in one.heard}),
        personas=tuple(delivered),
        left_out=_left_out(sorted(known - covered), run),
        unnamed=max(0, run.study.participants - len(known)),
        overlaps=tuple(overlaps[:MOST_OVERLAPS]),
        more_overlaps=max(0, len(overlaps) - MOST_OVERLAPS),
        rules=_rules(run),
    )


def coverage_sentences(found: Coverage) -> tuple[str, ...]:
    """Return the coverage in sentences, for the screen, reports and terminals; the first one sums it up."""
    if not found.personas:
        return ()
    verb = "is" if found.participants == 1 else "are"
    whole = f"{found.represented} of {count(found.participants, 'participant')} {verb} represented"
    sentences = [f"{whole}; {found.heard} support at least one statement in their own words."]
    reasons: dict[str, list[str]] = {}
    for one in found.left_out:
        reasons.setdefault(one.reason, []).append(one.participant)
    sentences += [f"Left out: {_ids(people)}. {reason}" for reason, people in reasons.items()]
    if found.unnamed:
        sentences.append(f"{count(found.unnamed, 'participant')} left out: the drafts drawn from them failed.")
    return (*sentences, *_overlap_sentences(found), *_rule_sentences(found))


WHO_COLUMNS = ("Persona", "Drawn from", "Heard in their own words")


def who_rows(found: Coverage) -> tuple[tuple[str, str, str], ...]:
    """Return one row per delivered persona, with the columns of `WHO_COLUMNS`; plain, untrusted text."""
    return tuple((label(one.name), _ids(one.participants) or "–", _ids(one.heard) or "–") for one in found.personas)


def _represented(final: FinalPersona, focus: Sequence[str]) -> Represented:
    heard = {one.participant for claim in final.assessment.claims for one in claim.supporters}
    return Represented(
        persona=final.persona.id,
        name=final.persona.name,
        participants=tuple(focus),
        heard=tuple(person for person in focus if person in heard),
    )


def _overlaps(finals: Sequence[FinalPersona], focus: dict[str, tuple[str, ...]]) -> Iterable[PersonaOverlap]:
    grounds = [ground_of(final.persona, focus.get(final.draft_id, ())) for final in finals]
    for (one, first), (other, second) in combinations(zip(finals, grounds, strict=True), 2):
        found = overlap(first, second)
        if found.people or found.statements:
            yield PersonaOverlap(
                a=one.persona.id,
                b=other.persona.id,
                names=(one.persona.name, other.persona.name),
                shared=found.people,
                jaccard=found.jaccard,
                same_statements=len(found.statements),
                is_repeat=found.is_repeat,
            )


def _left_out(people: Sequence[str], run: RunRecord) -> tuple[LeftOut, ...]:
    decided = {final.draft_id for final in run.personas}
    kept = [(item, _ground(item)) for item in run.drafts if item.draft.id in decided]
    return tuple(LeftOut(participant=person, reason=_reason(person, run, kept)) for person in people)


def _reason(person: str, run: RunRecord, kept: Sequence[tuple[AssessedDraft, Ground]]) -> str:
    """Say why no draft that is drawn from a participant was delivered, beside the delivered ones."""
    # The record lists the best draft first.
    best = next(item for item in run.drafts if person in item.draft.focus)
    own = best.assessment.scores.overall
    draft = f"The best draft drawn from them ({best.draft.id}, score {score(own)})"
    if not run.personas:
        return f"{draft} was not delivered: the run delivered no persona."
    ground = _ground(best)
    for twin, other in kept:
        shared = overlap(ground, other)
        if not shared.is_repeat:
            continue
        common = f"{count(len(shared.people), 'participant')} and {count(len(shared.statements), 'statement')}"
        return f"{draft} repeats {label(twin.draft.persona.name)}: {common} in common."
    lowest = min(item.assessment.scores.overall or 0.0 for item, _ in kept)
    if (own or 0.0) < lowest:
        return f"{draft} scores less than every delivered one ({score(lowest)} or more)."
    return f"{draft} was passed over for drafts that represent more participants."


def _ground(item: AssessedDraft) -> Ground:
    return ground_of(item.draft.persona, item.draft.focus)


def _rules(run: RunRecord) -> tuple[RuleResult, ...]:
    if not run.drafts:
        return ()
    other: SelectionRule = "best_score" if run.config.selection == "cover" else "cover"
    return tuple(_rule(run, rule) for rule in (run.config.selection, other))


def _rule(run: RunRecord, rule: SelectionRule) -> RuleResult:
    kept = choose(run.drafts, run.config, rule).kept
    pairs = combinations([_ground(item) for item in kept], 2)
    return RuleResult(
        rule=rule,
        drafts=tuple(item.draft.id for item in kept),
        represented=len(represented(kept)),
        mean_score=mean_score(kept),
        repeats=sum(overlap(one, other).is_repeat for one, other in pairs),
    )


def _overlap_sentences(found: Coverage) -> list[str]:
    if len(found.personas) < 2:
        return []
    if not found.overlaps:
        return ["No two personas share a participant or a statement."]
    sentences = [_overlap_sentence(pair) for pair in found.overlaps[:_SHOWN_PAIRS]]
    rest = len(found.overlaps) + found.more_overlaps - len(sentences)
    return [*sentences, f"{count(rest, 'further pair')} overlap less."] if rest else sentences


def _overlap_sentence(pair: PersonaOverlap) -> str:
    one, other = (label(name) for name in pair.names)
    shared = [f"{count(pair.same_statements, 'statement')}"] if pair.same_statements else []
    if pair.shared:
        shared.insert(0, f"{_ids(pair.shared)} ({percent(pair.jaccard)} of their participants)")
    return f"{one} and {other} {'repeat each other: they share' if pair.is_repeat else 'share'} {listed(shared)}."


def _rule_sentences(found: Coverage) -> list[str]:
    if len(found.rules) < 2:
        return []
    own, other = found.rules
    if set(own.drafts) == set(other.drafts):
        return [f"Chosen by {own.rule}; {other.rule} chooses the same drafts."]
    return [
        f"Chosen by {own.rule}: mean score of the drafts {score(own.mean_score)}. By {other.rule} the same drafts give "
        f"{count(len(other.drafts), 'persona')} that represent {other.represented} of {found.participants}, mean score "
        f"{score(other.mean_score)}{_repeats(other)}."
    ]


def _repeats(rule: RuleResult) -> str:
    if not rule.repeats:
        return ""
    return f", and {count(rule.repeats, 'pair')} {'repeats' if rule.repeats == 1 else 'repeat'} each other"


def _ids(people: Sequence[str]) -> str:
    shown = [label(person) for person in people[:_SHOWN_IDS]]
    return listed([*shown, f"{len(people) - len(shown)} more"] if len(people) > len(shown) else shown)


def document_kinds(study: Study) -> dict[str, str]:
    """Return the kind of document of each participant; people with several kinds have them joined by "and"."""
    kind = {document.id: document.kind for document in study.documents}
    return {
        one.id: " and ".join(sorted({kind[name] for name in one.documents if name in kind}))
        for one in study.participants
    }
