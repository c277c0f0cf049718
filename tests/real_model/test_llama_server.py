"""The server of the other tests is what it claims to be: llama.cpp with real weights."""

import httpx

from tests.real_model.conftest import SLOT_TOKENS, SLOTS, LlamaServer, StartLlama


def test_server_lists_the_model_with_its_context(llama_server: LlamaServer) -> None:
    [listed] = llama_server.get("/v1/models")["data"]
    assert listed["id"] == llama_server.model
    assert listed["meta"]["n_params"] > 100_000_000
    assert [slot["n_ctx"] for slot in llama_server.get("/slots")] == [SLOT_TOKENS] * SLOTS


def test_grammar_binds_the_answer_to_the_schema(llama_server: LlamaServer) -> None:
    schema = {
        "type": "object",
        "properties": {"colours": {"type": "array", "items": {"enum": ["red", "blue"]}, "minItems": 3, "maxItems": 3}},
        "required": ["colours"],
        "additionalProperties": False,
    }
    body = {
        "messages": [{"role": "user", "content": "Name colours."}],
        "max_tokens": 60,
        "response_format": {"type": "json_schema", "json_schema": {"name": "colours", "schema": schema}},
    }
    answer = httpx.post(f"{llama_server.base_url}/chat/completions", json=body, timeout=300).json()
    text = answer["choices"][0]["message"]["content"]
    assert len(httpx.Response(200, text=text).json()["colours"]) == 3


def test_killed_server_no_longer_listens(start_llama: StartLlama) -> None:
    server = start_llama(n_ctx=512, n_parallel=1)
    server.kill()
    try:
        httpx.get(server.address, timeout=5)
    except httpx.ConnectError:
        return
    raise AssertionError("still answers")
