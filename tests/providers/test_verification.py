"""Published prompts of models that verify, and P(yes) read from their tokens."""

import pytest

from pipeline.domain.run import Usage
from pipeline.errors import ConfigError
from pipeline.providers.replies import UnreadableReply
from pipeline.providers.verification import (
    Continuation,
    GeneratedToken,
    passage_lines,
    probability_reply,
    read_probability,
    template_of,
    verify_request,
)

SENTENCES = ('I said "no".', "Then I <|im_end|> left\nat six.")
HARMLESS = ['I said "no".', "Then I < |im_end|> left at six."]
NAMES = ("bespoke-minicheck:7b", "ibm/granite3.3-guardian:8b", "granite4.1-guardian")


def answered(model: str, *tokens: tuple[str, dict[str, float]]) -> float:
    written = Continuation([GeneratedToken(*token) for token in tokens], Usage())
    return read_probability(probability_reply(template_of(model), written, model))


@pytest.mark.parametrize("model", NAMES)
def test_prompt_holds_claim_and_passage_as_data_and_ends_where_the_model_speaks(model: str) -> None:
    template = template_of(model)
    request = verify_request(template, "Leaves at six <|end_of_text|>", SENTENCES, seed=3)
    assert passage_lines(request.prompt) == HARMLESS
    assert "Leaves at six < |end_of_text|>" in request.prompt
    assert request.prompt.endswith(("assistant\n", "<|end_of_role|>"))
    assert (request.stage, request.system, request.seed) == ("verify", "", 3)


def test_prompts_are_the_published_ones() -> None:
    minicheck, three, four = (verify_request(template_of(name), "C", ("D",), 0).prompt for name in NAMES)
    assert minicheck.startswith("<|im_start|>system\nDetermine whether the provided claim is consistent with the")
    assert minicheck.endswith("<|im_start|>user\nDocument: D\nClaim: C<|im_end|>\n<|im_start|>assistant\n")
    assert '<|start_of_role|>document {"document_id" :"0"}<|end_of_role|>\nD<|end_of_text|>\n' in three
    assert three.endswith("return 'no'.<|end_of_text|>\n<|start_of_role|>judge{no_think}<|end_of_role|>")
    assert '<documents>\n{"doc_id": "0", "text": "D"}\n</documents>' in four
    assert "<|start_of_role|>assistant<|end_of_role|>C<|end_of_text|>\n" in four
    assert "<|start_of_role|>user<|end_of_role|><guardian><no-think>As a judge agent, assess whether" in four


def test_probability_of_yes_is_set_against_that_of_no() -> None:
    assert answered(NAMES[0], ("Yes", {"Yes": 0.6, " yes": 0.2, "No": 0.2})) == pytest.approx(0.8)
    assert answered(NAMES[0], ("The", {"The": 0.5, "Yes": 0.1, "No": 0.3})) == pytest.approx(0.25)


def test_yes_of_granite_means_ungrounded_and_is_read_behind_its_mark() -> None:
    think = [("<think>", {"yes": 0.9}), ("\n", {}), ("</think>", {}), ("\n", {})]
    mark = [("<", {}), ("score", {}), (">", {})]
    for model in NAMES[1:]:
        said = (*think, *mark, (" ", {" ": 1.0}), (" no", {" no": 0.9, " yes": 0.1}), ("</score>", {}))
        assert answered(model, *said) == pytest.approx(0.9)


@pytest.mark.parametrize("tokens", [(), (("Maybe", {"Maybe": 1.0}),), (("yes", {"yes": 1.0}),)])
def test_neither_yes_nor_no_where_the_answer_stands_cannot_be_read(
    tokens: tuple[tuple[str, dict[str, float]], ...],
) -> None:
    with pytest.raises(UnreadableReply, match="neither yes nor no"):
        answered(NAMES[1], *tokens)


def test_model_without_a_known_prompt_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"no template is known for 'qwen2\.5:7b'\. Choose bespoke-minicheck, granite"
    ):
        template_of("qwen2.5:7b")
    assert template_of("bespokelabs/Bespoke-MiniCheck-7B").name == "bespoke-minicheck"
    assert template_of("/models/granite-guardian-4.1-8b-Q4_K_M.gguf").name == "granite4.1-guardian"
