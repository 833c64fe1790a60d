"""What happens when a layer is called on symbolic tensors?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.effects import Effects, SymbolicRun
from torchkeras_layer.layer.shapes import ShapeInference
from torchkeras_layer.layer.state import LayerState
from torchkeras_layer.symbolic.input_spec import check_input_spec
from torchkeras_layer.symbolic.keras_tensor import KerasTensor, is_symbolic
from torchkeras_layer.symbolic.node import Node, node_of
from torchkeras_layer.symbolic.shape_inference import infer
from torchkeras_layer.symbolic.tensor_spec import TensorSpec
from torchkeras_layer.symbolic.tracing import Inferred
from torchkeras_layer.symbolic.tracing_errors import in_our_words, needs_data


class SymbolicCalls(ShapeInference):
    """The symbolic side of the pipeline: check, build, infer, and make a node last, so that no half of one stays."""

    def _call_symbolically(
        self, outer: LayerState | None, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        for tensor in filter(is_symbolic, leaves((inputs, args, kwargs))):
            node_of(tensor)
        check_input_spec(self._input_spec, inputs, self._name)
        if not self._built:
            self._build_for_call(inputs, args, kwargs, outer)
            check_input_spec(self._input_spec, inputs, self._name)
        inferred, run = self._infer_call(outer, inputs, args, kwargs)
        outputs = self._as_symbolic(inferred)
        node = Node(self, (inputs, *args), kwargs, outputs)
        if run is not None and self.training and self._trainable:
            node.effects = run.effects_at(node)
        self._call_route.has_recorded = True
        return outputs

    def _infer_call(
        self, outer: LayerState | None, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Inferred, SymbolicRun | None]:
        """Return what comes out: by arithmetic where the layer has it right, else by a run without data."""
        tensors = [leaf for leaf in leaves((inputs, args, kwargs)) if is_symbolic(leaf)]
        is_plain = not args and kwargs.keys() <= {"training"}
        if is_plain and self._states_its_shapes and self._gives_its_dtype(inputs, tensors):
            return Inferred(*self._declared_outputs(inputs)), None
        if any(layer._dynamic for layer in self._layers_inside()):
            return Inferred(*self._declared_outputs(inputs)), None
        run = SymbolicRun(self)
        try:
            inferred = self._run_symbolically(run, outer, inputs, args, kwargs)
        except Exception as error:
            if not needs_data(error):
                # Torch knows neither layer nor free sizes; other errors are the layer's own.
                if type(error) is RuntimeError:
                    raise RuntimeError(self._fails_on(inputs, error)) from error
                raise
            if not self._declares_shapes():
                raise self._untraceable(error) from error
            return Inferred(*self._declared_outputs(inputs)), None
        self._check_declared(inputs, inferred)
        return inferred, run

    def _fails_on(self, inputs: Any, error: Exception) -> str:
        shapes = map_leaves(_shape_of, inputs)
        return f"{self._name} ({type(self).__name__}): call() fails on inputs of shape {shapes}: {in_our_words(error)}."

    def _run_symbolically(
        self, run: SymbolicRun, outer: LayerState | None, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Inferred:
        is_begun_with = [is_symbolic(leaf) for leaf in leaves((inputs, args, kwargs))]

        def call(fakes: Any) -> Any:
            run.begin([fake for fake, is_one in zip(leaves(fakes), is_begun_with, strict=True) if is_one])
            fake_inputs, fake_args, fake_kwargs = fakes
            with run.dependence:
                outputs = self(fake_inputs, *fake_args, **fake_kwargs)
            self._check_tensors(outputs)
            return outputs

        context = per_thread.context
        around, context.layer = context.layer, outer
        tracing, context.is_tracing = context.is_tracing, True
        try:
            with run:
                return infer(call, (inputs, args, kwargs), self._device_inside())
        finally:
            context.layer, context.is_tracing = around, tracing

    def _check_tensors(self, outputs: Any) -> None:
        others = [leaf for leaf in leaves(outputs) if leaf is not None and not isinstance(leaf, torch.Tensor)]
        if others:
            raise TypeError(
                f"{self._name}: call() of {type(self).__name__} must return tensors to stand in a graph. "
                f"Received: {others[0]!r}."
            )

    def _gives_its_dtype(self, inputs: Any, tensors: list[KerasTensor]) -> bool:
        """Whether arithmetic tells all: floating inputs without masks, which are cast, in the first argument only."""
        return (
            self._autocast
            and (not self._defines_mask or self._only_merges_masks)
            and len(tensors) == len(leaves(inputs))
            and all(tensor.dtype.is_floating_point and tensor._mask_spec is None for tensor in tensors)
            and all(map(is_symbolic, leaves(inputs)))
        )

    def _declares_shapes(self) -> bool:
        return type(self).compute_output_shape is not ShapeInference.compute_output_shape

    def _declared_outputs(self, inputs: Any) -> tuple[Any, list[TensorSpec | None]]:
        specs = map_leaves(lambda leaf: leaf.spec if is_symbolic(leaf) else _spec_of(leaf), inputs)
        outputs = self.compute_output_signature(specs)
        return outputs, [None] * len(leaves(outputs))

    def _check_declared(self, inputs: Any, inferred: Inferred) -> None:
        if not self._declares_shapes() or self._states_its_shapes:
            return
        declared = self.compute_output_shape(map_leaves(_shape_of, inputs))
        stated = map_shapes(lambda shape: TensorSpec(shape), declared)
        pairs = list(zip(leaves(stated), leaves(inferred.outputs), strict=False))
        if len(leaves(stated)) != len(leaves(inferred.outputs)) or not all(_agree(*pair) for pair in pairs):
            found = map_leaves(lambda spec: None if spec is None else spec.shape, inferred.outputs)
            raise ValueError(
                f"{self._name} ({type(self).__name__}): compute_output_shape() says {declared}, but call() gives "
                f"{found} for inputs of shape {map_leaves(_shape_of, inputs)}. Correct the one or the other."
            )

    def _as_symbolic(self, inferred: Inferred) -> Any:
        """Return symbolic tensors for what came out, with the masks that they will carry."""
        masks = iter(inferred.masks)

        def tensor_of(spec: TensorSpec | None) -> KerasTensor | None:
            mask = next(masks)
            return None if spec is None else KerasTensor.from_spec(spec, self._name, mask)

        return map_leaves(tensor_of, inferred.outputs)

    def _effects_of(self, node: Node) -> Effects:
        """Return what the call at a node records when the layer trains; if that is not known, it runs without data."""
        has_none = self._states_its_shapes and not self._has_effects and self._activity_regularizer is None
        if node.effects is None and not node.is_input and not has_none:
            run = SymbolicRun(self)
            inputs, *args = node.call_args
            context = per_thread.context
            training, context.training = context.training, True
            trainable, self.__dict__["_trainable"] = self._trainable, True
            try:
                self._run_symbolically(run, None, inputs, tuple(args), node.call_kwargs)
            finally:
                context.training, self.__dict__["_trainable"] = training, trainable
            node.effects = run.effects_at(node)
        return node.effects or Effects()


def _shape_of(leaf: Any) -> Any:
    return tuple(leaf.shape) if hasattr(leaf, "shape") else None


def _spec_of(leaf: Any) -> TensorSpec | None:
    return TensorSpec(leaf.shape, leaf.dtype) if hasattr(leaf, "dtype") else None


def _agree(stated: TensorSpec | None, found: TensorSpec | None) -> bool:
    """Whether two shapes can be those of one tensor: what is free in one may be known in the other."""
    if stated is None or found is None:
        return stated is found
    if len(stated.shape) != len(found.shape):
        return False
    return all(a is None or b is None or a == b for a, b in zip(stated.shape, found.shape, strict=True))
