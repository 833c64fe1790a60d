"""Does every layer compile to one graph, and export?"""

from __future__ import annotations

import copy

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend

from tests.conformance.cases import CASES
from torchkeras_layer._structures import leaves, map_leaves

every_case = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture(autouse=True)
def _fresh_compiler():
    torch._dynamo.reset()


@every_case
def test_one_graph_serves_all_calls(case):
    layer = case.ready()
    layer.train(case.training)
    eager = copy.deepcopy(layer)
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    inputs = case.inputs()
    for _ in range(3):
        torch.manual_seed(9)
        expected = case.call(eager, inputs)
        torch.manual_seed(9)
        torch.testing.assert_close(case.call(compiled, inputs), expected)
    is_input = any(expected is tensor for tensor in leaves(inputs))
    assert counter.frame_count == (0 if is_input else 1)
    for weight, other in zip(layer.weights, eager.weights, strict=True):
        torch.testing.assert_close(weight, other)


@every_case
def test_export_gives_a_program_for_any_batch(case):
    layer = case.ready()
    layer.eval()
    inputs = case.inputs()
    # By position: torch knows no dynamic sizes of tensors that go into **kwargs.
    arguments = tuple(inputs.values()) if isinstance(inputs, dict) else (inputs,)
    batch_axis = torch.export.Dim("batch", min=2)
    first, *others = map_leaves(lambda _: {0: batch_axis}, arguments)
    shapes = (first, tuple(others)) if others else (first,)
    program = torch.export.export(layer, arguments, dynamic_shapes=shapes)
    for batch in (arguments, map_leaves(lambda tensor: torch.cat([tensor, tensor]), arguments)):
        torch.testing.assert_close(program.module()(*batch), layer(*batch))


@every_case
def test_sizes_may_be_free_in_the_one_graph(case):
    layer = case.ready()
    layer.train(case.training)
    compiled = torch.compile(copy.deepcopy(layer), backend="eager", fullgraph=True, dynamic=True)
    torch.manual_seed(9)
    expected = case.call(layer, case.inputs())
    torch.manual_seed(9)
    torch.testing.assert_close(case.call(compiled, case.inputs()), expected)
