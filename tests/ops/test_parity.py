"""Do all operations give the values, dtypes, shapes and gradients of Keras's?"""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.ops import array_cases, elementwise_cases, layer_cases
from tests.oracle import keras
from torchkeras_layer._structures import leaves, map_leaves

CASES = {**elementwise_cases.CASES, **array_cases.CASES, **layer_cases.CASES}
IMAGES = frozenset(dir(ours.ops.image))
# Operations that take Python functions, or whose results are no tensors: each has tests of its own.
WITHOUT_CASES = {
    "associative_scan", "cond", "convert_to_numpy", "custom_gradient", "dtype", "elastic_transform", "fori_loop",
    "is_tensor", "jvp", "map", "scan", "shape", "switch", "vectorize", "vectorized_map", "while_loop",
}  # fmt: skip
# Their values may be anything, or are not determined: the shape and dtype are.
OF_ANY_VALUES = {"empty", "empty_like", "argpartition", "eig", "eigh", "qr", "lu_factor"}
NOT_DIFFERENTIABLE = {"floor_divide", "heaviside", "histogram", "qr"}
# Keras changes its argument in place.
IN_PLACE = {"affine_transform"}
# Keras's functions on torch compute something else than numpy's, which they are described like, or fail.
AS_NUMPY = {
    "average", "bincount", "count_nonzero", "dot", "full", "geomspace", "histogram", "imag", "linspace", "logspace",
    "nonzero", "pad", "take", "unique", "vander",
}  # fmt: skip
# 8 of each operation; `pytest --hypothesis-profile=explore` tries 200.
EXAMPLES = settings.default.max_examples // 5 if settings.default else 8

KEEPING = [
    name
    for name in array_cases.REDUCTIONS
    if {"axis", "keepdims"} <= inspect.signature(getattr(ours.ops, name)).parameters.keys()
]


def function_of(library, name):
    return getattr(library.ops.image if name in IMAGES else library.ops, name)


def tensors(arguments, with_gradients=False):
    """Return arguments with tensors in place of arrays."""

    def convert(leaf):
        if not isinstance(leaf, np.ndarray):
            return leaf
        tensor = torch.tensor(leaf)
        return tensor.requires_grad_(with_gradients and tensor.is_floating_point())

    return map_leaves(convert, arguments)


def results(library, name, arguments):
    """Return the results of an operation as a list, and the gradients of its arguments, `None` if it has none."""
    has_gradients = library is ours or name not in IN_PLACE
    args, kwargs = tensors(arguments, has_gradients)
    found = [torch.as_tensor(leaf) for leaf in leaves(function_of(library, name)(*args, **kwargs))]
    inputs = [leaf for leaf in leaves((args, kwargs)) if isinstance(leaf, torch.Tensor) and leaf.requires_grad]
    outputs = [leaf for leaf in found if leaf.requires_grad and leaf.is_floating_point()]
    if not has_gradients:
        return found, None
    if not outputs or name in NOT_DIFFERENTIABLE:
        return found, []
    weights = [torch.linspace(0.5, 1.5, x.numel(), dtype=x.dtype).reshape(x.shape) for x in outputs]
    loss = sum((x * weight).sum() for x, weight in zip(outputs, weights, strict=True))
    try:
        return found, torch.autograd.grad(loss, inputs, allow_unused=True)
    except RuntimeError:
        # Some of Keras's functions change tensors in place.
        if library is ours:
            raise
        return found, None


def in_numpy(name, arguments):
    """Return the results of numpy's function of the same name."""
    args, kwargs = arguments
    kwargs = {word: tuple(value) if isinstance(value, list) else value for word, value in kwargs.items()}
    found = getattr(np, name)(*args, **kwargs)
    return [torch.tensor(np.array(part)) for part in (found if isinstance(found, tuple) else [found])]


def documented_dtypes(name, arguments):
    """Return the dtypes that Keras says for symbolic arguments."""
    args, kwargs = map_leaves(
        lambda leaf: keras.KerasTensor(leaf.shape, str(leaf.dtype)) if isinstance(leaf, np.ndarray) else leaf, arguments
    )
    return [getattr(torch, leaf.dtype) for leaf in leaves(function_of(keras, name)(*args, **kwargs))]


def check_values(name, arguments, mine, theirs):
    assert [x.shape for x in mine] == [x.shape for x in theirs]
    if name not in OF_ANY_VALUES:
        for got, expected in zip(mine, theirs, strict=True):
            torch.testing.assert_close(got, expected, rtol=2e-4, atol=2e-5, equal_nan=True, check_dtype=False)


def check_gradients(mine, theirs):
    for got, expected in zip(mine, theirs, strict=True):
        if expected is not None and expected.isfinite().any():
            # Keras's gradient may be NaN beside a NaN.
            is_known = expected.isfinite()
            got = torch.zeros_like(expected) if got is None else got
            torch.testing.assert_close(got[is_known], expected[is_known], rtol=1e-3, atol=1e-4)


