"""The way of a verifier over a real llama.cpp server: its prompt, its tokens, its probabilities.

SmolLM2-135M stands in for Bespoke-MiniCheck, whose ChatML it shares: what it says is worth nothing, and it must fail
the check.
"""

from pathlib import Path

import pytest

from pipeline.domain.config import HybridConfig, Settings
from pipeline.errors import ConfigError
from pipeline.hybrid.preflight import plan_run
from pipeline.providers import ProviderSpec
from pipeline.providers.verification import read_probability, template_of, verify_request
from pipeline.scoring.model_check import sources
from pipeline.scoring.optional_models import check_verifier, seconds_per_persona
from pipeline.scoring.served_verifier import CompatibleVerifier
from tests.real_model.conftest import LlamaServer, StartLlama, weights

NAME = "bespoke-minicheck"


@pytest.fixture
def server(start_llama: StartLlama, tmp_path: Path) -> LlamaServer:
    """A server that lists SmolLM2 under the name of a verifier."""
    named = tmp_path / f"{NAME}.gguf"
    named.symlink_to(weights())
    return start_llama(model=str(named), n_ctx=4096, n_parallel=1)


def verifier(server: LlamaServer) -> CompatibleVerifier:
    return CompatibleVerifier(ProviderSpec(role="local", model=server.model, base_url=server.base_url))


def test_prompt_becomes_the_models_own_turns_and_probabilities_come_back(server: LlamaServer) -> None:
    import httpx

    model = verifier(server)
    assert model.check().ready
    request = verify_request(template_of(NAME), "Cycles to work", ("I cycle to work.", "It rains."), seed=0)
    ids = httpx.post(f"{server.address}/tokenize", json={"content": request.prompt, "parse_special": True}, timeout=30)
    if ids.status_code == 200:  # the marks are single tokens, not letters: the model sees turns
        assert len(ids.json()["tokens"]) < len(request.prompt) / 3
    written = model.continue_text(request)
    assert len(written.tokens) == 1
    assert 0.1 < sum(written.tokens[0].probabilities.values()) <= 1.001
    assert written.usage.measured
    supported = read_probability(model.complete(request))
    assert 0 <= supported <= 1
    assert read_probability(model.complete(request)) == pytest.approx(supported, abs=0.02)


def test_model_that_was_not_trained_to_verify_takes_the_check_and_does_not_start(
    server: LlamaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = HybridConfig(
        local_provider="builtin", enabled=False, verifier_model=server.model, verifier_base_url=server.base_url
    )
    few, told = sources()[:1], []  # all 32 claims take minutes: 16 were right
    monkeypatch.setattr("pipeline.scoring.model_check.sources", lambda: few)
    result = check_verifier(server.model, config, Settings(), tmp_path, lambda *step: told.append(step))
    assert (result.n, len(told)) == (2, 2)
    assert "s per persona of 12 statements" in seconds_per_persona(result)
    assert not result.passes
    with pytest.raises(ConfigError, match="right in only"):
        plan_run(config, Settings(), tmp_path)
