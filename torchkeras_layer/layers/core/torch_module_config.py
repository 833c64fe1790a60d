"""How is a torch module written into a config, and read from one, without pickling, importing or evaluating anything?

A class of `torch.nn` is written by its name, which is looked up in a closed table here, and by the arguments of its
constructor, which are read from the module's attributes. Any other class must be registered and have a `get_config`.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer.layer.context import per_thread, prefix_errors
from torchkeras_layer.registry import DeserializationError, deserialize_keras_object, serialize_keras_object
from torchkeras_layer.registry.envelope import excerpt

_MOST_LAYERS = 1000
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
# The arguments of constructors that take *args and **kwargs.
_ARGUMENTS = {"RNN": (*_RECURRENT, "nonlinearity"), "LSTM": (*_RECURRENT, "proj_size"), "GRU": _RECURRENT}
# Arguments for the device, and other names of other arguments.
_LEFT_OUT = {"device", "min_value", "max_value"}
# Arguments that are not attributes of the same name.
_READERS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("MultiheadAttention", "add_bias_kv"): lambda module: module.bias_k is not None,
    ("MultiheadAttention", "bias"): lambda module: module.in_proj_bias is not None,
    ("PairwiseDistance", "p"): lambda module: module.norm,
}

_MODULE = "torch.nn"
_NAME = re.compile(r"\w[\w -]*")
_ADVICE = (
    "Write a class for it that has get_config() and from_config(), and register that: "
    "@torchkeras_layer.saving.register_keras_serializable()."
)


def write_module(module: nn.Module, where: str) -> dict[str, Any]:
    """Return the config of a module, without its weights; `where` begins the message of an error.

    Raises:
        NotImplementedError: if the module, or one in it, is neither of a class in the table nor of one that is
            registered, or if its config would make a different module.

    >>> write_module(nn.Linear(2, 3, bias=False), "here")["config"]
    {'in_features': 2, 'out_features': 3, 'bias': False, 'dtype': 'float32'}
    """
    try:
        config = _write(module)
        is_same = _outline(_twin(module, config)) == _outline(module)
    except Exception as error:
        raise NotImplementedError(
            f"{where}: cannot write {_name(module)} into a config: {error or type(error).__name__} {_ADVICE}"
        ) from error
    if not is_same:
        raise NotImplementedError(
            f"{where}: cannot write {_name(module)} into a config: its constructor's arguments make a module "
            f"with another repr, or other parameters. {_ADVICE}"
        )
    return config


def read_module(config: Any) -> nn.Module:
    """Return the module for a config, with new weights.

    Raises:
        DeserializationError: if the class is not in the table and not registered, an argument is unknown, or the config
            is malformed.

    >>> read_module({"module": "torch.nn", "class_name": "Linear", "config": {"in_features": 2, "out_features": 3}})
    Linear(in_features=2, out_features=3, bias=True)
    """
    try:
        return _read(config)
    except RecursionError:
        raise DeserializationError(
            "TorchModuleWrapper: the config of the module is nested too deeply. Flatten it."
        ) from None


def _write(module: nn.Module) -> dict[str, Any]:
    name = type(module).__name__
    if not is_of_torch(module):
        if not hasattr(module, "get_config") or not hasattr(module, "from_config"):
            raise TypeError(f"the class {_name(module)} is not in the table of torch's modules.")
        return serialize_keras_object(module)
    if name in CONTAINERS:
        # Not `named_children`, which lists a module with two names only once.
        children = [[key, _write(child)] for key, child in module._modules.items() if child is not None]
        config: dict[str, Any] = {"children": children}
    else:
        config = {argument: _plain(value) for argument, value in read_arguments(module).items()}
    return {"module": _MODULE, "class_name": name, "config": config}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item) for item in value)
    if value is not None and not isinstance(value, (str, int, float)):
        raise TypeError(f"{excerpt(value)} is neither a number nor a string.")
    return value


def _twin(module: nn.Module, config: dict[str, Any]) -> nn.Module:
    """Make the module again, on the meta device if all its parts are torch's, and without drawing random numbers."""
    device = "meta" if all(map(is_of_torch, module.modules())) else "cpu"
    with torch.device(device), torch.random.fork_rng(devices=[]):
        return read_module(config)


def _outline(module: nn.Module) -> tuple[Any, ...]:
    """Return what a module and its copy from the config must have in common."""
    weights = {name: (tuple(w.shape), w.dtype) for name, w in module.state_dict().items() if hasattr(w, "shape")}
    # A list in a module is printed with other brackets than the tuple in its copy.
    text = repr(module).replace("[", "(").replace("]", ")")
    return text, weights, len(list(module.parameters()))


def _name(module: nn.Module) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"


