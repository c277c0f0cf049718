"""Results for readers: figures, tables, evidence, cards, comparisons, charts, reports and exports.

Pure functions on run records, which change nothing.
"""
