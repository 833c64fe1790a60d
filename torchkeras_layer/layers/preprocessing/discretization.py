"""How does a layer sort numbers into bins?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from typing_extensions import Self

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import number_between, positive_int
from torchkeras_layer.layers.preprocessing.batches import batches_of
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer
from torchkeras_layer.layers.preprocessing.encoding import check_rows, encode, encoded_shape, read_output_mode
from torchkeras_layer.layers.preprocessing.number_arguments import read_numbers
from torchkeras_layer.layers.preprocessing.quantiles import Quantiles
from torchkeras_layer.symbolic import TensorSpec

_STATE = "bin_boundaries"


@catalog.register()
class Discretization(DataLayer):
    """The number of the bin that each value lies in; boundaries `[0, 1]` make `x < 0`, `0 <= x < 1` and `x >= 1`.

    Shapes: any -> the same, in int32; other output modes as for `CategoryEncoding`, in floats.

    Args:
        bin_boundaries: the boundaries, ascending.
        num_bins: how many bins there shall be, if `adapt(data)` finds the boundaries: each bin is then about equally
            full. They are in the `state_dict`, and in the config.
        epsilon: how exactly `adapt` does so; smaller is slower.
        output_mode: 'int', 'one_hot', 'multi_hot' or 'count'.
        **kwargs: those of `Layer`. With an int `dtype`, 'int' gives that.

    Raises:
        ValueError: if both or none of `bin_boundaries` and `num_bins` are given, one of them, `epsilon` or
            `output_mode` is nothing of the kind, or `sparse` is given; in a call, if there are no boundaries yet or
            the inputs have more than two axes ('multi_hot' and 'count').

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
        self._set_boundaries(bin_boundaries)
        # Values are compared as they come: in bfloat16 they would change bins.
        self._torchkeras.autocast = False

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find boundaries that fill the bins equally, in place of those found before.

        Args:
            data: an array or tensor, or an iterable of batches, such as a `DataLoader`.
            batch_size: taken, and without effect.
            steps: how many batches to take; default all.

        Raises:
            TypeError: if there are no numbers in it.
            ValueError: if the boundaries were given, there is no data, or so many of them are NaN that one would be a
                boundary.
        """
        if self.num_bins is None:
            raise ValueError(f"{self.name}: adapt() cannot change bin_boundaries that were given. Give num_bins.")
        quantiles = Quantiles(self.epsilon)
        for batch in batches_of(self, data, steps):
            quantiles.add(batch.cpu().to(torch.float32).numpy())
        if not quantiles.sample.size:
            raise ValueError(f"{self.name}: adapt() needs at least one value. Received: no data.")
        boundaries = quantiles.boundaries(self.num_bins)
        if np.isnan(boundaries).any():
            raise ValueError(f"{self.name}: adapt() found NaN in the data, which lies in no bin. Leave it out.")
        self._set_boundaries(boundaries)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the bins."""
        if self._boundaries is None:
            raise ValueError(f"{self.name}: it has no boundaries yet. Call adapt(data), or give bin_boundaries.")
        check_rows(self, "one_hot" if self.output_mode == "int" else self.output_mode, inputs.shape)
        dtype = torch.promote_types(inputs.dtype, torch.float32) if inputs.is_floating_point() else torch.float64
        boundaries, wanted = self._boundaries.to(inputs.device, dtype), self._output_dtype()
        # Torch warns of values in another order of memory.
        values = inputs.to(dtype).contiguous()
        bins = torch.bucketize(values, boundaries, right=True, out_int32=wanted is torch.int32)
        if self.output_mode == "int":
            return bins.to(wanted)
        return encode(bins, self.output_mode, len(self._boundaries) + 1, wanted)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs, or of the vectors made of them.

        Raises:
            ValueError: if the inputs have too many axes.
        """
        if self.output_mode == "int":
            return tuple(input_shape)
        depth = self.num_bins if self._boundaries is None else len(self._boundaries) + 1
        return encoded_shape(self, self.output_mode, depth, input_shape)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` that the layer gives for inputs of a given one."""
        return TensorSpec(self.compute_output_shape(input_signature.shape), self._output_dtype())

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, with the boundaries that were given or learnt."""
        # Keras's Discretization takes neither.
        without = [name for name, usual in (("trainable", True), ("autocast", False)) if self._is_usual(name, usual)]
        return {name: value for name, value in super().get_config().items() if name not in without}

    def _is_usual(self, name: str, usual: bool) -> bool:
        return getattr(self, name) is usual

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a layer from `get_config()`: one with `num_bins` also gets the boundaries that it had learnt.

        Raises:
            TypeError: if the constructor does not take the config.

        >>> import torchkeras_layer as keras
        >>> config = {"num_bins": 3, "bin_boundaries": [0.0, 1.0]}
        >>> keras.layers.Discretization.from_config(config).bin_boundaries
        [0.0, 1.0]
        """
        is_learnt = isinstance(config, dict) and config.get("num_bins") is not None
        learnt = config.get(_STATE) if is_learnt else None
        layer = super().from_config({**config, _STATE: None} if is_learnt else config)
        if learnt is not None:
            layer._set_boundaries(learnt)
        return layer

    def _output_dtype(self) -> torch.dtype:
        compute = self._torchkeras.compute_dtype
        return torch.int32 if self.output_mode == "int" and compute.is_floating_point else compute

    def _set_boundaries(self, boundaries: Any) -> None:
        self.bin_boundaries = None if boundaries is None else self._read_boundaries(boundaries)
        # No weight, as in Keras, so that `to(device)` does not find it.
        values = self.bin_boundaries
        self._boundaries = None if values is None else torch.tensor(values, dtype=torch.float64, device="cpu")

    def _read_boundaries(self, boundaries: Any) -> list[float]:
        try:
            numbers = read_numbers(self, _STATE, boundaries)
        except TypeError:
            numbers = np.array(np.nan)
        # NaN is neither more nor less than any number.
        if numbers.ndim != 1 or np.isnan(numbers).any() or (numbers[1:] < numbers[:-1]).any():
            raise ValueError(
                f"{type(self).__name__}: bin_boundaries must be numbers in ascending order. "
                f"Received: bin_boundaries={boundaries!r}."
            )
        return numbers.tolist()

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.num_bins is not None and self._boundaries is not None:
            destination[prefix + _STATE] = self._boundaries.clone()

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
            self._set_boundaries(state_dict[key])
            unexpected_keys[:] = [other for other in unexpected_keys if other != key]
        elif strict and self._boundaries is not None:
            missing_keys.append(key)
