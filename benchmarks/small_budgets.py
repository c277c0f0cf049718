"""How much of a small budget is used: calls bought, beside the calls of this run's average price that would fit.

    python benchmarks/small_budgets.py

Runs the bundled study with 30 personas at a threshold that no draft reaches. The frontier is the `simulated` one, which
bills the list price of the tokens that it would have used; first as it is, then with lengths that vary from call to
call by a factor of four. The cap must hold in every run.
"""

import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline import HybridPipeline  # noqa: E402
from pipeline.domain.config import HybridConfig  # noqa: E402
from pipeline.domain.run import RunRecord  # noqa: E402
from pipeline.domain.study import Study  # noqa: E402
from pipeline.providers import UNWATCHED, Reply, Request, Watch  # noqa: E402
from pipeline.sources import load_paths  # noqa: E402

BUDGETS = (0.05, 0.10, 0.20, 0.40)
WORKERS = (1, 4)


class Varied:
    """A provider's answers, billed as if they were up to twice as long or half as long."""

    def __init__(self, provider: object) -> None:
        self._provider = provider
        self._random = random.Random(1)

    def __getattr__(self, name: str) -> object:
        return getattr(self._provider, name)

    def complete(self, request: Request, watch: Watch = UNWATCHED) -> Reply:
        """Answer as the simulation does, with a length of its own."""
        reply = self._provider.complete(request)
        length = round(reply.usage.output_tokens * 2 ** self._random.uniform(-1, 1))
        cut = length > request.max_output_tokens
        usage = reply.usage.model_copy(update={"output_tokens": min(length, request.max_output_tokens)})
        return reply.model_copy(update={"usage": usage, "stop": "length" if cut else reply.stop})


def run(study: Study, budget: float, workers: int, *, varied: bool) -> RunRecord:
    """Run thirty drafts under a budget in USD."""
    values = {"count": 30, "draft_factor": 1, "quality_threshold": 0.99, "max_cost": budget}
    providers = {"local_provider": "builtin", "frontier_provider": "simulated", "frontier_workers": workers}
    config = HybridConfig.model_validate({**values, **providers})
    pipeline = HybridPipeline(config)
    if varied:
        pipeline.plan = pipeline.plan._replace(frontier=Varied(pipeline.plan.frontier))
    return pipeline.run(study)


def main() -> int:
    """Print the table; return 1 when less than 90 % of what fits was bought in a run."""
    study, worst = load_paths([ROOT / "data" / "hearthwise"]), 1.0
    print("answers   budget  workers  bought  would fit  used   cut off  of what fits")
    for varied in (False, True):
        for budget in BUDGETS:
            for workers in WORKERS:
                record = run(study, budget, workers, varied=varied)
                calls = [call for call in record.calls if call.stage == "refine" and call.status != "in_flight"]
                spent, cap = record.spent_micros, round(budget * 1_000_000)
                assert spent <= cap, f"{spent} of {cap}"
                fits = min(len(record.personas), cap * len(calls) // spent) if spent else 1
                worst = min(worst, len(calls) / fits)
                cut = sum(call.status == "truncated" for call in calls)
                print(
                    f"{'varied' if varied else 'as is':8}  ${budget:.2f}  {workers:7}  {len(calls):6}  {fits:9}"
                    f"  {spent / cap:5.0%}  {cut:7}  {len(calls) / fits:6.0%}",
                    flush=True,
                )
    print(f"At worst {worst:.0%} of what fits was bought; no run passed its budget.")
    return 0 if worst >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
