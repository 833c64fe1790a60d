"""What does a `record_history()` block see where blocks, threads and errors meet?"""

from __future__ import annotations

import contextlib
import threading

import pytest
import torch
from torch import nn
from torch.nn.modules import module as torch_module

import torchkeras_layer as keras
from tests.layer.history_samples import dense, names


def test_outside_of_blocks_nothing_is_recorded_and_no_hook_is_left():
    layer = dense()
    layer(torch.ones(2, 3))
    with keras.record_history() as history:
        pass
    layer(torch.ones(2, 3))
    assert (history.nodes, layer.inbound_nodes) == ([], [])
    assert not torch_module._has_any_global_hook()


def test_a_call_that_fails_is_shown_but_no_layer_gets_a_node():
    layer, net = dense(), nn.Sequential(nn.ReLU(), nn.Linear(7, 1))
    with keras.record_history() as history:
        with pytest.raises(ValueError, match="dense"):
            layer(torch.ones(2, 7))
        with pytest.raises(RuntimeError):
            net(torch.ones(2, 3))
        layer(torch.ones(2, 3))
    assert [node.error for node in history.nodes] == ["ValueError", "RuntimeError", None, "RuntimeError", None]
    assert [node.depth for node in history.nodes] == [0, 0, 1, 1, 0]
    assert [node.output_shapes for node in layer.inbound_nodes] == [(2, 4)]
    assert repr(history.nodes[3]) == "<EagerNode of Linear: (2, 3) -> RuntimeError>"


def test_an_exception_closes_the_block():
    layer = dense()
    with contextlib.suppress(ValueError), keras.record_history() as history:
        layer(torch.ones(2, 3))
        layer(torch.ones(2, 7))
    layer(torch.ones(2, 3))
    assert (len(history), len(layer.inbound_nodes)) == (2, 1)
    assert not torch_module._has_any_global_hook()


def test_after_an_interrupt_the_calls_around_go_on_at_their_level():
    class Interrupted(nn.Module):
        def forward(self, x):
            raise KeyboardInterrupt

    class Catching(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Interrupted()

        def forward(self, x):
            try:
                return self.inner(x)
            except KeyboardInterrupt:
                return x

    with keras.record_history() as history:
        nn.ReLU()(Catching()(torch.ones(1)))
    assert names(history) == ["Catching", "Interrupted", "ReLU"]
    assert [node.depth for node in history.nodes] == [0, 1, 0]
    assert history.nodes[1].output_shapes is None


def test_blocks_in_each_other_see_a_call_each_and_the_layer_once():
    layer, other = dense(), nn.ReLU()
    with keras.record_history() as outer:
        layer(torch.ones(1, 3))
        with keras.record_history() as inner:
            other(layer(torch.ones(2, 3)))
        layer(torch.ones(3, 3))
    assert [node.input_shapes for node in outer.nodes] == [(1, 3), (2, 3), (2, 4), (3, 3)]
    assert inner.nodes == outer.nodes[1:3]
    assert [node.input_shapes for node in layer.inbound_nodes] == [(1, 3), (2, 3), (3, 3)]
    assert repr(inner).splitlines()[2].split() == ["1", "ReLU", "(2,", "4)", "(2,", "4)", "0"]


def test_a_block_inside_a_call_shows_what_is_in_it():
    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.steps = nn.Sequential(nn.ReLU())

        def forward(self, x):
            with keras.record_history() as self.history:
                return self.steps(x)

    module = Watching()
    module(torch.ones(1))
    assert repr(module.history).splitlines()[1:3] == ["0  Sequential  (1,)   (1,)", "1    0: ReLU   (1,)   (1,)"]
    with keras.record_history() as history:
        module(torch.ones(1))
    assert names(history) == ["Watching", "Sequential", "ReLU"]
    assert repr(module.history).splitlines()[1] == "0  steps: Sequential  (1,)   (1,)"


def test_the_calls_of_other_threads_are_not_recorded():
    mine, theirs = dense(), dense(name="theirs")
    entered, done = threading.Event(), threading.Event()
    seen = []

    def work():
        entered.wait()
        theirs(torch.ones(2, 3))
        with keras.record_history() as history:
            theirs(torch.ones(4, 3))
        seen.append(history)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    with keras.record_history() as history:
        entered.set()
        done.wait()
        mine(torch.ones(2, 3))
    thread.join()
    assert names(history) == ["dense"]
    assert [node.input_shapes for node in seen[0].nodes] == [(4, 3)]
    assert len(theirs.inbound_nodes) == 1
    assert not torch_module._has_any_global_hook()


def test_clear_takes_the_nodes_off_the_layers():
    layer = dense()
    with keras.record_history() as first:
        layer(torch.ones(2, 3))
    with keras.record_history() as second:
        nn.ReLU()(layer(torch.ones(4, 3)))
    first.clear()
    assert (len(first), len(second)) == (0, 2)
    assert layer.input_shape == (4, 3)


def test_what_a_backward_pass_repeats_is_no_call():
    layer = dense()
    with keras.record_history() as history:
        y = torch.utils.checkpoint.checkpoint(layer, torch.ones(2, 3), use_reentrant=False)
        y.sum().backward()
    assert len(history) == 1
