"""Ask models that are trained to verify whether a passage supports a claim, each in its own published words.

Such a model answers yes or no; the probability of its answer is the score. It is only worth what was measured for it
when it reads exactly the prompt that it was trained on, so prompts are written out whole, with the marks of its
conversation format, and sent past the server's own template. Sources, read on 2026-11-30:

- Bespoke-MiniCheck: `minicheck/utils.py` and `minicheck/inference.py` of Liyan06/MiniCheck; ChatML.
- Granite Guardian 3.3: `resources/ollama/granite3.3-guardian/template.txt` of ibm-granite/gguf.
- Granite Guardian 4.1: `evaluation/models/granite_guardian_4_1.py` of ibm-granite/granite-guardian, in the format of
  `resources/ollama/granite4/template.txt`.

Granite answers whether the risk *ungrounded* is there: its yes is a no to the claim.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pydantic import Field, ValidationError

from pipeline.domain.base import Frozen
from pipeline.domain.run import Usage
from pipeline.errors import ConfigError
from pipeline.providers import Reply, Request
from pipeline.providers.replies import UnreadableReply

ALTERNATIVES = 10
"""Tokens whose probabilities are asked for at each place."""

_LONGEST_CLAIM, _LONGEST_PASSAGE = 600, 4000
_SCORE = "<score>"
_UNGROUNDED = (
    "A text is considered ungrounded or unfaithful if it includes information lacking support from, or directly"
    " contradicting, the provided document(s). This risk arises when the text fabricates details, misinterprets the"
    " content, or makes unsupported extrapolations beyond what is explicitly stated in the document(s)."
)
_SCHEMA = "If the last assistant's text meets the criteria, return 'yes'; otherwise, return 'no'."


class VerifierTemplate(NamedTuple):
    """The published prompt of a model that verifies."""

    name: str
    """As Ollama's library lists it."""
    pattern: str
    """Matches the names under which servers list it."""
    render: Callable[[str, str], str]
    """Makes the prompt from a claim and a passage."""
    passage: str
    """Matches the passage in a prompt."""
    yes_supports: bool
    """True if yes means that the passage supports the claim."""
    after: str
    """Text that stands before the answer; empty when the answer comes first."""
    max_tokens: int


class GeneratedToken(NamedTuple):
    """A token of an answer."""

    text: str
    probabilities: Mapping[str, float]
    """Of the most probable tokens at its place."""


class Continuation(NamedTuple):
    """Text that a model wrote after a prompt, token by token."""

    tokens: Sequence[GeneratedToken]
    usage: Usage


class _Answer(Frozen):
    supported: float = Field(ge=0, le=1, allow_inf_nan=False)


def template_of(model: str) -> VerifierTemplate:
    """Return the template of a model by its name.

    Raises:
        ConfigError: no template is known for it.
    """
    for template in TEMPLATES:
        if re.search(template.pattern, model, re.IGNORECASE):
            return template
    known = ", ".join(template.name for template in TEMPLATES)
    raise ConfigError(
        f"verifier_model: no template is known for '{model}'. Choose {known}, or a folder with model.onnx,"
        " tokenizer.json and config.json, written as a path (./folder). A chat model can be the judge instead."
    )


def knows_template(model: str) -> bool:
    """Return whether a template is known for a model."""
    return any(re.search(template.pattern, model, re.IGNORECASE) for template in TEMPLATES)


def verify_request(template: VerifierTemplate, claim: str, sentences: Sequence[str], seed: int) -> Request:
    """Build the request that asks whether a passage supports a claim; equal arguments give equal text.

    Args:
        template: of the model.
        claim: cut at 600 characters.
        sentences: of the passage, one per line; cut at 4,000 characters together.
        seed: of the run.
    """
    passage = "\n".join(map(as_data, sentences))[:_LONGEST_PASSAGE]
    return Request(
        stage="verify",
        system="",
        prompt=template.render(as_data(claim[:_LONGEST_CLAIM]), passage),
        json_schema={},
        max_output_tokens=template.max_tokens,
        seed=seed,
        temperature=0.0,
    )


def as_data(text: str) -> str:
    """Text on one line, without the marks that separate the turns of a conversation."""
    return " ".join(text.replace("<|", "< |").split())


def passage_lines(prompt: str) -> list[str]:
    """The sentences of the passage in a prompt that `verify_request` has built; none in another prompt."""
    for template in TEMPLATES:
        if found := re.search(template.passage, prompt, re.DOTALL):
            text = found["passage"]
            return (json.loads(f'"{text}"') if template.name == _GRANITE_4 else text).split("\n")
    return []


def probability_reply(template: VerifierTemplate, written: Continuation, model: str) -> Reply:
    """Turn what a model wrote into a reply with the probability that the passage supports the claim."""
    said = "".join(token.text for token in written.tokens)
    yes = _probability_of_yes(written.tokens, template.after)
    if yes is None:
        return Reply(text=said, usage=written.usage, stop="complete", model=model)
    supported = yes if template.yes_supports else 1 - yes
    text = json.dumps({"supported": round(supported, 6)})
    return Reply(text=text, usage=written.usage, stop="complete", model=model)


