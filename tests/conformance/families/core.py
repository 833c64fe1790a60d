"""Which dense, lookup, mask and function layers go through the conformance suite?"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch import nn

import torchkeras_layer as ours
from tests.conformance.case import Case, objects
from tests.oracle import keras


def doubled(inputs: Any, factor: float = 2.0) -> Any:
    """Return `factor` times the inputs: a function that both libraries know."""
    return inputs * factor


ours.saving.register_keras_serializable("conformance")(doubled)
keras.saving.register_keras_serializable("conformance")(doubled)


def _module(make: Callable[[], nn.Module]) -> Callable[[ModuleType], dict[str, Any]]:
    """Give a module with the same weights at each call, as it would come from a file."""

    def make_again(_: ModuleType) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(6)
            return make()

    return objects(module=make_again)


CASES = [
    Case("Activation", {"activation": "relu"}),
    Case("Activation", {"activation": "softmax"}, (2, 3, 5)),
    Case("Activation", {"activation": None}),
    Case("Dense", {"units": 3}),
    Case("Dense", {"units": 3, "use_bias": False, "activation": "relu"}),
    Case("Dense", {"units": 2, "kernel_regularizer": "l2", "bias_constraint": "non_neg"}, (2, 3, 5)),
    Case("Dense", {"units": 2, "use_bias": False, "activation": "gelu"}, (2, 3, 2, 5)),
    Case("Dense", objects(units=lambda _: 4, activation=lambda k: k.activations.tanh)),
    Case("Dense", objects(units=lambda _: 3, activity_regularizer=lambda k: k.regularizers.L1(0.25))),
    Case("Dense", {"units": 3}, below=7),
    Case("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3, "activation": "tanh"}),
    Case("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (3, 2, 4), "bias_axes": "de"}, (2, 3, 5)),
    Case("EinsumDense", {"equation": "abcd,cde->abe", "output_shape": (3, 4), "bias_axes": "e"}, (2, 3, 2, 5)),
    Case("EinsumDense", {"equation": "...x,yx->...y", "output_shape": 4, "bias_axes": "y"}, (2, 3, 5)),
    Case("EinsumDense", {"equation": "ab...,bc->ac...", "output_shape": 4, "bias_axes": "c"}, (2, 3, 5)),
    Case("EinsumDense", {"equation": "abc,bcd->abd", "output_shape": (3, 2), "kernel_regularizer": "l2"}, (2, 3, 5)),
    Case("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (3, 4), "bias_axes": "bd"}, (2, 3, 5)),
    Case("Embedding", {"input_dim": 9, "output_dim": 3}, below=9),
    Case("Embedding", {"input_dim": 9, "output_dim": 3, "mask_zero": True}, (2, 3, 2), below=9),
    Case("Embedding", {"input_dim": 9, "output_dim": 3, "embeddings_regularizer": "l2"}, (4,), below=9),
    Case("Identity"),
    Case("Lambda", objects(function=lambda k: k.activations.relu)),
    Case("Lambda", {"function": doubled, "arguments": {"factor": 3.0}, "output_shape": (5,)}),
    Case("Lambda", {"function": lambda x, training=None: x * 2 if training else x}, training=True, has_config=False),
    Case("Masking", shape=(4, 3, 5), marked=0.0),
    Case("Masking", {"mask_value": -1.5}, (4, 3, 5), marked=-1.5),
    Case("ReversibleEmbedding", {"input_dim": 9, "output_dim": 3}, below=9),
    Case("ReversibleEmbedding", {"input_dim": 9, "output_dim": 3, "mask_zero": True}, (2, 3), below=9),
    Case("ReversibleEmbedding", {"input_dim": 9, "output_dim": 3, "tie_weights": False, "logit_soft_cap": 2}, below=9),
    Case("TorchModuleWrapper", _module(lambda: nn.Linear(5, 3)), wraps_torch=True),
    Case("TorchModuleWrapper", _module(lambda: nn.Sequential(nn.Linear(5, 2), nn.ReLU())), (2, 3, 5), wraps_torch=True),
    Case("TorchModuleWrapper", _module(lambda: nn.Dropout(0.5)), training=True, wraps_torch=True),
]
