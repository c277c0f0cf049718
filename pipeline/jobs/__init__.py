"""Work that outlives a page: runs in the background, experiments, and the erasure of a study."""
