"""Numbers of data/: the catalogue, facts in base units, draws within their bounds. Imports notation."""
