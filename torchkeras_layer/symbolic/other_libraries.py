"""How do libraries that choose their functions by the type of a tensor take symbolic ones?

They run as they are, on the functions of torch that they call for torch's tensors: each becomes a node. None of them is
imported here, nor patched: einops looks for subclasses of its backend, of which there is one more once einops is
imported and a symbolic tensor is made; libraries for the array API ask the tensor.
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar

import torch

from torchkeras_layer.ops.calls import SymbolicTensor
from torchkeras_layer.ops.names import callable_named

# The class of the backend, once there is one: einops knows its subclasses by weak references.
_backends: list[type] = []


def tell_loaded_libraries() -> None:
    """Tell einops how symbolic tensors are treated, if it is imported and has not been told."""
    einops = sys.modules.get("einops._backends")
    if einops is not None and not _backends and hasattr(einops, "TorchBackend"):
        _backends.append(_backend_of(einops.TorchBackend))


class _FreeShape(tuple[Any, ...]):
    """A shape with symbolic sizes. It has no hash, so that einops keeps no tensors of a graph in its caches."""

    __hash__ = None  # type: ignore[assignment]


def _backend_of(torch_backend: Any) -> type:
    """Return a backend that is einops's for torch, on symbolic tensors."""

    class SymbolicBackend(torch_backend):
        framework_name = __name__.partition(".")[0]

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, SymbolicTensor)

        def shape(self, x: Any) -> tuple[Any, ...]:
            if None not in x.shape:
                return tuple(x.shape)
            sizes = callable_named("keras.sizes.shape")(x)
            return _FreeShape(sizes[axis] if size is None else size for axis, size in enumerate(x.shape))

    return SymbolicBackend


class ArrayNamespace:
    """The functions of the array API standard: those of `keras.ops`, by its names, and torch's dtypes.

    >>> import torchkeras_layer as keras
    >>> x = keras.Input((3, 4)); x.__array_namespace__().permute_dims(x, (0, 2, 1))
    <KerasTensor transpose shape=(None, 4, 3) dtype=float32>
    """

    __name__ = "torchkeras_layer.ops"
    # The names of the standard that Keras does not have.
    _names: ClassVar[dict[str, str]] = {
        "astype": "cast",
        "concat": "concatenate",
        "permute_dims": "transpose",
        "pow": "power",
        **{f"a{name}": f"arc{name}" for name in ("cos", "cosh", "sin", "sinh", "tan", "tan2", "tanh")},
    }

    def __getattr__(self, name: str) -> Any:
        """Return a function, a dtype or a constant. Raises AttributeError if there is none of the name."""
        found = getattr(torch, name, None)
        if isinstance(found, torch.dtype) or name in ("pi", "e", "inf", "nan", "newaxis"):
            return found
        own = self._names.get(name, name)
        try:
            return callable_named(f"keras.ops.{own}")
        except LookupError:
            raise AttributeError(
                f"the array API of symbolic tensors has no {name!r}. Write it in the call() of a layer. "
                "See docs/differences.md#libraries-that-look-at-the-type-of-a-tensor"
            ) from None


NAMESPACE = ArrayNamespace()
