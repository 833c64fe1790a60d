"""Do weights go through safetensors, which wants contiguous memory and no sharing?"""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, load_model, save_file, save_model

from tests.honest.samples import Block, Everything, Mixed, WeightsInContainers, built, two_layers
from torchkeras_layer import build

X = torch.linspace(-1, 1, 15).reshape(5, 3)
_kinds = pytest.mark.parametrize("make", [two_layers, Block, Everything, Mixed, WeightsInContainers])


@_kinds
def test_a_file_of_tensors(make, tmp_path):
    trained, fresh = built(make()).eval(), build(make(), X).eval()
    save_file(trained.state_dict(), tmp_path / "model.safetensors")
    fresh.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(trained(X), fresh(X))


@_kinds
def test_a_whole_model(make, tmp_path):
    trained, fresh = built(make()).eval(), build(make(), X).eval()
    save_model(trained, str(tmp_path / "model.safetensors"))
    assert load_model(fresh, str(tmp_path / "model.safetensors")) == (set(), [])
    assert torch.equal(trained(X), fresh(X))


@_kinds
def test_into_an_unbuilt_model_says_what_to_do(make, tmp_path):
    save_file(built(make()).state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(RuntimeError, match=r"is not built.*safetensors.*torchkeras_layer\.build\(model, "):
        make().load_state_dict(load_file(tmp_path / "model.safetensors"))


def test_an_unbuilt_model_is_an_empty_file(tmp_path):
    save_file(two_layers().state_dict(), tmp_path / "model.safetensors")
    assert load_file(tmp_path / "model.safetensors") == {}
