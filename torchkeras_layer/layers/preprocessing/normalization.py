"""How does a layer normalize features by a mean and a variance that are given, or computed from data in advance?"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from torchkeras_layer._settings import epsilon
from torchkeras_layer._shapes import Shape, broadcasts_to
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import axes_in, known_sizes
from torchkeras_layer.layers.built_in_layer import weight_of
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer, in_compute_dtype
from torchkeras_layer.layers.preprocessing.numeric_data import batches_of, read_numbers


@catalog.register()
class Normalization(DataLayer):
    """Compute `(inputs - mean) / sqrt(variance)`, in floating point. Shapes: any -> the same.

    Mean and variance are given, or computed by `adapt(data)`; they are then the weights `mean`, `variance` and `count`
    (the number of values), none of which is trainable. Before `adapt`, the mean is 0 and the variance 1.

    Args:
        axis: axis or axes with a mean and a variance for each index; `None`: one for all values.
        mean: a number, or an array with the sizes of the axes.
        variance: likewise; give both or neither.
        invert: whether to compute the inverse: `inputs * sqrt(variance) + mean`.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if `axis` is not an int, a tuple of ints or `None`, or `mean` or `variance` is not numeric.
        ValueError: if only one of `mean` and `variance` is given, their shapes differ, or their rank is above the
            number of axes; at the build, if an axis does not exist or is free, or mean and variance do not fit it.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Normalization()
    >>> layer.adapt(np.array([[0.0, 7.0], [2.0, 9.0]]))
    >>> layer([[0.0, 9.0], [4.0, 8.0]])
    tensor([[-1.,  1.],
            [ 3.,  0.]])
    >>> keras.layers.Normalization(mean=3.0, variance=4.0)([[1.0], [5.0]]).flatten()
    tensor([-1.,  1.])
    """

    # The square root of the variance that was given, which the inputs are divided by.
    _torchkeras_deviation: torch.Tensor

    def __init__(self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = _read_axes(self, axis)
        self.input_mean = _read_moment(self, "mean", mean)
        self.input_variance = _read_moment(self, "variance", variance)
        self.invert = bool(invert)
        _check_arguments(self)
        self._torchkeras.derived = _MomentAxes()
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Create the weights, or broadcast the given mean and variance to the axes of the inputs.

        Raises:
            ValueError: if the shape does not fit.
        """
        kept = axes_in(self, self.axis, input_shape)
        sizes = known_sizes(self, input_shape, kept)
        rank = len(input_shape)
        axes = self._torchkeras.derived = _MomentAxes(
            reduced=tuple(axis for axis in range(rank) if axis not in kept),
            shape=tuple(input_shape[axis] if axis in kept else 1 for axis in range(rank)),  # type: ignore[misc]
            are_last=kept == tuple(range(rank - len(kept), rank)),
        )
        if self.input_mean is not None:
            _check_given_moments_fit(self, sizes)
            for name in ("mean", "variance", "_torchkeras_deviation"):
                # Not persistent, because they are not weights in Keras.
                values = torch.empty(axes.shape, dtype=self._torchkeras.compute_dtype)
                self.register_buffer(name, values, persistent=False)
            _fill_given_moments(self)
            return
        self.mean = self.add_weight("mean", sizes, initializer="zeros", trainable=False)
        self.variance = self.add_weight("variance", sizes, initializer="ones", trainable=False)
        self.count = self.add_weight("count", (), dtype="int64", initializer="zeros", trainable=False)

    def reset_parameters(self) -> None:
        """Give the weights new values, or compute again what follows from the given mean and variance."""
        super().reset_parameters()
        if self.built and self.input_mean is not None:
            _fill_given_moments(self)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Compute mean and variance of data; they replace those computed before.

        Args:
            data: an array or tensor whose first axis is the batch; or an iterable of batches, such as a `DataLoader`.
                If batches are tuples or lists, such as (inputs, targets), the first entry is used.
            batch_size: accepted as in Keras, and ignored.
            steps: maximum number of batches to use; by default all.

        Raises:
            TypeError: if the data is not numeric.
            ValueError: if mean and variance were given, there is no data, or a batch does not fit the shape of the
                build.

        >>> layer = Normalization(); layer.adapt([[1.0], [3.0]]); layer.mean, layer.variance
        (tensor([[2.]]), tensor([[1.]]))
        """
        if self.input_mean is not None:
            raise ValueError(
                f"{self.name}: adapt() cannot change a mean and variance that were given. Received: "
                f"mean={self.input_mean}. Leave them out of the constructor."
            )
        moments = Moments()
        for batch in batches_of(self, data, steps):
            _check_batch(self, batch)
            moments.add(batch, self._torchkeras.derived.reduced)
        if moments.count == 0:
            raise ValueError(f"{self.name}: adapt() needs at least one value. Received: no data.")
        with torch.no_grad():
            weight_of(self, "mean").copy_(moments.mean)
            weight_of(self, "variance").copy_(moments.variance)
            self.count.fill_(moments.count)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the normalized inputs; with `invert`, the inverse."""
        dtype = self._torchkeras.compute_dtype
        if self.input_mean is not None:
            mean, deviation = weight_of(self, "mean").to(dtype), weight_of(self, "_torchkeras_deviation").to(dtype)
        else:
            mean, deviation = weight_of(self, "mean").to(dtype), _deviation(weight_of(self, "variance").to(dtype))
            axes: _MomentAxes = self._torchkeras.derived
            if not axes.are_last:
                mean, deviation = mean.reshape(axes.shape), deviation.reshape(axes.shape)
        values = in_compute_dtype(self, inputs)
        return mean + values * deviation if self.invert else (values - mean) / deviation

    def __getattr__(self, name: str) -> Any:
        """Return a weight; as in Keras, the shapes of `mean` and `variance` broadcast over the inputs."""
        value = super().__getattr__(name)
        return value.reshape(self._torchkeras.derived.shape) if name in ("mean", "variance") else value

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        """Apply `.to()` and similar methods; fill the buffers again, which `to_empty()` leaves without values."""
        super()._apply(fn, recurse)
        if self.input_mean is not None and self.built:
            _fill_given_moments(self)
        return self

    def _torchkeras_write_argument(self, name: str) -> Any:
        is_moment = name in ("mean", "variance")
        return getattr(self, f"input_{name}") if is_moment else super()._torchkeras_write_argument(name)


