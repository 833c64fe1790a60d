"""Does every layer compile to one graph, and export?"""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend
from torch.fx.experimental import _config as fx_config

import torchkeras_layer as ours
from tests.conformance.case import Case
from tests.conformance.cases import CASES
from torchkeras_layer._structures import leaves, map_leaves

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def _one_of_each() -> list[Case]:
    """Return a case of each class, and one of each that trains: the one with the most arguments."""
    chosen: dict[Any, Case] = {}
    for case in sorted(CASES, key=_argument_count):
        chosen[getattr(ours.layers, case.layer), case.training] = case
    return list(chosen.values())


def _argument_count(case: Case) -> int:
    return len(case.arguments) if isinstance(case.arguments, dict) else 0


@pytest.fixture(autouse=True)
def _fresh_compiler():
    torch._dynamo.reset()


def _twice(inputs: Any) -> Any:
    return map_leaves(lambda tensor: torch.cat([tensor, tensor]), inputs)


def _close(found: Any, wanted: Any) -> None:
    torch.testing.assert_close(found, wanted)


@every_case
@fx_config.patch(use_duck_shape=False)
def test_one_graph_serves_calls_of_all_sizes(case):
    """What Dynamo traces has no break and needs no second graph, in the mode of the case; it changes the same weights.

    All sizes are free in it, also of each other. Backends come after that, so none is needed here.
    """
    layer = case.ready().train(case.training)
    eager, counter = copy.deepcopy(layer), CompileCounterWithBackend("eager")
    compiled = torch.compile(layer, backend=counter, fullgraph=True, dynamic=True)
    inputs = case.inputs()
    for batch in (inputs, _twice(inputs), inputs):
        torch.manual_seed(9)
        expected = case.call(eager, batch)
        torch.manual_seed(9)
        _close(case.call(compiled, batch), expected)
    is_input = any(expected is tensor for tensor in leaves(inputs))
    assert counter.frame_count in ((0, 1) if is_input else (1,))
    _close(layer.weights, eager.weights)


@pytest.mark.parametrize("case", _one_of_each(), ids=str)
def test_the_graph_has_the_numbers_and_gradients_of_eager(case):
    """With fixed sizes, through autograd's own tracing, which sees gradients and changes in place."""
    layer = case.ready().train(case.training)
    eager, counter = copy.deepcopy(layer), CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    inputs = map_leaves(lambda t: t.requires_grad_(t.is_floating_point()), case.inputs())
    for _ in range(2):
        found, wanted = (_results_and_gradients(case, *pair, inputs) for pair in ((compiled, layer), (eager, eager)))
        _close(found, wanted)
    assert counter.frame_count <= 1
    _close(layer.weights, eager.weights)


def _results_and_gradients(case: Case, call: Any, layer: Any, inputs: Any) -> Any:
    torch.manual_seed(9)
    results = case.call(call, inputs)
    total = sum(result.square().sum() for result in leaves(results) if result.requires_grad)
    total = total + sum(layer.losses)
    sources = [tensor for tensor in (*leaves(inputs), *layer.parameters()) if tensor.requires_grad]
    if not isinstance(total, torch.Tensor):
        return map_leaves(torch.Tensor.detach, results)
    gradients = torch.autograd.grad(total, sources, allow_unused=True)
    return map_leaves(torch.Tensor.detach, results), [one for one in gradients if one is not None]


@every_case
def test_export_gives_a_program_for_any_batch(case):
    layer = case.ready().eval()
    inputs = case.inputs()
    # By position: torch knows no dynamic sizes of tensors that go into **kwargs.
    arguments = tuple(inputs.values()) if isinstance(inputs, dict) else (inputs,)
    batch_axis = torch.export.Dim("batch", min=2)
    first, *others = map_leaves(lambda _: {0: batch_axis}, arguments)
    shapes = (first, tuple(others)) if others else (first,)
    program = torch.export.export(layer, arguments, dynamic_shapes=shapes).module()
    for batch in (arguments, _twice(arguments)):
        _close(program(*batch), layer(*batch))
