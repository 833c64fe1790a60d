"""Do the tools for many processes take layers as they are? One process, so that only the mechanism is tried."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
)
from torch.nn.parallel import DistributedDataParallel

from tests.honest.samples import Everything, Mixed, built, two_layers
from torchkeras_layer import collect_losses

X = torch.linspace(-1, 1, 15).reshape(5, 3)

pytestmark = pytest.mark.skipif(not dist.is_gloo_available(), reason="this torch is built without gloo")


@pytest.fixture(autouse=True)
def _one_process(tmp_path):
    store = dist.FileStore(str(tmp_path / "store"), 1)
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize("make", [two_layers, Everything, Mixed])
def test_a_step_equals_that_of_the_bare_module(make):
    model, bare = built(make()), built(make())
    bare.load_state_dict(model.state_dict())
    wrapped = DistributedDataParallel(model)
    for module in (wrapped, bare):
        (module(X).square().sum() + sum(collect_losses(module))).backward()
    for mine, other in zip(model.parameters(), bare.parameters(), strict=True):
        assert torch.allclose(mine.grad, other.grad, atol=1e-6)
    assert [key.removeprefix("module.") for key in wrapped.state_dict()] == list(bare.state_dict())


def test_an_unbuilt_model_is_refused():
    with pytest.raises(RuntimeError, match="uninitialized parameters"):
        DistributedDataParallel(two_layers())


def test_synchronised_batch_normalization_replaces_torchs_inside_layers():
    model = Everything()
    model.inner.append(nn.BatchNorm1d(4))
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(built(model))
    assert isinstance(converted.inner[3], nn.SyncBatchNorm)
    assert len(list(converted.parameters())) == len(list(built(Everything()).parameters())) + 2


def test_a_distributed_checkpoint_names_and_sets_weights_by_attribute_path():
    model, fresh = built(Mixed()), built(Mixed())
    entries = get_model_state_dict(model)
    assert set(entries) == set(model.state_dict())
    set_model_state_dict(fresh, entries)
    assert torch.equal(model.eval()(X), fresh.eval()(X))
    optimizer = torch.optim.Adam(model.parameters())
    model(X).sum().backward()
    optimizer.step()
    names = {name for name, _ in model.named_parameters()}
    assert set(get_optimizer_state_dict(model, optimizer)["state"]) == names
