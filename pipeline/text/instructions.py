"""Detect text that addresses the model that will read it instead of describing a person.

Narrow on purpose: people do say "full marks" and do have trouble following instructions.
"""

import re
import unicodedata

from pipeline.domain.study import Segment, Study

_THIS_TEXT = r"(?:persona|draft|profile|claims?|text|response|answer|output|submission)"
_PATTERNS = (
    r"(?:ignore|disregard|forget|override|bypass) (?:\w+ ){0,3}?"
    r"(?:previous|prior|above|preceding|earlier|system|all|any|your|these) (?:\w+ ){0,2}?"
    r"(?:instructions?|prompts?|rules|guidelines|rubrics?|criteria|directions|context)",
    r"(?:ignore|disregard) (?:the |this )?(?:rubric|prompt|system message|evaluation)",
    r"system (?:prompt|message|override)|developer prompt",
    r"(?:new|updated|important) instructions? ?:",
    r"you are (?:now|no longer) (?:an?|the) (?:\w+ )?(?:ai|assistant|model|chatbot|evaluator|grader|judge)",
    r"as an ai (?:language )?(?:model|assistant)",
    rf"(?:give|assign|award|rate|score|mark|grade|evaluate) (?:this|every) {_THIS_TEXT}",
    r"(?:rate|score|grade|mark) (?:this|it|everything) (?:as |with |at )?(?:an? )?"
    r"(?:\d|perfect|full|highest|maximum|supported)",
    r"(?:output|return|respond with|reply with|answer with|print) "
    r"(?:only |exactly |just )?(?:an? |the )?(?:score|rating|json)",
    r"(?:highest|maximum|perfect|full) (?:possible )?(?:score|rating|marks?) (?:to|for|on) (?:this|all|every)",
    r"(?:faithfulness|coherence|completeness|quality|overall)(?: score)? ?(?:=|:|to|of) ?(?:1(?:\.0+)?|10|100)\b",
    rf"do not (?:evaluate|score|assess|verify|check|penali[sz]e) (?:this|these) {_THIS_TEXT}",
    r"\"(?:score|overall|faithfulness|coherence|completeness|support|verdict)\" ?: ?"
    r"(?:1(?:\.0+)?\b|100\b|\"(?:supported|perfect)\")",
    rf"this {_THIS_TEXT} (?:is|must be|should be) (?:\w+ )?"
    r"(?:supported|perfect|accurate|faithful|scored|rated|approved)",
)
_INSTRUCTION = re.compile(
    rf"(?<!\w)(?:{'|'.join(_PATTERNS)})|<\|?/?(?:system|assistant|user|im_start|im_end|inst)\|?>|\[/?inst\]|<</?sys>>"
    r"|#{2,} ?(?:system|instructions?|assistant)\b|(?:^|[.!?] ?)(?:system|assistant) ?: ?(?:you|ignore|output|score)\b",
    re.IGNORECASE,
)
_LONGEST = 20_000
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁӏһԛԝАВЕКМНОРСТХІЈЅοανιρεΟΑΕΙΡΤΗΚΜΝΒΧΥΖ", "aeopcyxijsdlhqwABEKMHOPCTXIJSoavipeOAEIPTHKMNBXYZ"
)
"""Cyrillic and Greek letters that look like Latin ones."""


def reads_like_instruction(text: str) -> bool:
    """Return whether the first 20,000 characters hold a phrase that only makes sense as a command to a model."""
    return bool(_INSTRUCTION.search(" ".join(_plain(text[:_LONGEST]).split())))


def suspicious(study: Study) -> tuple[Segment, ...]:
    """The segments of a study, interviewers' among them, that talk to a model; in reading order."""
    return tuple(segment for segment in study.segments if reads_like_instruction(segment.text))


def _plain(text: str) -> str:
    """As a reader sees it: no invisible characters, no letters of other scripts that only look the same."""
    if text.isascii():
        return text
    shown = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    return unicodedata.normalize("NFKC", shown).translate(_LOOKALIKES)
