"""Runs side by side: what differs between them, how much of it is chance, and which personas are the same.

`settings` holds the differences of the configuration, `deltas` those of the results, `matching` pairs personas,
`document` is the whole as `persona.comparison/1`. Pure functions on run records; the first run is the baseline.
"""
