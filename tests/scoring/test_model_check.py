from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.domain.persona import Persona
from pipeline.domain.units import SystemClock
from pipeline.providers import ProviderSpec
from pipeline.providers.ollama import OllamaProvider
from pipeline.scoring.file_cache import FileCache
from pipeline.scoring.judge import Judge, judge_question
from pipeline.scoring.model_check import ModelCheck, check_version, remember, remembered, run_check, sources
from tests.fakes import asking
from tests.loopback import OllamaServer
from tests.scoring.studies import scorer_of

SUPPORTED = {source.supported.text for source in sources()}


@pytest.fixture(scope="module")
def server() -> Iterator[OllamaServer]:
    with OllamaServer() as running:
        yield running


def knows(statement: str, sentences: list[str]) -> dict[str, str]:
    """A judge that knows the answers."""
    verdict = "supported" if statement in SUPPORTED else "contradicted"
    return {"span": sentences[0], "verdict": verdict}


def agrees(statement: str, sentences: list[str]) -> dict[str, str]:
    return {"span": sentences[0], "verdict": "supported"}


def invents(statement: str, sentences: list[str]) -> dict[str, str]:
    return {**knows(statement, sentences), "span": "words that nobody in here has ever said"}


def kept(model: str, digest: str, folder: Path) -> ModelCheck | None:
    return remembered("judge", model, digest, check_version(judge_question()), FileCache(folder))


def check(server: OllamaServer) -> ModelCheck:
    model = OllamaProvider(ProviderSpec(model="qwen2.5:7b", base_url=server.url))
    judge = Judge("qwen2.5:7b", "digest", asking(model), FileCache(None), seed=0)
    return run_check(judge, SystemClock(), lambda done, total: None)


def test_the_set_is_balanced_and_holds_every_kind_of_change() -> None:
    kinds = Counter(source.unsupported.kind for source in sources())
    assert len(sources()) >= 12
    assert set(kinds) == {"who", "what", "number", "negation", "absent"}
    assert all(source.supported.kind == "paraphrase" for source in sources())


def test_words_alone_cannot_pass_the_check() -> None:
    from pipeline.scoring.model_check import _name, _study

    scorer = scorer_of(_study())
    right = 0
    for number, source in enumerate(sources()):
        for claim in (source.supported, source.unsupported):
            persona = Persona.model_validate({"id": "p", "name": "A", claim.field: [claim.text]})
            support = scorer.assess(persona, [_name(number)]).claims[0].support
            right += (support >= 0.7) == (claim.kind == "paraphrase")
    assert right / (2 * len(sources())) < 0.6


def test_a_judge_that_knows_passes_and_the_count_is_told(server: OllamaServer) -> None:
    server.judge = knows
    result = check(server)
    assert result.passes
    assert result.sentence == (
        "qwen2.5:7b: 32 of 32 right, balanced accuracy 1.00 (at least 0.75 is asked for): passes."
    )


@pytest.mark.parametrize("answers", [agrees, invents])
def test_a_judge_that_agrees_to_all_or_invents_its_words_does_not_pass(server: OllamaServer, answers: object) -> None:
    server.judge = answers  # type: ignore[assignment]
    result = check(server)
    assert not result.passes
    assert (result.right, result.n, len(result.missed)) == (16, 32, 16)
    assert "does not pass" in result.sentence


def test_progress_is_told_claim_by_claim(server: OllamaServer) -> None:
    server.judge = knows
    told: list[tuple[int, int]] = []
    model = OllamaProvider(ProviderSpec(model="qwen2.5:7b", base_url=server.url))
    run_check(Judge("m", "", asking(model), FileCache(None), 0), SystemClock(), lambda *step: told.append(step))
    assert told == [(done, 32) for done in range(1, 33)]


def test_a_result_is_remembered_for_this_version_of_the_model_only(server: OllamaServer, tmp_path: Path) -> None:
    server.judge = knows
    result = check(server)
    remember(result, "judge", "digest-1", FileCache(tmp_path))
    assert kept("qwen2.5:7b", "digest-1", tmp_path) == result
    assert kept("qwen2.5:7b", "digest-2", tmp_path) is None
    assert kept("llama3", "digest-1", tmp_path) is None
    assert remembered("verifier", "qwen2.5:7b", "digest-1", result.version, FileCache(tmp_path)) is None


def test_another_question_or_set_asks_for_another_check(
    server: OllamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.judge = knows
    remember(check(server), "judge", "digest", FileCache(tmp_path))
    monkeypatch.setattr("pipeline.providers.prompts._JUDGE_RULES", "Say supported.")
    assert kept("qwen2.5:7b", "digest", tmp_path) is None
