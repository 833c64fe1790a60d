"""Does FSDP2 shard models with convolutions, with distributed checkpoints, and when does it refuse them?"""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import Shard

from torchkeras_layer import Sequential, layers

PROCESSES = 2
IMAGES = torch.linspace(-1, 1, 4 * 8 * 8 * 3).reshape(4, 8, 8, 3)

pytestmark = pytest.mark.skipif(not dist.is_gloo_available(), reason="this torch is built without gloo")


def _model():
    torch.manual_seed(0)
    model = Sequential(
        [layers.Conv2D(8, 3), layers.DepthwiseConv2D(3), layers.SeparableConv2D(6, 2), layers.Conv2DTranspose(2, 2)]
    )
    model.build(IMAGES.shape)
    return model


def _step(model):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    model(IMAGES).square().mean().backward()
    optimizer.step()
    return model(IMAGES).detach()


def _sharded(model, mesh, **options):
    for layer in model.layers:
        fully_shard(layer, mesh=mesh, **options)
    return fully_shard(model, mesh=mesh, **options)


def _last_even_axis(weight):
    """FSDP2 shards the first axis by default, of kernels the height, and others only into equal parts."""
    return Shard(next((axis for axis in reversed(range(weight.dim())) if weight.shape[axis] % PROCESSES == 0), 0))


def _process(rank, folder):
    torch.set_num_threads(1)
    store = dist.FileStore(f"{folder}/store", PROCESSES)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=PROCESSES)
    try:
        mesh = init_device_mesh("cpu", (PROCESSES,))
        expected = _step(copy.deepcopy(_model()))
        sharded = _sharded(_model(), mesh)
        torch.testing.assert_close(_step(sharded), expected, rtol=1e-4, atol=1e-5)
        elsewhere = _sharded(_model(), mesh, shard_placement_fn=_last_even_axis)
        assert elsewhere.layers[0].kernel.placements == (Shard(3),)
        torch.testing.assert_close(_step(elsewhere), expected, rtol=1e-4, atol=1e-5)
        dcp.save(sharded.state_dict(), checkpoint_id=f"{folder}/checkpoint")
        fresh = _sharded(_model(), mesh)
        # In place, which needs the weights themselves.
        dcp.load(fresh.state_dict(), checkpoint_id=f"{folder}/checkpoint")
        torch.testing.assert_close(fresh(IMAGES).detach(), expected, rtol=1e-4, atol=1e-5)
        with pytest.raises(NotImplementedError, match="contiguous"):
            _sharded(_model().to(memory_format=torch.channels_last), mesh)
        Path(folder, f"passed by {rank}").touch()
    finally:
        dist.destroy_process_group()


def test_a_step_of_two_processes_and_a_checkpoint_equal_those_of_one(tmp_path):
    torch.multiprocessing.spawn(_process, (str(tmp_path),), PROCESSES)
    assert len(list(tmp_path.glob("passed by *"))) == PROCESSES
