"""The pipeline of a run: three stages, their calls to models, and the budget ledger."""