@pytest.mark.filterwarnings("ignore:.*T.* deprecated")
@pytest.mark.parametrize("name", CASES)
@settings(max_examples=EXAMPLES)
@given(source=st.randoms(use_true_random=False))
def test_an_operation_is_keras_s(name, source):
    arguments = CASES[name](source)
    mine, my_gradients = results(ours, name, arguments)
    if name in AS_NUMPY:
        check_values(name, arguments, mine, in_numpy(name, arguments))
        return
    theirs, their_gradients = results(keras, name, arguments)
    check_values(name, arguments, mine, theirs)
    dtypes = [x.dtype for x in mine]
    if name != "ndim":
        assert dtypes == [x.dtype for x in theirs] or dtypes == documented_dtypes(name, arguments)
    if their_gradients is not None and name not in OF_ANY_VALUES:
        check_gradients(my_gradients, their_gradients)


def test_every_operation_has_a_case():
    known = {name for name in dir(keras.ops) if not name.startswith("_")} - {"image", "linalg", "nn", "numpy"}
    known |= {name for name in dir(keras.ops.image) if not name.startswith("_")}
    assert known == {*CASES, *WITHOUT_CASES}


@pytest.mark.parametrize("place", ["", "nn", "numpy", "linalg", "image"])
def test_the_names_and_arguments_are_keras_s(place):
    mine, theirs = (getattr(library.ops, place) if place else library.ops for library in (ours, keras))
    names = [name for name in dir(theirs) if not name.startswith("_")]
    assert names == sorted(mine.__all__) == dir(mine)
    for name in names:
        if inspect.ismodule(getattr(theirs, name)):
            continue
        given, expected = ([*inspect.signature(getattr(m, name)).parameters.values()] for m in (mine, theirs))
        if expected[-1].kind is inspect.Parameter.VAR_KEYWORD:
            # Its keywords are named here, or have no effect.
            expected = expected[:-1]
            given = given[: len(expected)]
        spelled = [[(one.name, one.default, one.kind) for one in parameters] for parameters in (given, expected)]
        assert spelled[0] == spelled[1], name


@pytest.mark.parametrize("mask_index", [0, None, 2])
@pytest.mark.parametrize("top_paths", [1, 3])
def test_the_beam_search_is_keras_s(mask_index, top_paths):
    generator = torch.Generator().manual_seed(0)
    for _ in range(4):
        logits, lengths = torch.randn(2, 6, 4, generator=generator) * 2, torch.tensor([6, 4])
        words = {"strategy": "beam_search", "beam_width": 20, "top_paths": top_paths, "mask_index": mask_index}
        mine, theirs = (library.ops.ctc_decode(logits, lengths, **words) for library in (ours, keras))
        assert [x.dtype for x in mine] == [x.dtype for x in theirs]
        check_values("ctc_decode", words, mine, theirs)


def test_wrong_arguments_of_decoding_are_errors():
    logits, lengths = torch.zeros(1, 2, 3), torch.tensor([2])
    with pytest.raises(ValueError, match=r"must be 'greedy' or 'beam_search'\. Received: strategy='best'\."):
        ours.ops.ctc_decode(logits, lengths, strategy="best")
    with pytest.raises(ValueError, match=r"beam_width must be at least top_paths\. Received: beam_width=1"):
        ours.ops.ctc_decode(logits, lengths, strategy="beam_search", beam_width=1, top_paths=2)


@pytest.mark.parametrize(("pool_size", "strides"), [((3, 2), 1), (3, 3), (2, None)])
def test_means_of_windows_with_margins_are_those_of_the_layer(pool_size, strides):
    x = torch.rand(2, 6, 5, 4)
    expected = ours.layers.AveragePooling2D(pool_size, strides, "same")(x)
    torch.testing.assert_close(ours.ops.average_pool(x, pool_size, strides, "same"), expected)


def test_a_kernel_that_is_no_square_blurs_rows_and_columns():
    x = torch.zeros(1, 7, 9, 1)
    x[0, 3, 4, 0] = 1
    blurred = ours.ops.image.gaussian_blur(x, (3, 5), (1.0, 0.5))[0, :, :, 0]
    assert blurred.shape == (7, 9)
    assert (blurred > 0).sum() == 15
    along = torch.exp(-0.5 * torch.arange(-2.0, 3) ** 2)
    down = torch.exp(-0.5 * (torch.arange(-1.0, 2) / 0.5) ** 2)
    torch.testing.assert_close(blurred[2:5, 2:7], torch.outer(down / down.sum(), along / along.sum()))


@pytest.mark.parametrize("name", KEEPING)
def test_all_axes_may_be_kept(name):
    x = torch.rand(2, 3)
    words = {"q": 0.5} if "quantile" in name else {"q": 50} if "percentile" in name else {}
    found = getattr(ours.ops, name)(x, axis=None, keepdims=True, **words)
    assert found.shape == (1, 1)
    assert torch.equal(found.reshape(()), getattr(ours.ops, name)(x, axis=None, **words))


def test_each_value_may_be_repeated_as_often_as_a_list_says():
    x = np.random.default_rng(0).normal(size=(2, 3))
    for repeats in ([1, 3], (0, 2), np.array([2, 1]), torch.tensor([1, 3])):
        found = ours.ops.repeat(x, repeats, axis=0)
        np.testing.assert_array_equal(found, np.repeat(x, np.asarray(repeats), axis=0))
    model = ours.Model(y := ours.Input(batch_shape=(2, 3)), ours.ops.repeat(y, [1, 3], axis=0))
    assert model(torch.ones(2, 3)).shape == model.output_shape == (4, 3)
