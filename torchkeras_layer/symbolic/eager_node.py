"""What is remembered of one call of a module on real tensors, without keeping anything alive?"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.utils.weak import WeakIdRef

from torchkeras_layer._structures import leaves, map_leaves

_CONSTANTS = (type(None), bool, int, float, complex, str, torch.dtype, torch.device)


class SeenTensor:
    """A tensor that went through a call: shape, dtype and whether it had a mask; and itself, as long as it lives."""

    __slots__ = ("_reference", "dtype", "has_mask", "shape")

    def __init__(self, tensor: Any) -> None:
        # What holds tensors of several sizes has no shape.
        self.shape = None if getattr(tensor, "is_nested", False) else tuple(tensor.shape)
        self.dtype = tensor.dtype
        self.has_mask = getattr(tensor, "_keras_mask", None) is not None
        self._reference = WeakIdRef(tensor)

    @property
    def tensor(self) -> Any:
        """The tensor; `None` if it is gone."""
        return self._reference()


class EagerNode:
    """One call of `layer`, which may be any module, on real tensors, as `record_history()` saw it.

    It knows shapes and dtypes for good, and refers to module and tensors weakly: it keeps neither them nor their
    gradients alive.

    Attributes:
        number: place among the calls of the thread, in the order in which they began.
        outer: the node of the call in which this one was made, or `None`; `depth`: how many there are around it.
        class_name, name, path: class of the module, its name if it is a layer, and its path in the module of `outer`.
        training: the mode of the call.
        error: name of the exception that the call raised, or `None`.
    """

    def __init__(self, module: Any, number: int, outer: EagerNode | None, path: str | None) -> None:
        self._module = weakref.ref(module)
        self.class_name = type(module).__name__
        # A layer has one.
        self.name: str | None = getattr(module.__dict__.get("_torchkeras"), "name", None)
        self.path = path
        self.number = number
        self.outer = outer
        self.depth: int = 0 if outer is None else outer.depth + 1
        self.training: bool = module.training
        self.error: str | None = None
        self.seen_args: Any = ()
        self.seen_kwargs: Any = {}
        self.seen_outputs: Any = None
        # Where the tensors that went in came from, as far as calls that were recorded made them.
        self.sources: list[EagerNode] = []

    @property
    def outbound_layer(self) -> Any:
        """The module that was called. Raises AttributeError if it is gone."""
        module = self._module()
        if module is None:
            raise AttributeError(
                f"{self._label()}: the module that was called is gone: record_history() keeps none alive. "
                "Keep a reference to it."
            )
        return module

    @property
    def layer(self) -> Any:
        """The same as `outbound_layer`."""
        return self.outbound_layer

    @property
    def is_input(self) -> bool:
        """Whether this is the node of an `Input`: never."""
        return False

    @property
    def keras_inputs(self) -> list[Any]:
        """The symbolic tensors that went in: none."""
        return []

    @property
    def parent_nodes(self) -> list[EagerNode]:
        """The recorded calls that gave the tensors that went in, each once; of nested ones the outermost."""
        return list({id(node): node for node in self.sources}.values())

    @property
    def inbound_layers(self) -> Any:
        """The modules of `parent_nodes`: one by itself, several in a list."""
        modules = [node.outbound_layer for node in self.parent_nodes]
        return modules[0] if len(modules) == 1 else modules

    @property
    def call_args(self) -> tuple[Any, ...]:
        """What was given by position; of what is no plain data, the class. AttributeError if a tensor is gone."""
        return self._tensors(self.seen_args, "argument")

    @property
    def call_kwargs(self) -> dict[str, Any]:
        """What was given by keyword; see `call_args`."""
        return self._tensors(self.seen_kwargs, "argument")

    @property
    def input_tensors(self) -> Any:
        """The first argument of the call, in its structure. Raises AttributeError if a tensor of it is gone."""
        return self._tensors(self._seen_inputs, "input")

    @property
    def output_tensors(self) -> Any:
        """What came out, in its structure. Raises AttributeError if a tensor of it is gone."""
        return self._tensors(self.seen_outputs, "output")

    @property
    def outputs(self) -> Any:
        """The same as `output_tensors`."""
        return self.output_tensors

    @property
    def input_shapes(self) -> Any:
        """Shapes of the first argument of the call."""
        return of_tensors(lambda seen: seen.shape, self._seen_inputs)

    @property
    def output_shapes(self) -> Any:
        """Shapes of what came out."""
        return of_tensors(lambda seen: seen.shape, self.seen_outputs)

    @property
    def input_dtypes(self) -> Any:
        """Dtypes of the first argument of the call."""
        return of_tensors(lambda seen: seen.dtype, self._seen_inputs)

    @property
    def output_dtypes(self) -> Any:
        """Dtypes of what came out."""
        return of_tensors(lambda seen: seen.dtype, self.seen_outputs)

    @property
    def input_masks(self) -> Any:
        """Masks of `input_tensors`. Raises AttributeError if a tensor that had one is gone."""
        return of_tensors(lambda seen: self._mask(seen, "input"), self._seen_inputs)

    @property
    def output_masks(self) -> Any:
        """Masks of `output_tensors`. Raises AttributeError if a tensor that had one is gone."""
        return of_tensors(lambda seen: self._mask(seen, "output"), self.seen_outputs)

    @property
    def _seen_inputs(self) -> Any:
        given = [*self.seen_args, *self.seen_kwargs.values()]
        return given[0] if given else None

    def _tensors(self, structure: Any, role: str) -> Any:
        return map_leaves(lambda leaf: self._alive(leaf, role) if isinstance(leaf, SeenTensor) else leaf, structure)

    def _alive(self, seen: SeenTensor, role: str) -> Any:
        tensor = seen.tensor
        if tensor is None:
            raise AttributeError(
                f"{self._label()}: the {role} tensor of shape {seen.shape} is gone: record_history() keeps no tensor "
                "alive. Its shape is in input_shapes or output_shapes; to look at its values, keep a reference to it."
            )
        return tensor

    def _mask(self, seen: SeenTensor, role: str) -> Any:
        return self._alive(seen, role)._keras_mask if seen.has_mask else None

    def _label(self) -> str:
        return self.name or self.class_name

    def __repr__(self) -> str:
        result = self.error or self.output_shapes
        return f"<EagerNode of {self._label()}: {self.input_shapes} -> {result}>"


def as_seen(value: Any) -> Any:
    """Return a structure of what is remembered: tensors and arrays as `SeenTensor`, plain data, else the class.

    >>> as_seen([3, "same", object()])
    [3, 'same', <class 'object'>]
    """
    # Plain containers, because a class of one's own may not take what stands here in the place of tensors.
    if isinstance(value, dict):
        return {key: as_seen(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(map(as_seen, value))
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return SeenTensor(value)
    return value if isinstance(value, _CONSTANTS) else type(value)


def of_tensors(function: Callable[[SeenTensor], Any], structure: Any) -> Any:
    """Apply `function` to each `SeenTensor` of a structure; all else becomes `None`."""
    return map_leaves(lambda leaf: function(leaf) if isinstance(leaf, SeenTensor) else None, structure)


def tensors_in(structure: Any) -> list[Any]:
    """List the real tensors and arrays of a structure.

    >>> tensors_in({"x": torch.ones(1), "n": 3})
    [tensor([1.])]
    """
    return [leaf for leaf in leaves(structure) if isinstance(leaf, (torch.Tensor, np.ndarray))]
