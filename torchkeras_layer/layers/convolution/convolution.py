"""How does a layer mix the channels of its inputs, with weights that are the same everywhere?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.built_in_layer import add_parameter, weight_of
from torchkeras_layer.layers.convolution.sliding import Sliding


class Convolution(Sliding):
    """Base of the layers that convolve: `activation(convolution of inputs and kernel, + bias)`.

    The kernel is (spatial …, channels / groups, filters).

    Args:
        filters: how many channels the output has.
        kernel_size, strides, padding, data_format, dilation_rate: see `Sliding`; `strides` and `dilation_rate` cannot
            both be above 1.
        groups: into how many parts channels and filters are divided, each part of its own.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, `groups` does not divide `filters` or the channels of the inputs,
            or `lora_rank` or `lora_alpha` is given; for inputs of another rank, of unknown channels, or too small.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Conv2D.__mro__[1] is Convolution
    True
    """

    _torchkeras_unsupported = {"lora_rank": None, "lora_alpha": None}

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs["activity_regularizer"] = activity_regularizer
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, **kwargs)
        self.filters = positive_int(self, "filters", filters)
        self.groups = positive_int(self, "groups", groups)
        self._take_weight_arguments("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._take_weight_arguments("bias", bias_initializer, bias_regularizer, bias_constraint)
        self._refuse_strides_with_dilation()
        if self.filters % self.groups:
            raise ValueError(
                f"{type(self).__name__}: groups must divide filters. Received: groups={groups}, filters={filters}."
            )

    def build(self, input_shape: Shape) -> None:
        """Create `kernel` and `bias`."""
        channels = self._begin_build(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{self.name}: groups must divide the channels of the inputs. "
                f"Received: groups={self.groups}, input_shape={tuple(input_shape)} with {channels} channels."
            )
        spatial, inner, outer = tuple(range(self.rank)), self.rank, self.rank + 1
        self._to_filters = (outer, inner, *spatial)
        order = (outer, *spatial, inner) if self._goes_channels_last else self._to_filters
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self._add_kernel("kernel", "kernel", shape, order)
        self.bias = add_parameter(self, "bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(convolution of inputs and kernel, + bias)`."""
        kernel = torch.permute(weight_of(self, "kernel"), self._to_filters)
        bias = weight_of(self, "bias") if self.use_bias else None
        images, padding, _ = self._as_images(inputs, kernel.dtype)
        return self._as_outputs(self._convolve(images, kernel, bias, padding, self.groups))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, filters) or (batch, filters, windows …)."""
        return self._slide_shape(input_shape, self.filters)
