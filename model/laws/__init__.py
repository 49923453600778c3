"""Every law of the study as Equations, without a number of data/. Imports notation."""
