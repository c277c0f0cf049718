"""What money is counted in: whole micro-USD inside, USD only where people and other programs read or write it."""

MICROS = 1_000_000
"""Micro-USD in one USD."""
