"""Does a synchronized BatchNormalization in two processes compute what one does with the whole batch?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as distributed
import torch.multiprocessing

from torchkeras_layer import layers

if not (distributed.is_available() and distributed.is_gloo_available()):
    pytest.skip("this torch cannot connect processes on a CPU", allow_module_level=True)

# For each case: the constructor's arguments, the shape of the whole batch, how many samples the first process gets, and
# whether there is a mask.
CASES: dict[str, tuple[dict[str, Any], tuple[int, ...], int, bool]] = {
    "equal batches": ({}, (6, 5), 3, False),
    "unequal batches": ({"momentum": 0.5}, (7, 5), 2, False),
    "images": ({"axis": 1}, (5, 3, 4, 2), 3, False),
    "channels last": ({"center": False}, (5, 3, 4, 2), 1, False),
    "several axes": ({"axis": [1, -1]}, (5, 3, 4, 2), 2, False),
    "no samples in one process": ({}, (4, 3), 0, False),
    "one sample in all": ({}, (1, 3), 1, False),
    "masked": ({"momentum": 0.5, "scale": False}, (5, 6, 3), 2, True),
    "float64": ({"dtype": "float64"}, (5, 3), 2, False),
}
PROCESSES = 2
whole_and_parts = pytest.mark.parametrize("name", CASES)


def _data(name: str) -> tuple[layers.BatchNormalization, torch.Tensor, torch.Tensor | None, torch.Tensor]:
    """Return the layer, the whole batch, its mask, and what the outputs are weighted with in the loss."""
    arguments, shape, _, is_masked = CASES[name]
    random = np.random.default_rng(3)
    layer = layers.BatchNormalization(**arguments, synchronized=True)
    layer.build(shape)
    layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    # Far from 0, where a difference of squares would lose its digits.
    inputs = torch.as_tensor(random.normal(100, 2, size=shape)).to(layer.moving_mean.dtype)
    mask = torch.as_tensor(random.random(shape[:-1]) < 0.6) if is_masked else None
    return layer, inputs, mask, torch.as_tensor(random.normal(size=shape)).to(inputs.dtype)


def _step(layer: Any, inputs: torch.Tensor, mask: torch.Tensor | None, weights: torch.Tensor) -> dict[str, Any]:
    inputs = inputs.clone().requires_grad_()
    outputs = layer(inputs, mask=mask)
    (outputs * weights).sum().backward()
    return {
        "outputs": outputs.detach(),
        "input gradients": inputs.grad,
        "gradients": {name: weight.grad for name, weight in layer.named_parameters()},
        "statistics": dict(layer.named_buffers()),
    }


def _process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=PROCESSES)
    results = {}
    for name, (_, _, first, _) in CASES.items():
        layer, inputs, mask, weights = _data(name)
        own = slice(None, first) if rank == 0 else slice(first, None)
        results[name] = _step(layer, inputs[own], None if mask is None else mask[own], weights[own])
    results["inference"] = _data("equal batches")[0](torch.ones(2 + rank, 5), training=False)
    plain = layers.BatchNormalization()
    results["not synchronized"] = plain(torch.arange(4.0).reshape(2, 2) * (rank + 1))
    torch.save(results, f"{folder}/{rank}")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> list[dict[str, Any]]:
    """What each process computed."""
    folder: Path = tmp_path_factory.mktemp("processes")
    torch.multiprocessing.spawn(_process, (str(folder),), PROCESSES)
    return [torch.load(folder / str(rank)) for rank in range(PROCESSES)]


def _close(mine: Any, whole: Any) -> None:
    is_double = whole.dtype is torch.float64
    torch.testing.assert_close(mine, whole, rtol=1e-10 if is_double else 1e-5, atol=1e-10 if is_double else 3e-5)


@whole_and_parts
def test_outputs_and_gradients_of_inputs_are_those_of_the_whole_batch(name, parts):
    whole = _step(*_data(name))
    for key in ("outputs", "input gradients"):
        _close(torch.cat([part[name][key] for part in parts]), whole[key])


@whole_and_parts
def test_gradients_of_weights_add_up(name, parts):
    whole = _step(*_data(name))["gradients"]
    for key, gradient in whole.items():
        _close(sum(part[name]["gradients"][key] for part in parts), gradient)


@whole_and_parts
def test_each_process_has_the_statistics_of_all(name, parts):
    whole = _step(*_data(name))["statistics"]
    for part in parts:
        assert part[name]["statistics"].keys() == whole.keys()
        for key, statistic in whole.items():
            _close(part[name]["statistics"][key], statistic)


def test_inference_needs_no_other_process(parts):
    expected = _data("equal batches")[0](torch.ones(3, 5), training=False)
    torch.testing.assert_close(parts[0]["inference"], expected[:2])
    torch.testing.assert_close(parts[1]["inference"], expected)


def test_without_synchronization_each_has_its_own(parts):
    plain = layers.BatchNormalization()(torch.arange(4.0).reshape(2, 2))
    torch.testing.assert_close(parts[0]["not synchronized"], plain)


def test_alone_it_is_the_ordinary_layer():
    inputs = torch.arange(8.0).reshape(4, 2)
    mine, plain = layers.BatchNormalization(synchronized=True), layers.BatchNormalization()
    assert torch.equal(mine(inputs), plain(inputs))
    assert torch.equal(mine.moving_variance, plain.moving_variance)
    assert mine.get_config()["synchronized"] is True
    assert layers.BatchNormalization.from_config(mine.get_config()).synchronized
