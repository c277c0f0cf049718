"""Checks of local servers' context windows: a prompt that was cut is an error, never an answer."""

from pipeline.errors import ProviderError
from pipeline.providers import Request
from pipeline.providers._errors import token_count
from pipeline.providers.tokens import least_tokens


class PromptCheck:
    """Compares the tokens that a server says it has read with what it was sent."""

    def __init__(self, who: str, where: str) -> None:
        """Remember what to call the server, and where its window is set."""
        self._who = who
        self._where = where
        self._seen: set[int] = set()

    def look(self, request: Request, reported: object) -> None:
        """Look at the count of one answer.

        Only the prompt is compared, not the rules before it, and a prompt only the first time: some versions of some
        servers leave out what they still have in their cache.

        Raises:
            ProviderError: the server cannot have read all of the prompt.
        """
        read, sent = token_count(reported), hash(request.prompt)
        known = sent in self._seen
        self._seen.add(sent)
        least = least_tokens(request.prompt)
        if read and not known and read < least:
            raise ProviderError(
                f"{self._who} read {read:,} tokens of a prompt that has at least {least:,}: it cut off the rest, so"
                f" its answer is not used. Lower context_tokens to the server's window, or raise {self._where}.",
                fate="unknown",
            )


def thought_only(who: str, reasoning: str) -> ProviderError:
    """Return the error for an answer that is all reasoning."""
    return ProviderError(
        f"{who} only thought, and wrote no answer: its `reasoning` has {len(reasoning):,} characters, its content none."
        " Switch its thinking off on the server, raise max_output_tokens, or choose a model that does not think.",
        fate="unknown",
    )
