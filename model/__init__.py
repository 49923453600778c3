"""An executable study of AI supernodes: sourced numbers and symbolic laws in, predictions with intervals out.

Stable, kept by name and meaning: `systems`, `workloads`, `quantities`, `predict`, `draws`. New, may still change in
form: `need`, `explain`, `drivers`, `law`. What stands in the rooms of this package is free to change.
"""

from model.predictions.ask import draws, drivers, explain, law, predict, quantities, systems, workloads
from model.predictions.need import need

__all__ = ["draws", "drivers", "explain", "law", "need", "predict", "quantities", "systems", "workloads"]
