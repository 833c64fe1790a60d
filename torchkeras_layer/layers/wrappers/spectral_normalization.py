"""How does a layer keep the largest singular value of another layer's kernel at 1?"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch.func import functional_call

from torchkeras_layer import initializers
from torchkeras_layer.layer.dry_run import RecordedUpdate
from torchkeras_layer.layer.weight_arguments import read_weight
from torchkeras_layer.layer.weight_lists import layers_in
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.built_in_layer import cast_output
from torchkeras_layer.layers.wrappers.wrapper import Wrapper
from torchkeras_layer.symbolic import Node

_KERNELS = ("kernel", "embeddings")
_LEAST_NORM = 1e-7


@dataclasses.dataclass(slots=True)
class NormalizedWeight:
    """The name of the weight that is normalized."""

    name: str


@catalog.register()
class SpectralNormalization(Wrapper, adds_updates=True):
    """Divide the `kernel` (or `embeddings`) of a layer by its largest singular value, in each call in training.

    The kernel is treated as a matrix: all axes but the last are joined. The singular value is found by power iteration,
    which continues from one call to the next with the vector in `vector_u`. The kernel itself is changed, outside of
    the optimizer, so that inference costs nothing; the gradients are those of the layer with the changed kernel. A
    kernel of zeros does not change, and neither does that of a frozen layer.

    There may be several calls before one backward pass, as for a discriminator: each call uses its own copy of the
    kernel. (In Keras on torch, the backward pass fails then.)

    Args:
        layer: a layer with a `kernel` or `embeddings`.
        power_iterations: number of power iterations in each call.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `layer` is not a layer, or has no kernel after it is built, or `power_iterations` is not a
            positive int.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.SpectralNormalization(keras.layers.Dense(2, kernel_initializer="ones"), power_iterations=9)
    >>> _ = layer(torch.ones(1, 2), training=True)
    >>> layer.layer.kernel.detach()
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = positive_int(self, "power_iterations", power_iterations)
        # As in Keras: the mask of the output is that which the layer inside gives it.
        self.supports_masking = False

    def build(self, input_shape: Any = None) -> None:
        """Build the layer, and create `vector_u`.

        Raises:
            ValueError: if the layer has no kernel.
        """
        super().build(input_shape)
        self._torchkeras.derived = NormalizedWeight(_find_kernel(self))
        kernel = _kernel_of(self)
        start = initializers.TruncatedNormal(stddev=0.02)
        self.vector_u = self.add_weight(
            "vector_u", (1, kernel.shape[-1]), dtype=kernel.dtype, initializer=start, trainable=False, autocast=False
        )

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Normalize the kernel if `training`, and return the output of the layer."""
        if not training:
            return _cast(self, self.layer(inputs))
        self.add_update(lambda: _normalize(self))
        # A copy of the kernel for each call, because the next call may change it before the backward pass of this one.
        replaced = {self._torchkeras.derived.name: _kernel_of(self).clone()}
        return _cast(self, functional_call(self.layer, replaced, (inputs,)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the layer's output."""
        return self.layer.compute_mask(inputs, mask)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the layer's output."""
        return self.layer.compute_output_shape(input_shape)

    @torch.no_grad()
    def normalized_weights(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next `vector_u` and the normalized kernel. A subclass may override it, as in Keras 3.

        >>> import torchkeras_layer as keras
        >>> layer = SpectralNormalization(keras.layers.Dense(1)); layer.build((None, 2))
        >>> vector, kernel = layer.normalized_weights()
        >>> torch.linalg.vector_norm(kernel).round(decimals=4)
        tensor(1.)
        """
        kernel, left = _kernel_of(self), self.vector_u[0]
        matrix = kernel.reshape(-1, kernel.shape[-1])
        right, along = left, torch.mv(matrix, left)
        for _ in range(self.power_iterations):
            right = _of_length_1(along)
            left = _of_length_1(torch.mv(matrix.t(), right))
            along = torch.mv(matrix, left)
        return left.unsqueeze(0), kernel / torch.dot(right, along)

    def normalize_weights(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the same in the order of TF-Keras: the normalized kernel, and the next `vector_u`.

        A subclass may override this method in place of `normalized_weights`.

        >>> import torchkeras_layer as keras
        >>> layer = SpectralNormalization(keras.layers.Dense(1)); layer.build((None, 2))
        >>> [tuple(weight.shape) for weight in layer.normalize_weights()]
        [(2, 1), (1, 1)]
        """
        vector_u, kernel = self.normalized_weights()
        return kernel, vector_u

    @property
    def kernel(self) -> torch.Tensor:
        """The weight that is normalized."""
        return getattr(self.layer, self._torchkeras.derived.name)

    @property
    def weights(self) -> list[torch.Tensor]:
        """All weights in Keras's order: the kernel, `vector_u`, and the other weights of the layer."""
        first = self._torchkeras_own_weights()
        known = {id(weight) for weight in first}
        return [*first, *(weight for weight in super().weights if id(weight) not in known)]

    def _torchkeras_known_updates(self, node: Node) -> list[RecordedUpdate] | None:
        inside = (inner._torchkeras_facts for inner in layers_in(self.layer))
        is_only_one = all(facts.is_built_in and not facts.adds_updates for facts in inside)
        return [RecordedUpdate(lambda: _normalize(self), self, ())] if is_only_one else None

    def _torchkeras_own_weights(self) -> list[torch.Tensor]:
        # For Keras, the kernel is one of the wrapper's own weights, in files too.
        return [_kernel_of(self), *super()._torchkeras_own_weights()] if self.built else []


def _find_kernel(layer: SpectralNormalization) -> str:
    inner = layer.layer
    for name in _KERNELS:
        if isinstance(inner._parameters.get(name, inner._buffers.get(name)), torch.Tensor):
            return name
    raise ValueError(
        f"{layer.name}: the layer must have a kernel or embeddings to normalize. "
        f"Received: {inner.name} ({type(inner).__name__})."
    )


def _kernel_of(layer: SpectralNormalization) -> torch.Tensor:
    """Return the kernel in its stored dtype, not cast by a mixed policy."""
    weight = read_weight(layer.layer, layer._torchkeras.derived.name)
    assert weight is not None
    return weight


@torch.no_grad()
def _normalize(layer: SpectralNormalization) -> None:
    """Divide the kernel by its largest singular value."""
    if type(layer).normalize_weights is SpectralNormalization.normalize_weights:
        following, normalized = layer.normalized_weights()
    else:
        normalized, following = layer.normalize_weights()
    kernel, vector_u = _kernel_of(layer), layer.vector_u
    has_values = kernel.any()
    vector_u.copy_(torch.where(has_values, following, vector_u))
    kernel.copy_(torch.where(has_values, normalized, kernel))


def _cast(layer: SpectralNormalization, outputs: Any) -> Any:
    return cast_output(layer, outputs) if isinstance(outputs, torch.Tensor) else outputs


def _of_length_1(vector: torch.Tensor) -> torch.Tensor:
    return vector / torch.linalg.vector_norm(vector).clamp_min(_LEAST_NORM)
