"""Which layers merge their inputs element by element, with broadcasting?"""

from __future__ import annotations

import functools
import operator
from typing import Any, ClassVar

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.merging.merge import Merge, check_list, read_masks, read_shapes


class ElementwiseMerge(Merge):
    """Base class of the layers that merge their inputs element by element.

    The first axes are the batch; the other axes broadcast, aligned at the last one. An input of lower rank than others
    gets axes of size 1 after its batch: (batch, features) broadcasts to (batch, steps, features).

    >>> from torchkeras_layer import layers
    >>> layers.Add()([torch.ones(2, 3), torch.ones(2, 4, 3)]).shape
    torch.Size([2, 4, 3])
    """

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the merged inputs."""
        return self._merge_function(_with_equal_rank(self, inputs))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the shape that the inputs broadcast to; beside a known size, a free one is that size.

        Raises:
            ValueError: if they do not broadcast, or their batch sizes differ.
        """
        shapes = read_shapes(self, input_shape)
        if not any(shapes):
            return ()
        batches = {shape[0] for shape in shapes if shape} - {None}
        if len(batches) > 1 or not all(shapes):
            raise ValueError(
                f"{self.name}: the inputs must have the same batch size on their first axes. "
                f"Received: input_shape={shapes}."
            )
        try:
            inner = functools.reduce(_broadcast, [shape[1:] for shape in shapes])
        except ValueError:
            raise ValueError(
                f"{self.name}: the shapes of the inputs do not broadcast: after the batch, sizes on the same axis, "
                f"counted from the last, must be equal or 1. Received: input_shape={shapes}."
            ) from None
        return (next(iter(batches), None), *inner)

    def compute_mask(self, inputs: Any, mask: Any = None) -> torch.Tensor | None:
        """Return a mask that is true where that of any input is; `None` if one input has no mask.

        Raises:
            ValueError: if there is not a mask, or `None`, for each input.
        """
        if mask is None:
            return None
        masks = read_masks(self, inputs, mask)
        found = [one for one in masks if one is not None]
        if len(found) < len(masks):
            return None
        rank = max(tensor.ndim for tensor in inputs)
        pairs = zip(inputs, found, strict=True)
        aligned = [_with_rank(one, one.dim() + rank - tensor.ndim) for tensor, one in pairs]
        return functools.reduce(torch.logical_or, aligned)


@catalog.register()
class Add(ElementwiseMerge):
    """The sum of the inputs. Shapes: a list of shapes that broadcast -> the shape that they broadcast to.

    An input of lower rank than others gets axes of size 1 after its batch. The output's mask is true where that of any
    input is, if all inputs have a mask.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        ValueError: in the build, if the inputs are not in a list, do not broadcast, or differ in their batch size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Add()([torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])])
    tensor([4., 6.])
    """

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        return functools.reduce(operator.add, inputs)


def add(inputs: Any, **kwargs: Any) -> Any:
    """Return `Add(**kwargs)(inputs)`.

    >>> add([torch.tensor([1.0]), torch.tensor([3.0])])
    tensor([4.])
    """
    return Add(**kwargs)(inputs)


@catalog.register()
class Subtract(ElementwiseMerge):
    """The first of two inputs minus the second. Shapes: two that broadcast -> the shape that they broadcast to.

    An input of lower rank than the other gets axes of size 1 after its batch. The output's mask is true where that of
    either input is, if both have a mask.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        ValueError: in the build, if the inputs are not two in a list, do not broadcast, or differ in their batch size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Subtract()([torch.tensor([1.0, 2.0]), torch.tensor([3.0, 1.0])])
    tensor([-2.,  1.])
    """

    _torchkeras_input_count = 2

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        return inputs[0] - inputs[1]


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Return `Subtract(**kwargs)(inputs)`.

    >>> subtract([torch.tensor([1.0]), torch.tensor([3.0])])
    tensor([-2.])
    """
    return Subtract(**kwargs)(inputs)


@catalog.register()
class Multiply(ElementwiseMerge):
    """The product of the inputs. Shapes: a list of shapes that broadcast -> the shape that they broadcast to.

    An input of lower rank than others gets axes of size 1 after its batch. Where the mask of an input is `False`, the
    input counts as 1. The output's mask is true where that of any input is, if all inputs have a mask; elsewhere, the
    output is then 0.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        ValueError: in the build, if the inputs are not in a list, do not broadcast, or differ in their batch size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Multiply()([torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])])
    tensor([3., 8.])
    """

    def call(self, inputs: Any, mask: Any = None) -> torch.Tensor:
        """Return the product of the inputs."""
        factors = _with_equal_rank(self, inputs)
        if mask is None:
            return self._merge_function(factors)
        masks = _masks_of_values(self, inputs, mask)
        pairs = zip(factors, masks, strict=True)
        product = self._merge_function(
            [factor if one is None else torch.where(one, factor, 1) for factor, one in pairs]
        )
        found = [one for one in masks if one is not None]
        if len(found) < len(masks):
            return product
        return torch.where(functools.reduce(torch.logical_or, found), product, 0)

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        return functools.reduce(operator.mul, inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Return `Multiply(**kwargs)(inputs)`.

    >>> multiply([torch.tensor([2.0]), torch.tensor([3.0])])
    tensor([6.])
    """
    return Multiply(**kwargs)(inputs)