@dataclass(slots=True)
class _MomentAxes:
    """The axes of mean and variance.

    Attributes:
        reduced: the axes over which they average.
        shape: the shape in which they broadcast over the inputs.
        are_last: whether they are for the last axes, so that the weights broadcast without a reshape.
    """

    reduced: tuple[int, ...] = ()
    shape: tuple[int, ...] = ()
    are_last: bool = False


def _check_batch(layer: Normalization, batch: torch.Tensor) -> None:
    shape = tuple(batch.shape)
    if not layer.built:
        layer.build(shape)
    axes: _MomentAxes = layer._torchkeras.derived
    kept = [axis for axis in range(len(axes.shape)) if axis not in axes.reduced]
    if len(shape) != len(axes.shape) or any(shape[axis] != axes.shape[axis] for axis in kept):
        wanted = tuple(size if axis in kept else None for axis, size in enumerate(axes.shape))
        raise ValueError(f"{layer.name}: adapt() needs batches of shape {wanted}. Received: {shape}.")


def _fill_given_moments(layer: Normalization) -> None:
    axes: _MomentAxes = layer._torchkeras.derived
    sizes = [size for axis, size in enumerate(axes.shape) if axis not in axes.reduced]
    with torch.no_grad():
        for name in ("mean", "variance"):
            values = torch.tensor(getattr(layer, f"input_{name}"), dtype=torch.float64, device="cpu")
            # The given values may lack the first of these axes.
            getattr(layer, name).copy_(values.expand(sizes).reshape(axes.shape))
        layer._torchkeras_deviation.copy_(_deviation(layer.variance))


def _check_given_moments_fit(layer: Normalization, sizes: tuple[int, ...]) -> None:
    shape = np.shape(layer.input_mean)
    if not broadcasts_to(shape, sizes):
        raise ValueError(
            f"{layer.name}: mean and variance must broadcast to the sizes {sizes} of axes {layer.axis} of the inputs. "
            f"Received: mean and variance of shape {shape}."
        )


def _check_arguments(layer: Normalization) -> None:
    shapes = np.shape(layer.input_mean), np.shape(layer.input_variance)
    if (layer.input_mean is None) != (layer.input_variance is None):
        raise ValueError(
            f"{type(layer).__name__}: give both mean and variance, or neither. "
            f"Received: mean={layer.input_mean!r}, variance={layer.input_variance!r}."
        )
    if shapes[0] != shapes[1] or len(shapes[0]) > len(layer.axis):
        raise ValueError(
            f"{type(layer).__name__}: mean and variance must have the same shape, of rank {len(layer.axis)} or less "
            f"(axis={layer.axis}). Received: mean of shape {shapes[0]}, variance of shape {shapes[1]}."
        )


def _read_moment(layer: Normalization, name: str, moment: Any) -> Any:
    return None if moment is None else read_numbers(layer, name, moment).tolist()


def _read_axes(layer: Normalization, axis: Any) -> tuple[int, ...]:
    axes = () if axis is None else axis if isinstance(axis, Iterable) else (axis,)
    try:
        return tuple(operator.index(one) for one in axes)
    except TypeError:
        raise TypeError(
            f"{type(layer).__name__}: axis must be an int, a tuple of ints or None. Received: axis={axis!r}."
        ) from None


def _deviation(variance: torch.Tensor) -> torch.Tensor:
    return variance.sqrt().clamp(min=epsilon())


class Moments:
    """Computes a running mean and variance over some axes, in float64 for any dtype of the data.

    >>> moments = Moments()
    >>> moments.add(torch.tensor([[1.0], [2.0]]), [0]); moments.add(torch.tensor([[6.0]]), [0])
    >>> moments.mean, moments.variance, moments.count
    (tensor([3.], dtype=torch.float64), tensor([4.6667], dtype=torch.float64), 3)
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = torch.zeros((), dtype=torch.float64)
        self.variance = torch.zeros((), dtype=torch.float64)

    def add(self, batch: torch.Tensor, axes: Sequence[int]) -> None:
        """Add a batch; `axes` are the axes to average over."""
        values = batch.to(torch.float64)
        count = 1
        for axis in axes:
            count *= values.shape[axis]
        if count == 0:
            return
        # For torch, an empty tuple means all axes.
        mean = values.mean(tuple(axes)) if axes else values
        variance = values.var(tuple(axes), correction=0) if axes else torch.zeros_like(values)
        self.count += count
        weight = count / self.count
        difference = mean - self.mean.to(mean.device)
        self.mean = self.mean.to(mean.device) + weight * difference
        spread = (1 - weight) * self.variance.to(mean.device) + weight * variance
        self.variance = spread + weight * (1 - weight) * difference**2
