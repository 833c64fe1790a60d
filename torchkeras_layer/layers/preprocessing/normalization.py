"""How does a layer bring features to mean 0 and variance 1, as measured before?"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch

from torchkeras_layer._settings import epsilon
from torchkeras_layer._shapes import Shape, broadcasts_to
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import axes_in, known_sizes
from torchkeras_layer.layers.built_in_layer import weight_of
from torchkeras_layer.layers.preprocessing.batches import batches_of
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer
from torchkeras_layer.layers.preprocessing.moments import Moments
from torchkeras_layer.layers.preprocessing.number_arguments import read_numbers


@catalog.register()
class Normalization(DataLayer):
    """`(inputs - mean) / sqrt(variance)`, in floats. Shapes: any -> the same.

    The moments are given, or learnt by `adapt(data)`; they are then the weights `mean`, `variance` and `count` (how
    many values they come from), none of which trains. Before `adapt`, mean 0 and variance 1 stand there.

    Args:
        axis: axis or axes that have a mean and a variance for each index; `None` has one for all.
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

    def __init__(self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = self._read_axes(axis)
        self.input_mean = self._read_moment("mean", mean)
        self.input_variance = self._read_moment("variance", variance)
        self.invert = bool(invert)
        self._check_moments()
        self._reduced: tuple[int, ...] = ()
        # Whether the weights are for the last axes, where they broadcast as they are.
        self._is_last = False
        self._shape: tuple[int, ...] = ()
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Create the weights, or spread the given moments over the axes of the inputs.

        Raises:
            ValueError: if the shape does not fit.
        """
        kept = axes_in(self, self.axis, input_shape)
        sizes = known_sizes(self, input_shape, kept)
        self._reduced = tuple(axis for axis in range(len(input_shape)) if axis not in kept)
        self._is_last = kept == tuple(range(len(input_shape) - len(kept), len(input_shape)))
        self._shape = tuple(input_shape[axis] if axis in kept else 1 for axis in range(len(input_shape)))  # type: ignore[misc]
        if self.input_mean is not None:
            self._check_fit(sizes)
            for name in ("mean", "variance", "_deviation"):
                # Not persistent, because they are no weights in Keras.
                self.register_buffer(
                    name, torch.empty(self._shape, dtype=self._torchkeras.compute_dtype), persistent=False
                )
            self._fill_given_moments()
            return
        self.mean = self.add_weight("mean", sizes, initializer="zeros", trainable=False)
        self.variance = self.add_weight("variance", sizes, initializer="ones", trainable=False)
        self.count = self.add_weight("count", (), dtype="int64", initializer="zeros", trainable=False)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Measure mean and variance, in place of what was measured before.

        Args:
            data: an array or a tensor, batch first; or an iterable of batches, such as a `DataLoader`, of which the
                first part counts where they are tuples or lists.
            batch_size: taken, and without effect.
            steps: how many batches to take; default all.

        Raises:
            TypeError: if there are no numbers in it.
            ValueError: if the moments were given, there is no data, or a batch does not fit the shape of the build.
        """
        if self.input_mean is not None:
            raise ValueError(f"{self.name}: adapt() cannot change a mean and variance that were given. Leave them out.")
        moments = Moments()
        for batch in batches_of(self, data, steps):
            self._check_batch(batch)
            moments.add(batch, self._reduced)
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
            mean, deviation = weight_of(self, "mean").to(dtype), weight_of(self, "_deviation").to(dtype)
        else:
            mean, deviation = weight_of(self, "mean").to(dtype), _deviation(weight_of(self, "variance").to(dtype))
            if not self._is_last:
                mean, deviation = mean.reshape(self._shape), deviation.reshape(self._shape)
        values = self._in_compute_dtype(inputs)
        return mean + values * deviation if self.invert else (values - mean) / deviation

    def __getattr__(self, name: str) -> Any:
        """Find weights, `mean` and `variance` in the shape in which they meet the inputs, as Keras's attributes are."""
        value = super().__getattr__(name)
        return value.reshape(self._shape) if name in ("mean", "variance") else value

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)

    def _check_batch(self, batch: torch.Tensor) -> None:
        shape = tuple(batch.shape)
        if not self.built:
            self.build(shape)
        fits = len(shape) == len(self._shape)
        kept = [axis for axis in range(len(self._shape)) if axis not in self._reduced]
        if not fits or any(shape[axis] != self._shape[axis] for axis in kept):
            wanted = tuple(size if axis in kept else None for axis, size in enumerate(self._shape))
            raise ValueError(f"{self.name}: adapt() needs batches of shape {wanted}. Received: {shape}.")

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        """Follow `.to()` and the like; what `to_empty()` leaves without values, no `state_dict` would bring back."""
        super()._apply(fn, recurse)
        if self.input_mean is not None and self.built:
            self._fill_given_moments()
        return self

    def _fill_given_moments(self) -> None:
        sizes = [size for axis, size in enumerate(self._shape) if axis not in self._reduced]
        with torch.no_grad():
            for name in ("mean", "variance"):
                values = torch.tensor(getattr(self, f"input_{name}"), dtype=torch.float64, device="cpu")
                # The last axes of the moments are the last ones of those that are kept.
                getattr(self, name).copy_(values.expand(sizes).reshape(self._shape))
            self._deviation.copy_(_deviation(self.variance))

    def _check_fit(self, sizes: tuple[int, ...]) -> None:
        shape = np.shape(self.input_mean)
        if not broadcasts_to(shape, sizes):
            raise ValueError(
                f"{self.name}: mean and variance of shape {shape} do not fit the shape {sizes} of axes "
                f"{self.axis} of the inputs."
            )

    def _check_moments(self) -> None:
        shapes = np.shape(self.input_mean), np.shape(self.input_variance)
        if (self.input_mean is None) != (self.input_variance is None):
            raise ValueError(
                f"{type(self).__name__}: mean and variance are given both or not at all. "
                f"Received: mean={self.input_mean!r}, variance={self.input_variance!r}."
            )
        if shapes[0] != shapes[1] or len(shapes[0]) > len(self.axis):
            raise ValueError(
                f"{type(self).__name__}: mean and variance must have one shape, of at most {len(self.axis)} axes "
                f"(axis={self.axis}). Received: mean of shape {shapes[0]}, variance of shape {shapes[1]}."
            )

    def _read_moment(self, name: str, moment: Any) -> Any:
        return None if moment is None else read_numbers(self, name, moment).tolist()

    def _read_axes(self, axis: Any) -> tuple[int, ...]:
        axes = () if axis is None else axis if isinstance(axis, Iterable) else (axis,)
        try:
            return tuple(operator.index(one) for one in axes)
        except TypeError:
            raise TypeError(
                f"{type(self).__name__}: axis must be an int, a tuple of ints or None. Received: axis={axis!r}."
            ) from None

    def _torchkeras_write_argument(self, name: str) -> Any:
        return (
            getattr(self, f"input_{name}") if name in ("mean", "variance") else super()._torchkeras_write_argument(name)
        )


def _deviation(variance: torch.Tensor) -> torch.Tensor:
    return variance.sqrt().clamp(min=epsilon())
