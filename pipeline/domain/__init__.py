"""Data models of the product, one noun per file; they import neither numpy nor pandas, and only `pipeline.errors`."""
