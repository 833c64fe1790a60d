"""Does every layer give Keras 3's outputs, gradients, masks and dtypes?"""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch

from tests.conformance.case import Case
from tests.conformance.cases import CASES
from tests.oracle import assert_close, keras_keeps_float64
from torchkeras_layer import Layer
from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer.weight_arguments import read_weight

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
    # The wanted ones themselves make it a function of them also where the layer does not.
    loss = _directed_sum(outputs) + sum(layer.losses) + sum(0 * one.sum() for one in wanted)
    return {
        "outputs": outputs,
        "weights": list(layer.weights),
        "losses": list(layer.losses),
        "gradients": list(torch.autograd.grad(loss, wanted)) if wanted else [],
    }


def _directed_sum(outputs: Any) -> Any:
    """Sum what a layer gives, each number with a factor of its own."""
    floats = [output for output in leaves(outputs) if output.is_floating_point() or len(leaves(outputs)) == 1]
    directions = [torch.linspace(-1, 1, one.numel(), dtype=one.dtype, device=one.device) for one in floats]
    return sum((one.flatten() * direction).sum() for one, direction in zip(floats, directions, strict=True))


def _dtypes(outputs: Any) -> list[torch.dtype]:
    return [output.dtype for output in leaves(outputs)]


@every_case
def test_numbers_are_keras_s(case):
    mine, theirs = (_results(case, layer, torch.float32) for layer in case.pair())
    assert _dtypes(mine["outputs"]) == _dtypes(theirs["outputs"])
    assert_close(mine, theirs, str(case), atol=1e-5)


@every_case_of_keras
def test_float64_has_all_its_digits(case):
    with keras_keeps_float64():
        mine, theirs = (_results(case, layer, torch.float64) for layer in case.pair(dtype="float64"))
    assert _dtypes(mine["outputs"]) == _dtypes(theirs["outputs"])
    assert_close(mine, theirs, str(case), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("case", [c for c in CASES if c.keras_has_halves and not c.wraps_torch], ids=str)
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_computes_and_keeps_as_keras_does(case, policy):
    mine, theirs = (_results(case, layer, torch.float32) for layer in case.pair(dtype=policy))
    assert _dtypes(mine["outputs"]) == _dtypes(theirs["outputs"])
    assert [x.dtype for x in mine["gradients"]] == [x.dtype for x in theirs["gradients"]]
    assert_close(mine, theirs, str(case), rtol=0.02, atol=0.05)


@every_case_of_keras
def test_weights_have_keras_s_names_shapes_and_order(case):
    mine, theirs = case.pair()
    for kind in ("weights", "trainable_weights", "non_trainable_weights"):
        names = [_name_of(mine, weight) for weight in getattr(mine, kind)]
        assert names == [weight.name for weight in getattr(theirs, kind)]
        shapes = [tuple(weight.shape) for weight in getattr(mine, kind)]
        assert shapes == [tuple(weight.shape) for weight in getattr(theirs, kind)]
    # Keras keeps how often a seeded layer drew among its `variables`.
    in_file = [name for name in (key.rpartition(".")[2] for key in mine.state_dict()) if name != "draws"]
    assert sorted(in_file) == sorted(weight.name for weight in theirs.weights)


def _name_of(layer: Any, weight: torch.Tensor) -> str:
    """Return the name of a weight of a layer or of the layers within."""
    owners = [module for module in layer.modules() if isinstance(module, Layer)]
    named = ((spec.name, read_weight(owner, name)) for owner in owners for name, spec in owner.weight_specs.items())
    return next(name for name, found in named if found is weight)


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
        masks = [getattr(output, "_keras_mask", None) for output in leaves(outputs)]
        known = {index: mask for index, mask in enumerate(masks) if mask is not None}
        found.append({"outputs": outputs, "masks": known, "weights": list(layer.weights)})
    mine, theirs = found
    assert_close(mine, theirs, str(case), atol=1e-5)


@every_case
def test_shapes_are_those_of_keras_of_a_trace_and_of_a_call(case):
    mine, theirs = case.pair()
    called = map_leaves(lambda output: tuple(output.shape), case.run(mine, case.inputs()))
    assert _shapes(case.output_shape(mine, case.shape)) == _shapes(called)
    for shape in (case.shape, map_shapes(lambda shape: (None, *shape[1:]), case.shape)):
        said = case.output_shape(mine, shape)
        assert case.wraps_torch or _shapes(said) == _shapes(case.output_shape(theirs, shape))
        if not isinstance(shape, dict):
            assert said == Layer.compute_output_shape(mine, shape)


def _shapes(structure: Any) -> list[Any]:
    """Return the shapes in a structure: Keras gives a list of them where the call gives a tuple of tensors."""
    found: list[Any] = []
    map_shapes(found.append, structure)
    return found
