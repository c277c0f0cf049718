"""Bounds on the tokens of a text, from its script: no tokenizer is installed, and every model has its own.

`most_tokens` decides what fits into a context window, `least_tokens` whether a server can have read all of a prompt.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.providers import Request

TEMPLATE_TOKENS = 256
"""Room for a model's chat template, which a server puts around a prompt."""

_INSTRUCTION_CHARACTERS_PER_TOKEN = 3
"""Measured: 4.3 with the vocabulary of SmolLM2, 4.1 with Gemma's."""

_LETTERS = bytes(range(ord("A"), ord("Z") + 1)) + bytes(range(ord("a"), ord("z") + 1))
_ASCII = bytes(range(128))
_LETTERS_PER_TOKEN = 2
"""Measured with the vocabulary of SmolLM2 (49,152 tokens, made for English, so other languages break into many): Polish
2.0 letters of a to z per token, Finnish 2.3, German 2.5, English 3.9 (2026-11-30)."""
_SPACE_OF_A_WORD = re.compile(rb" (?=[A-Za-z\x80-\xff])")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Thai, Lao, Burmese, Khmer, kana and Chinese characters: scripts that put no space between words."""
_UNSPACED_PER_TOKEN = 3
"""Vocabularies with over 200,000 tokens hold whole words of these scripts, on average shorter than this."""
_WORDS_PER_TOKEN = 1.25
"""Tokens end with words; a few vocabularies join frequent pairs of them."""


def most_tokens(text: str) -> int:
    """Return more tokens than a tokenizer makes of a text; at least 1.

    One per two letters of a to z, per other sign of ASCII, and per byte of any other letter (the bound of byte-level
    vocabularies); the space before a word belongs to the word. English prose has about half as many.
    """
    said = text.encode(errors="replace")
    letters = len(said) - len(said.translate(None, _LETTERS))
    beyond = len(said.translate(None, _ASCII))
    spaces = len(_SPACE_OF_A_WORD.findall(said))
    return -(-letters // _LETTERS_PER_TOKEN) + beyond + (len(said) - letters - beyond - spaces) + 1


def most_tokens_of(request: "Request") -> int:
    """Return more tokens than a tokenizer makes of a request, without its chat template; at least 1."""
    ours = request.instructions
    known = -(-len(ours) // _INSTRUCTION_CHARACTERS_PER_TOKEN)
    return most_tokens(request.system + request.prompt) - most_tokens(ours) + known + 1


def least_tokens(text: str) -> int:
    """Return fewer tokens than a tokenizer makes of a text; 0 for no text.

    Four per five words, where spaces part them, and one per three characters of scripts without spaces.
    """
    unspaced = len(_UNSPACED.findall(text))
    words = len(_UNSPACED.sub(" ", text).split())
    return int(words / _WORDS_PER_TOKEN) + unspaced // _UNSPACED_PER_TOKEN
