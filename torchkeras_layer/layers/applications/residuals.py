"""How do ConvNeXt and InceptionResNetV2 scale, drop and add the residual branch of a block?

Keras defines these layers beside the models, so that files name them with those modules.
"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.initializers import Constant
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number, number_between, positive_int
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, weight_of

_CONVNEXT, _INCEPTION_RESNET = (
    tuple(f"{package}.applications.{name}" for package in ("keras.src", "keras", "tf_keras.src"))
    for name in ("convnext", "inception_resnet_v2")
)


@catalog.register(module=_CONVNEXT[0], also_in=(*_CONVNEXT[1:], catalog.module))
class LayerScale(BuiltInLayer):
    """Compute `inputs * gamma`, with a weight for each channel, as ConvNeXt does. Shapes: any -> the same.

    Args:
        init_values: the number that `gamma` is initialized to.
        projection_dim: size of the last axis of the inputs, and of `gamma`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `init_values` is not a finite number, or `projection_dim` not a positive int; in a build, if it
            is not the size of the last axis.

    >>> import torchkeras_layer as keras
    >>> keras.layers.LayerScale(0.5, 2)(torch.tensor([[1.0, 2.0]])).detach()
    tensor([[0.5000, 1.0000]])
    """

    def __init__(self, init_values: float, projection_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.init_values = finite_number(self, "init_values", init_values)
        self.projection_dim = positive_int(self, "projection_dim", projection_dim)

    def build(self, input_shape: Shape) -> None:
        """Create `gamma`."""
        last = input_shape[-1] if input_shape else 0
        if last not in (None, self.projection_dim):
            raise ValueError(
                f"{self.name}: projection_dim must be the size of the last axis of the inputs. Received: "
                f"projection_dim={self.projection_dim} and inputs of shape {tuple(input_shape)}."
            )
        self.gamma = self.add_weight("gamma", (self.projection_dim,), initializer=Constant(self.init_values))

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, scaled."""
        return inputs * weight_of(self, "gamma")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)


@catalog.register(module=_CONVNEXT[0], also_in=(*_CONVNEXT[1:], catalog.module))
class StochasticDepth(BuiltInLayer):
    """In training, set some samples to 0 and divide the others by `1 - drop_path_rate`. Shapes: any -> the same.

    Which samples is drawn from torch's generator: `torch.manual_seed` repeats it.

    Args:
        drop_path_rate: the probability that a sample becomes 0.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `drop_path_rate` is not a number from 0 to 1.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.StochasticDepth(0.5)
    >>> layer(torch.ones(2, 3)).shape, layer.eval()(torch.ones(3))
    (torch.Size([2, 3]), tensor([1., 1., 1.]))
    """

    def __init__(self, drop_path_rate: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.drop_path_rate = number_between(self, "drop_path_rate", drop_path_rate, 0, 1)

    def call(self, inputs: torch.Tensor, training: Any = None) -> torch.Tensor:
        """Return the inputs, in training with some samples dropped."""
        if not training or self.drop_path_rate == 0:
            return inputs
        shape = (inputs.shape[0], *(1,) * (inputs.dim() - 1))
        are_kept = inputs.new_empty(shape, dtype=torch.float32).uniform_() >= self.drop_path_rate
        return torch.where(are_kept, inputs / (1 - self.drop_path_rate or 1.0), 0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)


@catalog.register(module=_INCEPTION_RESNET[0], also_in=(*_INCEPTION_RESNET[1:], catalog.module))
class CustomScaleLayer(BuiltInLayer, takes_a_list=True):
    """Compute `inputs[0] + inputs[1] * scale`, as InceptionResNetV2 does.

    Shapes: a list of two -> the shape that they broadcast to.

    Args:
        scale: a number.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `scale` is not a finite number; in a call, if the inputs are not a list of two tensors.

    >>> import torchkeras_layer as keras
    >>> keras.layers.CustomScaleLayer(0.5)([torch.ones(2), torch.ones(2)])
    tensor([1.5000, 1.5000])
    """

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = finite_number(self, "scale", scale)

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the first of the inputs plus the second, scaled."""
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
            received = f"{len(inputs)} in a list" if isinstance(inputs, (list, tuple)) else type(inputs).__name__
            raise ValueError(f"{self.name}: expects a list of 2 inputs: layer([x, residual]). Received: {received}.")
        return inputs[0] + inputs[1] * self.scale
