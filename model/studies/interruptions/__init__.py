"""Interruptions: what counts of them say about jobs of other sizes, about recovery and about spares."""
