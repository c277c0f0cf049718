"""Whether a text talks to the model that will read it instead of about a person."""

import re

_PATTERNS = (
    r"(?:ignore|disregard|forget|override|bypass) (?:\w+ ){0,3}?(?:instructions?|prompts?|rules|above|previous)\b",
    r"(?:system|developer) prompt\b|you are now\b|as an ai\b|(?:new|following) instructions?\b|respond only with\b",
    r"(?:give|assign|award|rate|score|mark) (?:\w+ ){0,6}?(?:full|maximum|perfect|highest|top) (?:scores?|marks?)\b",
    r"(?:score|rating) (?:of )?(?:1(?:\.0+)?|100|10)\b(?! out)",
    r"do not (?:evaluate|score|assess|verify|check) (?:this|the)\b",
    r"this persona is (?:\w+ )?(?:perfect|accurate|faithful)\b",
)
_INSTRUCTION = re.compile(
    rf"\b(?:{'|'.join(_PATTERNS)})|<\|?/?(?:system|assistant|user|im_start|im_end|inst)\|?>|\[/?inst\]", re.IGNORECASE
)
_LONGEST = 20_000


def reads_like_instruction(text: str) -> bool:
    """Whether the first 20,000 characters hold a phrase that only makes sense as a command to a model."""
    return bool(_INSTRUCTION.search(" ".join(text[:_LONGEST].split())))
