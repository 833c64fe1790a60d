"""How does a layer normalize features by a mean and a variance that were given, or measured in advance?"""

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
    """`(inputs - mean) / sqrt(variance)`, in floats. Shapes: any -> the same.

    The moments are given, or learnt by `adapt(data)`; they are then the weights `mean`, `variance` and `count` (how
    many values they come from), none of which is trained. Before `adapt` the mean is 0 and the variance 1.

    Args:
        axis: axis or axes that have a mean and a variance for each index; `None`: one for all values.
        mean: a number, or an array for the axes. variance: likewise; give both or none.
        invert: whether to do the opposite: `inputs * sqrt(variance) + mean`.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if `axis` is no int, tuple of ints or `None`, or a moment is not made of numbers.
        ValueError: if only one moment is given, or they differ in shape or have more axes than `axis` says; at build,
            if an axis does not exist or has no known size, or the moments do not fit the shape.

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
        """Create the weights, or broadcast the given moments to the axes of the inputs.

        Raises:
            ValueError: if the shape does not fit.
        """
        kept = axes_in(self, self.axis, input_shape)
        sizes = known_sizes(self, input_shape, kept)
        ndim = len(input_shape)
        axes = self._torchkeras.derived = _MomentAxes(
            reduced=tuple(axis for axis in range(ndim) if axis not in kept),
            shape=tuple(input_shape[axis] if axis in kept else 1 for axis in range(ndim)),  # type: ignore[misc]
            are_last=kept == tuple(range(ndim - len(kept), ndim)),
        )
        if self.input_mean is not None:
            _check_given_moments_fit(self, sizes)
            for name in ("mean", "variance", "_torchkeras_deviation"):
                # Not persistent, because they are no weights in Keras.
                values = torch.empty(axes.shape, dtype=self._torchkeras.compute_dtype)
                self.register_buffer(name, values, persistent=False)
            _fill_given_moments(self)
            return
        self.mean = self.add_weight("mean", sizes, initializer="zeros", trainable=False)
        self.variance = self.add_weight("variance", sizes, initializer="ones", trainable=False)
        self.count = self.add_weight("count", (), dtype="int64", initializer="zeros", trainable=False)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Measure mean and variance, which replace those measured before.

        Args:
            data: an array or a tensor, batch first; or an iterable of batches, such as a `DataLoader`; of batches
                that are tuples or lists, the first part is taken.
            batch_size: accepted as in Keras, and ignored.
            steps: how many batches to take; default all.

        Raises:
            TypeError: if there are no numbers in it.
            ValueError: if the moments were given, there is no data, or a batch does not fit the shape of the build.
        """
        if self.input_mean is not None:
            raise ValueError(f"{self.name}: adapt() cannot change a mean and variance that were given. Leave them out.")
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
        """Return the inputs normalized, or the opposite."""
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
        """Find weights; as in Keras, `mean` and `variance` have the shape that broadcasts over the inputs."""
        value = super().__getattr__(name)
        return value.reshape(self._torchkeras.derived.shape) if name in ("mean", "variance") else value

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        """Follow `.to()` and the like; fill the buffers again, which `to_empty()` leaves without values."""
        super()._apply(fn, recurse)
        if self.input_mean is not None and self.built:
            _fill_given_moments(self)
        return self

    def _torchkeras_write_argument(self, name: str) -> Any:
        is_moment = name in ("mean", "variance")
        return getattr(self, f"input_{name}") if is_moment else super()._torchkeras_write_argument(name)


@dataclass(slots=True)
class _MomentAxes:
    """The axes over which the moments average, and the shape in which they broadcast over the inputs."""

    reduced: tuple[int, ...] = ()
    shape: tuple[int, ...] = ()
    # Whether the moments are for the last axes, where the weights broadcast without a reshape.
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
            # The last axes of the moments are the last ones of those that are kept.
            getattr(layer, name).copy_(values.expand(sizes).reshape(axes.shape))
        layer._torchkeras_deviation.copy_(_deviation(layer.variance))


def _check_given_moments_fit(layer: Normalization, sizes: tuple[int, ...]) -> None:
    shape = np.shape(layer.input_mean)
    if not broadcasts_to(shape, sizes):
        raise ValueError(
            f"{layer.name}: mean and variance of shape {shape} do not fit the shape {sizes} of axes "
            f"{layer.axis} of the inputs."
        )


def _check_arguments(layer: Normalization) -> None:
    shapes = np.shape(layer.input_mean), np.shape(layer.input_variance)
    if (layer.input_mean is None) != (layer.input_variance is None):
        raise ValueError(
            f"{type(layer).__name__}: mean and variance are given both or not at all. "
            f"Received: mean={layer.input_mean!r}, variance={layer.input_variance!r}."
        )
    if shapes[0] != shapes[1] or len(shapes[0]) > len(layer.axis):
        raise ValueError(
            f"{type(layer).__name__}: mean and variance must have one shape, of at most {len(layer.axis)} axes "
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
    """The running mean and variance over some axes, in float64 whatever the data is in.

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
        """Add a batch; `axes` are those to average over."""
        values = batch.to(torch.float64)
        count = 1
        for axis in axes:
            count *= values.shape[axis]
        if count == 0:
            return
        # To torch, no axes mean all of them.
        mean = values.mean(tuple(axes)) if axes else values
        variance = values.var(tuple(axes), correction=0) if axes else torch.zeros_like(values)
        self.count += count
        weight = count / self.count
        difference = mean - self.mean.to(mean.device)
        self.mean = self.mean.to(mean.device) + weight * difference
        spread = (1 - weight) * self.variance.to(mean.device) + weight * variance
        self.variance = spread + weight * (1 - weight) * difference**2
