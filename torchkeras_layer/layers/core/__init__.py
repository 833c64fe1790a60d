"""Which core layers are there: dense layers, embeddings, masking, functions, inputs?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.layers.core.dense import Dense
from torchkeras_layer.layers.core.einsum_dense import EinsumDense
from torchkeras_layer.layers.core.embedding import Embedding, ReversibleEmbedding
from torchkeras_layer.layers.core.function_layers import Activation, Identity, Lambda
from torchkeras_layer.layers.core.input_layer import Input, InputLayer
from torchkeras_layer.layers.core.masking import Masking
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.layers.core.torch_module_wrapper import TorchModuleWrapper

__all__ = [
    "Activation",
    "Dense",
    "EinsumDense",
    "Embedding",
    "Identity",
    "Input",
    "InputLayer",
    "Lambda",
    "Masking",
    "ReversibleEmbedding",
    "TorchFunction",
    "TorchModuleWrapper",
]

if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "layers")
