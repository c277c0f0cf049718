"""Draft personas from the example study, score them, and print the best evidence of each first claim.

Run from the top folder of a checkout: `python docs/examples/draft_and_score.py`. No model, key or network is needed.
"""

from pathlib import Path

from pipeline import HybridConfig, HybridPipeline, load_paths

study = load_paths([Path("data/hearthwise")])
config = HybridConfig(local_provider="builtin", frontier_provider="simulated", quality_threshold=0.86, count=3)
for final in HybridPipeline(config).run(study).personas:
    claim = final.assessment.claims[0]
    print(final.persona.name, f"{final.assessment.scores.overall:.2f}", final.outcome)
    print(f"  {claim.text}\n  {claim.participant}: {claim.quote}")
