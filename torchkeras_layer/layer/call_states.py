"""What do calls leave on a layer, and when does it no longer count?

Three verbs: an outermost call begins, layers in it record losses, it ends. Nothing else writes what is kept here, but
for the mode that a call inherited.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

import torch


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

    @property
    def latest_losses(self) -> list[Any]:
        """The losses of the last call, empty if a later outermost call has begun since."""
        return self.losses if self.recording.is_latest else []


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


class KeepsCalls(Protocol):
    """The part of a layer's record that is written here."""

    calls: CallStates | TracedCallStates
    has_recorded: bool


class KnowsRecording(Protocol):
    """The part of the context of a call that is written here."""

    recording: Recording | None


def new_call_states() -> CallStates | TracedCallStates:
    """Return what a layer begins with that has not been called."""
    return TracedCallStates() if torch.compiler.is_dynamo_compiling() else CallStates()


def begin_call(record: KeepsCalls) -> None:
    """Begin an outermost call: what the last one recorded, anywhere in this layer, no longer counts."""
    mine = record.calls.state
    mine.was_called = True
    mine.began.is_latest = False
    mine.losses = []


def record_losses(record: KeepsCalls, context: KnowsRecording, losses: list[Any]) -> None:
    """Record losses that a layer adds in a call, its own or one around it."""
    if context.recording is None:
        context.recording = Recording()
    mine = record.calls.state
    mine.was_called = True
    if not mine.recording.is_open:
        mine.recording = context.recording
        mine.losses = []
        record.has_recorded = True
    mine.losses.extend(losses)


def end_call(record: KeepsCalls, context: KnowsRecording) -> None:
    """End an outermost call, in which losses may have been added.

    A compiled call has not begun a recording: one that adds no loss then leaves nothing behind to be carried out.
    """
    recording = context.recording
    if recording is None and record.has_recorded:
        begin_call(record)
        return
    mine = record.calls.state
    mine.was_called = True
    if recording is not None:
        recording.is_open = False
        record.has_recorded = True
        mine.began.is_latest = False
        mine.began = recording
        context.recording = None
