"""Does every layer compile to one graph, and export?"""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

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
    layer, _ = case.pair()
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
    layer, _ = case.pair()
    layer.eval()
    inputs = case.inputs()
    batch_axis = torch.export.Dim("batch", min=2)
    dynamic = map_leaves(lambda _: {0: batch_axis}, inputs)
    program = case.call(partial(_export, layer, dynamic), inputs)
    for batch in (inputs, map_leaves(lambda tensor: torch.cat([tensor, tensor]), inputs)):
        torch.testing.assert_close(case.call(program.module(), batch), case.call(layer, batch))


def _export(layer: Any, dynamic: Any, inputs: Any, **others: Any) -> torch.export.ExportedProgram:
    shapes = dynamic if isinstance(dynamic, dict) else (dynamic,)
    return torch.export.export(layer, (inputs,), others, dynamic_shapes=shapes)
