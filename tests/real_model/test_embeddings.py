"""Vectors of MiniLM, made by llama.cpp; the API of Ollama around them is a stand-in, since Ollama is in no registry."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.config import Weights
from pipeline.domain.persona import Persona
from pipeline.providers import ProviderSpec
from pipeline.scoring.embedding import EmbeddingModel
from pipeline.scoring.file_cache import FileCache
from pipeline.scoring.index import StudyIndex
from pipeline.scoring.meaning import Meaning
from pipeline.scoring.scorer import Scorer
from tests.fakes import asking
from tests.loopback import OllamaServer
from tests.loopback.server import Answer
from tests.real_model.conftest import MISSING, llama
from tests.scoring.studies import study_of

SAID = {
    "R1": "The bill always comes too late for me. I would like to know the price before I go to bed.",
    "R2": "My mother feels the cold in the morning. I have to heat her flat before seven.",
    "R3": "The screen does not react when my fingers are wet. I give up and turn the knob.",
}
SENTENCE, PARAPHRASE = "The screen does not react when my fingers are wet", "Cannot operate the display with damp hands"
ELSEWHERE = "Breeds parrots in a garden shed"


class MiniLMServer(OllamaServer):
    """An Ollama of ours whose vectors are real: it hands the texts on to llama.cpp."""

    def __init__(self, base_url: str) -> None:
        super().__init__(models=("all-minilm",))
        self._base_url = base_url

    def _embed(self, body: dict[str, Any]) -> Answer:
        import httpx

        asked = {"input": body["input"], "model": "all-minilm"}
        found = httpx.post(f"{self._base_url}/embeddings", json=asked, timeout=120).json()
        vectors = [one["embedding"] for one in found["data"]]
        counted = found["usage"]["prompt_tokens"]
        return Answer({"model": body["model"], "embeddings": vectors, "prompt_eval_count": counted})


@contextmanager
def minilm(folder: Path) -> Iterator[str]:
    package = find_spec("all_minilm_l6_v2")  # not imported: it prints a greeting
    if package is None or not package.submodule_search_locations or find_spec("gguf") is None:
        pytest.skip(MISSING)
    from tests.real_model.minilm import WINDOW, write_minilm

    model = write_minilm(Path(package.submodule_search_locations[0]), folder / "minilm.gguf")
    with llama(folder / "server.log", model=str(model), n_ctx=WINDOW, n_parallel=1, embedding=True) as server:
        yield server.base_url


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OllamaServer]:
    with minilm(tmp_path_factory.mktemp("minilm")) as base_url, MiniLMServer(base_url) as running:
        yield running


def embedding(server: OllamaServer) -> EmbeddingModel:
    return EmbeddingModel(ProviderSpec(model="all-minilm", base_url=server.url), FileCache(None), "digest")


def test_a_paraphrase_is_nearer_than_another_subject_and_the_same_text_is_the_same_vector(server: OllamaServer) -> None:
    model = embedding(server)
    ask = asking(model)
    said, paraphrase, elsewhere = model.vectors([SENTENCE, PARAPHRASE, ELSEWHERE], ask, "test")
    assert said @ paraphrase > 0.4 > 0.2 > said @ elsewhere
    other = embedding(server)  # with nothing in its cache
    (again,) = other.vectors([SENTENCE], asking(other), "test")
    assert (again == said).all()


def test_a_statement_in_other_words_gains_support_and_an_invented_one_stays_without(server: OllamaServer) -> None:
    index, model = StudyIndex.build(study_of(SAID)), embedding(server)
    persona = Persona(id="p", name="Alex", pain_points=(PARAPHRASE,), goals=(ELSEWHERE,))

    def supports(scorer: Scorer) -> dict[str, float]:
        return {claim.text: claim.support for claim in scorer.assess(persona, list(SAID)).claims}

    alone = supports(Scorer(index, Weights()))
    with_meaning = supports(Scorer(index, Weights(), Meaning(index, model, asking(model))))
    assert with_meaning[PARAPHRASE] > alone[PARAPHRASE] + 0.1
    assert with_meaning[ELSEWHERE] < 0.2