@catalog.register()
class Average(ElementwiseMerge):
    """The mean of the inputs. Shapes: a list of shapes that broadcast -> the shape that they broadcast to.

    An input of lower rank than others gets axes of size 1 after its batch. The output's mask is true where that of any
    input is, if all inputs have a mask. Averages of ints are floats.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        ValueError: in the build, if the inputs are not in a list, do not broadcast, or differ in their batch size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Average()([torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])])
    tensor([2., 3.])
    """

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        return functools.reduce(operator.add, inputs) / len(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Return `Average(**kwargs)(inputs)`.

    >>> average([torch.tensor([1.0]), torch.tensor([3.0])])
    tensor([2.])
    """
    return Average(**kwargs)(inputs)


class ExtremeMerge(ElementwiseMerge):
    """Base class of the layers that choose one of the inputs, element by element.

    >>> from torchkeras_layer import layers
    >>> layers.Minimum()([torch.tensor([1.0, 5.0]), torch.tensor([3.0, 4.0])])
    tensor([1., 4.])
    """

    # Torch's function that chooses between two tensors.
    _torchkeras_choose: ClassVar[Any]

    def call(self, inputs: Any, mask: Any = None) -> torch.Tensor:
        """Return the chosen values; a masked value is never chosen over an unmasked one."""
        tensors = _with_equal_rank(self, inputs)
        if mask is None:
            return self._merge_function(tensors)
        chosen, *others = tensors
        mask_of_chosen, *masks = _masks_of_values(self, inputs, mask)
        for tensor, one in zip(others, masks, strict=True):
            if one is not None:
                tensor = torch.where(one, tensor, chosen)
            if mask_of_chosen is not None:
                chosen = torch.where(mask_of_chosen, chosen, tensor)
                mask_of_chosen = None if one is None else mask_of_chosen | one
            chosen = self._torchkeras_choose(chosen, tensor)
        return chosen

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        return functools.reduce(self._torchkeras_choose, inputs)


@catalog.register()
class Maximum(ExtremeMerge):
    """The largest of the inputs. Shapes: a list of shapes that broadcast -> the shape that they broadcast to.

    An input of lower rank than others gets axes of size 1 after its batch. Where the mask of an input is `False`, the
    others count. The output's mask is true where that of any input is, if all inputs have a mask.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        ValueError: in the build, if the inputs are not in a list, do not broadcast, or differ in their batch size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Maximum()([torch.tensor([1.0, 4.0]), torch.tensor([3.0, 2.0])])
    tensor([3., 4.])
    """

    _torchkeras_choose = staticmethod(torch.maximum)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Return `Maximum(**kwargs)(inputs)`.

    >>> maximum([torch.tensor([1.0]), torch.tensor([3.0])])
    tensor([3.])
    """
    return Maximum(**kwargs)(inputs)


@catalog.register()
class Minimum(ExtremeMerge):
    """The smallest of the inputs. Shapes: a list of shapes that broadcast -> the shape that they broadcast to.

    An input of lower rank than others gets axes of size 1 after its batch. Where the mask of an input is `False`, the
    others count. The output's mask is true where that of any input is, if all inputs have a mask.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        ValueError: in the build, if the inputs are not in a list, do not broadcast, or differ in their batch size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Minimum()([torch.tensor([1.0, 4.0]), torch.tensor([3.0, 2.0])])
    tensor([1., 2.])
    """

    _torchkeras_choose = staticmethod(torch.minimum)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Return `Minimum(**kwargs)(inputs)`.

    >>> minimum([torch.tensor([1.0]), torch.tensor([3.0])])
    tensor([1.])
    """
    return Minimum(**kwargs)(inputs)


def _with_equal_rank(layer: ElementwiseMerge, inputs: Any) -> Any:
    """Return the inputs with equal ranks: those of lower rank get axes of size 1 after the batch."""
    check_list(layer, inputs)
    ranks = [tensor.dim() for tensor in inputs]
    highest = max(ranks)
    return inputs if min(ranks) == highest else [_with_rank(tensor, highest) for tensor in inputs]


def _masks_of_values(layer: ElementwiseMerge, inputs: Any, mask: Any) -> list[torch.Tensor | None]:
    """Return masks that broadcast to the inputs, for layers whose values depend on masks.

    As in Keras, the mask of an input of lower rank than others has no effect.
    """
    masks = read_masks(layer, inputs, mask)
    rank = max(tensor.dim() for tensor in inputs)
    return [
        None if one is None or tensor.dim() < rank else one.reshape(*one.shape, *[1] * (rank - one.dim()))
        for tensor, one in zip(inputs, masks, strict=True)
    ]


def _with_rank(tensor: torch.Tensor, rank: int) -> torch.Tensor:
    while tensor.dim() < rank:
        tensor = tensor.unsqueeze(1)
    return tensor


def _broadcast(one: Shape, other: Shape) -> Shape:
    """Return the shape that two shapes broadcast to.

    Raises:
        ValueError: if they do not.

    >>> _broadcast((4, 1, None, None), (3, 5, 1))
    (4, 3, 5, None)
    """
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    outer = len(longer) - len(shorter)
    return (*longer[:outer], *map(_broadcast_size, longer[outer:], shorter))


def _broadcast_size(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        known = other if one is None else one
        # A free size may broadcast 1 to itself, but nothing else.
        return None if known == 1 else known
    if 1 not in (one, other) and one != other:
        raise ValueError(f"Sizes {one} and {other} do not broadcast.")
    return other if one == 1 else one
