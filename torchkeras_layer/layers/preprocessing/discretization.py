"""How does a layer sort numbers into bins?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from typing_extensions import Self

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import number_between, positive_int
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer
from torchkeras_layer.layers.preprocessing.encoding import encode, encoded_shape, read_output_mode
from torchkeras_layer.layers.preprocessing.numeric_data import batches_of, read_numbers
from torchkeras_layer.symbolic import TensorSpec

_STATE = "bin_boundaries"


@catalog.register()
class Discretization(DataLayer):
    """Return the number of the bin of each value. Boundaries `[0, 1]` mean `x < 0`, `0 <= x < 1` and `x >= 1`.

    Shapes: any -> the same, in int32; other output modes as for `CategoryEncoding`, in floating point.

    Args:
        bin_boundaries: the boundaries, in ascending order.
        num_bins: the number of bins, if `adapt(data)` is to find boundaries that fill all bins about equally. These
            boundaries are in the `state_dict` and in the config.
        epsilon: tolerance of `adapt`, as a fraction of the data; a smaller one is slower.
        output_mode: 'int', 'one_hot', 'multi_hot' or 'count'.
        **kwargs: those of `Layer`. An integer `dtype` is that of the output for 'int'.

    Raises:
        ValueError: if both or neither of `bin_boundaries` and `num_bins` are given, an argument is invalid, or `sparse`
            is given; in a call, if there are no boundaries yet.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Discretization([0.0, 1.0])(torch.tensor([[-1.5, 0.0], [3.4, 0.5]]))
    tensor([[0, 1],
            [2, 1]], dtype=torch.int32)
    >>> layer = keras.layers.Discretization(num_bins=2)
    >>> layer.adapt(np.array([1.0, 2.0, 3.0, 4.0])); layer.bin_boundaries
    [2.0]
    """

    _torchkeras_unsupported = {"sparse": False}

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                f"{type(self).__name__}: give either bin_boundaries, or num_bins and call adapt(data). "
                f"Received: bin_boundaries={bin_boundaries!r}, num_bins={num_bins!r}."
            )
        self.num_bins = None if num_bins is None else positive_int(self, "num_bins", num_bins)
        self.epsilon = number_between(self, "epsilon", epsilon, 1e-6, 1)
        self.output_mode = read_output_mode(self, output_mode, "int", "one_hot", "multi_hot", "count")
        _set_boundaries(self, bin_boundaries)
        # Values are not cast before the comparison, because rounding to bfloat16 would change bins.
        self._torchkeras.autocast = False

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find boundaries that fill the bins equally; they replace those found before.

        Args:
            data: an array or tensor, or an iterable of batches, such as a `DataLoader`.
            batch_size: accepted as in Keras, and ignored.
            steps: maximum number of batches to use; by default all.

        Raises:
            TypeError: if the data is not numeric.
            ValueError: if the boundaries were given, if there is no data, or if it contains so many NaNs that one would
                be a boundary.

        >>> layer = Discretization(num_bins=2); layer.adapt([1.0, 2.0, 3.0, 4.0]); layer.bin_boundaries
        [2.0]
        """
        if self.num_bins is None:
            raise ValueError(
                f"{self.name}: adapt() cannot change boundaries that were given. Received: "
                f"bin_boundaries={self.bin_boundaries}. Create the layer with num_bins instead."
            )
        quantiles = Quantiles(self.epsilon)
        for batch in batches_of(self, data, steps):
            quantiles.add(batch.cpu().to(torch.float32).numpy())
        if not quantiles.sample.size:
            raise ValueError(f"{self.name}: adapt() needs at least one value. Received: no data.")
        boundaries = quantiles.boundaries(self.num_bins)
        if np.isnan(boundaries).any():
            raise ValueError(f"{self.name}: adapt() needs numbers. Received: data with too many NaNs. Remove them.")
        _set_boundaries(self, boundaries)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the numbers of the bins, or the vectors made of them."""
        boundaries: torch.Tensor | None = self._torchkeras.derived
        if boundaries is None:
            raise ValueError(f"{self.name}: has no boundaries yet. Call adapt(data), or pass bin_boundaries.")
        dtype = torch.promote_types(inputs.dtype, torch.float32) if inputs.is_floating_point() else torch.float64
        boundaries, wanted = boundaries.to(inputs.device, dtype), _output_dtype(self)
        # Torch warns about values that are not contiguous.
        values = inputs.to(dtype).contiguous()
        bins = torch.bucketize(values, boundaries, right=True, out_int32=wanted is torch.int32)
        if self.output_mode == "int":
            return bins.to(wanted)
        return encode(bins, self.output_mode, len(boundaries) + 1, wanted)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs, or of the vectors made of them."""
        if self.output_mode == "int":
            return tuple(input_shape)
        depth = self.num_bins if self.bin_boundaries is None else len(self.bin_boundaries) + 1
        return encoded_shape(self.output_mode, depth, input_shape)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` of the output for inputs with a given `TensorSpec`."""
        return TensorSpec(self.compute_output_shape(input_signature.shape), _output_dtype(self))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this layer, with the boundaries that were given or found."""
        # Keras's Discretization does not accept these two, so they are written only if they are not the defaults.
        without = [name for name, usual in (("trainable", True), ("autocast", False)) if getattr(self, name) is usual]
        return {name: value for name, value in super().get_config().items() if name not in without}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Create a layer from a config, with the boundaries that `adapt` had found.

        Raises:
            TypeError: if the constructor does not accept the config.

        >>> import torchkeras_layer as keras
        >>> config = {"num_bins": 3, "bin_boundaries": [0.0, 1.0]}
        >>> keras.layers.Discretization.from_config(config).bin_boundaries
        [0.0, 1.0]
        """
        is_adapted = isinstance(config, dict) and config.get("num_bins") is not None
        found = config.get(_STATE) if is_adapted else None
        layer = super().from_config({**config, _STATE: None} if is_adapted else config)
        if found is not None:
            _set_boundaries(layer, found)
        return layer

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        boundaries: torch.Tensor | None = self._torchkeras.derived
        if self.num_bins is not None and boundaries is not None:
            destination[prefix + _STATE] = boundaries.clone()

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )
        key = prefix + _STATE
        if self.num_bins is None:
            return
        if key in state_dict:
            _set_boundaries(self, state_dict[key])
            unexpected_keys[:] = [other for other in unexpected_keys if other != key]
        elif strict and self.bin_boundaries is not None:
            missing_keys.append(key)


def _output_dtype(layer: Discretization) -> torch.dtype:
    compute = layer._torchkeras.compute_dtype
    return torch.int32 if layer.output_mode == "int" and compute.is_floating_point else compute


def _set_boundaries(layer: Discretization, boundaries: Any) -> None:
    values = layer.bin_boundaries = None if boundaries is None else _read_boundaries(layer, boundaries)
    # Not a buffer: as in Keras, the boundaries are not a weight, and `to(device)` does not move them.
    layer._torchkeras.derived = None if values is None else torch.tensor(values, dtype=torch.float64, device="cpu")


def _read_boundaries(layer: Discretization, boundaries: Any) -> list[float]:
    try:
        numbers = read_numbers(layer, _STATE, boundaries)
    except TypeError:
        numbers = np.array(np.nan)
    # NaN would pass the comparison.
    if numbers.ndim != 1 or np.isnan(numbers).any() or (numbers[1:] < numbers[:-1]).any():
        raise ValueError(
            f"{type(layer).__name__}: bin_boundaries must be numbers in ascending order. "
            f"Received: bin_boundaries={boundaries!r}."
        )
    return numbers.tolist()


class Quantiles:
    """Finds the boundaries that divide data, given in batches, into equally filled bins.

    The data is summarized by a sample: values in ascending order, each with the number of data points that it
    represents, which are those above the previous value and up to this one. The cumulative sum of these counts is the
    rank of each value, so that the sample describes a curve of rank over value. A batch adds every n-th of its values.
    A sample that has become too long is sampled again: it keeps the values at which the curve has risen by equal shares
    of all the data. The boundaries are found in the same way, with one share for each bin.

    This follows Keras's `Discretization`. The boundaries must be equal to the last bit, so the ranks are in float32 as
    there: a boundary often is a value of the data, and determines its bin.

    Args:
        epsilon: the share of a sample that one value represents at most.

    >>> quantiles = Quantiles(0.01)
    >>> quantiles.add(np.array([1.0, 4.0])); quantiles.add(np.array([3.0, 2.0]))
    >>> quantiles.boundaries(4)
    [1.0, 2.0, 3.0]
    """

    def __init__(self, epsilon: float) -> None:
        self.epsilon = epsilon
        # Two rows: the values and the counts.
        self.sample = np.empty((2, 0), dtype="float32")

    def add(self, batch: np.ndarray) -> None:
        """Add the values of a batch."""
        ordered = np.sort(batch, axis=None)
        count = max(ordered.size / (1 / self.epsilon), 1)
        # The last value of each group, which is the largest.
        last = ordered[int(count) - 1 :: int(count)]
        drawn = np.array([last, np.full(last.shape, count)], dtype="float32")
        joined = np.concatenate([drawn, self.sample], axis=1)
        self.sample = _resampled(joined[:, joined[0].argsort()], self.epsilon)

    def boundaries(self, bins: int) -> list[float]:
        """Return the boundaries between `bins` bins, or between fewer bins if there are fewer values."""
        upper_ends, _ = _resampled(self.sample, 1 / bins)
        return upper_ends[:-1].tolist()


def _resampled(sample: np.ndarray, share: float) -> np.ndarray:
    """Return a sample of values at equal shares of the data; a short sample is returned unchanged."""
    values, counts = sample
    if len(values) * share < 1:
        return sample
    ranks = counts.cumsum()
    # Not `share * (1, 2, ...)`, which differs in the last digit.
    steps = share + share * np.arange(math.ceil(1 / share))
    # Ranks are interpolated like values, because there is nothing below the first value.
    values, ranks = (np.interp(steps, ranks / ranks[-1], curve) for curve in (values, ranks))
    return np.array([values, np.diff(ranks, prepend=0)], dtype="float32")
