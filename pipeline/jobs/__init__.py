"""Background work: runs, experiments, and the erasure of a study."""
