"""Which names must a subclass of Layer leave alone?"""

from __future__ import annotations

from torch import nn

from torchkeras_layer.layer.state import LayerState

_MEANT_TO_BE_OVERRIDDEN = {"_compute_output_shape", "_add_inbound_node"}


def check_names(cls: type) -> None:
    """Raise if a class from outside this package defines a method that the pipeline keeps for itself.

    Raises:
        TypeError: if it does; the layer would otherwise break in some later call.
    """
    if cls.__module__.startswith("torchkeras_layer."):
        return
    for name in cls.__dict__:
        if _is_reserved(name, cls):
            raise TypeError(
                f"{cls.__name__}: the name {name!r} is used by Layer itself. Choose another name for the method."
            )


def _is_reserved(name: str, cls: type) -> bool:
    if not name.startswith("_") or name.startswith("__") or name in _MEANT_TO_BE_OVERRIDDEN or hasattr(nn.Module, name):
        return False
    facets = [base for base in cls.__mro__[1:] if issubclass(base, LayerState)]
    ours = [base for base in facets if base.__module__.startswith("torchkeras_layer.layer.")]
    return any(callable(base.__dict__.get(name)) for base in ours)
