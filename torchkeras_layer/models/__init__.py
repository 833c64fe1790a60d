"""How are layers put together into models?"""

from torchkeras_layer.layers.core.input_layer import Input
from torchkeras_layer.models.cloning import clone_model
from torchkeras_layer.models.loading import model_from_config, model_from_json
from torchkeras_layer.models.model import Functional, Model
from torchkeras_layer.models.sequential import Sequential

__all__ = ["Functional", "Input", "Model", "Sequential", "clone_model", "model_from_config", "model_from_json"]