def _read(config: Any) -> nn.Module:
    if isinstance(config, str):
        raise DeserializationError(
            "TorchModuleWrapper: the config contains its module as a pickle, as Keras writes it. It is never loaded. "
            "Make the module in Python, and load its weights. See docs/differences.md#code-in-configs"
        )
    if not isinstance(config, dict) or config.get("module") != _MODULE:
        module = deserialize_keras_object(config) if isinstance(config, dict) else None
        if not isinstance(module, nn.Module):
            raise DeserializationError(
                f"TorchModuleWrapper: expected the config of a module. Received: {excerpt(config)}."
            )
        return module
    class_name, arguments = config.get("class_name"), config.get("config")
    if not isinstance(class_name, str) or class_name not in TORCH_CLASSES:
        raise DeserializationError(
            f"TorchModuleWrapper: {excerpt(class_name)} is not in the table of torch's modules. Known: "
            f"{', '.join(sorted(TORCH_CLASSES))}. A class of your own has its registered name in the config."
        )
    if not isinstance(arguments, dict):
        raise DeserializationError(
            f"TorchModuleWrapper: the config of {class_name} must be a dict. Received: {excerpt(arguments)}."
        )
    return _read_container(class_name, arguments) if class_name in CONTAINERS else _read_leaf(class_name, arguments)


def _read_container(class_name: str, arguments: Mapping[str, Any]) -> nn.Module:
    pairs = arguments.get("children")
    if list(arguments) != ["children"] or not isinstance(pairs, (list, tuple)) or not all(map(_is_child, pairs)):
        raise DeserializationError(
            f"TorchModuleWrapper: the config of {class_name} must list its children as pairs of a name and a config. "
            f"Received: {excerpt(arguments)}."
        )
    children = OrderedDict((name, _read(child)) for name, child in pairs)
    return _call(class_name, list(children.values()) if class_name == "ModuleList" else children)


def _is_child(pair: Any) -> bool:
    """Whether a value is a pair whose first part is a plain name, which cannot contain code."""
    is_named = isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str)
    return is_named and _NAME.fullmatch(pair[0]) is not None


def _read_leaf(class_name: str, arguments: Mapping[str, Any]) -> nn.Module:
    known = arguments_of(class_name)
    unknown = [name for name in arguments if name not in known]
    if unknown:
        raise DeserializationError(
            f"TorchModuleWrapper: {class_name} takes no argument {unknown[0]!r} from a config. Known: {known}."
        )
    try:
        given = {name: _plain(value) for name, value in arguments.items()}
    except TypeError as error:
        raise DeserializationError(f"TorchModuleWrapper: {class_name}: {error}") from None
    _check_weights(class_name, given)
    return _call(class_name, **given)


def _check_weights(class_name: str, arguments: Mapping[str, Any]) -> None:
    """Count the weights of a module that a file asks for, before they take memory."""
    allowance, depth = per_thread.context.allowance, arguments.get("num_layers", 1)
    if allowance is None:
        return
    if isinstance(depth, int) and depth > _MOST_LAYERS:
        raise DeserializationError(
            f"TorchModuleWrapper: {class_name} in a file may have at most {_MOST_LAYERS} layers. Received: {depth}."
        )
    with torch.device("meta"):
        probe = _call(class_name, **{name: value for name, value in arguments.items() if name != "device"})
    for weight in (*probe.parameters(), *probe.buffers()):
        with prefix_errors(f"TorchModuleWrapper: {class_name}"):
            allowance.take(tuple(weight.shape))


def _call(class_name: str, *args: Any, **arguments: Any) -> nn.Module:
    try:
        if "dtype" in arguments:
            arguments["dtype"] = torch_dtype(arguments["dtype"])
        return TORCH_CLASSES[class_name](*args, **arguments)
    except Exception as error:
        raise DeserializationError(
            f"TorchModuleWrapper: {class_name} could not be made from its config. {type(error).__name__}: {error} "
            f"Received: {excerpt(arguments)}."
        ) from error


def is_of_torch(module: nn.Module) -> bool:
    """Whether the class of a module is in the table; one derived from such a class is not.

    >>> is_of_torch(nn.ReLU()), is_of_torch(nn.Module())
    (True, False)
    """
    return TORCH_CLASSES.get(type(module).__name__) is type(module)


@functools.cache
def arguments_of(class_name: str) -> tuple[str, ...]:
    """Return the arguments of a constructor that a config may contain.

    >>> arguments_of("LayerNorm")
    ('normalized_shape', 'eps', 'elementwise_affine', 'bias', 'dtype')
    """
    parameters = list(inspect.signature(TORCH_CLASSES[class_name].__init__).parameters.values())[1:]
    named = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    public = tuple(name for name in named if name not in _LEFT_OUT and not name.startswith("_"))
    return _ARGUMENTS.get(class_name, public)


def read_arguments(module: nn.Module) -> dict[str, Any]:
    """Return the constructor's arguments of a module whose class is in the table, read from its attributes.

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
    # The argument `bias` is a bool, and the attribute is the bias or None.
    is_weight = isinstance(value, torch.Tensor) or name in module._parameters
    return value is not None if is_weight else value
