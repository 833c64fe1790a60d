"""Which classes of `torch.nn` may a config name, and with which arguments?

The table is closed: a name in a config is a key to look up here, and nothing else.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from torchkeras_layer._dtypes import dtype_name

# fmt: off
_CLASSES: tuple[type[nn.Module], ...] = (
    nn.Identity, nn.Linear, nn.Bilinear, nn.Embedding, nn.EmbeddingBag, nn.Flatten, nn.Unflatten, nn.Fold, nn.Unfold,
    nn.ChannelShuffle, nn.PixelShuffle, nn.PixelUnshuffle, nn.Upsample, nn.UpsamplingBilinear2d,
    nn.UpsamplingNearest2d, nn.CosineSimilarity, nn.PairwiseDistance, nn.Conv1d, nn.Conv2d, nn.Conv3d,
    nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d,
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.MaxUnpool1d, nn.MaxUnpool2d, nn.MaxUnpool3d, nn.LPPool1d,
    nn.LPPool2d, nn.LPPool3d, nn.FractionalMaxPool2d, nn.FractionalMaxPool3d, nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
    nn.CircularPad1d, nn.CircularPad2d, nn.CircularPad3d, nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d,
    nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReflectionPad3d, nn.ReplicationPad1d, nn.ReplicationPad2d,
    nn.ReplicationPad3d, nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d,
    nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm,
    nn.LocalResponseNorm, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout,
    nn.FeatureAlphaDropout, nn.RNN, nn.LSTM, nn.GRU, nn.RNNCell, nn.LSTMCell, nn.GRUCell, nn.MultiheadAttention,
    nn.CELU, nn.ELU, nn.GELU, nn.GLU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU,
    nn.LogSigmoid, nn.LogSoftmax, nn.Mish, nn.PReLU, nn.RReLU, nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU, nn.Sigmoid,
    nn.Softmax, nn.Softmax2d, nn.Softmin, nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink,
    nn.Threshold, nn.Sequential, nn.ModuleList, nn.ModuleDict,
)
# fmt: on
TORCH_CLASSES = {cls.__name__: cls for cls in _CLASSES}
CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")

_RECURRENT = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional", "dtype")
# Of constructors that do not name their arguments.
_ARGUMENTS = {"RNN": (*_RECURRENT, "nonlinearity"), "LSTM": (*_RECURRENT, "proj_size"), "GRU": _RECURRENT}
# Arguments that say where a module stands, or are other words for other arguments.
_LEFT_OUT = {"device", "min_value", "max_value"}
# Arguments that no attribute of the same name tells.
_READERS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("MultiheadAttention", "add_bias_kv"): lambda module: module.bias_k is not None,
    ("MultiheadAttention", "bias"): lambda module: module.in_proj_bias is not None,
    ("PairwiseDistance", "p"): lambda module: module.norm,
}


def is_of_torch(module: nn.Module) -> bool:
    """Whether the class of a module is in the table; one derived from such a class is not.

    >>> is_of_torch(nn.ReLU()), is_of_torch(nn.Module())
    (True, False)
    """
    return TORCH_CLASSES.get(type(module).__name__) is type(module)


@functools.cache
def arguments_of(class_name: str) -> tuple[str, ...]:
    """Return the arguments of a constructor that a config may hold.

    >>> arguments_of("LayerNorm")
    ('normalized_shape', 'eps', 'elementwise_affine', 'bias', 'dtype')
    """
    parameters = list(inspect.signature(TORCH_CLASSES[class_name].__init__).parameters.values())[1:]
    named = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    public = tuple(name for name in named if name not in _LEFT_OUT and not name.startswith("_"))
    return _ARGUMENTS.get(class_name, public)


def read_arguments(module: nn.Module) -> dict[str, Any]:
    """Return the arguments that make a module of a class in the table again, read off its attributes.

    >>> read_arguments(nn.Dropout(0.25))
    {'p': 0.25, 'inplace': False}
    """
    class_name = type(module).__name__
    arguments = {name: _read_argument(module, class_name, name) for name in arguments_of(class_name)}
    return {name: value for name, value in arguments.items() if name != "dtype" or value is not None}


def dtype_of(module: nn.Module) -> str | None:
    """Return the dtype of the first floating weight or buffer of a module, `None` if it has none.

    >>> dtype_of(nn.Linear(1, 1)), dtype_of(nn.ReLU())
    ('float32', None)
    """
    kept = [*module.parameters(), *module.buffers()]
    return next((dtype_name(tensor.dtype) for tensor in kept if tensor.dtype.is_floating_point), None)


def _read_argument(module: Any, class_name: str, name: str) -> Any:
    if (class_name, name) in _READERS:
        return _READERS[class_name, name](module)
    if name == "dtype":
        return dtype_of(module)
    value = getattr(module, name)
    # `bias` is an argument that says whether there is one, and an attribute that is one.
    is_weight = isinstance(value, torch.Tensor) or name in module._parameters
    return value is not None if is_weight else value
