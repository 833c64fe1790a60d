"""Does every layer give Keras 3's outputs, gradients, masks and dtypes?"""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest
import torch
from torch.func import functional_call

from tests.conformance.cases import CASES, Case
from tests.oracle import assert_close
from torchkeras_layer import Layer
from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves

every_case = pytest.mark.parametrize("case", CASES, ids=str)
# A module of torch's has a dtype of its own, and names of its own for its weights.
every_case_of_keras = pytest.mark.parametrize("case", [case for case in CASES if not case.wraps_torch], ids=str)


def _parameters(layer: Any) -> list[torch.Tensor]:
    return [getattr(weight, "value", weight) for weight in layer.trainable_weights]


def _results(case: Case, layer: Any, dtype: torch.dtype) -> dict[str, Any]:
    """Call a layer of either library, and return all that can be compared."""
    inputs = case.inputs(dtype)
    wanted = _parameters(layer)
    wanted = [*(tensor.requires_grad_() for tensor in leaves(inputs) if tensor.is_floating_point()), *wanted]
    outputs = case.run(layer, inputs)
    direction = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).reshape(outputs.shape)
    # The wanted ones themselves make it a function of them also where the layer does not.
    loss = (outputs * direction).sum() + sum(layer.losses) + sum(0 * one.sum() for one in wanted)
    return {
        "outputs": outputs,
        "weights": list(layer.weights),
        "losses": list(layer.losses),
        "gradients": list(torch.autograd.grad(loss, wanted)) if wanted else [],
    }


@every_case
def test_numbers_are_keras_s(case):
    mine, theirs = (_results(case, layer, torch.float32) for layer in case.pair())
    assert mine["outputs"].dtype is theirs["outputs"].dtype
    assert_close(mine, theirs, str(case), atol=1e-5)


@every_case_of_keras
def test_float64_has_all_its_digits(case):
    """Keras on torch computes float64 in float32, and cannot tell: the gradients must fit the outputs to 7 digits."""
    layer, theirs = case.pair(dtype="float64")
    inputs = case.inputs(torch.float64)
    trainable = {name: weight for name, weight in layer.named_parameters() if weight.requires_grad}

    flat = leaves(inputs)

    def function(*tensors: torch.Tensor) -> torch.Tensor:
        # A copy, because the next call must neither draw other numbers nor find other statistics.
        given, weights = list(tensors[: len(flat)]), tensors[len(flat) :]
        replaced = dict(zip(trainable, weights, strict=True))
        torch.manual_seed(9)
        arguments = (given if isinstance(inputs, list) else given[0],)
        return functional_call(copy.deepcopy(layer), replaced, arguments, {"training": case.training})

    outputs, expected = function(*flat, *trainable.values()), case.run(theirs, inputs)
    assert outputs.dtype is torch.float64 or not flat[0].is_floating_point()
    assert_close(outputs, expected, str(case), atol=1e-5)
    wanted = [*(tensor.requires_grad_(tensor.is_floating_point()) for tensor in flat), *trainable.values()]
    if any(tensor.requires_grad for tensor in wanted) and outputs.requires_grad:
        assert torch.autograd.gradcheck(function, wanted, atol=1e-7, rtol=1e-6, fast_mode=True)


@pytest.mark.parametrize("case", [c for c in CASES if c.keras_has_halves and not c.wraps_torch], ids=str)
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_computes_and_keeps_as_keras_does(case, policy):
    mine, theirs = (_results(case, layer, torch.float32) for layer in case.pair(dtype=policy))
    assert mine["outputs"].dtype is theirs["outputs"].dtype
    assert [x.dtype for x in mine["gradients"]] == [x.dtype for x in theirs["gradients"]]
    assert_close(mine, theirs, str(case), rtol=0.02, atol=0.05)


@every_case_of_keras
def test_weights_have_keras_s_names_shapes_and_order(case):
    mine, theirs = case.pair()
    for kind in ("weights", "trainable_weights", "non_trainable_weights"):
        names = [mine.weight_specs[_attribute_of(mine, weight)].name for weight in getattr(mine, kind)]
        assert names == [weight.name for weight in getattr(theirs, kind)]
        shapes = [tuple(weight.shape) for weight in getattr(mine, kind)]
        assert shapes == [tuple(weight.shape) for weight in getattr(theirs, kind)]
    assert list(mine.state_dict()) == [weight.name for weight in theirs.weights]


def _attribute_of(layer: Any, weight: torch.Tensor) -> str:
    return next(name for name in layer.weight_specs if getattr(layer, name) is weight)


def _which_are_masked(case: Case) -> list[list[int]]:
    """Return choices of inputs that carry a mask; Keras cannot merge masks of different ranks."""
    count = len(case.shapes)
    has_one_rank = len({len(shape) for shape in case.shapes}) == 1
    choices = [[], [0], [count - 1], *([list(range(count))] if has_one_rank else [])]
    return [choice for index, choice in enumerate(choices) if choice not in choices[:index]]


@pytest.mark.parametrize(
    ("case", "masked"), [(case, choice) for case in CASES for choice in _which_are_masked(case)], ids=str
)
def test_masks_go_where_keras_sends_them(case, masked):
    found = []
    for layer in case.pair():
        inputs = case.inputs()
        for index in masked:
            leaves(inputs)[index]._keras_mask = case.masks()[index]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*does not support masking", UserWarning)
            outputs = case.run(layer, inputs)
        output_mask = getattr(outputs, "_keras_mask", None)
        found.append({"outputs": outputs, "mask": output_mask, "weights": list(layer.weights)})
    mine, theirs = found
    assert (mine["mask"] is None) == (theirs["mask"] is None)
    if mine["mask"] is None:
        del mine["mask"], theirs["mask"]
    assert_close(mine, theirs, str(case), atol=1e-5)


@every_case
def test_shapes_are_those_of_keras_of_a_trace_and_of_a_call(case):
    mine, theirs = case.pair()
    assert mine.compute_output_shape(case.shape) == tuple(case.run(mine, case.inputs()).shape)
    for shape in (case.shape, map_shapes(lambda shape: (None, *shape[1:]), case.shape)):
        said = mine.compute_output_shape(shape)
        assert case.wraps_torch or said == tuple(theirs.compute_output_shape(shape))
        assert said == Layer.compute_output_shape(mine, shape)
