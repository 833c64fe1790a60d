"""How are a recurrent layer of ours and Keras's made alike, called alike and compared?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras, keras_keeps_float64, to_numpy
from torchkeras_layer._structures import leaves, map_leaves

DTYPES = st.sampled_from(["float32", "float64"])
MASKS = ("none", "right", "left", "holes", "all of a row")
# There torch's own nn.LSTM fails under autocast.
needs_bfloat16_kernels = pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="torch cannot run an LSTM in bfloat16 on this CPU"
)


def mask_of_kind(kind: str, batch: int, steps: int, random: np.random.Generator) -> torch.Tensor | None:
    """Return a mask, (batch, steps): padding on the right or left, at random, or at random with one row all masked."""
    if kind == "none":
        return None
    lengths = random.integers(0, steps + 1, size=(batch, 1))
    places = np.arange(steps)
    if kind == "right":
        mask = places < lengths
    elif kind == "left":
        mask = places >= lengths
    else:
        mask = random.random((batch, steps)) < 0.6
        mask[0] &= kind == "holes"
    return torch.as_tensor(mask)


@st.composite
def layer_arguments(draw: st.DrawFn, *activations: str, **others: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Draw arguments of SimpleRNN, GRU or LSTM; `others` are those of one of them only."""
    flags = ("use_bias", "return_sequences", "return_state", "go_backwards", "zero_output_for_mask")
    return {
        "units": draw(st.integers(1, 5)),
        "activation": draw(st.sampled_from(activations)),
        "dtype": draw(DTYPES),
        **{name: draw(st.booleans()) for name in flags},
        **{name: draw(strategy) for name, strategy in others.items()},
    }


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    """Draw how a layer is called: on which sizes, with which mask, from which state, and how often."""
    return {
        "sizes": (draw(st.integers(1, 4)), draw(st.integers(1, 6)), draw(st.integers(1, 4))),
        "mask": draw(st.sampled_from(MASKS)),
        "has_state": draw(st.booleans()),
        "seed": draw(st.integers(0, 2**16)),
    }


def give_weights(mine: Any, theirs: Any, random: np.random.Generator) -> None:
    """Give both layers the same weights."""
    weights = [random.normal(0, 0.6, weight.shape) for weight in theirs.weights]
    mine.set_weights(weights)
    theirs.set_weights(weights)


def assert_same_layer(name: str, mine: Any, theirs: Any, call: dict[str, Any]) -> None:
    """Fail unless both layers give the same outputs, states, gradients and masks."""
    random = np.random.default_rng(call["seed"])
    for layer in (mine, theirs):
        layer.build(call["sizes"])
    give_weights(mine, theirs, random)
    values = random.normal(size=call["sizes"]).astype(mine.dtype)
    mask = mask_of_kind(call["mask"], *call["sizes"][:2], random)
    state = None
    if call["has_state"]:
        sizes = mine.cell.state_size
        sizes = sizes if isinstance(sizes, list) else [sizes]
        state = map_leaves(lambda size: random.normal(size=(call["sizes"][0], size)).astype(mine.dtype), sizes)
    with keras_keeps_float64():
        found = [_results(layer, values, mask, state) for layer in (mine, theirs)]
    assert_digits(*found, name, mine.dtype)
    if mask is not None:
        computed = [leaves(layer.compute_mask(torch.as_tensor(values), mask)) for layer in (mine, theirs)]
        assert [None if one is None else one.tolist() for one in computed[0]] == [
            None if one is None else to_numpy(one).tolist() for one in computed[1]
        ]


def assert_digits(found: Any, expected: Any, what: str, dtype: str) -> None:
    """Fail unless each array is the expected one, up to 1e-5 of its largest number, or 1e-10 in float64."""
    share = 1e-10 if dtype == "float64" else 1e-5
    pairs = list(zip(leaves(found), leaves(expected), strict=True))
    for index, (one, other) in enumerate(pairs):
        assert dtype in str(one.dtype)
        assert_close(one, other, f"{what}[{index}]", share, share * abs(to_numpy(other)).max(initial=0.1))


def _results(layer: Any, values: np.ndarray, mask: torch.Tensor | None, state: Any) -> dict[str, Any]:
    inputs = torch.tensor(values, requires_grad=True)
    state = map_leaves(lambda part: None if part is None else torch.tensor(part, requires_grad=True), state)
    arguments = {} if state is None else {"initial_state": state}
    outputs = layer(inputs, mask=mask, training=False, **arguments)
    flat = leaves(outputs)
    directions = [torch.linspace(-1, 1, one.numel()).reshape(one.shape) for one in flat]
    loss = sum((one * direction).sum() for one, direction in zip(flat, directions, strict=True))
    weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
    given = [inputs, *(part for part in leaves(state) if part is not None)]
    gradients = torch.autograd.grad(loss, [*given, *weights], allow_unused=True)
    filled = [
        torch.zeros_like(one) if gradient is None else gradient
        for one, gradient in zip([*given, *weights], gradients, strict=True)
    ]
    return {"outputs": flat, "gradients": filled}


def both(name: str, arguments: dict[str, Any], **own: Any) -> tuple[Any, Any]:
    """Make a layer of ours and Keras's; `own` are arguments for ours only."""
    return getattr(ours.layers, name)(**arguments, **own), getattr(keras.layers, name)(**arguments)
