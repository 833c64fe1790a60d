"""Which layer normalizes with the statistics of a batch in training, and with moving statistics in inference?"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from torchkeras_layer import initializers
from torchkeras_layer._autograd import may_need_gradients
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import VariableAggregation, VariableSynchronization
from torchkeras_layer.layer.dry_run import RecordedUpdate
from torchkeras_layer.layer.losses import can_update_in_kernel
from torchkeras_layer.layer.weight_creation import reset_own_weights
from torchkeras_layer.layer.weight_lists import runs_updates
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import axes_in, filled_sizes, number_between, resolved
from torchkeras_layer.layers.built_in_layer import add_parameter, cast_output, weight_of
from torchkeras_layer.layers.normalization.axis_normalization import AxisNormalization, in_one_dtype
from torchkeras_layer.layers.normalization.moments import (
    masked_moments,
    moments_over,
    own_moments,
    spans_processes,
    synchronized_moments,
)
from torchkeras_layer.symbolic import InputSpec, Node

_HALF = (torch.float16, torch.bfloat16)
# Torch has kernels for images and volumes whose channels are second in shape and last in memory.
_NDIMS_OF_IMAGES = (4, 5)
# What code for torch's batch normalization reads, and its name here.
# What a subclass may override to compute the statistics of a batch itself: the names of Keras.
_MOMENTS = {"_moments", "_calculate_mean_and_var"}
_NAMES_OF_TORCH = {
    "weight": "gamma",
    "bias": "beta",
    "eps": "epsilon",
    "affine": "scale",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


@dataclass(slots=True)
class Channels:
    """The axes of the channels, the number of channels, and whether these axes are the last ones.

    Attributes:
        least: torch's kernel is used for batches of more values.
        averaged: how many batches the moving statistics are the average of, while `momentum` is `None`.

    >>> Channels((1,), 3, False, 3).count
    3
    """

    axes: tuple[int, ...]
    count: int
    are_last: bool
    least: int
    averaged: int = 0


@catalog.register("BatchNormalizationV1", "BatchNormalizationV2")
class BatchNormalization(AxisNormalization, _BatchNorm, adds_updates=True):
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, per channel.

    In training, mean and (biased) variance are those of the batch, over all axes but `axis`, and the moving statistics
    are updated: `moving = momentum * moving + (1 - momentum) * batch`. In inference, and while the layer is frozen, the
    moving statistics are used. With a mask, whose rank is one less than that of the inputs, only unmasked entries count
    for the statistics. Statistics of float16 and bfloat16 batches are computed in float32.

    It is one of torch's batch normalizations, so that `torch.optim.swa_utils.update_bn` and others find it, with
    Keras's names for weights and arguments.

    Shapes: any -> the same. The weights gamma, beta, moving_mean and moving_variance are (channels,) or, for several
    axes, have the rank of the inputs, with size 1 for the other axes.

    Args:
        axis: the axis of the channels, int or list of ints.
        momentum: weight of the old moving statistics in an update; torch's momentum is 1 minus this. `None`, which may
            also be set later, makes the moving statistics the average of all batches since `reset_running_stats()`.
        epsilon: added to the variance.
        center, scale: whether there is a `beta`, a `gamma`.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer, beta_regularizer,
            gamma_regularizer, beta_constraint, gamma_constraint: identifiers or callables.
        synchronized: whether, in training, the statistics are those of the batches of all processes in the default
            group of `torch.distributed`, which must all call the layer equally often. Without other processes, it has
            no effect.
        fused: no effect; torch's kernels are used if they compute the same numbers.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `renorm`, `virtual_batch_size` or `adjustment` is given, `momentum` or `epsilon` is not a valid
            number, `fused` is not a bool, an identifier is unknown, or an axis does not exist, has no known size or is
            empty.
        TypeError: if `axis` is not an int or a list of ints.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.BatchNormalization(momentum=0.5, epsilon=0.0)
    >>> layer(torch.tensor([[0.0], [4.0]])).flatten().tolist(), layer.moving_mean, layer.moving_variance
    ([-1.0, 1.0], tensor([1.]), tensor([2.5000]))
    """

    _torchkeras_unsupported = {"renorm": False, "virtual_batch_size": None, "adjustment": None}
    _torchkeras_without_effect = ("renorm_clipping", "renorm_momentum")
    # For torch's tools, which then look for none of the buffers and arguments that its own batch normalizations have.
    track_running_stats = False
    __constants__: list[str] = []
    momentum: Any

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        momentum: float | None = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            axis=axis,
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **_without_fused(self, kwargs),
        )
        # Keras 2 writes one axis as a list, which Keras 3 does not accept.
        self.axis = self.axis[0] if isinstance(self.axis, list) and len(self.axis) == 1 else self.axis
        self.momentum = None if momentum is None else number_between(self, "momentum", momentum, 0, 1)
        mean, variance, get = moving_mean_initializer, moving_variance_initializer, initializers.get
        self.moving_mean_initializer = resolved(self, "moving_mean_initializer", mean, get)
        self.moving_variance_initializer = resolved(self, "moving_variance_initializer", variance, get)
        self.synchronized = bool(synchronized)

    def build(self, input_shape: Shape) -> None:
        """Create `gamma`, `beta`, `moving_mean` and `moving_variance`, in this order."""
        axes = axes_in(self, self.axis, input_shape)
        sizes = filled_sizes(self, input_shape, axes)
        are_last = axes[0] == len(input_shape) - len(sizes)
        least = sys.maxsize if self._torchkeras_facts.overrides & _MOMENTS else math.prod(sizes)
        self._torchkeras.derived = Channels(axes, math.prod(sizes), are_last, least)
        broadcast = tuple(size if axis in axes else 1 for axis, size in enumerate(input_shape))
        shape = sizes if len(sizes) == 1 else broadcast
        self.gamma = add_parameter(self, "gamma", shape, autocast=False) if self.scale else None
        self.beta = add_parameter(self, "beta", shape, autocast=False) if self.center else None
        self.moving_mean = _add_statistic(self, "moving_mean", shape)
        self.moving_variance = _add_statistic(self, "moving_variance", shape)
        self.input_spec = InputSpec(ndim=len(input_shape), axes=dict(zip(axes, sizes, strict=True)))

    def reset_running_stats(self) -> None:
        """Set the moving statistics to the values of their initializers, unless the layer is frozen, which keeps them.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.BatchNormalization()
        >>> _ = layer(torch.ones(4, 1)); layer.reset_running_stats()
        >>> layer.moving_mean, layer.moving_variance
        (tensor([0.]), tensor([1.]))
        """
        if self.built and runs_updates(self):
            reset_own_weights(self, ("moving_mean", "moving_variance"))
            self._torchkeras.derived.averaged = 0

    def call(self, inputs: torch.Tensor, training: Any = None, mask: Any = None) -> torch.Tensor:
        """Return the normalized inputs."""
        if mask is not None:
            mask = _fitting_mask(self, mask, inputs)
        is_in_training = training and runs_updates(self)
        if is_in_training and self.synchronized and spans_processes():
            outputs = _by_moments(self, inputs, mask, synchronized_moments)
        elif not is_in_training or inputs.numel() == 0:
            outputs = _with_channels_second(self, inputs, _by_moving_statistics)
        elif mask is None and inputs.numel() > self._torchkeras.derived.least:
            outputs = _with_channels_second(self, inputs, _by_batch_statistics)
        else:
            outputs = _by_moments(self, inputs, mask, _one_value_moments if mask is None else masked_moments)
        return outputs if outputs.dtype is self._torchkeras.compute_dtype else cast_output(self, outputs)

    def _moments(
        self, inputs: torch.Tensor, reduction_axes: Any = None, keep_dims: bool = False, mask: Any = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and variance of a batch in training. A subclass may override it, as in Keras.

        The arguments are those of TF-Keras, or `(inputs, mask)`, those of Keras 3. It runs only where a subclass
        overrides it or `_calculate_mean_and_var`.
        """
        if not isinstance(reduction_axes, (list, tuple)):
            mask = reduction_axes if mask is None else mask
            axes = self._torchkeras.derived.axes
            reduction_axes = [axis for axis in range(inputs.dim()) if axis not in axes]
        masks = () if mask is None else (mask,)
        return self._calculate_mean_and_var(inputs, reduction_axes, keep_dims, *masks)

    def _calculate_mean_and_var(
        self, inputs: torch.Tensor, reduction_axes: Any, keep_dims: bool, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and biased variance over some axes. A subclass may override it, as in TF-Keras."""
        return moments_over(inputs, reduction_axes, keep_dims, mask)

    def _torchkeras_known_updates(self, node: Node) -> list[RecordedUpdate] | None:
        inputs = tuple(node.keras_inputs)
        if any(0 in tensor.shape for tensor in inputs):
            return None
        counts = [] if self.momentum is not None else [RecordedUpdate(lambda: _count_batch(self), self, ())]
        return [*(RecordedUpdate(_runs_in_calls, self, inputs) for _ in range(2)), *counts]

    def _torchkeras_explain_missing(self, name: str) -> Any:
        own, where = _NAMES_OF_TORCH.get(name), f"{self.name} ({type(self).__name__}): no attribute {name!r}."
        if own is not None:
            raise AttributeError(f"{where} Here, it is {own!r}.")
        if name == "num_features":
            raise AttributeError(
                f"{where} torch.nn.SyncBatchNorm.convert_sync_batchnorm, which reads it, cannot convert this layer: "
                "write BatchNormalization(synchronized=True), or set layer.synchronized = True."
            )
        return super()._torchkeras_explain_missing(name)


def _without_fused(layer: BatchNormalization, kwargs: dict[str, Any]) -> dict[str, Any]:
    fused = kwargs.pop("fused", None)
    if not (fused is None or isinstance(fused, bool)):
        raise ValueError(f"{type(layer).__name__}: fused must be True, False or None. Received: fused={fused!r}.")
    return kwargs


def _fitting_mask(layer: BatchNormalization, mask: Any, inputs: torch.Tensor) -> torch.Tensor:
    mask = torch.as_tensor(mask, device=inputs.device)
    if mask.dim() != inputs.dim() - 1:
        raise ValueError(
            f"{layer.name}: the mask must have one axis less than the inputs, which are {tuple(inputs.shape)}. "
            f"Received: a mask of shape {tuple(mask.shape)}."
        )
    return mask


def _add_statistic(layer: BatchNormalization, name: str, shape: Shape) -> torch.Tensor:
    return layer.add_weight(
        name,
        shape,
        initializer=getattr(layer, f"{name}_initializer"),
        trainable=False,
        synchronization=VariableSynchronization.ON_READ,
        aggregation=VariableAggregation.MEAN,
        autocast=False,
    )


def _with_channels_second(
    layer: BatchNormalization,
    inputs: torch.Tensor,
    normalize: Callable[[BatchNormalization, torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """Normalize the inputs with the channels second, as torch needs them. Channels that are last are not copied.

    On a CPU, torch is faster for rows than for images whose channels are last in memory: 7 µs instead of 19 for one
    image of 16×16×32 in inference, and a sixth of the backward pass for larger ones.
    """
    channels: Channels = layer._torchkeras.derived
    # For images whose batch or side is 1, torch 2.13 may mistake the memory format for another one in the backward
    # pass, and compute wrong gradients: those are treated as rows.
    is_image = inputs.dim() in _NDIMS_OF_IMAGES
    is_plain = len(channels.axes) == 1 and not (is_image and _has_single_side(channels.axes, inputs))
    if channels.axes == (1,) and is_plain:
        return normalize(layer, inputs)
    if not channels.are_last:
        last = tuple(range(inputs.dim() - len(channels.axes), inputs.dim()))
        moved = inputs.movedim(channels.axes, last)
        return normalize(layer, moved.reshape(-1, channels.count)).view(moved.shape).movedim(last, channels.axes)
    if is_plain and is_image and not (inputs.is_cpu and inputs.is_contiguous()):
        return normalize(layer, inputs.movedim(inputs.dim() - 1, 1)).movedim(1, inputs.dim() - 1)
    return normalize(layer, inputs.reshape(-1, channels.count)).view(inputs.shape)


def _has_single_side(axes: tuple[int, ...], inputs: torch.Tensor) -> bool:
    shape, axis = inputs.shape, axes[0]
    return 1 in shape and may_need_gradients() and 1 in (*shape[:axis], *shape[axis + 1 :])


def _by_moving_statistics(layer: BatchNormalization, inputs: torch.Tensor) -> torch.Tensor:
    names = ("moving_mean", "moving_variance", "gamma", "beta")
    mean, variance, gamma, beta = (_vector(layer, name) for name in names)
    dtype = inputs.dtype
    if dtype is not mean.dtype and not (dtype in _HALF and mean.dtype is torch.float32):
        inputs, mean, variance, gamma, beta = in_one_dtype(layer, inputs, mean, variance, gamma, beta)
    return F.batch_norm(inputs, mean, variance, gamma, beta, eps=layer.epsilon)


def _by_batch_statistics(layer: BatchNormalization, inputs: torch.Tensor) -> torch.Tensor:
    gamma, beta = _vector(layer, "gamma"), _vector(layer, "beta")
    moving_mean, moving_variance = _vector(layer, "moving_mean"), _vector(layer, "moving_variance")
    count, share = inputs.numel() // layer._torchkeras.derived.count, _share_of_batch(layer)
    # Torch divides the moving variance by count - 1, Keras by count: it is scaled to torch's definition and back,
    # by additions, which cost half as much.
    variance = moving_variance.add(moving_variance, alpha=1 / (count - 1))
    computes_in_full = _computes_in_full(inputs.dtype, moving_mean.dtype)
    in_kernel = computes_in_full and len(layer._torchkeras.derived.axes) == 1 and can_update_in_kernel()
    # Torch's kernel updates the mean, or a copy of it, which becomes the moving mean only if the update runs. With
    # `.data`, because autograd would forbid changes of the mean before the backward pass, which does not read it.
    mean = moving_mean.data if in_kernel else moving_mean.clone()
    if not computes_in_full:
        inputs, mean, variance, gamma, beta = in_one_dtype(layer, inputs, mean, variance, gamma, beta)
    is_cudnn_on = torch.backends.cudnn.enabled
    outputs = torch.batch_norm(inputs, gamma, beta, mean, variance, True, share, layer.epsilon, is_cudnn_on)
    if in_kernel:
        torch.autograd.graph.increment_version(moving_mean)
        torch.sub(variance, variance, alpha=1 / count, out=moving_variance)
    else:
        layer.add_update(lambda: _move(layer, "moving_mean", mean))
        layer.add_update(lambda: _move(layer, "moving_variance", variance.sub(variance, alpha=1 / count)))
    if layer.momentum is None:
        layer.add_update(lambda: _count_batch(layer))
    return outputs


def _share_of_batch(layer: BatchNormalization) -> float:
    """Return how much a batch counts in the moving statistics."""
    return 1 - layer.momentum if layer.momentum is not None else 1 / (layer._torchkeras.derived.averaged + 1)


def _runs_in_calls() -> None:
    """Stand for an update that needs a batch, which nobody can run by itself."""


def _count_batch(layer: BatchNormalization) -> None:
    layer._torchkeras.derived.averaged += 1


def _by_moments(
    layer: BatchNormalization, inputs: torch.Tensor, mask: torch.Tensor | None, moments: Callable[..., Any]
) -> torch.Tensor:
    """Normalize step by step where torch's kernel cannot: with a mask, one value per channel, or several processes."""
    values, gamma, beta = in_one_dtype(layer, inputs, weight_of(layer, "gamma"), weight_of(layer, "beta"))
    if layer._torchkeras_facts.overrides & _MOMENTS:
        moments = functools.partial(own_moments, layer)
    mean, variance = moments(values, mask, layer._torchkeras.derived.axes)
    share = _share_of_batch(layer)
    layer.add_update(lambda: _follow(layer, "moving_mean", mean, share))
    layer.add_update(lambda: _follow(layer, "moving_variance", variance, share))
    if layer.momentum is None:
        layer.add_update(lambda: _count_batch(layer))
    scale = torch.rsqrt(variance + layer.epsilon)
    scale = scale if gamma is None else scale * gamma.view(scale.shape)
    outputs = (values - mean) * scale
    return outputs if beta is None else outputs + beta.view(scale.shape)


def _follow(layer: BatchNormalization, name: str, of_batch: torch.Tensor, share: float) -> None:
    moving = _vector(layer, name)
    _move(layer, name, moving + (of_batch.detach().flatten() - moving) * share)


def _move(layer: BatchNormalization, name: str, value: torch.Tensor) -> None:
    # Into the weight itself, because for several axes the vector may be a copy.
    weight = weight_of(layer, name)
    weight.copy_(value.view(weight.shape))


def _vector(layer: BatchNormalization, name: str) -> Any:
    weight = weight_of(layer, name)
    return weight if weight is None or weight.dim() == 1 else weight.flatten()


def _one_value_moments(values: torch.Tensor, mask: None, axes: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    return values, torch.zeros_like(values)


def _computes_in_full(dtype: torch.dtype, statistics: torch.dtype) -> bool:
    """Whether torch computes a batch's statistics in float32 or more: for half precision, only if they are float32."""
    return statistics is torch.float32 if dtype in _HALF else dtype is statistics
