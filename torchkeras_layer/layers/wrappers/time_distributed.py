"""How is a layer applied to every step of a sequence, and when can it be applied to all steps at once?"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import torch
from torch import nn

from torchkeras_layer._shapes import Shape, map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.weight_lists import layers_in, modules_in
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import cast_output
from torchkeras_layer.layers.core.function_layers import Lambda
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.layers.core.torch_module_config import is_of_torch
from torchkeras_layer.layers.normalization import BatchNormalization
from torchkeras_layer.layers.wrappers.spectral_normalization import SpectralNormalization
from torchkeras_layer.layers.wrappers.wrapper import Wrapper, without_steps
from torchkeras_layer.symbolic import KerasTensor
from torchkeras_layer.symbolic.input_spec import TensorSpec

Answer = Literal["always", "in inference", "not known"]

_IN_INFERENCE_ONLY: tuple[type[nn.Module], ...] = (
    BatchNormalization,
    SpectralNormalization,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
)
# Layers that run an arbitrary function, and modules whose arguments determine the batch axis.
_UNKNOWN: tuple[type[nn.Module], ...] = (
    Lambda,
    TorchFunction,
    nn.RNNBase,
    nn.MultiheadAttention,
    nn.EmbeddingBag,
)
_AXES = ("axis", "dim", "start_dim")


@dataclasses.dataclass(slots=True)
class BuiltFor:
    """When the layer inside computes each sample of a batch independently; found by the build."""

    samples_apart: Answer


@catalog.register()
class TimeDistributed(Wrapper, builds_only_inside=True):
    """Apply a layer to each step of a sequence, with the same weights.

    A layer that computes each sample independently, as most built-in layers and the common modules of `torch.nn` do, is
    called once on all steps as one batch. Others are called step by step, as in Keras 3: in training, layers that use
    statistics of the batch or have a seed; in both modes, user-defined classes and functions.

    Shapes: (batch, steps, …) -> (batch, steps, …), for a layer from (batch, …) to (batch, …). For layers with several
    inputs or outputs, these are structures of such tensors. The mask of the output is that of the inputs; a layer that
    takes a mask is given the part of it for its step.

    Args:
        layer: a layer, or a plain `nn.Module`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `layer` is neither, the rank of an input is below 3, or the shape of a mask does not begin with
            (batch, steps).

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.TimeDistributed(keras.layers.Conv2D(8, 3))
    >>> layer(torch.ones(2, 10, 32, 32, 3)).shape
    torch.Size([2, 10, 30, 30, 8])
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        """Build the layer for the shape of one step."""
        if not self.layer.built:
            # If the layer is built, the shape may be that of a step: configs of TF-Keras contain such shapes.
            super().build(map_shapes(lambda shape: _shape_to_build_for(self, shape), input_shape))
        # After the build, the layer inside does not change.
        self._torchkeras.derived = BuiltFor(computes_samples_apart(self.layer))

    def call(self, inputs: Any, training: Any = None, mask: torch.Tensor | None = None) -> Any:
        """Return the outputs of the layer for all steps.

        Args:
            inputs: a tensor (batch, steps, …), or a nested structure of such tensors.
            mask: (batch, steps, …), true for entries that count.
        """
        if mask is None and isinstance(inputs, torch.Tensor) and not _goes_step_by_step(self, training):
            # The general path takes a third longer for a small Dense.
            if inputs.dim() < 3:
                without_steps(self, inputs.shape)
            outputs = self.layer(inputs.flatten(0, 1))
            return map_leaves(lambda tensor: _with_steps(self, tensor, *inputs.shape[:2]), outputs)
        return _call_on_any(self, inputs, training, mask)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output shape of the layer for one step, with the axis of steps inserted.

        Raises:
            ValueError: if the rank of a shape is below 3.
        """
        outputs = self.layer.compute_output_shape(map_shapes(lambda shape: without_steps(self, shape), input_shape))
        return map_shapes(lambda shape: (shape[0], _steps_in(input_shape), *shape[1:]), outputs)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec`(s) of the layer's output for one step, with the axis of steps inserted."""
        steps = leaves(input_signature)[0].shape[1]
        of_step = map_leaves(lambda spec: TensorSpec(without_steps(self, spec.shape), spec.dtype), input_signature)
        outputs = self.layer.compute_output_signature(of_step)

        def with_steps(spec: TensorSpec) -> TensorSpec:
            is_cast = all(dtype.startswith(("float", "bfloat")) for dtype in (spec.dtype, self.compute_dtype))
            dtype = self.compute_dtype if is_cast else spec.dtype
            return TensorSpec((spec.shape[0], steps, *spec.shape[1:]), dtype)

        return map_leaves(with_steps, outputs)


