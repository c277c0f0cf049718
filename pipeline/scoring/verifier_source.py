"""Open a configured verifier: on a server, or in a folder of the user's."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pipeline.providers import Ask, ProviderSpec
from pipeline.scoring.cross_encoder import CrossEncoder, digest_of, folder_of
from pipeline.scoring.file_cache import FileCache
from pipeline.scoring.served_verifier import (
    CompatibleVerifier,
    OllamaVerifier,
    ServedVerifier,
    asking_server,
    prompt_of,
)
from pipeline.scoring.verifier import Verdict, Verifier, Verify, names_path, verifier_name, verifier_question


class VerifierSource(NamedTuple):
    """A verifier that is named in a configuration."""

    model: str
    """The name of the model, or of the folder: paths differ from machine to machine."""
    server: ServedVerifier | None
    """`None` for a model that works inside this program."""
    folder: Path | None

    @property
    def question(self) -> str:
        """The question that it is asked; it changes with the prompt."""
        return verifier_question(prompt_of(self.server.template) if self.server else "pair")

    def digest(self) -> str:
        """Which version of the model it is.

        Raises:
            ConfigError: the folder lacks a file.
            ProviderError: the server does not answer.
        """
        return digest_of(self.folder) if self.folder else self.server.digest() if self.server else ""

    def open(self, ask: Ask | None, cache: FileCache, seed: int) -> Verifier:
        """Return the verifier, ready to be asked.

        Args:
            ask: sends a request to the server; not used for a folder.
            cache: where verdicts are kept.
            seed: of the run.

        Raises:
            ConfigError: the folder does not hold a model that can be loaded.
        """
        if self.folder:
            verify = _asking_folder(_loaded(self.folder, self.digest()))
        elif self.server and ask:
            verify = asking_server(self.server.template, ask, seed)
        else:
            raise AssertionError("a verifier is on a server, which is asked, or in a folder")
        return Verifier(self.model, self.digest(), self.question, verify, cache)


def verifier_source(model: str, spec: ProviderSpec, *, by_address: bool) -> VerifierSource:
    """Find out what a setting names; no request is made and nothing is loaded.

    Args:
        model: a model, or a folder.
        spec: of the server, for a model.
        by_address: whether the server speaks OpenAI's format, not Ollama's.

    Raises:
        ConfigError: it is neither a folder nor a model whose own prompt is known.
    """
    if names_path(model) and not by_address:  # llama.cpp calls its models by their paths
        return VerifierSource(verifier_name(model), None, folder_of(model))
    return VerifierSource(model, CompatibleVerifier(spec) if by_address else OllamaVerifier(spec), None)


@lru_cache(maxsize=1)
def _loaded(folder: Path, digest: str) -> CrossEncoder:
    """Load a model once for all runs of this program; another state of the folder is loaded anew."""
    return CrossEncoder(folder)


def _asking_folder(encoder: CrossEncoder) -> Verify:
    def verify(claim: str, window: Sequence[str], about: str) -> Verdict | None:
        return encoder.verdict(claim, " ".join(window))

    return verify
