"""How do weights in the files of Keras become the weights of a model, and the other way round?"""

from __future__ import annotations

from torchkeras_layer.weight_files.assignment import LoadReport
from torchkeras_layer.weight_files.loading import load_weights
from torchkeras_layer.weight_files.saving import save_weights
from torchkeras_layer.weight_files.source import ModelFileError

__all__ = ["LoadReport", "ModelFileError", "load_weights", "save_weights"]
