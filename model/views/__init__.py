"""What a notebook shows: figures, sliders, printers, checks of parameters, citations. Imports notation, numbers."""
