"""What stands in for the weights of a layer that has none yet?"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

STAND_IN = "_weights_to_build"


class UnbuiltWeights(UninitializedParameter):
    """The one parameter of an unbuilt layer, so that whoever iterates over parameters learns that some are missing.

    An optimizer over it raises an error that names the layers. Whatever needs no values works: `.device`, `.dtype`,
    `requires_grad_`, `zero_grad`. DistributedDataParallel refuses it by its base class.
    """

    layer_name: str

    def __new__(cls, layer_name: str, device: Any, dtype: torch.dtype) -> UnbuiltWeights:
        """Make a stand-in for the weights of the layer of this name."""
        is_trainable = dtype.is_floating_point or dtype.is_complex
        stand_in = super().__new__(cls, requires_grad=is_trainable, device=device, dtype=dtype)
        stand_in.layer_name = layer_name
        return stand_in

    @property
    def is_leaf(self) -> bool:  # type: ignore[override]
        """Raises: torch's optimizers ask this of every parameter, and nobody else does of an unbuilt layer's."""
        raise RuntimeError(not_built_message(self._all_names()))

    @property
    def shape(self) -> Any:  # type: ignore[override]
        """Raises: there is none before the build."""
        raise RuntimeError(not_built_message([self.layer_name]))

    @property
    def ndim(self) -> Any:  # type: ignore[override]
        """Raises: there is none before the build."""
        raise RuntimeError(not_built_message([self.layer_name]))

    def _all_names(self) -> list[str]:
        # The optimizer's frame holds the whole parameter group: one error can then name every unbuilt layer.
        group = sys._getframe(2).f_locals.get("param_group")
        found = group.get("params", ()) if isinstance(group, dict) else ()
        return [p.layer_name for p in found if isinstance(p, UnbuiltWeights)] or [self.layer_name]

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Allow what needs no values; name the layer for everything else."""
        if func is torch.Tensor.requires_grad_:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        try:
            return super().__torch_function__(func, types, args, kwargs)
        except ValueError:
            names = [a.layer_name for a in args if isinstance(a, UnbuiltWeights)]
            raise RuntimeError(not_built_message(names)) from None

    def __deepcopy__(self, memo: dict[int, Any]) -> UnbuiltWeights:
        """Copy; a copied layer is unbuilt too."""
        duplicate: Any = stand_in_for(self.layer_name, self.device, self.dtype, self.requires_grad)
        memo[id(self)] = duplicate
        return duplicate

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle by the arguments."""
        return stand_in_for, (self.layer_name, self.device, self.dtype, self.requires_grad)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"<weights of {self.layer_name}, not built>"


def stand_in_for(layer_name: str, device: Any, dtype: torch.dtype, requires_grad: bool = True) -> nn.Parameter:
    """Make the stand-in for the weights of the layer of this name.

    >>> stand_in_for("dense", None, torch.float32)
    <weights of dense, not built>
    """
    make: Any = UnbuiltWeights
    stand_in = make(layer_name, device, dtype)
    return stand_in.requires_grad_(requires_grad and stand_in.requires_grad)


def not_built_message(names: list[str]) -> str:
    """Say which layers have no weights, and the way out."""
    return (
        f"{', '.join(names)}: not built, so there are no weights yet. Layers learn their input size from the first "
        "input: call the model once, or `torchkeras_layer.build(model, example_input)`, before you make an optimizer "
        "or count parameters."
    )
