"""How is a model that is made of a graph called?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.dry_run import SymbolicRun
from torchkeras_layer.layer.dtypes import as_tensor
from torchkeras_layer.layer.masking import mask_of
from torchkeras_layer.models.graphs import connect_again, layer_under, state_of
from torchkeras_layer.symbolic import is_symbolic
from torchkeras_layer.symbolic.shape_inference import Inferred


class GraphCalls(Layer):
    """The side of a model that has to do with calls of its graph."""

    def __getattr__(self, name: str) -> Any:
        """Find layers first: generated code reads little else, and for small layers it is what a call costs."""
        modules = self.__dict__.get("_modules")
        return modules[name] if modules is not None and name in modules else super().__getattr__(name)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Run the graph; a model without one defines `call` itself.

        Args:
            inputs: tensors in the structure of the model's inputs; a dict may name them, a list give them in the order
                of `inputs`.
            mask: masks of the inputs, in the same structure, in place of those that they carry; `None`: none.

        Raises:
            ValueError: if inputs are missing, too many, or do not fit.
            NotImplementedError: if the model has no graph.
        """
        state = state_of(self)
        wiring = state.wiring
        if wiring is None:
            raise NotImplementedError(
                f"{self.name}: a model needs a graph, `Model(inputs, outputs)`, or a class that defines `call`."
            )
        if state.adapter.accepts_as_it_is(inputs, mask, state.input_dtypes[0]):  # type: ignore[union-attr]
            return wiring.run(self, inputs)
        return wiring.run(self, *adapted(self, inputs, mask))

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that a model without graph was built with; a graph has its own."""
        return super().get_build_config() if state_of(self).wiring is None else None

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        connect_again(self)

    def _torchkeras_infer(
        self, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Inferred, SymbolicRun | None]:
        # For inputs such as the model was made of, what comes out is known.
        wiring = state_of(self).wiring
        runs_its_graph = type(self).call is GraphCalls.call and wiring is not None
        if runs_its_graph and not args and not kwargs and _is_as_made(self, inputs):
            outputs = wiring.outputs  # type: ignore[union-attr]
            specs = map_leaves(lambda tensor: tensor.spec, outputs)
            return Inferred(specs, [tensor._mask_spec for tensor in leaves(outputs)]), None
        return super()._torchkeras_infer(outer, inputs, args, kwargs)


def adapted(model: Any, inputs: Any, mask: Any) -> list[torch.Tensor]:
    """Return the inputs of a call as the tensors that the model's graph takes, flat, with their masks.

    Raises:
        ValueError: if inputs are missing, too many, or do not fit.
    """
    state = state_of(model)
    adapter: Any = state.adapter
    flat = [as_tensor(model, leaf) for leaf in adapter.flatten(inputs)]
    masks = [None] * len(flat) if mask is None else adapter.flatten(mask)
    fitted = [adapter.conform(leaf, i, state.input_dtypes[i]) for i, leaf in enumerate(flat)]
    return [_with_mask(*pair) for pair in zip(fitted, masks, strict=True)]


def _is_as_made(model: Any, inputs: Any) -> bool:
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


def _with_mask(tensor: torch.Tensor, mask: Any) -> torch.Tensor:
    if mask_of(tensor) is mask:
        return tensor
    # Another view of the data, so that the caller's tensor keeps what it carries.
    seen = tensor.view_as(tensor)
    if mask is not None:
        seen._keras_mask = mask  # type: ignore[attr-defined]
    return seen
