"""Which losses and which mode does a layer remember of its last call, and when are they cleared?

An outermost call begins (`begin_call`), layers inside it add losses (`record_losses`), and it ends (`end_call`). Apart
from `training`, nothing else writes the state that is kept here.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

import torch


class Recording:
    """Represents one outermost call. Its losses count until the same layer begins another outermost call.

    Its state is two booleans, because torch.compile cannot guard on the identity of objects.
    """

    __slots__ = ("is_latest", "is_open", "replaced")

    def __init__(self, is_open: bool = True) -> None:
        self.is_latest = True
        self.is_open = is_open
        # The parameters for which tensors stand in during the call: their layers, names and themselves.
        self.replaced: list[tuple[Any, str, Any]] | None = None


class CallState:
    """What the calls in one thread have left on a layer.

    Attributes:
        was_called: whether there was a call on real tensors that was outermost or added a loss.
        losses: the losses that the layer added in the last such call.
        recording: the outermost call to which `losses` belong.
        began: the last outermost call that was a call of this layer.
        training: the value of `training` that the last call inherited.

    Calls replace these objects, and do not empty them or count up: so torch.compile need not compile again at each
    call, and other layers that refer to the same objects are not affected.
    """

    __slots__ = ("began", "losses", "recording", "training", "was_called")

    def __init__(self) -> None:
        self.losses: list[Any] = []
        self.recording = Recording(is_open=False)
        self.began = Recording(is_open=False)
        self.training: Any = None
        self.was_called = False

    @property
    def latest_losses(self) -> list[Any]:
        """The losses of the last call; empty if a later outermost call has begun since."""
        return self.losses if self.recording.is_latest else []


class CallStates(threading.local):
    """One `CallState` for each thread that uses a layer."""

    def __init__(self) -> None:
        self.state = CallState()

    def __reduce__(self) -> tuple[type[CallStates], tuple[()]]:
        # Copies and pickles start without calls.
        return CallStates, ()


class TracedCallStates:
    """Replaces `CallStates` for a layer made in a traced call, where torch.compile can create no `threading.local`."""

    def __init__(self) -> None:
        self.state = CallState()


class KeepsCalls(Protocol):
    """The part of a layer's record that this module writes."""

    calls: CallStates | TracedCallStates
    has_recorded: bool


class KnowsRecording(Protocol):
    """The part of the call context that this module writes."""

    recording: Recording | None


def new_call_states() -> CallStates | TracedCallStates:
    """Return the state of a layer that has not been called."""
    return TracedCallStates() if torch.compiler.is_dynamo_compiling() else CallStates()


def begin_call(record: KeepsCalls) -> None:
    """Begin an outermost call: losses of the previous one, in this layer and those inside it, no longer count."""
    state = record.calls.state
    state.was_called = True
    state.began.is_latest = False
    state.losses = []


def record_losses(record: KeepsCalls, context: KnowsRecording, losses: list[Any]) -> None:
    """Record losses that a layer adds during its own call or that of an enclosing layer."""
    if context.recording is None:
        context.recording = Recording()
    state = record.calls.state
    state.was_called = True
    if not state.recording.is_open:
        state.recording = context.recording
        state.losses = []
        record.has_recorded = True
    state.losses.extend(losses)


def end_call(record: KeepsCalls, context: KnowsRecording) -> None:
    """End an outermost call, in which losses may have been added.

    Compiled calls have not run `begin_call` before, so that one that adds no loss has next to no side effects.
    """
    recording = context.recording
    if recording is None and record.has_recorded:
        begin_call(record)
        return
    state = record.calls.state
    state.was_called = True
    if recording is not None:
        recording.is_open = False
        if recording.replaced is not None:
            put_back(recording.replaced)
        record.has_recorded = True
        state.began.is_latest = False
        state.began = recording
        context.recording = None


def put_back(replaced: list[tuple[Any, str, Any]]) -> None:
    """Put parameters back for which tensors stood in during a call."""
    for layer, name, parameter in reversed(replaced):
        layer._parameters[name] = parameter
