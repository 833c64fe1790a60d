"""Which losses does a layer add, and which of them belong to the last call?"""

from __future__ import annotations

import threading
from typing import Any

import torch

from torchkeras_layer._autograd import in_backward
from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.autocasting import run_uncast
from torchkeras_layer.layer.containers import weight_spec_holders
from torchkeras_layer.layer.context import CallContext, per_thread
from torchkeras_layer.layer.graph import GraphPosition
from torchkeras_layer.layer.state import LayerState
from torchkeras_layer.layer.walk import layers_in
from torchkeras_layer.symbolic.keras_tensor import any_symbolic, symbolic_leaves


class Recording:
    """Stands for one outermost call; what it recorded counts until the same layer is called so again.

    Two booleans, and not the identity of such objects, say what is asked of one: torch.compile guards on no identity.
    """

    __slots__ = ("is_latest", "is_open")

    def __init__(self, is_open: bool = True) -> None:
        self.is_latest = True
        self.is_open = is_open


class CallState:
    """What calls in one thread have left on a layer.

    `was_called`: whether a call on real tensors was noticed: one that was outermost, or added a loss; `losses`: what it
    added; `recording`: the call that they belong to; `began`: the outermost call that it began last; `training`: the
    mode that it inherited last. Every call replaces these objects instead of emptying or counting them:
    that is what torch.compile can guard on without compiling again at each call, and what leaves other layers alone.
    """

    __slots__ = ("began", "losses", "recording", "training", "was_called")

    def __init__(self) -> None:
        self.losses: list[Any] = []
        self.recording = Recording(is_open=False)
        self.began = Recording(is_open=False)
        self.training: Any = None
        self.was_called = False


class CallStates(threading.local):
    """One `CallState` for each thread that uses a layer."""

    def __init__(self) -> None:
        self.state = CallState()

    def __reduce__(self) -> tuple[type[CallStates], tuple[()]]:
        # A copy, also a pickled one, has not been called.
        return CallStates, ()


class TracedCallStates:
    """The same for a layer that is made in a traced call, where torch.compile can make no `threading.local`."""

    def __init__(self) -> None:
        self.state = CallState()


