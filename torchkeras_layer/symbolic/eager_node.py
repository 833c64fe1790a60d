"""What is recorded about one call of a module on real tensors, without keeping anything alive?"""

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
    """An input or output of a recorded call: its shape, dtype, whether it had a mask, and a weak reference to it."""

    __slots__ = ("_reference", "dtype", "has_mask", "shape")

    def __init__(self, tensor: Any) -> None:
        # Nested tensors contain tensors of several sizes, and so have no single shape.
        self.shape = None if getattr(tensor, "is_nested", False) else tuple(tensor.shape)
        self.dtype = tensor.dtype
        self.has_mask = getattr(tensor, "_keras_mask", None) is not None
        self._reference = WeakIdRef(tensor)

    @property
    def tensor(self) -> Any:
        """The tensor; `None` if it no longer exists."""
        return self._reference()


class EagerNode:
    """One call of a module on real tensors, as recorded by `record_history()`. The module may be any, not only a layer.

    Shapes and dtypes are stored. The module and the tensors are referred to weakly: the node keeps neither them nor
    their gradients alive.

    Attributes:
        number: position among the recorded calls of the thread, in the order in which they began.
        outer: the node of the call inside which this one was made, or `None`.
        depth: the number of recorded calls around this one.
        class_name: name of the module's class.
        name: the module's name if it is a layer, else `None`.
        path: path of the module inside the module of `outer`, such as `'blocks.0'`, or `None`.
        training: whether the call ran in training mode.
        error: name of the exception that the call raised, or `None`.

    >>> import torchkeras_layer as keras
    >>> with keras.record_history() as history:
    ...     y = keras.layers.Dense(2, name="head")(torch.ones(1, 3))
    >>> node = history.nodes[0]; node
    <EagerNode of head: (1, 3) -> (1, 2)>
    >>> node.name, node.training, node.output_dtypes, node.output_tensors is y, node.parent_nodes
    ('head', True, torch.float32, True, [])
    """

    def __init__(self, module: Any, number: int, outer: EagerNode | None, path: str | None) -> None:
        self._module = weakref.ref(module)
        self.class_name = type(module).__name__
        # Only a layer has a record, and so a name.
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
        # The recorded calls that returned the input tensors.
        self.sources: list[EagerNode] = []

    @property
    def outbound_layer(self) -> Any:
        """The module that was called. Raises AttributeError if it no longer exists."""
        module = self._module()
        if module is None:
            raise AttributeError(
                f"{self._label()}: the module that was called no longer exists, because record_history() keeps no "
                "module alive. Keep a reference to it."
            )
        return module

    @property
    def layer(self) -> Any:
        """The same as `outbound_layer`."""
        return self.outbound_layer

    @property
    def is_input(self) -> bool:
        """Whether this is the node of an `Input`: always false."""
        return False

    @property
    def keras_inputs(self) -> list[Any]:
        """The symbolic tensors among the arguments: always none."""
        return []

    @property
    def parent_nodes(self) -> list[EagerNode]:
        """The recorded calls that returned the input tensors, each once; of nested calls, the outermost."""
        return list({id(node): node for node in self.sources}.values())

    @property
    def inbound_layers(self) -> Any:
        """The modules of `parent_nodes`: the module itself if there is one, else a list."""
        modules = [node.outbound_layer for node in self.parent_nodes]
        return modules[0] if len(modules) == 1 else modules

    @property
    def call_args(self) -> tuple[Any, ...]:
        """The positional arguments; objects other than tensors and plain values are replaced by their class.

        Raises AttributeError if one of the tensors no longer exists.
        """
        return self._tensors(self.seen_args, "argument")

    @property
    def call_kwargs(self) -> dict[str, Any]:
        """The keyword arguments; see `call_args`."""
        return self._tensors(self.seen_kwargs, "argument")

    @property
    def input_tensors(self) -> Any:
        """The tensors of the first argument, in its structure. Raises AttributeError if one no longer exists."""
        return self._tensors(self._seen_inputs, "input")

    @property
    def output_tensors(self) -> Any:
        """The output tensors, in their structure. Raises AttributeError if one no longer exists."""
        return self._tensors(self.seen_outputs, "output")

    @property
    def outputs(self) -> Any:
        """The same as `output_tensors`."""
        return self.output_tensors

    @property
    def input_shapes(self) -> Any:
        """The shapes of the tensors of the first argument, in its structure."""
        return map_tensors(lambda seen: seen.shape, self._seen_inputs)

    @property
    def output_shapes(self) -> Any:
        """The shapes of the output tensors, in their structure."""
        return map_tensors(lambda seen: seen.shape, self.seen_outputs)

    @property
    def input_dtypes(self) -> Any:
        """The dtypes of the tensors of the first argument, in its structure."""
        return map_tensors(lambda seen: seen.dtype, self._seen_inputs)

    @property
    def output_dtypes(self) -> Any:
        """The dtypes of the output tensors, in their structure."""
        return map_tensors(lambda seen: seen.dtype, self.seen_outputs)

    @property
    def input_masks(self) -> Any:
        """The masks of `input_tensors`. Raises AttributeError if a tensor that had one no longer exists."""
        return map_tensors(lambda seen: self._mask(seen, "input"), self._seen_inputs)

    @property
    def output_masks(self) -> Any:
        """The masks of `output_tensors`. Raises AttributeError if a tensor that had one no longer exists."""
        return map_tensors(lambda seen: self._mask(seen, "output"), self.seen_outputs)

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
                f"{self._label()}: the {role} tensor of shape {seen.shape} no longer exists, because record_history() "
                "keeps no tensor alive. Read input_shapes or output_shapes; to read values, keep a reference to it."
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
    """Return what is recorded about a value: a `SeenTensor` for tensors and arrays, plain values, else the class.

    >>> as_seen([3, "same", object()])
    [3, 'same', <class 'object'>]
    """
    # Plain containers, because a user's container class may not accept these values.
    if isinstance(value, dict):
        return {key: as_seen(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(map(as_seen, value))
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return SeenTensor(value)
    return value if isinstance(value, _CONSTANTS) else type(value)


def map_tensors(function: Callable[[SeenTensor], Any], structure: Any) -> Any:
    """Apply `function` to each `SeenTensor` of a structure; other leaves become `None`."""
    return map_leaves(lambda leaf: function(leaf) if isinstance(leaf, SeenTensor) else None, structure)


def tensors_in(structure: Any) -> list[Any]:
    """List the tensors and arrays in a structure.

    >>> tensors_in({"x": torch.ones(1), "n": 3})
    [tensor([1.])]
    """
    return [leaf for leaf in leaves(structure) if isinstance(leaf, (torch.Tensor, np.ndarray))]
