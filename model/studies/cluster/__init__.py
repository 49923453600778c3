"""A cluster of the reader's own: its machine, its questions, its limits, its report."""
