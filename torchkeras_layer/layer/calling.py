"""What happens around a layer's `call`?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._autograd import in_backward
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.compiler import is_compiler_about, outside_of_compiler
from torchkeras_layer.layer.context import CallContext, per_thread
from torchkeras_layer.layer.dtypes import Dtypes
from torchkeras_layer.layer.losses import Losses, call_state
from torchkeras_layer.layer.masking import MaskPassing
from torchkeras_layer.layer.route import Route
from torchkeras_layer.layer.state import LayerState
from torchkeras_layer.layer.symbolic_calls import SymbolicCalls
from torchkeras_layer.symbolic.input_spec import check_input_spec, describe
from torchkeras_layer.symbolic.keras_tensor import any_symbolic


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


_MISSING: Any = _Missing()
_is_traced = torch.compiler.is_dynamo_compiling


class Calling(SymbolicCalls, Dtypes, MaskPassing, Losses):
    """The pipeline. `nn.Module.__call__` stays torch's, so that hooks, compile, export and fx know nothing of us."""

    def forward(self, inputs: Any = _MISSING, /, *args: Any, **kwargs: Any) -> Any:
        """Run the layer: torch calls this from `layer(inputs)`. Layers define `call` instead.

        Raises:
            ValueError: if there are no inputs, they do not fit `input_spec`, or `call` returns `None`.
        """
        context, route = per_thread.context, self._call_route
        outer = context.layer
        traced = outer is None and _is_traced()
        if outer is None and not traced and route.has_recorded:
            self._begin_recording(context, inputs, args, kwargs)
        context.layer = self
        try:
            # Written out, because it is the whole cost of a small layer: a built layer that wants nothing but its
            # inputs, on one tensor in the right dtype without a mask; or on a list of such tensors.
            if (
                route.is_direct
                and not (args or kwargs)
                and (
                    (
                        isinstance(inputs, Tensor)
                        and (inputs.dtype is route.dtype or not route.casts)
                        and getattr(inputs, "_keras_mask", None) is None
                        and (route.input_spec is None or route.input_spec.accepts(inputs))
                    )
                    or (type(inputs) is list and route.input_spec is None and _are_plain(inputs, route))
                )
            ):
                if route.passes_training:
                    outputs = self.call(inputs, training=self._training_mode(context))
                else:
                    outputs = self.call(inputs)
            else:
                outputs = self._call_in_full(context, outer, inputs, args, kwargs)
        except Exception as error:
            _tell_where(error, f"{self.__dict__.get('_name')} ({type(self).__name__})", inputs, args, kwargs)
            raise
        finally:
            context.layer = outer
            if outer is None and (context.recording is not None or traced):
                self._end_recording(context)
        if outputs is None:
            raise ValueError(self._gave_nothing())
        return outputs

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute the layer's outputs: override it. Here: return the inputs.

        A `call` that names `training` gets the mode, one that names `mask` gets the inputs' mask.
        """
        return inputs

    def _call_in_full(
        self,
        context: CallContext,
        outer: LayerState | None,
        inputs: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        if inputs is _MISSING:
            inputs = self._take_first_argument(kwargs)
        inputs = self._as_tensors(inputs)
        if any_symbolic(inputs, args, kwargs):
            return self._call_symbolically(outer, inputs, args, kwargs)
        check_input_spec(self._input_spec, inputs, self._name)
        if not self._built:
            if _is_traced() and not self._creates_weights:
                self._build_in_trace(inputs, args, kwargs, outer)
            elif is_compiler_about():
                outside_of_compiler(self._build_for_call, inputs, args, kwargs, outer)
            else:
                self._build_for_call(inputs, args, kwargs, outer)
            check_input_spec(self._input_spec, inputs, self._name)
        mask = self._choose_mask(inputs, args, kwargs)
        inputs = self._cast_inputs(inputs)
        outer_training = context.training
        args, kwargs = self._fill_in(context, mask, args, kwargs)
        hidden = self._cast_hidden_weights() if self._casts_weights else {}
        try:
            if self._dynamic and is_compiler_about():
                outputs = outside_of_compiler(self.call, inputs, *args, **kwargs)
            else:
                outputs = self.call(inputs, *args, **kwargs)
        finally:
            context.training = outer_training
            if hidden:
                # Only then, because torch.compile did not follow it before torch 2.12.
                self.__dict__.update(hidden)
        self._add_activity_loss(outputs)
        self._attach_mask(inputs, mask, outputs)
        return outputs

    def _gave_nothing(self) -> str:
        what = f"call() of {type(self).__name__}"
        return f"{self._name}: {what} must return a tensor or a structure of tensors. Received: None."

    def _fill_in(
        self, context: CallContext, mask: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Give `call` the mode and the mask if it wants them, and tell the mode to the layers called inside."""
        signature = self._call_signature
        explicit = signature.argument("training", args, kwargs)
        if explicit is not None:
            context.training = explicit
        by_position = "training" in signature.positional and signature.positional.index("training") < len(args)
        if signature.takes_training and not by_position:
            kwargs["training"] = self._training_mode(context)
        elif by_position:
            args = self._with_training(args, self._training_mode(context))
        else:
            kwargs.pop("training", None)
        if signature.takes_mask and not signature.is_given("mask", args, kwargs):
            kwargs["mask"] = mask
        return args, kwargs

    def _training_mode(self, context: CallContext) -> Any:
        """Return what `training` is: as given to this or an outer call, else the module's own flag."""
        inherited = context.training
        if not _is_traced():
            state = call_state(self)
            if inherited is None and in_backward():
                # Checkpointing runs the call again without the outer one, and must run it in the same mode.
                inherited = state.training
            state.training = inherited
        return self.training if inherited is None else inherited

    def _with_training(self, args: tuple[Any, ...], training: Any) -> tuple[Any, ...]:
        index = self._call_signature.positional.index("training")
        return (*args[:index], training, *args[index + 1 :])

    def _add_activity_loss(self, outputs: Any) -> None:
        regularizer = self._activity_regularizer
        if regularizer is None:
            return
        for output in leaves(outputs):
            if isinstance(output, Tensor):
                loss = torch.as_tensor(regularizer(output))
                size = output.shape[0] if output.dim() else 1
                self.add_loss(loss / size if size else torch.zeros_like(loss), inputs=output)


def _are_plain(inputs: list[Any], route: Route) -> bool:
    """Whether all of a list are tensors in the right dtype without a mask."""
    return all(
        isinstance(tensor, Tensor)
        and (tensor.dtype is route.dtype or not route.casts)
        and getattr(tensor, "_keras_mask", None) is None
        for tensor in inputs
    )


def _tell_where(error: Exception, where: str, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Add to an error in which layer, and on what, it happened; its class and message stay."""
    named = [describe((inputs, *args)), *(f"{name}={describe(value)}" for name, value in kwargs.items())]
    note = f"In {where}, called on: {', '.join(named)}"
    add_note = getattr(error, "add_note", None)  # Python 3.11
    if add_note is not None:
        add_note(note)
    elif error.args and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]}\n{note}", *error.args[1:])
