"""How is a layer applied to every step of a sequence?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape, map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import cast_output
from torchkeras_layer.layers.wrappers.sample_wise import computes_samples_apart
from torchkeras_layer.layers.wrappers.wrapper import Wrapper, without_steps
from torchkeras_layer.symbolic.input_spec import TensorSpec


@catalog.register()
class TimeDistributed(Wrapper):
    """Apply a layer to each step of a sequence, with the same weights.

    A layer that computes each sample by itself gets all steps at once, as one batch: so do the built-in layers and the
    common modules of `torch.nn`. Others are called step by step, as Keras 3 calls all of them: in training those that
    use the statistics of a batch, or numbers from a seed; classes of your own and functions always.

    Shapes: (batch, steps, …) -> (batch, steps, …), for a layer that takes (batch, …) to (batch, …). Layers with several
    inputs or outputs get and give structures of such tensors. The mask of the output is that of the inputs, and a layer
    that takes a mask gets the part of it for its step.

    Args:
        layer: the layer, or a plain `nn.Module`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `layer` is neither, the inputs have fewer than 3 axes, or a mask does not begin with
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
            # Otherwise the shape may be that of a step: TF-Keras writes it so, and builds the layer before.
            super().build(map_shapes(self._shape_to_build_for, input_shape))
        # What the layer consists of does not change from here on.
        self._samples_apart = computes_samples_apart(self.layer)

    def _shape_to_build_for(self, input_shape: Shape) -> Shape:
        """Return the shape of a step; its batch is that of all steps too, so that only states have a size for it."""
        step = without_steps(self, input_shape)
        keeps_states = any(isinstance(inner, Layer) and inner._torchkeras.stateful for inner in self.layer.modules())
        return step if keeps_states else (None, *step[1:])

    def call(self, inputs: Any, training: Any = None, mask: torch.Tensor | None = None) -> Any:
        """Return what the layer gives for each step."""
        if mask is None and isinstance(inputs, torch.Tensor) and not self._must_go_step_by_step(training):
            # The general way took a third of the time of a small Dense more.
            if inputs.dim() < 3:
                without_steps(self, inputs.shape)
            outputs = self.layer(inputs.flatten(0, 1))
            return map_leaves(lambda tensor: self._with_steps(tensor, *inputs.shape[:2]), outputs)
        return self._call_on_any(inputs, training, mask)

    def _call_on_any(self, inputs: Any, training: Any, mask: torch.Tensor | None) -> Any:
        for tensor in leaves(inputs):
            without_steps(self, tensor.shape)
        batch, steps = leaves(inputs)[0].shape[:2]
        if mask is not None:
            self._check_mask(mask, batch, steps)
            mask = mask if self.layer._torchkeras.signature.takes_mask else None
        if self._must_go_step_by_step(training) and steps != 0:
            return self._step_by_step(inputs, mask, steps)
        given = {} if mask is None else {"mask": mask.flatten(0, 1)}
        outputs = self.layer(map_leaves(lambda tensor: tensor.flatten(0, 1), inputs), **given)
        return map_leaves(lambda tensor: self._with_steps(tensor, batch, steps), outputs)

    def _with_steps(self, outputs: torch.Tensor, batch: Any, steps: Any) -> torch.Tensor:
        return self._cast(outputs).view(batch, steps, *outputs.shape[1:])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return what the layer gives for the shape of one step, with the steps put back.

        Raises:
            ValueError: if a shape has fewer than 3 axes.
        """
        outputs = self.layer.compute_output_shape(map_shapes(lambda shape: without_steps(self, shape), input_shape))
        return map_shapes(lambda shape: (shape[0], self._steps_in(input_shape), *shape[1:]), outputs)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec`(s) that the layer gives for one step, with the steps put back."""
        steps = leaves(input_signature)[0].shape[1]
        of_step = map_leaves(lambda spec: TensorSpec(without_steps(self, spec.shape), spec.dtype), input_signature)
        outputs = self.layer.compute_output_signature(of_step)

        def with_steps(spec: TensorSpec) -> TensorSpec:
            dtype = self.compute_dtype if spec.dtype.startswith(("float", "bfloat")) else spec.dtype
            return TensorSpec((spec.shape[0], steps, *spec.shape[1:]), dtype)

        return map_leaves(with_steps, outputs)

    def _cast(self, outputs: torch.Tensor) -> torch.Tensor:
        is_cast = outputs.dtype is self._torchkeras.compute_dtype or not outputs.is_floating_point()
        return outputs if is_cast else cast_output(self, outputs)

    def _steps_in(self, input_shape: Any) -> int | None:
        found: list[Shape] = []
        map_shapes(found.append, input_shape)
        return found[0][1]

    def _must_go_step_by_step(self, training: Any) -> bool:
        # Without data, only the shapes count, and the steps may have no number.
        if self._samples_apart == "always" or per_thread.context.is_tracing:
            return False
        return bool(training) or self._samples_apart != "in inference"

    def _step_by_step(self, inputs: Any, mask: torch.Tensor | None, steps: int) -> Any:
        def step(index: int) -> Any:
            given = {} if mask is None else {"mask": mask[:, index]}
            return self.layer(map_leaves(lambda tensor: tensor[:, index], inputs), **given)

        return map_leaves(lambda *parts: self._cast(torch.stack(parts, 1)), *map(step, range(steps)))

    def _check_mask(self, mask: Any, batch: Any, steps: Any) -> None:
        if not isinstance(mask, torch.Tensor):
            raise ValueError(f"{self.name}: a mask must be a tensor. Received: {mask!r}.")
        if mask.dim() < 2 or mask.shape[0] != batch or mask.shape[1] != steps:
            raise ValueError(
                f"{self.name}: a mask must have a shape that begins with (batch, steps), here ({batch}, {steps}). "
                f"Received: a mask of shape {tuple(mask.shape)}."
            )
