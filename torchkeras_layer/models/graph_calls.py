"""How does a model with a graph compute its outputs, and infer their shapes?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.dry_run import Effects, SymbolicRun
from torchkeras_layer.layer.dtypes import as_tensor
from torchkeras_layer.layer.masking import mask_of
from torchkeras_layer.models.graph_effects import effects_of_graph, wiring_that_runs
from torchkeras_layer.models.graphs import connect_again, layer_under, state_of
from torchkeras_layer.symbolic import Node, is_symbolic
from torchkeras_layer.symbolic.shape_inference import Inferred


class GraphCalls(Layer):
    """The calls of a model with a graph."""

    def __getattr__(self, name: str) -> Any:
        """Look up layers first: generated code reads one for each call, which dominates the cost of small layers."""
        modules = self.__dict__.get("_modules")
        return modules[name] if modules is not None and name in modules else super().__getattr__(name)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Run the graph. A class whose models have no graph overrides this.

        Args:
            inputs: tensors in the structure of the model's inputs, a dict of them by name, or a list in the order of
                `inputs`.
            mask: masks in the same structure, which replace those that the inputs carry; `None` for no masks.

        Returns:
            The outputs, in the structure that the model was made with.

        Raises:
            ValueError: if inputs are missing, too many, or do not fit.
            NotImplementedError: if the model has no graph.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((2,), name="x")
        >>> keras.Model(x, {"double": x * 2})({"x": torch.ones(1, 2)})
        {'double': tensor([[2., 2.]])}
        """
        state = state_of(self)
        wiring = state.wiring
        if wiring is None:
            raise NotImplementedError(
                f"{self.name} ({type(self).__name__}): this model has neither a graph nor a `call`. Make it with "
                "Model(inputs, outputs), or define `call` in its class."
            )
        if state.adapter.accepts_as_it_is(inputs, mask, state.input_dtypes[0]):  # type: ignore[union-attr]
            return wiring.run(self, inputs)
        return wiring.run(self, *adapted(self, inputs, mask))

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that a model without a graph was built with; `None` for one with a graph."""
        return super().get_build_config() if state_of(self).wiring is None else None

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        connect_again(self)

    def _torchkeras_infer(
        self, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Inferred, SymbolicRun | None]:
        # For inputs like those that the model was made with, the outputs are known.
        wiring = wiring_that_runs(self)
        is_plain = not args and all(value is None for value in kwargs.values())
        if wiring is not None and is_plain and _has_original_inputs(self, inputs):
            outputs = wiring.outputs
            specs = map_leaves(lambda tensor: tensor.spec, outputs)
            return Inferred(specs, [tensor._mask_spec for tensor in leaves(outputs)]), None
        return super()._torchkeras_infer(outer, inputs, args, kwargs)

    def _torchkeras_effects_at(self, node: Node, kind: str) -> Effects:
        return effects_of_graph(self, node, kind) or super()._torchkeras_effects_at(node, kind)


def adapted(model: Any, inputs: Any, mask: Any) -> list[torch.Tensor | None]:
    """Return the inputs of a call as a flat list of the tensors that the model's graph takes, with their masks.

    An optional input may be `None`.

    Raises:
        ValueError: if inputs are missing, too many, or do not fit.
    """
    state = state_of(model)
    adapter: Any = state.adapter
    # A symbolic call has warned already.
    warns = not per_thread.context.is_tracing
    flat = [as_tensor(model, leaf) for leaf in adapter.flatten(inputs, warns)]
    masks = [None] * len(flat) if mask is None else adapter.flatten(mask, warns=False)
    fitted = [adapter.conform(leaf, i, state.input_dtypes[i]) for i, leaf in enumerate(flat)]
    return [_with_mask(*pair) for pair in zip(fitted, masks, strict=True)]


def _has_original_inputs(model: Any, inputs: Any) -> bool:
    state = state_of(model)
    adapter: Any = state.adapter
    flat = adapter.flatten(inputs)
    is_in_its_dtype = state.creation_dtype is model._torchkeras.compute_dtype
    return (
        is_in_its_dtype
        and state.wiring.has_its_layers(lambda key: layer_under(model, key))  # type: ignore[union-attr]
        and all(
            is_symbolic(t) and t.spec == s and t._mask_spec is None for t, s in zip(flat, adapter.specs, strict=True)
        )
    )


def _with_mask(tensor: Any, mask: Any) -> Any:
    if tensor is None or mask_of(tensor) is mask:
        return tensor
    # Another view of the data, so that the caller's tensor keeps its own mask.
    view = tensor.view_as(tensor)
    if mask is not None:
        view._keras_mask = mask  # type: ignore[attr-defined]
    return view
