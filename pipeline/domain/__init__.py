"""The nouns of the product, one file each; they need neither numpy nor pandas, and only the errors below them."""
