"""Tables as Markdown: they can be read aloud, copied and printed, and cost the browser one element."""

from collections.abc import Sequence

_MINUS = "−\u2060"
"""A minus that no line ends with."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown, and escaped already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("−", _MINUS)
