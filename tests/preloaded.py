"""Loaded by the fork server: uses libraries once, which load some of their own modules only then."""

import io

from rich.console import Console

from pipeline.domain.config import DEFAULT_FRONTIER_MODEL
from pipeline.providers.extraction.grammar import load_dictionaries
from pipeline.providers.pricing import is_priced

Console(file=io.StringIO()).print(":compass:")
is_priced("anthropic", DEFAULT_FRONTIER_MODEL["anthropic"])
load_dictionaries()
