"""Do torch's functions for initial values work as docs/for_pytorch_people.md says, and what is ignored?"""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from torchkeras_layer import layers

# By the layer: an input, the order of axes that torch has, the fan in, and the fan out.
KERNELS = {
    "Dense": (lambda: layers.Dense(400), (1, 100), (1, 0), 100, 400),
    "Conv1D": (lambda: layers.Conv1D(200, 3), (1, 5, 40), (2, 1, 0), 120, 600),
    "Conv2D": (lambda: layers.Conv2D(64, 3), (1, 5, 5, 32), (3, 2, 0, 1), 288, 576),
    "Conv3D": (lambda: layers.Conv3D(32, 2), (1, 3, 3, 3, 32), (4, 3, 0, 1, 2), 256, 256),
}


@pytest.mark.parametrize("name", KERNELS)
def test_init_functions_get_the_kernel_in_torch_s_order(name):
    make, shape, order, fan_in, fan_out = KERNELS[name]
    layer = make()
    layer.build(shape)
    kernel = layer.kernel
    nn.init.kaiming_normal_(kernel.permute(order))
    assert kernel.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.05)
    nn.init.kaiming_normal_(kernel.permute(order), mode="fan_out")
    assert kernel.std().item() == pytest.approx(math.sqrt(2 / fan_out), rel=0.05)
    nn.init.xavier_uniform_(kernel.permute(order))
    assert kernel.std().item() == pytest.approx(math.sqrt(2 / (fan_in + fan_out)), rel=0.05)
    assert layer.kernel is kernel
    assert kernel.requires_grad
    assert kernel.is_leaf


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_the_default_dtype_of_torch_is_ignored(dtype):
    torch.set_default_dtype(dtype)
    layer = layers.Dense(2)
    assert (layer.dtype, layer(torch.ones(1, 3)).dtype, layer.kernel.dtype) == ("float32", torch.float32, torch.float32)
