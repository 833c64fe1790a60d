"""Which shapes and dtypes does a layer give, for given ones of its inputs?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer.building import Building
from torchkeras_layer.layer.collections import is_weight
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.dry_run import DryRun
from torchkeras_layer.layer.state import LayerState
from torchkeras_layer.layer.walk import layers_in
from torchkeras_layer.symbolic.shape_inference import infer_output
from torchkeras_layer.symbolic.tensor_spec import TensorSpec
from torchkeras_layer.symbolic.tracing_errors import in_our_words


class ShapeInference(Building):
    """`compute_output_shape` and `compute_output_signature`."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape(s) that the layer gives for inputs of the given shape(s); `None` is a free dimension.

        Found by running the layer, in inference mode, on tensors without data. Builds the layer if it is not built.

        Raises:
            NotImplementedError: if `call` cannot run without data, or the layer is dynamic; then define this method.

        >>> import torchkeras_layer as keras
        >>> class Pairs(keras.Layer):
        ...     def call(self, inputs):
        ...         return inputs.reshape(inputs.shape[0], -1, 2)
        >>> Pairs().compute_output_shape((None, 6))
        (None, 3, 2)
        """
        specs = map_shapes(lambda shape: TensorSpec(shape, self._input_dtype()), input_shape)
        return map_leaves(lambda spec: spec.shape, self._infer_output(specs))

    def get_input_shape_for(self, input_shape: Any) -> Any:
        """Return `compute_output_shape(input_shape)`: the name of Keras 1."""
        return self.compute_output_shape(input_shape)

    def _compute_output_shape(self, input_shape: Any) -> Any:
        return self.compute_output_shape(input_shape)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec`(s) that the layer gives for inputs of the given ones.

        Raises:
            TypeError: if `input_signature` holds anything but `TensorSpec`s.
            NotImplementedError: as `compute_output_shape`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2).compute_output_signature(keras.TensorSpec((None, 3)))
        TensorSpec(shape=(None, 2), dtype='float32')
        """
        for spec in leaves(input_signature):
            if not isinstance(spec, TensorSpec):
                raise TypeError(f"{self._name}: compute_output_signature takes TensorSpecs. Received: {spec!r}.")
        if type(self).compute_output_shape is ShapeInference.compute_output_shape:
            return self._infer_output(input_signature)
        shapes = self.compute_output_shape(map_leaves(lambda spec: spec.shape, input_signature))
        return map_shapes(lambda shape: TensorSpec(shape, self._policy.compute), shapes)

    def _call_for_inference(self, inputs: Any) -> Any:
        context = per_thread.context
        outer, context.training = context.training, False
        tracing, context.is_tracing = context.is_tracing, True
        try:
            return self(inputs)
        finally:
            context.training, context.is_tracing = outer, tracing

    def _device_inside(self) -> torch.device | None:
        """Return the device of the first weight in here; `None` if there is none yet."""
        weights = [*self.parameters(), *self.buffers()]
        return next((weight.device for weight in weights if is_weight(weight)), self._pinned_device)

    def _layers_inside(self) -> Iterator[LayerState]:
        return layers_in(self)

    def _input_dtype(self) -> torch.dtype:
        return self._policy.compute

    def _infer_output(self, input_specs: Any) -> Any:
        if any(layer._dynamic for layer in layers_in(self)):
            raise NotImplementedError(
                f"{self._name}: a dynamic layer is never traced. Define compute_output_shape(input_shape) in its class."
            )
        if not self._built:
            self.build(map_leaves(lambda spec: spec.shape, input_specs))
        try:
            with DryRun(self):
                return infer_output(self._call_for_inference, input_specs, self._device_inside())
        except Exception as error:
            raise self._untraceable(error) from error

    def _untraceable(self, error: Exception) -> NotImplementedError:
        return NotImplementedError(
            f"{self._name} ({type(self).__name__}): its output shape cannot be found by running call() on tensors "
            f"without data: {in_our_words(error)}. Define "
            "compute_output_shape(input_shape) in the class."
        )
