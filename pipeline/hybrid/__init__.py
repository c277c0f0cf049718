"""A run: the pipeline, its three stages, their calls to models, and the money that they may spend."""
