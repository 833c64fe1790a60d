"""Is a model that came out of a file as honest a module as one that was made here?"""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from torchkeras_layer.saving import load_model

FOLDER = Path(__file__).parent / "tf_keras" / "2_21"
NAMES = ("dense", "images", "attention")


@pytest.fixture(params=NAMES)
def loaded(request):
    """Give a model and its inputs."""
    with np.load(FOLDER / "expected.npz") as saved:
        inputs = torch.from_numpy(saved[f"{request.param}/input_0"])
    return load_model(FOLDER / f"{request.param}.keras").eval(), inputs


def _first(outputs):
    return outputs[0] if isinstance(outputs, (list, tuple)) else outputs


def test_it_trains(loaded):
    model, inputs = loaded
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    _first(model(inputs)).square().sum().backward()
    optimizer.step()
    gradients = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    assert max(gradient.abs().max() for gradient in gradients.values()) > 1e-3
    for name, gradient in gradients.items():
        torch.testing.assert_close(model.get_parameter(name).detach(), before[name] - 0.1 * gradient)


def test_copies_and_a_state_dict_carry_all_of_it(loaded):
    model, inputs = loaded
    expected = _first(model(inputs))
    assert torch.equal(_first(copy.deepcopy(model)(inputs)), expected)
    twin = type(model).from_config(model.get_config()).eval()
    assert not torch.equal(_first(twin(inputs)), expected)
    twin.load_state_dict(model.state_dict())
    assert torch.equal(_first(twin(inputs)), expected)


def test_it_compiles_in_one_graph(loaded):
    model, inputs = loaded
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    torch.testing.assert_close(_first(compiled(inputs)), _first(model(inputs)))


def test_it_exports_with_a_free_batch(loaded):
    model, inputs = loaded
    free = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(model, (inputs[:2],), dynamic_shapes=free).module()
    torch.testing.assert_close(_first(program(inputs)), _first(model(inputs)))
