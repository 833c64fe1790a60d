"""Does a layer compute each sample of a batch by itself?"""

from __future__ import annotations

from typing import Any, Literal

from torch import nn

from torchkeras_layer._structures import leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.core.lambda_layer import Lambda
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.layers.core.torch_module_table import is_of_torch
from torchkeras_layer.layers.normalization import BatchNormalization
from torchkeras_layer.layers.wrappers.spectral_normalization import SpectralNormalization
from torchkeras_layer.symbolic import KerasTensor

Answer = Literal["always", "in inference", "not known"]

_IN_INFERENCE_ONLY: tuple[type[nn.Module], ...] = (
    BatchNormalization,
    SpectralNormalization,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
)
# What runs a function that may do anything, and modules whose arguments say which axis is the batch.
_UNKNOWN: tuple[type[nn.Module], ...] = (
    Lambda,
    TorchFunction,
    nn.RNNBase,
    nn.MultiheadAttention,
    nn.EmbeddingBag,
)
_AXES = ("axis", "dim", "start_dim")


def computes_samples_apart(module: nn.Module) -> Answer:
    """Say when a module, with all that is inside, gives each sample of a batch what it gives the sample alone.

    Known are the built-in layers and the common classes of `torch.nn`. Random numbers count as those of the sample
    unless a seed fixes them.

    >>> from torchkeras_layer.layers import Dense
    >>> computes_samples_apart(Dense(3)), computes_samples_apart(BatchNormalization()), computes_samples_apart(Layer())
    ('always', 'in inference', 'not known')
    """
    answers = {_answer_for(inner) for inner in module.modules()}
    return "not known" if "not known" in answers else "in inference" if "in inference" in answers else "always"


def _answer_for(module: nn.Module) -> Answer:
    is_ours = type(module).__module__.startswith("torchkeras_layer.") and type(module) is not Layer
    if not (is_ours or is_of_torch(module)) or isinstance(module, _UNKNOWN):
        return "not known"
    if isinstance(module, Layer) and (module._torchkeras.stateful or _has_fixed_batch(module)):
        return "not known"
    if getattr(module, "time_major", False) or not all(map(_is_within_a_sample, _axes_of(module))):
        return "not known"
    draws_for_all = getattr(module, "seed", None) is not None or getattr(module, "noise_shape", None) is not None
    return "in inference" if draws_for_all or isinstance(module, _IN_INFERENCE_ONLY) else "always"


def _has_fixed_batch(layer: Layer) -> bool:
    """Whether a layer is a model that takes batches of one size only."""
    return any(
        isinstance(one, KerasTensor) and one.shape[:1] != (None,) for one in leaves(getattr(layer, "inputs", []))
    )


def _axes_of(module: nn.Module) -> list[Any]:
    given = [getattr(module, name) for name in _AXES if hasattr(module, name)]
    return [axis for value in given for axis in (value if isinstance(value, (list, tuple)) else [value])]


def _is_within_a_sample(axis: Any) -> bool:
    """Whether an axis cannot be the batch; one that is counted from the end may be, but for the last."""
    return axis == -1 or (isinstance(axis, int) and axis > 0)
