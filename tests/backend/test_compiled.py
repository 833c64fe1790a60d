"""Do the functions of K run in torch.compile, in one graph?"""

from __future__ import annotations

import pytest
import torch

from tests.backend.cases import CASES
from tests.backend.test_parity import check, results
from torchkeras_layer import backend as K

# Those whose results depend on values; torch.compile has no CTC loss. Programs make variables and ask for values.
_NOT_COMPILED = {"ctc_batch_cost-1", "ctc_label_dense_to_sparse-1"}
# Of each function the first case, because compiling takes its time.
_COMPILED = [
    case
    for case in CASES
    if case.kinds and case.label.endswith("-1") and case.label not in _NOT_COMPILED and not case.is_program
]
_AT_ONCE = 30


@pytest.mark.parametrize("first", range(0, len(_COMPILED), _AT_ONCE))
def test_many_calls_are_one_graph(first):
    cases = _COMPILED[first : first + _AT_ONCE]

    def run(tensors):
        return [case.call(K, *given) for case, given in zip(cases, tensors, strict=True)]

    compiled = torch.compile(run, fullgraph=True, backend="eager")
    outputs = compiled([[torch.tensor(array) for array in case.arrays()] for case in cases])
    for case, output in zip(cases, outputs, strict=True):
        check(results(output), case)
