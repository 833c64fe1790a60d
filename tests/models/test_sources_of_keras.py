"""What do the folders of Keras's sources give, that foreign packages import?"""

from __future__ import annotations

import importlib

import pytest
import torch

from torchkeras_layer import backend, ops


@pytest.mark.parametrize("module", ["src.backend.tensorflow", "src.backend.torch.numpy", "src.backend.jax.nn"])
def test_a_backend_of_keras_3_has_its_operations(module):
    names: dict = {}
    exec(f"from torchkeras_layer.{module} import *\nfrom torchkeras_layer.{module} import transpose, name_scope", names)
    assert names["transpose"] is ops.transpose
    assert names["softmax"] is ops.softmax
    assert names["name_scope"] is backend.name_scope


def test_the_backend_of_keras_2_is_its_own():
    module = importlib.import_module("torchkeras_layer.src.backend.tensorflow_backend")
    assert module.transpose is backend.transpose
    assert torch.equal(module.transpose(torch.ones(2, 3)), torch.ones(3, 2))


def test_a_class_of_a_module_that_is_not_here_can_stand_in_an_annotation():
    optimizers = importlib.import_module("torchkeras_layer.optimizers")
    named = optimizers.legacy.Optimizer
    assert repr(named) == "<placeholder of torchkeras_layer.optimizers.legacy.Optimizer, which is not here>"
    with pytest.raises(AttributeError, match=r"Use an optimizer of torch\.optim"):
        named()
    assert not hasattr(optimizers.legacy, "optimizer")
