"""Verifiers that a server runs: Ollama, or one that speaks OpenAI's format, such as llama.cpp and vLLM.

Like every other model they take part in a run with a request, a row of its own, and retries.
"""

from collections.abc import Sequence

from pipeline.providers import UNWATCHED, Ask, ProviderSpec, Reply, Request, Watch
from pipeline.providers.ollama import OllamaProvider
from pipeline.providers.openai import OpenAIProvider
from pipeline.providers.replies import UnreadableReply
from pipeline.providers.verification import (
    VerifierTemplate,
    probability_reply,
    read_probability,
    template_of,
    verify_request,
)
from pipeline.scoring.verifier import Verdict, Verify


class OllamaVerifier(OllamaProvider):
    """A verifier on an Ollama server."""

    def __init__(self, spec: ProviderSpec) -> None:
        """Build the client; no request is made.

        Raises:
            ConfigError: no template is known for the model.
        """
        super().__init__(spec)
        self.template = template_of(spec.model)

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        """Answer with the probability that the passage supports the claim."""
        return probability_reply(self.template, self.continue_text(request), self.model)


class CompatibleVerifier(OpenAIProvider):
    """A verifier on a server that speaks OpenAI's format; only its route for raw prompts is used."""

    def __init__(self, spec: ProviderSpec) -> None:
        """Build the client; no request is made.

        Raises:
            ConfigError: the address is not one, or no template is known for the model.
        """
        super().__init__(spec)
        self.template = template_of(spec.model)

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        """Answer with the probability that the passage supports the claim."""
        return probability_reply(self.template, self.continue_text(request), self.model)

    def digest(self) -> str:
        """Return the server's facts about the weights; empty when it lists none."""
        return self.facts_of_model()


ServedVerifier = OllamaVerifier | CompatibleVerifier


def prompt_of(template: VerifierTemplate) -> str:
    """The prompt of a template, empty."""
    return verify_request(template, "", (), 0).prompt


def asking_server(template: VerifierTemplate, ask: Ask, seed: int) -> Verify:
    """Return a function that asks a verifier on a server about a claim and a window."""

    def verify(claim: str, window: Sequence[str], about: str) -> Verdict | None:
        try:
            supported = ask(verify_request(template, claim, window, seed), read_probability, about)
        except UnreadableReply:
            return None  # at temperature 0 it would answer the same again
        return Verdict(supported=supported, contradicted=1 - supported)

    return verify
