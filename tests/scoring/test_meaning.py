from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.config import Weights
from pipeline.domain.persona import Assessment, Persona
from pipeline.domain.study import Study
from pipeline.errors import ConfigError
from pipeline.providers import ProviderSpec
from pipeline.scoring import SCORER_VERSION, Scorer
from pipeline.scoring.embedding import BATCH, EmbeddingModel
from pipeline.scoring.file_cache import FileCache
from pipeline.scoring.index import StudyIndex
from pipeline.scoring.meaning import Anchors, Meaning
from tests.fakes import asking
from tests.loopback import OllamaServer
from tests.scoring.studies import scorer_of, study_of
from tests.scoring.test_scorer import PERSONA

STUDY = study_of(
    {
        "P1": "I check the app every single morning, before the kettle is even on.\n"
        "I don't trust Autopilot because it never shows me why it does what it does.\n"
        "My neighbour reads the meter for me when the nights are long and cold.",
        "P2": "We are farmers and the broadband fails all the time in this valley.\n"
        "I write every outage down in an old lambing book by the kitchen door.\n"
        "The supplier answers letters within a month, if the post van comes at all.",
    }
)
CLAIM = "Checks the app in the morning"


@pytest.fixture(scope="module")
def server() -> Iterator[OllamaServer]:
    with OllamaServer(models=("all-minilm", "stubborn-embed")) as running:
        yield running


def embedding(server: OllamaServer, folder: Path | None = None) -> EmbeddingModel:
    return EmbeddingModel(ProviderSpec(model="all-minilm", base_url=server.url), FileCache(folder), "digest")


def scorer(server: OllamaServer, study: Study = STUDY, folder: Path | None = None) -> Scorer:
    index, model = StudyIndex.build(study), embedding(server, folder)
    return Scorer(index, Weights(), Meaning(index, model, asking(model)))


def assess(server: OllamaServer, *goals: str) -> Assessment:
    return scorer(server).assess(Persona(id="p", name="Alex", goals=goals), ["P1"])


def embeds(server: OllamaServer) -> list[list[str]]:
    return [request.json["input"] for request in server.generations]


@given(st.floats(-1, 1), st.floats(-1, 0.9), st.floats(0.05, 1))
def test_anchors_place_every_cosine_between_nothing_and_everything(cosine: float, low: float, span: float) -> None:
    placed = Anchors(low, low + span).place(cosine)
    assert 0 <= placed <= 1
    assert Anchors(low, low + span).place(low) == 0


def test_unrelated_sentences_are_the_low_anchor_and_near_identical_ones_the_high(server: OllamaServer) -> None:
    model = embedding(server)
    anchors = Meaning(StudyIndex.build(STUDY), model, asking(model)).anchors
    assert 0 < anchors.unrelated < anchors.same < 1


def test_half_of_the_support_of_a_statement_is_its_nearness_to_one_sentence(server: OllamaServer) -> None:
    text = "Wants the neighbour to explain the app"
    persona = Persona(id="p", name="Alex", goals=(text,))
    (alone,) = scorer_of(STUDY).assess(persona, ["P1"]).claims
    (blended,) = scorer(server).assess(persona, ["P1"]).claims
    assert blended.support != alone.support
    assert 0.5 * alone.support <= blended.support <= 0.5 * alone.support + 0.5


def test_facts_and_quotes_are_left_to_words(server: OllamaServer) -> None:
    fields = {"quotes", "demographics.age", "demographics.occupation"}
    alone = scorer_of(STUDY).assess(PERSONA, ["P1"]).claims
    both = scorer(server).assess(PERSONA, ["P1"]).claims
    assert [claim for claim in both if claim.field in fields] == [claim for claim in alone if claim.field in fields]


def test_single_sentences_are_embedded_and_never_whole_answers(server: OllamaServer) -> None:
    before = len(embeds(server))
    assess(server, "Reads the meter in the cold nights with Autopilot and the app")
    sent = {text for batch in embeds(server)[before:] for text in batch}
    assert any("meter" in text for text in sent)
    assert all(text.count(". ") == 0 for text in sent)


def test_a_copy_stays_capped_although_its_meaning_is_the_same(server: OllamaServer) -> None:
    (claim,) = assess(server, "I don't trust Autopilot because it never shows me why it does what it does.").claims
    assert claim.support <= 0.4
    assert "copied" in claim.flags


def test_a_wrong_number_costs_the_half_of_meaning_too(server: OllamaServer) -> None:
    right, wrong = (assess(server, text).claims[0].support for text in (CLAIM, f"{CLAIM} 17 times at Zurich"))
    assert wrong < 0.6 * right


def test_nothing_is_embedded_twice_not_even_by_another_process(server: OllamaServer, tmp_path: Path) -> None:
    first = scorer(server, folder=tmp_path).assess(PERSONA, ["P1"])
    before = len(embeds(server))
    again = scorer(server, folder=tmp_path).assess(PERSONA, ["P1"])
    assert len(embeds(server)) == before
    assert again == first


def test_a_damaged_vector_is_asked_for_again(server: OllamaServer, tmp_path: Path) -> None:
    first = scorer(server, folder=tmp_path).assess(PERSONA, ["P1"])
    for file in tmp_path.rglob("*"):
        if file.is_file():
            file.write_bytes(b"odd")
    assert scorer(server, folder=tmp_path).assess(PERSONA, ["P1"]) == first


def test_many_texts_are_sent_in_few_requests(server: OllamaServer) -> None:
    model = embedding(server)
    before = len(embeds(server))
    rows = model.vectors([f"text {number}" for number in range(BATCH + 10)] * 2, asking(model), "p")
    assert [len(batch) for batch in embeds(server)[before:]] == [BATCH, 10]
    assert rows.shape == (2 * (BATCH + 10), 256)


def test_a_model_that_sees_everything_alike_is_refused(server: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.loopback.ollama._bag", lambda text: [1.0, 2.0])
    with pytest.raises(ConfigError, match="all-minilm cannot tell related from unrelated"):
        assess(server, CLAIM)


def test_version_names_the_embedding_model(server: OllamaServer) -> None:
    assert assess(server, CLAIM).scorer_version == f"{SCORER_VERSION}+all-minilm"


strange = st.one_of(st.text(max_size=40), st.sampled_from(["Yes.", "not " * 9, "a" * 3000, "\ud800 cold", "I check 3"]))


@settings(deadline=None, max_examples=15)
@given(st.lists(strange, max_size=3), st.lists(strange, max_size=4))
def test_support_stays_between_0_and_1_whatever_is_said(
    server: OllamaServer, said: list[str], items: list[str]
) -> None:
    study = study_of({f"P{number}": text for number, text in enumerate(said)})
    persona = Persona(id="p", name="Alex", goals=tuple(items), behaviours=tuple(items))
    for claim in scorer(server, study).assess(persona, ["P0"]).claims:
        assert 0 <= claim.support <= 1
