"""Do `build`, `compute_output_shape` and masks find the arguments of `call` by their names? (contract §2.4, §2.6)"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras

BOTH = pytest.mark.parametrize("library", [ours, keras], ids=["ours", "keras"])


def joins(library, base=None):
    class Joins(base or library.layers.Layer):
        """Joins two tensors; every method names the arguments of `call`."""

        def __init__(self):
            super().__init__()
            self.seen = []
            self.masks = []
            self.supports_masking = True

        def build(self, a_shape, b_shape):
            self.seen.append(("build", a_shape, b_shape))

        def call(self, a, b, a_mask=None, b_mask=None):
            self.masks.append((a_mask is not None, b_mask is not None))
            concatenate = torch.cat if library is ours else library.ops.concatenate
            return concatenate([a, b], -1)

        def compute_output_shape(self, a_shape, b_shape):
            self.seen.append(("shape", a_shape, b_shape))
            return (*a_shape[:-1], a_shape[-1] + b_shape[-1])

    return Joins()


@BOTH
def test_shapes_in_a_symbolic_call(library):
    layer = joins(library)
    output = layer(library.Input((3,)), library.Input((4,)))
    assert output.shape == (None, 7)
    assert layer.seen[0] == ("build", (None, 3), (None, 4))
    assert layer.seen[1] == ("shape", (None, 3), (None, 4))


@BOTH
@pytest.mark.parametrize("by_keyword", [False, True])
def test_shapes_by_position_and_keyword(library, by_keyword):
    layer, (a, b) = joins(library), (library.Input((3,)), library.Input((4,)))
    output = layer(b=b, a=a) if by_keyword and library is ours else layer(a, b=b)
    assert output.shape == (None, 7)


@BOTH
def test_compute_output_shape_can_be_called(library):
    layer = joins(library)
    assert tuple(layer.compute_output_shape((2, 3), (2, 4))) == (2, 7)
    assert tuple(layer.compute_output_shape(a_shape=(2, 3), b_shape=(2, 4))) == (2, 7)


def masked(library, ids=((1, 0),)):
    return library.layers.Embedding(5, 2, mask_zero=True)(torch.tensor(ids))


@BOTH
@pytest.mark.parametrize(("a", "b"), [(True, True), (True, False), (False, True), (False, False)])
def test_masks_are_filled_by_name(library, a, b):
    layer = joins(library)
    plain = torch.ones(1, 2, 2)
    layer(masked(library) if a else plain, masked(library) if b else plain)
    assert layer.masks[-1] == (a, b)


@BOTH
def test_a_given_mask_is_kept(library):
    given = torch.tensor([[False, True]])

    class Keeps(library.layers.Layer):
        supports_masking = True

        def call(self, a, b, a_mask=None, b_mask=None):
            self.got = a_mask, b_mask
            return a + b

    layer = Keeps()
    layer(masked(library), masked(library), b_mask=given)
    assert torch.equal(layer.got[0], torch.tensor([[True, False]]))
    assert torch.equal(layer.got[1], given)


def test_an_explicit_none_means_no_mask():
    """[13]"""
    layer = joins(ours)
    layer(masked(ours), masked(ours), a_mask=None)
    layer(masked(ours), masked(ours), None, None)
    assert layer.masks == [(False, True), (False, False)]


def test_masks_of_a_structure_have_its_structure():
    class Lists(ours.Layer):
        def call(self, query, others, others_mask=None):
            self.got = others_mask
            return query

    layer = Lists()
    layer(torch.ones(1), [masked(ours), torch.ones(1)])
    assert torch.equal(layer.got[0], torch.tensor([[True, False]]))
    assert layer.got[1] is None
    layer(torch.ones(1), [torch.ones(1), torch.ones(1)])
    assert layer.got is None


def test_a_mask_without_a_default_is_always_filled():
    class Requires(ours.Layer):
        def call(self, x, x_mask):
            self.got = x_mask
            return x * 1

    layer = Requires()
    layer(torch.ones(1, 2, 2))
    assert layer.got is None
    layer(masked(ours))
    assert layer.got is not None


@BOTH
def test_the_shape_of_a_mask(library):
    class Shaped(library.layers.Layer):
        supports_masking = True

        def build(self, x_shape):
            pass

        def call(self, x, y, x_mask=None):
            return x + y

        def compute_output_shape(self, x_shape, x_mask_shape):
            self.got = x_shape, x_mask_shape
            return x_shape

    layer = Shaped()
    x = library.layers.Embedding(5, 2, mask_zero=True)(library.Input((4,), dtype="int32"))
    assert layer(x, library.Input((4, 2))).shape == (None, 4, 2)
    assert layer.got == ((None, 4, 2), (None, 4))


def test_masks_in_a_graph():
    layer, ids = joins(ours), ours.Input((2,), dtype="int32")
    embedded = ours.layers.Embedding(5, 2, mask_zero=True)(ids)
    x = ours.Input((2, 2))
    model = ours.Model([ids, x], layer(embedded, x))
    model([torch.tensor([[1, 0]]), torch.ones(1, 2, 2)])
    assert layer.masks[-1] == (True, False)


def test_data_dependent_calls_use_the_named_shapes():
    class Depends(ours.Layer):
        def call(self, a, b):
            return torch.cat([a, b], -1) if a.sum() > 0 else a

        def compute_output_shape(self, a_shape, b_shape):
            return (*a_shape[:-1], a_shape[-1] + b_shape[-1])

    assert Depends()(ours.Input((3,)), ours.Input((4,))).shape == (None, 7)


def test_an_optional_argument_that_is_no_shape_is_left_out():
    class Scaled(ours.Layer):
        def call(self, x):
            return torch.cat([x, x], -1)

        def compute_output_shape(self, input_shape, factor=2):
            return (*input_shape[:-1], factor * input_shape[-1])

    assert Scaled()(ours.Input((3,))).shape == (None, 6)


def test_an_argument_of_an_unknown_name():
    class Wrong(ours.Layer):
        def call(self, a, b):
            return a + b

        def compute_output_shape(self, a_shape, c_shape):
            return a_shape

    with pytest.raises(ValueError, match=r"compute_output_shape\(\) takes several shapes.*'c_shape'.*are a, b"):
        Wrong()(ours.Input((3,)), ours.Input((3,)))
