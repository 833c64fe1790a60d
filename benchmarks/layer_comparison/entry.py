"""What is measured of a layer, and what would one write in its place by hand?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import nn

import torchkeras_layer as ours
from benchmarks.timing import Call


@dataclass(frozen=True)
class Entry:
    """A layer, one kind of inputs, and the module that computes the same by hand.

    `layer`: its name, which is Keras's too. `arguments`: the constructor's, or a function that gives them for a
    library. `shape`: of the inputs without the batch, or a list of shapes. `by_hand`: makes the module. `below`: for
    int inputs, what they are less than. `channels_second`: whether the module wants the channels there: it then gets
    them in both of torch's memory formats, and the faster one counts. `apart`: whether several inputs are arguments of
    their own. `why`: why more than 1.10 of the module's time is needed, where it is.
    """

    layer: str
    arguments: Any
    shape: Any
    by_hand: Callable[[], nn.Module]
    below: int | None = None
    channels_second: bool = False
    apart: bool = False
    why: str = ""

    def make(self, library: ModuleType = ours) -> Any:
        """Make the layer of a library."""
        arguments = self.arguments(library) if callable(self.arguments) else self.arguments
        return getattr(library.layers, self.layer)(**arguments)  # type: ignore[arg-type]

    def inputs(self, batch: int) -> Any:
        """Return the same random inputs at each call, or a list of them."""
        random = torch.Generator().manual_seed(0)
        shapes = self.shape if isinstance(self.shape, list) else [self.shape]
        values = [self._values((batch, *shape), random) for shape in shapes]
        return values if isinstance(self.shape, list) else values[0]

    def _values(self, shape: tuple[int, ...], random: torch.Generator) -> torch.Tensor:
        if self.below is None:
            return torch.randn(shape, generator=random)
        return torch.randint(self.below, shape, generator=random)


@dataclass(frozen=True)
class Side:
    """A layer or module that is ready to be called on its inputs."""

    function: Callable[[Any], Any]
    parameters: list[Any]
    inputs: Any

    def forward(self) -> Call:
        """Return the call that is measured for inference, under `torch.no_grad()`."""
        return Call(self.function, self.inputs)

    def step(self) -> Call | None:
        """Return forward and backward in training, without an optimizer; `None` if there are no gradients to find."""
        inputs = self.inputs if isinstance(self.inputs, list) else [self.inputs]
        inputs = [one.detach().requires_grad_() if one.is_floating_point() else one for one in inputs]
        wanted = [one for one in inputs if one.requires_grad] + self.parameters
        argument = inputs if isinstance(self.inputs, list) else inputs[0]
        outputs = self.function(argument) if wanted else None
        if outputs is None or not outputs.requires_grad:
            return None
        gradient = torch.randn_like(outputs)
        return Call(lambda values: torch.autograd.grad(self.function(values), wanted, gradient), argument)


def our_side(entry: Entry, batch: int, training: bool) -> Side:
    """Return our layer, built."""
    layer, inputs = entry.make(), entry.inputs(batch)
    function = _apart(layer) if entry.apart else layer
    function(inputs)
    return Side(function, list(layer.train(training).parameters()), inputs)


def keras_side(entry: Entry, library: ModuleType, batch: int, training: bool) -> Side:
    """Return the layer of Keras 3, built. Its mode is an argument of each call."""
    layer, inputs = entry.make(library), entry.inputs(batch)
    call = _apart(layer) if entry.apart else layer
    call(inputs)
    function = call if not training or not layer._call_has_training_arg else lambda values: call(values, training=True)
    return Side(function, [weight.value for weight in layer.trainable_weights], inputs)


def sides_by_hand(entry: Entry, batch: int, training: bool) -> list[Side]:
    """Return the module, once for each memory format that one would try."""
    return list(_sides_by_hand(entry, batch, training))


def _sides_by_hand(entry: Entry, batch: int, training: bool) -> Iterator[Side]:
    inputs = entry.inputs(batch)
    for memory in _memory_formats(entry):
        module = entry.by_hand().train(training)
        if memory is not None:
            if memory is not torch.contiguous_format:
                module = module.to(memory_format=memory)  # type: ignore[call-overload]
            inputs = entry.inputs(batch).movedim(-1, 1).contiguous(memory_format=memory)
        function = _apart(module) if entry.apart else module
        parameters = [one for one in module.parameters() if one.requires_grad]
        yield Side(function, parameters, inputs)


def _memory_formats(entry: Entry) -> list[torch.memory_format | None]:
    if not entry.channels_second:
        return [None]
    in_channels_last = {2: [torch.channels_last], 3: [torch.channels_last_3d]}
    return [torch.contiguous_format, *in_channels_last.get(len(entry.shape) - 1, [])]


def _apart(layer: Any) -> Callable[..., Any]:
    return lambda inputs, **arguments: layer(*inputs, **arguments)


class ByFunction(nn.Module):
    """What one would write into the `forward` of a module of one's own."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Any) -> torch.Tensor:
        """Return what the function gives for the inputs."""
        return self.function(*inputs)


def by_function(function: Callable[..., torch.Tensor]) -> Callable[[], nn.Module]:
    """Return a maker of a module that calls a function."""
    return lambda: ByFunction(function)
