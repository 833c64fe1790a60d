"""How do weights in the files of Keras become the weights of a model?"""

from __future__ import annotations

from torchkeras_layer.weight_files.assignment import LoadReport
from torchkeras_layer.weight_files.loading import load_weights
from torchkeras_layer.weight_files.source import ModelFileError

__all__ = ["LoadReport", "ModelFileError", "load_weights"]
