"""The marks of claims as Streamlit's Markdown writes them."""

from pipeline.results.evidence import MARK_WORDS, Mark

_COLOURS: dict[Mark, str] = {"supported": "green", "weak": "orange", "not_found": "red", "unscored": "gray"}

MARKS: dict[Mark, tuple[str, str, str]] = {
    name: (word, _COLOURS[name], sign) for name, (sign, word) in MARK_WORDS.items()
}
"""Word, colour and sign of a mark: never colour alone."""
