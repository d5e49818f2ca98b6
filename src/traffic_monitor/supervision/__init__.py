"""Which processes a run has, and what becomes of them."""