class Losses(GraphPosition):
    """`add_loss` and `losses`."""

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add a loss, to be added to the main loss by whoever trains: `sum(model.losses)`.

        Args:
            losses: a tensor or number, a zero-argument callable, or a nested structure of them; `None` is passed over.
                In a call, what is added counts until the next one. Outside, only callables can be added; they count
                for good, as those from `build` do, and run whenever `losses` is read.
            inputs: what the losses depend on; `None` if they are to count whatever the inputs. See `get_losses_for`.

        Raises:
            ValueError: for a tensor outside a call.
            TypeError: for anything that is none of these.

        >>> import torchkeras_layer as keras
        >>> class Activity(keras.Layer):
        ...     def call(self, inputs):
        ...         self.add_loss(inputs.abs().mean())
        ...         return inputs
        >>> layer = Activity(); _ = layer(torch.ones(2)); _ = layer(-2 * torch.ones(2))
        >>> layer.losses
        [tensor(2.)]
        """
        context = per_thread.context
        added = [loss for loss in leaves(losses) if loss is not None]
        functions = [loss for loss in added if is_function(loss)]
        values = [loss for loss in added if not is_function(loss)]
        if not all(isinstance(value, (torch.Tensor, int, float)) for value in values):
            raise TypeError(f"{self._name}: add_loss takes tensors, numbers and callables. Received: {losses!r}.")
        in_call = context.layer is not None and not context.alone
        if values and not in_call:
            raise ValueError(
                f"{self._name}: outside a call, add_loss takes zero-argument callables, since a tensor would be of one "
                f"call only. Received: {losses!r}. Write `layer.add_loss(lambda: ...)`, or add it in `call`."
            )
        if context.building or not in_call:
            self._loss_functions.extend(functions)
            added = values
        if added and context.dry_run is not None:
            context.dry_run.note_losses(added, inputs is not None)
        elif added and not in_backward() and not _is_exported():
            self._record_losses(context, added)

    @property
    def losses(self) -> list[torch.Tensor]:
        """Losses of this layer and all inside: added in the last call, then callables and regularizers, evaluated now.

        A list of tensors, in the order of the layers. Regularizers of frozen layers count too. A layer that was called
        on symbolic tensors only gives symbolic losses.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5))
        >>> layer.build((None, 2)); layer.losses
        [tensor(1., grad_fn=<MulBackward0>)]
        """
        found: list[Any] = []
        for layer in layers_in(self):
            if not (call_state(self).was_called or call_state(layer).was_called):
                found += [recorded.tensor for recorded in self._symbolic_losses_of(layer)]
            found += own_losses(layer)
        return found

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Return the losses that were added for `inputs` and are computed from these symbolic tensors.

        `None` asks for those that were added without `inputs`: callables and regularizers are among them.

        Raises:
            RuntimeError: if neither the layer nor one inside was ever called on a symbolic input.
        """
        recorded = [loss for effects in self._recorded_effects("get_losses_for") for loss in effects.losses]
        if inputs is not None:
            wanted = symbolic_leaves(self._name, "get_losses_for", inputs)
            return [loss.tensor for loss in recorded if loss.follows_from(wanted)]
        unconditional: list[Any] = [loss.tensor for loss in recorded if not loss.is_conditional]
        return unconditional + [loss for layer in layers_in(self) for loss in lasting_losses(layer)]

    def _symbolic_losses_of(self, layer: Any) -> list[Any]:
        """Return the losses that symbolic calls of a layer in this one recorded."""
        return [loss for node in layer._inbound_nodes for loss in layer._effects_of(node).losses]

    def _recorded_effects(self, needing_nodes: str | None = None) -> list[Any]:
        """Return what symbolic calls of this layer and of those inside recorded; raise if a method needs one."""
        nodes = [(layer, node) for layer in layers_in(self) for node in layer._inbound_nodes]
        if needing_nodes and not nodes:
            raise RuntimeError(self._never_symbolic(needing_nodes))
        return [layer._effects_of(node) for layer, node in nodes]  # type: ignore[operator]

    def _record_losses(self, context: CallContext, losses: list[Any]) -> None:
        if context.recording is None:
            context.recording = Recording()
        mine = call_state(self)
        mine.was_called = True
        if not mine.recording.is_open:
            mine.recording = context.recording
            mine.losses = []
            self._call_route.has_recorded = True
        mine.losses.extend(losses)

    def _begin_recording(
        self, context: CallContext, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Begin an outermost call: what the last one recorded, anywhere in this layer, no longer counts."""
        if context.dry_run is None and not in_backward() and not any_symbolic(inputs, args, kwargs):
            mine = call_state(self)
            mine.was_called = True
            mine.began.is_latest = False
            mine.losses = []

    def _end_recording(self, context: CallContext) -> None:
        """End an outermost call, in which losses may have been added.

        A compiled call has not begun a recording: one that adds no loss then leaves nothing behind to be carried out.
        """
        mine = call_state(self)
        mine.was_called = True
        recording = context.recording
        if recording is not None:
            recording.is_open = False
            self._call_route.has_recorded = True
            mine.began.is_latest = False
            mine.began = recording
            context.recording = None
        elif self._call_route.has_recorded:
            mine.began.is_latest = False
            mine.losses = []


def _is_exported() -> bool:
    # Order matters: in torch before 2.12 the compiler takes the second question for True in every trace.
    return not torch.compiler.is_dynamo_compiling() and torch.compiler.is_exporting()


def new_call_states() -> CallStates | TracedCallStates:
    """Return what a layer begins with that has not been called."""
    return TracedCallStates() if torch.compiler.is_dynamo_compiling() else CallStates()


def call_state(layer: LayerState) -> CallState:
    """Return what calls in this thread have left on a layer; threads do not see each other's losses."""
    return layer._call_states.state


def own_losses(layer: LayerState) -> list[torch.Tensor]:
    """Return the losses of one layer without those inside: of the last call, then callables, then regularizers."""
    recorded = call_state(layer)
    added = recorded.losses if recorded.recording.is_latest else []
    return _evaluated(added) + lasting_losses(layer)


def lasting_losses(layer: LayerState) -> list[torch.Tensor]:
    """Return the losses of one layer that belong to no call: callables, then regularizers."""
    return _evaluated(layer._loss_functions) + regularization_losses(layer)


def _evaluated(losses: list[Any]) -> list[torch.Tensor]:
    values = [run_uncast(loss) if is_function(loss) else loss for loss in losses]
    return [as_loss(value) for value in values if value is not None]


def regularization_losses(layer: Any) -> list[torch.Tensor]:
    """Return the regularizers' losses for the weights that a layer holds, also in lists and dicts."""
    losses = []
    for holder in weight_spec_holders(layer):
        for key, spec in holder._weight_specs.items():
            weight = holder._read_weight(key)
            if spec.regularizer is not None and weight is not None:
                losses.append(spec.regularizer(weight))
    return losses


def is_function(loss: Any) -> bool:
    """Whether a loss is to be evaluated when it is read.

    >>> is_function(lambda: 1.0), is_function(torch.ones(()))
    (True, False)
    """
    return callable(loss) and not isinstance(loss, torch.Tensor)


def as_loss(value: Any) -> torch.Tensor:
    """Return a loss as a tensor; a number becomes one of type `floatx()`.

    >>> as_loss(0.5)
    tensor(0.5000)
    """
    return value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=torch_dtype(floatx()))
