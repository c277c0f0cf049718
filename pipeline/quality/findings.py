"""What an analyst should look at, in sentences: made from the flags and supports that the score has given."""

from collections.abc import Iterable, Iterator, Sequence

from pipeline.domain.persona import WEAK_FROM, ClaimSupport, Finding, Persona
from pipeline.scoring.faithfulness import LONGEST_CLAIM
from pipeline.source_view import SourceView
from pipeline.text.instructions import reads_like_instruction
from pipeline.text.tokens import language_of, shortened


def about_instructions(persona: Persona, claims: Sequence[ClaimSupport]) -> list[Finding]:
    """Every place in which a persona talks to the model that will read it."""
    texts = (("name", persona.name), ("tagline", persona.tagline), ("background", persona.background))
    found = [(field, text) for field, text in texts if reads_like_instruction(text)]
    found += [(claim.field, claim.text) for claim in claims if "instruction" in claim.flags]
    sentence = "Reads like an instruction to a model, not a fact"
    return [Finding(kind="instruction", field=field, text=f"{sentence}: '{shortened(text)}'") for field, text in found]


def about_source(texts: Iterable[str], view: SourceView) -> Iterator[Finding]:
    """What makes the source unfit for comparing these statements with it."""
    if view.is_empty:
        yield Finding(
            kind="empty_source", text="There are no participants' words to compare with: faithfulness is open."
        )
        return
    if not view.is_known:
        text = "It is not known which participants this is drawn from: compared with everybody, supports at most .8."
        yield Finding(kind="unknown_focus", text=text)
    written = language_of(" ".join(text[:LONGEST_CLAIM] for text in texts))
    if written != view.language:
        text = f"Written in {written}, the study in {view.language}: wording cannot be compared and scores near 0."
        yield Finding(kind="other_language", text=text)


def about_claims(claims: Sequence[ClaimSupport]) -> Iterator[Finding]:
    """Why claims have little support: their flags, what a judge said against the words, or that nobody said it."""
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
        elif claim.support < WEAK_FROM and all(flag.startswith("judge_") for flag in claim.flags):
            kind = "unsupported_quote" if claim.field == "quotes" else "unsupported_claim"
            found = (
                "No quote found in the study for" if claim.field == "quotes" else "Little or nothing in the study says"
            )
            yield Finding(kind=kind, field=claim.field, text=f"{found}: '{shortened(claim.text)}'")


def _about_judgement(claim: ClaimSupport, by_words: float) -> Finding:
    sentences = {
        "judge_contradicted": "The local judge finds the opposite said of",
        "judge_not_found": "The local judge finds nobody who says",
        "judge_supported": "The local judge finds it said",
    }
    said = next(sentences[flag] for flag in claim.flags if flag in sentences)
    text = f"{said}: '{shortened(claim.text)}' (without the judge: {by_words:.2f})"
    return Finding(kind="judge_disagrees", field=claim.field, text=text)
