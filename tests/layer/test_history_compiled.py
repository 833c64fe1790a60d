"""What does a `record_history()` block see of models that are compiled, and does it leave the compiler alone?"""

from __future__ import annotations

import threading
import warnings

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.history_samples import Net, dense, names


@pytest.fixture
def counter():
    """Return a backend of `torch.compile` that keeps the graphs; the compiler starts afresh."""
    torch._dynamo.reset()

    def backend(graph, _):
        backend.graphs.append(graph)
        return graph.forward

    backend.graphs = []
    yield backend
    torch._dynamo.reset()


def test_a_compiled_model_runs_uncompiled_inside(counter):
    model = nn.Sequential(dense(name="first"), nn.ReLU())
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    expected = compiled(torch.ones(2, 3))
    with keras.record_history() as history:
        outputs = compiled(torch.ones(2, 3))
        compiled(torch.ones(5, 3))
    torch.testing.assert_close(outputs, expected)
    assert names(history) == ["OptimizedModule", "Sequential", "first", "ReLU"] * 2
    assert [node.path for node in history.nodes[:4]] == [None, "_orig_mod", "0", "1"]
    compiled(torch.ones(2, 3))
    assert len(counter.graphs) == 1, "the block must not make the compiler begin anew"


def test_a_model_that_is_compiled_in_place_runs_uncompiled_inside(counter):
    models = [keras.build(Net(), torch.ones(1, 3)), dense(name="alone")]
    for model in models:
        model.compile(backend=counter, fullgraph=True)
        model(torch.ones(2, 3))
    graphs = len(counter.graphs)
    with keras.record_history() as history:
        for model in models:
            model(torch.ones(2, 3))
    assert names(history) == ["Net", "stem", "Sequential", "ReLU", "Linear", "head", "inner", "alone"]
    for model in models:
        model(torch.ones(2, 3))
    assert len(counter.graphs) == graphs > 0


def test_blocks_that_overlap_in_threads_leave_the_compiler_as_it_was(counter):
    """The first that opens is the first that closes."""
    compiled = torch.compile(dense(), backend=counter, fullgraph=True)
    first, second = keras.record_history(), keras.record_history()
    opening = threading.Thread(target=second.__enter__)
    first.__enter__()
    opening.start()
    opening.join()
    first.__exit__(None, None, None)
    compiled(torch.ones(2, 3))
    assert counter.graphs == []
    second.__exit__(None, None, None)
    compiled(torch.ones(2, 3))
    assert len(counter.graphs) == 1


def test_compiling_and_exporting_trace_nothing_of_the_recording(counter):
    """With the block's stance taken back, so that compiled code runs while the hooks are there."""
    layer = dense()
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    with keras.record_history() as history:
        with torch.compiler.set_stance("default"):
            compiled(torch.ones(2, 3))
        program = torch.export.export(layer, (torch.ones(2, 3),))
    assert names(history) == ["OptimizedModule"]
    assert len(counter.graphs) == 1
    assert [node.op for node in program.graph.nodes].count("call_function") == 1


def test_a_block_in_code_that_is_compiled_sees_nothing_and_does_no_harm(counter):
    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = dense()

        def forward(self, x):
            with keras.record_history() as history:
                outputs = self.layer(x)
            return outputs, len(history)

    model = Watching()
    _, eager = model(torch.ones(2, 3))
    _, compiled = torch.compile(model, backend=counter, fullgraph=True)(torch.ones(2, 3))
    assert (eager, compiled) == (1, 0)
    assert not torch.nn.modules.module._has_any_global_hook()


def test_the_filters_of_warnings_are_left_as_they_were():
    before = list(warnings.filters)
    with keras.record_history():
        warnings.filterwarnings("ignore", "one that came meanwhile")
        mine = warnings.filters[0]
    assert warnings.filters == [mine, *before]
    warnings.filters.remove(mine)


@pytest.mark.filterwarnings("ignore:`torch.jit.trace.*` is deprecated:DeprecationWarning")
def test_the_run_of_a_trace_is_no_call():
    with keras.record_history() as history:
        torch.jit.trace(nn.Linear(3, 4), torch.ones(2, 3), check_trace=False)
    assert history.nodes == []
