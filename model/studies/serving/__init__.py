"""Serving: frontiers of machines, the gain of one over another, what a token costs, and what was published."""
