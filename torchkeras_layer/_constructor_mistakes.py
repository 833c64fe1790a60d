"""Which common mistake lies behind a constructor that fails, and what should be written instead?"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from torch import nn

from torchkeras_layer._structures import leaves

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_LEARNED = "Leave it out: layers learn the size of their inputs from the first call."
_LAYERS = "torchkeras_layer.layers."
# By the arguments of torch's modules, the names here: the first that a class has counts.
_NAMES_HERE = {
    "out_channels": ("filters",),
    "out_features": ("units",),
    "hidden_size": ("units",),
    "num_embeddings": ("input_dim",),
    "embedding_dim": ("output_dim",),
    "p": ("rate",),
    "bias": ("use_bias",),
    "dim": ("axis",),
    "stride": ("strides",),
    "dilation": ("dilation_rate",),
    "kernel_size": ("pool_size",),
    "scale_factor": ("size",),
    "eps": ("epsilon",),
    "nonlinearity": ("activation",),
    "output_size": ("target_shape",),
    "shape": ("target_shape",),
    "return_sequence": ("return_sequences",),
}
_OTHERWISE = {
    **dict.fromkeys(("in_channels", "in_features", "input_size", "num_features", "normalized_shape"), _LEARNED),
    "embed_dim": "Write key_dim=embed_dim // num_heads: the size of one head.",
    "batch_first": "Leave it out: the batch is always the first axis.",
    "bidirectional": "Write keras.layers.Bidirectional(layer).",
    "num_layers": "Write one layer for each; all but the last with return_sequences=True.",
    "inplace": "Leave it out: no layer changes its inputs.",
    "padding_idx": "Write mask_zero=True, or leave it out.",
    "padding_mode": "Write keras.layers.ZeroPadding2D, or torch.nn.functional.pad, before the layer.",
    "start_dim": "Leave it out: all axes but the batch are flattened.",
    "end_dim": "Leave it out: all axes but the batch are flattened.",
    "elementwise_affine": "Write center= and scale=.",
    "affine": "Write center= and scale=.",
    "track_running_stats": "Leave it out: the statistics are always tracked.",
}


def explain_constructor(
    error: Exception, cls: Any, init: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """If a constructor was given wrong arguments, say in the error what to write; other errors stay as they are.

    Args:
        error: the error, whose message is replaced or continued.
        cls: the class that is instantiated.
        init: its `__init__`, which raised the error.
        args, kwargs: the arguments without `self`.

    >>> class Scale:
    ...     def __init__(self, factor): pass
    >>> error = TypeError("Scale.__init__() missing 1 required positional argument: 'factor'")
    >>> explain_constructor(error, Scale, Scale.__init__, (), {}); error.args[0]
    "Scale: the argument 'factor' is missing. Received: no arguments. Write Scale(factor)."
    """
    if not error.args or not isinstance(error.args[0], str):
        return
    text, made_first = error.args[0], f"{cls.__name__}(...)("
    if text.startswith(f"{getattr(init, '__qualname__', None)}() "):
        text = _fault_of(cls, init, args, kwargs) or text
    elif cls.__module__.startswith(_LAYERS) and any(map(_is_tensor, args)) and made_first not in text:
        text = f"{text} {_made_first(cls, args)}"
    if text is not error.args[0]:
        error.args = (text, *error.args[1:])


def _fault_of(cls: Any, init: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    parameters = dict(list(inspect.signature(init).parameters.items())[1:])
    received = ", ".join([*map(_shown, args), *(f"{name}={_shown(value)}" for name, value in kwargs.items())])
    kinds = {parameter.kind for parameter in parameters.values()}
    unknown = [name for name in kwargs if name not in parameters]
    positional = [name for name, parameter in parameters.items() if parameter.kind in _POSITIONAL]
    if len(args) > len(positional) and inspect.Parameter.VAR_POSITIONAL not in kinds:
        takes = f"takes {', '.join(positional)} by position" if positional else "takes no arguments by position"
        return f"{cls.__name__}: {takes}. Received: {received}. {_as_one(cls, args, positional)}".rstrip()
    if unknown and inspect.Parameter.VAR_KEYWORD not in kinds:
        return (
            f"{cls.__name__}: __init__ takes no argument {unknown[0]!r}. Received: {unknown[0]}="
            f"{_shown(kwargs[unknown[0]])}. {_way_to_pass_on(cls, unknown[0], parameters)}"
        )
    given = {*positional[: len(args)], *kwargs}
    missing = [n for n, p in parameters.items() if p.kind in _NAMED and p.default is p.empty and n not in given]
    if not missing:
        return ""
    plural = "s" * (len(missing) > 1)
    advice = [f"{name}: {advice_on_name(name, list(parameters))}" for name in unknown]
    return (
        f"{cls.__name__}: the argument{plural} {' and '.join(map(repr, missing))} {'are' if plural else 'is'} missing. "
        f"Received: {received or 'no arguments'}. Write {cls.__name__}({', '.join(_required(parameters))}). "
        f"{' '.join(advice)}"
    ).rstrip()


def _required(parameters: dict[str, inspect.Parameter]) -> list[str]:
    return [name for name, p in parameters.items() if p.kind in _NAMED and p.default is p.empty]


def _as_one(cls: Any, args: tuple[Any, ...], positional: list[str]) -> str:
    """Say how to pass several values of one kind, which belong into a list or tuple."""
    name = cls.__name__
    if any(map(_is_tensor, args)):
        return _made_first(cls, args)
    if all(isinstance(value, nn.Module) for value in args):
        return f"Write {name}([layer, …]), with the layers in one list."
    if len(positional) == 1 and all(isinstance(value, int) for value in args):
        return f"Write {name}({args!r})."
    return "Pass the others by keyword."


def _made_first(cls: Any, args: tuple[Any, ...]) -> str:
    inputs = "[a, b]" if isinstance(args[0], (list, tuple)) or len(args) > 1 else "x"
    return f"A layer is made first and then called on tensors: {cls.__name__}(...)({inputs})."


def _way_to_pass_on(cls: Any, name: str, parameters: dict[str, inspect.Parameter]) -> str:
    close = get_close_matches(name, list(parameters), n=1, cutoff=0.75)
    if close:
        return f"Did you mean {close[0]!r}?"
    names = [written for written, p in parameters.items() if p.kind in _NAMED]
    return (
        f"If it is one of every layer's, such as name or dtype, write `def __init__({', '.join(['self', *names])}, "
        "**kwargs):` and `super().__init__(**kwargs)`."
    )


def advice_on_name(name: str, known: list[str]) -> str:
    """Return what to write instead of an argument that a class does not take: its own name for it, or a similar one.

    >>> advice_on_name("dim", ["axis"]), advice_on_name("unit", ["units"]), advice_on_name("speed", ["units"])
    ('Write axis=.', "Did you mean 'units'?", 'Remove it.')
    """
    here = next((new for new in _NAMES_HERE.get(name, ()) if new in known), None)
    if here is not None:
        return f"Write {here}=."
    if name in _OTHERWISE:
        return _OTHERWISE[name]
    close = get_close_matches(name, sorted({*known} - {"self", name}), n=1, cutoff=0.75)
    return f"Did you mean {close[0]!r}?" if close else "Remove it."


def advice_on_positions(cls: Any, base: Any) -> str:
    """Say what to write in a class that gives its own arguments, by position, to the constructor of its base.

    >>> advice_on_positions(nn.Linear, nn.Module).partition(":")[0]
    'Module takes no arguments of Linear'
    """
    if cls.__init__ is base.__init__:
        return f"{cls.__name__} has no __init__ of its own: write `def __init__(self, ..., **kwargs):` in it."
    return (
        f"{base.__name__} takes no arguments of {cls.__name__}: write `super().__init__(**kwargs)`, and then "
        "`self.units = units`."
    )


def _is_tensor(value: Any) -> bool:
    return any(hasattr(leaf, "shape") and hasattr(leaf, "dtype") for leaf in leaves(value))


def _shown(value: Any) -> str:
    """Return a short text for a value: that of tensors and modules would take many lines."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, (list, tuple)) and value and any(map(_is_tensor, value)):
        return f"a {type(value).__name__} of {len(value)} tensors"
    return type(value).__name__ if isinstance(value, nn.Module) else repr(value)