def computes_samples_apart(module: nn.Module) -> Answer:
    """Return when a module, with all modules inside it, computes each sample of a batch independently of the others.

    This is known for built-in layers and the common classes of `torch.nn`. Random numbers count as independent unless
    there is a seed.

    >>> from torchkeras_layer.layers import Dense
    >>> computes_samples_apart(Dense(3)), computes_samples_apart(BatchNormalization()), computes_samples_apart(Layer())
    ('always', 'in inference', 'not known')
    """
    answers = {_answer_for(inner) for inner in modules_in(module)}
    return "not known" if "not known" in answers else "in inference" if "in inference" in answers else "always"


def _answer_for(module: nn.Module) -> Answer:
    is_ours = type(module).__module__.startswith("torchkeras_layer.") and type(module) is not Layer
    if not (is_ours or is_of_torch(module)) or isinstance(module, _UNKNOWN):
        return "not known"
    if isinstance(module, Layer) and (module._torchkeras.stateful or _has_fixed_batch(module)):
        return "not known"
    if getattr(module, "time_major", False) or not all(map(_is_within_a_sample, _axes_of(module))):
        return "not known"
    draws_for_all = getattr(module, "seed", None) is not None or getattr(module, "noise_shape", None) is not None
    return "in inference" if draws_for_all or isinstance(module, _IN_INFERENCE_ONLY) else "always"


def _has_fixed_batch(layer: Layer) -> bool:
    """Whether a layer is a model whose inputs have a fixed batch size."""
    return any(
        isinstance(one, KerasTensor) and one.shape[:1] != (None,) for one in leaves(getattr(layer, "inputs", []))
    )


def _axes_of(module: nn.Module) -> list[Any]:
    given = [getattr(module, name) for name in _AXES if hasattr(module, name)]
    return [axis for value in given for axis in (value if isinstance(value, (list, tuple)) else [value])]


def _is_within_a_sample(axis: Any) -> bool:
    """Whether an axis cannot be the batch axis; negative ones other than -1 may be."""
    return axis == -1 or (isinstance(axis, int) and axis > 0)


def _shape_to_build_for(layer: TimeDistributed, input_shape: Shape) -> Shape:
    """Return the shape of a step, with a free batch size unless the layer keeps states: all steps may be one batch."""
    step = without_steps(layer, input_shape)
    keeps_states = any(inner._torchkeras.stateful for inner in layers_in(layer.layer))
    return step if keeps_states else (None, *step[1:])


def _goes_step_by_step(layer: TimeDistributed, training: Any) -> bool:
    samples_apart = layer._torchkeras.derived.samples_apart
    # In a dry run only shapes matter, and the number of steps may be free.
    if samples_apart == "always" or per_thread.context.is_tracing:
        return False
    return bool(training) or samples_apart != "in inference"


def _call_on_any(layer: TimeDistributed, inputs: Any, training: Any, mask: torch.Tensor | None) -> Any:
    """Call the layer inside on inputs of any structure, with or without a mask."""
    for tensor in leaves(inputs):
        without_steps(layer, tensor.shape)
    batch, steps = leaves(inputs)[0].shape[:2]
    if mask is not None:
        _check_mask(layer, mask, batch, steps)
        mask = mask if layer.layer._torchkeras.signature.takes_mask else None
    if _goes_step_by_step(layer, training) and steps != 0:
        return _call_step_by_step(layer, inputs, mask, steps)
    given = {} if mask is None else {"mask": mask.flatten(0, 1)}
    outputs = layer.layer(map_leaves(lambda tensor: tensor.flatten(0, 1), inputs), **given)
    return map_leaves(lambda tensor: _with_steps(layer, tensor, batch, steps), outputs)


def _call_step_by_step(layer: TimeDistributed, inputs: Any, mask: torch.Tensor | None, steps: int) -> Any:
    def step(index: int) -> Any:
        given = {} if mask is None else {"mask": mask[:, index]}
        return layer.layer(map_leaves(lambda tensor: tensor[:, index], inputs), **given)

    return map_leaves(lambda *parts: _cast(layer, torch.stack(parts, 1)), *map(step, range(steps)))


def _with_steps(layer: TimeDistributed, outputs: torch.Tensor, batch: Any, steps: Any) -> torch.Tensor:
    return _cast(layer, outputs).view(batch, steps, *outputs.shape[1:])


def _cast(layer: TimeDistributed, outputs: torch.Tensor) -> torch.Tensor:
    is_cast = outputs.dtype is layer._torchkeras.compute_dtype or not outputs.is_floating_point()
    return outputs if is_cast else cast_output(layer, outputs)


def _steps_in(input_shape: Any) -> int | None:
    found: list[Shape] = []
    map_shapes(found.append, input_shape)
    return found[0][1]


def _check_mask(layer: TimeDistributed, mask: Any, batch: Any, steps: Any) -> None:
    if not isinstance(mask, torch.Tensor):
        raise ValueError(f"{layer.name}: the mask must be a tensor. Received: mask={mask!r}.")
    if mask.dim() < 2 or mask.shape[0] != batch or mask.shape[1] != steps:
        raise ValueError(
            f"{layer.name}: the shape of the mask must begin with (batch, steps), here ({batch}, {steps}). "
            f"Received: a mask of shape {tuple(mask.shape)}."
        )
