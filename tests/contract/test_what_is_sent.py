"""What reaches the model servers: a schema and room for it locally, the draft's evidence and no more outside."""

import json
import re
from pathlib import Path

import pytest

from pipeline import load_paths
from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.run import RunRecord
from pipeline.domain.study import Study
from pipeline.hybrid.pipeline import HybridPipeline
from pipeline.hybrid.redaction import Redactor
from pipeline.hybrid.tasks import CENTRAL_SEGMENTS
from pipeline.providers.lines import quotable_lines, read_excerpts
from tests.loopback import AnthropicServer, OllamaServer, OpenAIServer

SERVERS = {"anthropic": AnthropicServer, "openai": OpenAIServer}


@pytest.fixture(scope="module")
def study() -> Study:
    return load_paths([Path(__file__).resolve().parents[2] / "data" / "hearthwise"])


@pytest.fixture(scope="module", params=sorted(SERVERS))
def traffic(request: pytest.FixtureRequest, study: Study) -> tuple[RunRecord, list[dict], list[dict]]:
    """A finished run with what the local and the paid server received."""
    name = request.param
    with OllamaServer() as ollama, SERVERS[name]() as paid:
        variables = {
            "OLLAMA_HOST": ollama.url,
            f"{name.upper()}_BASE_URL": paid.url,
            f"{name.upper()}_API_KEY": "key-of-nobody",
        }
        model = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-5.4-mini"}[name]
        config = HybridConfig(count=4, quality_threshold=1.0, frontier_provider=name, frontier_model=model)
        run = HybridPipeline(config, Settings().with_secrets(variables)).run(study)
        return run, [sent.json for sent in ollama.generations], [sent.json for sent in paid.generations]


def test_local_server_gets_a_closed_schema_and_a_window_that_holds_prompt_and_answer(traffic) -> None:
    run, local, _ = traffic
    assert len(local) >= run.config.draft_count
    for sent in local:
        assert sent["format"]["additionalProperties"] is False
        assert set(sent["format"]["required"]) == set(sent["format"]["properties"])
        characters = sum(len(message["content"]) for message in sent["messages"])
        assert sent["options"]["num_ctx"] >= characters / 4 + run.config.max_output_tokens


def test_frontier_gets_a_schema_and_its_prompt_is_recorded_word_for_word(traffic) -> None:
    run, _, paid = traffic
    recorded = {json.loads(call.payload)["prompt"] for call in run.calls if call.stage == "refine"}
    received = {message["content"] for sent in paid for message in sent["messages"] if message["role"] == "user"}
    assert received == recorded
    assert len(received) == 4
    assert all("json_schema" in json.dumps(sent.get("output_config") or sent.get("response_format")) for sent in paid)


def test_frontier_gets_the_evidence_of_the_draft_and_a_few_central_segments_of_its_focus(traffic, study: Study) -> None:
    run, _, _ = traffic
    evidence = {
        final.draft_id: {claim.segment for claim in (final.draft_assessment or final.assessment).claims}
        for final in run.personas
    }
    focus = {item.draft.id: item.draft.focus for item in run.drafts}
    redactor, checked = Redactor(study), 0
    for call in run.calls:
        if call.stage == "refine":
            excerpts = list(read_excerpts(json.loads(call.payload)["prompt"]))
            sent = {(person, *lines.values()) for person, lines in excerpts}
            known = {
                segment.id: segment.participant
                for segment in study.segments
                if (segment.participant, *quotable_lines(redactor.redact(segment.text))) in sent
            }
            beside = known.keys() - evidence[call.draft_id]
            assert len(excerpts) <= len(evidence[call.draft_id]) + CENTRAL_SEGMENTS
            assert {known[segment] for segment in beside} <= set(focus[call.draft_id])
            checked += len(known)
    assert checked >= 4


def test_frontier_gets_no_contact_detail_and_no_name_of_a_participant(traffic, study: Study) -> None:
    _, _, paid = traffic
    sent = json.dumps(paid, ensure_ascii=False)
    for secret in ("@example.org", "07700 900142", "0131 496 0187", "Oduya", "Kearney", "Abernethy", "Gallagher"):
        assert secret not in sent
    assert not any(person.name and person.name in sent for person in study.participants)
    assert "key-of-nobody" not in sent


def test_every_text_that_reached_the_frontier_has_a_row_even_if_only_its_tokens_were_counted(study: Study) -> None:
    with AnthropicServer() as server:
        variables = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "key-of-nobody"}
        config = HybridConfig(local_provider="builtin", count=4, quality_threshold=1.0, max_cost=0.06)
        run = HybridPipeline(config, Settings().with_secrets(variables)).run(study)
        paths = {"/v1/messages": "refine", "/v1/messages/count_tokens": "count"}
        received = [(paths[one.path], one.json["messages"][0]["content"]) for one in server.requests if one.json]
    recorded = [(call.stage, json.loads(call.payload)["prompt"]) for call in run.calls if call.stage != "draft"]
    assert sorted(received) == sorted(recorded)
    assert {stage for stage, _ in received} == {"count", "refine"}
    assert not any(call.cost_micros for call in run.calls if call.stage == "count")


@pytest.mark.parametrize("name", sorted(SERVERS))
@pytest.mark.parametrize("mode", ["live", "batch"])
def test_nothing_that_identifies_anybody_is_in_any_field_of_any_request(name: str, mode: str, study: Study) -> None:
    """Headers, instructions, prompts, files of batches, requests to count tokens: every byte that left."""
    with SERVERS[name]() as server:
        variables = {f"{name.upper()}_BASE_URL": server.url, f"{name.upper()}_API_KEY": "key-of-nobody"}
        model = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-5.4-mini"}[name]
        changes = {"refine_mode": mode, "frontier_provider": name, "frontier_model": model, "batch_poll_s": 0.01}
        config = HybridConfig(local_provider="builtin", count=5, quality_threshold=1.0, max_cost=0.2, **changes)
        run = HybridPipeline(config, Settings().with_secrets(variables)).run(study)
        left = "\n".join(str((sent.path, sent.headers, sent.body)) for sent in server.requests)
    recorded = [call.payload for call in run.calls if call.place == "away"]
    assert len(recorded) >= 5
    for text in (left, *recorded):
        assert not IDENTIFYING.search(text.replace("key-of-nobody", ""))
        assert not _names(study).search(text)


IDENTIFYING = re.compile(r"[\w.+-]+@[\w-]+\.\w+|07700 ?\d{6}|\b0\d{2,4} \d{3} ?\d{4}|\+\d{2} ?\d{2,4} ?\d{3}")


def _names(study: Study) -> re.Pattern[str]:
    words = {word for person in study.participants for word in (person.name or "").split() if word[:1].isupper()}
    assert len(words) >= 20
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words)))})\b")