def read_probability(reply: Reply) -> float:
    """Parse the probability in a reply.

    Raises:
        UnreadableReply: the model answered neither yes nor no.
    """
    try:
        return _Answer.model_validate_json(reply.text).supported
    except ValidationError:
        raise UnreadableReply(f"The verifier answered neither yes nor no: {reply.text[:80]!r}") from None


def _probability_of_yes(tokens: Sequence[GeneratedToken], after: str) -> float | None:
    """P(yes) against P(no) where the answer stands; `None` when neither is among the probable tokens there."""
    before = ""
    for token in tokens:
        if token.text.strip() and before.rstrip().endswith(after):
            yes, no = (_mass(token.probabilities, word) for word in ("yes", "no"))
            return yes / (yes + no) if yes + no > 0 else None
        before += token.text
    return None


def _mass(probabilities: Mapping[str, float], word: str) -> float:
    return math.fsum(share for token, share in probabilities.items() if token.strip().casefold() == word)


def _minicheck(claim: str, passage: str) -> str:
    system = (
        "Determine whether the provided claim is consistent with the corresponding document. Consistency in this"
        " context implies that all information presented in the claim is substantiated by the document. If not, it"
        " should be considered inconsistent. Please assess the claim's consistency with the document by responding"
        ' with either "Yes" or "No".'
    )
    return (
        f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\nDocument: {passage}\nClaim: {claim}<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def _guardian_3_3(claim: str, passage: str) -> str:
    system = (
        "As a judge agent, your role is to help assess whether the provided text meets the given judging criteria,"
        " utilizing all available information, including conversations, documents, and tools."
    )
    return (
        f"{_turn('system', system)}\n"
        f'<|start_of_role|>document {{"document_id" :"0"}}<|end_of_role|>\n{passage}<|end_of_text|>\n'
        f"{_turn('assistant', claim)}\n"
        f"{_turn('judge_protocol', f'### Criteria: {_UNGROUNDED}{_PARAGRAPH}### Scoring Schema: {_SCHEMA}')}\n"
        "<|start_of_role|>judge{no_think}<|end_of_role|>"
    )


def _guardian_4_1(claim: str, passage: str) -> str:
    document = json.dumps({"doc_id": "0", "text": passage}, ensure_ascii=False)
    system = (
        "You are a helpful assistant with access to the following documents. You may use one or more documents to"
        " assist with the user query.\n\nYou are given a list of documents within <documents></documents> XML tags:\n"
        f"<documents>\n{document}\n</documents>\n\nWrite the response to the user's input by strictly aligning with"
        " the facts in the provided documents. If the information needed to answer the question is not available in"
        " the documents, inform the user that the question cannot be answered based on the available data."
    )
    judge = (
        "<guardian><no-think>As a judge agent, assess whether the provided text meets the given judging criteria using"
        " all available information, including conversations, documents, and tools. Provide your score immediately"
        " without explanation. Output empty <think>\n</think> tags followed by your score in <score></score> tags."
        f"\n\n### Criteria: {_UNGROUNDED}\n\n### Scoring Schema: {_SCHEMA}"
    )
    turns = (("system", system), ("assistant", claim), ("user", judge))
    return "".join(f"{_turn(role, text)}\n" for role, text in turns) + "<|start_of_role|>assistant<|end_of_role|>"


_PARAGRAPH = "\n\n"
_GRANITE_4 = "granite4.1-guardian"


def _turn(role: str, text: str) -> str:
    return f"<|start_of_role|>{role}<|end_of_role|>{text}<|end_of_text|>"


TEMPLATES: tuple[VerifierTemplate, ...] = (
    VerifierTemplate(
        name="bespoke-minicheck",
        pattern=r"minicheck-?7b|bespoke-?minicheck",
        render=_minicheck,
        passage=r"<\|im_start\|>user\nDocument: (?P<passage>.*)\nClaim: ",
        yes_supports=True,
        after="",
        max_tokens=1,
    ),
    VerifierTemplate(
        name="granite3.3-guardian",
        pattern=r"granite-?3\.3-guardian|granite-guardian-3\.3",
        render=_guardian_3_3,
        passage=r"<\|start_of_role\|>document [^\n]*\n(?P<passage>.*?)<\|end_of_text\|>",
        yes_supports=False,
        after=_SCORE,
        max_tokens=24,
    ),
    VerifierTemplate(
        name=_GRANITE_4,
        pattern=r"granite-?4\.1-guardian|granite-guardian-4\.1",
        render=_guardian_4_1,
        passage=r'<documents>\n\{"doc_id": "0", "text": "(?P<passage>.*?)"\}\n</documents>',
        yes_supports=False,
        after=_SCORE,
        max_tokens=24,
    ),
)
