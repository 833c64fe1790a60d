"""How does a layer average the values of each channel?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.pooling.global_pooling import GlobalPooling


class GlobalAveragePooling(GlobalPooling):
    """Base of the layers that average each channel. Int inputs are cast. Arguments: `GlobalPooling`.

    >>> GlobalAveragePooling.__mro__[1] is GlobalPooling
    True
    """

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the averages."""
        return self._as_numbers_to_average(inputs).mean(self.axes, keepdim=self.keepdims)

    def _as_numbers_to_average(self, inputs: torch.Tensor) -> torch.Tensor:
        return (
            inputs if inputs.is_floating_point() or inputs.is_complex() else inputs.to(self._torchkeras.compute_dtype)
        )


@catalog.register("GlobalAvgPool1D")
class GlobalAveragePooling1D(GlobalAveragePooling, only_merges_masks=True):
    """Average each channel over the steps that a mask marks. Shapes: (batch, steps, channels) -> (batch, channels).

    Where a mask marks nothing, the average is NaN, as in Keras 3. The output has no mask.

    Args:
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        keepdims: whether the output keeps the other axes, with size 1.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for another `data_format`, inputs that have other axes, or a mask that is not (batch, steps).

    >>> import torchkeras_layer as keras
    >>> inputs, mask = torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[True, True, False]])
    >>> keras.layers.GlobalAveragePooling1D()(inputs, mask=mask)
    tensor([[2.]])
    """

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor, mask: Any = None) -> torch.Tensor:
        """Return the averages of what `mask` marks, of everything without one."""
        if mask is None:
            return super().call(inputs)
        (steps,) = self.axes
        mask = torch.as_tensor(mask, device=inputs.device)
        if mask.dim() != 2 or mask.shape[0] not in (1, inputs.shape[0]) or mask.shape[1] != inputs.shape[steps]:
            raise ValueError(
                f"{self.name}: the mask must be of shape (batch, steps), which is "
                f"{(inputs.shape[0], inputs.shape[steps])}. Received: a mask of shape {tuple(mask.shape)}."
            )
        counts = mask.to(torch.bool).unsqueeze(3 - steps)
        total = torch.where(counts, self._as_numbers_to_average(inputs), 0).sum(steps, keepdim=self.keepdims)
        return total / counts.sum(steps, keepdim=self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return no mask: the steps are gone."""


@catalog.register("GlobalAvgPool2D")
class GlobalAveragePooling2D(GlobalAveragePooling):
    """Average each channel. Shapes: (batch, height, width, channels) -> (batch, channels).

    Args:
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        keepdims: whether the output keeps the other axes, with size 1.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for another `data_format`, or inputs that have other axes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GlobalAveragePooling2D(keepdims=True)(torch.arange(8.0).reshape(1, 2, 2, 2))
    tensor([[[[3., 4.]]]])
    """

    rank = 2


@catalog.register("GlobalAvgPool3D")
class GlobalAveragePooling3D(GlobalAveragePooling):
    """Average each channel. Shapes: (batch, depth, height, width, channels) -> (batch, channels).

    Args:
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        keepdims: whether the output keeps the other axes, with size 1.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for another `data_format`, or inputs that have other axes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GlobalAveragePooling3D("channels_first")(torch.arange(8.0).reshape(1, 2, 1, 2, 2))
    tensor([[1.5000, 5.5000]])
    """

    rank = 3
