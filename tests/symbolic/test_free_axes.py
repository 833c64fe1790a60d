"""What happens where a free axis meets a known size? The known one wins, and torch checks it when it runs."""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras
from torchkeras_layer import layers


def free(*shape):
    return ours.Input(shape)


CASES = {
    "a sum": (lambda: free(None, 4) + torch.ones(10, 4), (None, 10, 4)),
    "a sum the other way round": (lambda: torch.ones(10, 4) + free(None, 4), (None, 10, 4)),
    "two sizes": (lambda: free(None, None) * torch.ones(10, 13), (None, 10, 13)),
    "three sizes": (lambda: free(None, None, None) - torch.ones(5, 7, 11), (None, 5, 7, 11)),
    "a product of batches": (lambda: free(5) @ free(8), (None, 8)),
    "a product with a table": (lambda: free(None) @ torch.ones(5, 3), (None, 3)),
    "a batched product": (lambda: torch.bmm(free(4, 5), free(None, 8)), (None, 4, 8)),
    "an einsum": (lambda: torch.einsum("bij,bjk->bik", free(4, None), free(6, 8)), (None, 4, 8)),
    "a concatenation": (lambda: torch.cat([free(10, 4), free(None, 6)], -1), (None, 10, 10)),
    "a stack": (lambda: torch.stack([free(10, 4), free(None, 4)], 1), (None, 2, 10, 4)),
    "a choice": (lambda: torch.where(free(None) > 0, free(7), 0.0), (None, 7)),
    "a size that the traces use": (lambda: free(None, 4) + torch.ones(18, 4), (None, 18, 4)),
    "two inputs": (lambda: free(None, 4) + free(9, 4), (None, 9, 4)),
    "a size of 1 broadcasts": (lambda: free(None, 4) + torch.ones(1, 4), (None, None, 4)),
    "the batch": (lambda: free(3) + torch.ones(5, 3), (5, 3)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_known_size_wins(name):
    make, expected = CASES[name]
    assert make().shape == expected


class Graph(ours.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(8, 3), initializer="ones")
        self.table = self.add_weight(shape=(5, 3), initializer="zeros")

    def call(self, inputs):
        adjacency, nodes = inputs
        return adjacency @ (nodes @ self.kernel) + self.table


def test_a_graph_network():
    adjacency, nodes = free(5), free(8)
    y = Graph()([adjacency, nodes])
    assert y.shape == (5, 3)
    model = ours.Model([adjacency, nodes], y)
    assert torch.equal(model([torch.eye(5), torch.ones(5, 8)]), torch.full((5, 3), 8.0))
    with pytest.raises(RuntimeError):
        model([torch.ones(5, 5), torch.ones(6, 8)])


def test_models_run_and_torch_checks():
    x = free(None, 4)
    model = ours.Model(x, x + torch.ones(10, 4))
    assert model(torch.zeros(2, 10, 4)).shape == (2, 10, 4)
    with pytest.raises(RuntimeError, match="must match"):
        model(torch.zeros(2, 9, 4))


def test_losses_of_the_last_run_only():
    class Penalized(ours.Layer):
        def call(self, inputs):
            outputs = inputs + torch.ones(10, 4)
            self.add_loss(outputs.sum())
            return outputs

    layer = Penalized()
    layer(free(None, 4))
    assert len(layer.losses) == 1


@pytest.mark.parametrize(
    "make",
    [lambda: free(4) @ torch.ones(5, 3), lambda: free(3) + torch.ones(2, 5), lambda: free(None, 4).reshape(7, 7)],
)
def test_known_sizes_that_differ_are_still_an_error(make):
    with pytest.raises(ValueError, match="cannot be applied to the symbolic tensor"):
        make()


def test_an_error_of_the_users_own_is_raised_as_it_is():
    class Refuses(ours.Layer):
        def call(self, inputs):
            raise ValueError(f"12 of 5 do not fit {tuple(inputs.shape)}")

    with pytest.raises(ValueError, match="12 of 5"):
        Refuses()(free(None, 4))


def embedded(library, steps):
    return library.layers.Embedding(5, 4, mask_zero=True)(library.Input((steps,), dtype="int32"))


@pytest.mark.parametrize("library", [ours, keras], ids=["ours", "keras"])
def test_concatenate_with_a_mask(library):
    y = library.layers.Concatenate()([embedded(library, 10), library.Input((None, 6))])
    assert y.shape == (None, 10, 10)


def test_the_order_of_the_inputs_does_not_matter():
    y = layers.Concatenate()([free(None, 6), embedded(ours, 10)])
    assert y.shape == (None, 10, 10)
    assert layers.Concatenate()([free(None, 6), free(10, 4)]).shape == (None, 10, 10)
    assert y._keras_mask.shape == (None, 10)


@pytest.mark.parametrize("kind", ["Add", "Multiply", "Average", "Maximum", "Subtract"])
@pytest.mark.parametrize("flip", [False, True])
def test_merging(kind, flip):
    """TF-Keras: (None, 10, 4)."""
    inputs = [free(10, 4), free(None, 4)]
    assert getattr(layers, kind)()(inputs[::-1] if flip else inputs).shape == (None, 10, 4)
    masked = [embedded(ours, 10), embedded(ours, None)]
    y = getattr(layers, kind)()(masked[::-1] if flip else masked)
    assert (y.shape, y._keras_mask.shape) == ((None, 10, 4), (None, 10))


def test_merging_along_another_axis():
    masked = [embedded(ours, 10), embedded(ours, None)]
    y = layers.Concatenate(axis=1)(masked)
    assert (y.shape, y._keras_mask.shape) == ((None, None, 4), (None, None))


def test_masks_at_run_time():
    ids, x = ours.Input((2,), dtype="int32"), free(None, 6)
    y = layers.Concatenate()([layers.Embedding(5, 4, mask_zero=True)(ids), x])
    model = ours.Model([ids, x], y)
    assert model([torch.tensor([[1, 0]]), torch.ones(1, 2, 6)])._keras_mask.tolist() == [[True, True]]
    with pytest.raises(RuntimeError):
        model([torch.tensor([[1, 0]]), torch.ones(1, 3, 6)])
