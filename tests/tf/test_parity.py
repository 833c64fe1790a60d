"""Do the functions of `tf` give TensorFlow's values, shapes, dtypes and gradients, also on symbolic tensors?

What TensorFlow gave is in `goldens.npz`, which `write_goldens.py` wrote.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.tf import cases, cases_of_control, test_random_functions
from tests.tf.write_goldens import ALL, FUNCTIONS, leaves
from torchkeras_layer import porting, tf
from torchkeras_layer.tf import _places

GOLDENS = np.load(Path(__file__).with_name("goldens.npz"))
# Inputs for which torch has no derivative, and says so.
WITHOUT_DERIVATIVE = {("math.igamma", "big"), ("math.igammac", "big")}
# Functions of the lower half of a symmetric matrix, to which TensorFlow gives the whole gradient.
OF_SYMMETRIC = {"linalg.eigh", "linalg.eigvalsh"}
# Functions that look at values, and whose results are as many as these say.
NOT_COMPILED = {"nn.ctc_loss", *(f"image.non_max_suppression{end}" for end in ("", "_with_scores", "_padded"))}
# The number of functions that are compiled together: one by one takes three times as long.
TOGETHER = 35
KEYS = {number: [] for number in range(len(ALL))}
for key in GOLDENS.files:
    KEYS[int(key.partition(".")[0])].append(key)
# Torch's special functions differ from TensorFlow's by this at most, relative to the largest value.
TOLERANCE = 2e-4
# Results whose shapes depend on values, or that compute with sizes alone.
NOT_SYMBOLIC = {
    "boolean_mask", "where", "constant", "convert_to_tensor", "linspace", "meshgrid", "ones", "zeros", "range", "eye",
    "fill", "unique", "unique_with_counts", "compat.v1.setdiff1d", "dynamic_stitch", "dynamic_partition",
    "unravel_index", "math.invert_permutation", "scatter_nd", "searchsorted", "sequence_mask",
    "broadcast_dynamic_shape",
    "shape", "size", "math.bincount", "image.non_max_suppression", "image.non_max_suppression_with_scores",
    "image.non_max_suppression_padded", "signal.inverse_stft_window_fn", "signal.hann_window", "signal.hamming_window",
    "signal.kaiser_window", "signal.vorbis_window", "signal.linear_to_mel_weight_matrix", "math.confusion_matrix",
    "clip_by_global_norm", "linalg.global_norm", "histogram_fixed_width", "linalg.lstsq", "nn.ctc_loss",
    *(f"math.segment_{kind}" for kind in ("sum", "mean", "max", "min", "prod")),
}  # fmt: skip


def _expected(number, name):
    start = f"{number}.{name}."
    places = sorted(int(key.removeprefix(start)) for key in KEYS[number] if not key.startswith(f"{start}d."))
    return [GOLDENS[f"{start}{place}"] for place in places]


def _as_arrays(found):
    return [leaf.numpy(force=True) if isinstance(leaf, torch.Tensor) else np.asarray(leaf) for leaf in leaves(found)]


def _inputs():
    return {key: torch.from_numpy(values) for key, values in cases.INPUTS.items()}


def _assert_close(got, wanted):
    assert got.shape == wanted.shape
    scale = max(1.0, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0))) if wanted.dtype.kind in "fc" else 1
    np.testing.assert_allclose(got, wanted, rtol=TOLERANCE, atol=TOLERANCE * scale)


def _each(rows):
    rows = list(rows)
    return pytest.mark.parametrize(("number", "name", "run"), rows, ids=[f"{row[0]}.{row[1]}" for row in rows])


NUMBERED = [(number, name, run) for number, (name, run) in enumerate(ALL)]
IN_GRAPHS = [row for row in NUMBERED if (row[1], row[2]) in cases_of_control.IN_GRAPHS]


@_each(NUMBERED)
def test_values_shapes_and_dtypes(number, name, run):
    with porting.variable_methods():
        found, expected = _as_arrays(run(tf, _inputs())), _expected(number, name)
    assert len(found) == len(expected)
    for got, wanted in zip(found, expected, strict=True):
        # Sizes are ints here, and indices of torch's functions int64.
        assert got.dtype == wanted.dtype or {got.dtype.kind, wanted.dtype.kind} == {"i"}
        _assert_close(got, wanted)


@_each(row for row in NUMBERED[: len(FUNCTIONS)] if any(".d." in key for key in KEYS[row[0]]))
def test_gradients(number, name, run):
    inputs, start = _inputs(), f"{number}.{name}.d."
    wanted = {key.removeprefix(start): GOLDENS[key] for key in KEYS[number] if key.startswith(start)}
    wanted = {source: values for source, values in wanted.items() if (name, source) not in WITHOUT_DERIVATIVE}
    sources = [inputs[source].requires_grad_() for source in wanted]
    found = [leaf for leaf in leaves(run(tf, inputs)) if isinstance(leaf, torch.Tensor) and leaf.is_floating_point()]
    gradients = torch.autograd.grad(sum(leaf.double().square().sum() for leaf in found), sources)
    for gradient, expected in zip(gradients, wanted.values(), strict=True):
        if name in OF_SYMMETRIC:
            expected = (expected + expected.swapaxes(-1, -2)) / 2
        _assert_close(gradient.resolve_conj().numpy(), expected)


@_each([row for row in NUMBERED[: len(FUNCTIONS)] if row[1] not in NOT_SYMBOLIC] + IN_GRAPHS)
def test_on_symbolic_tensors(number, name, run):
    inputs = {
        key: keras.Input(batch_shape=values.shape, dtype=str(values.dtype)) for key, values in cases.INPUTS.items()
    }
    # Sizes are ints, which are no outputs of a model.
    both = zip(leaves(run(tf, inputs)), _expected(number, name), strict=True)
    outputs, expected = zip(*[(leaf, wanted) for leaf, wanted in both if not isinstance(leaf, int)], strict=True)
    model = keras.Model(inputs, list(outputs))
    for tensor, symbolic, wanted in zip(leaves(model(_inputs())), model.outputs, expected, strict=True):
        assert tensor.shape == wanted.shape
        assert all(size in (None, known) for size, known in zip(symbolic.shape, tensor.shape, strict=True))
        assert tensor.dtype is symbolic.dtype


@pytest.mark.parametrize("start", range(0, len(FUNCTIONS), TOGETHER))
def test_functions_are_compiled_in_one_graph(start):
    rows = [row for row in NUMBERED[start : min(start + TOGETHER, len(FUNCTIONS))] if row[1] not in NOT_COMPILED]

    def run_all(inputs):
        return [run(tf, inputs) for _, _, run in rows]

    # Each start counts as one more compilation of the same function.
    torch._dynamo.reset()
    compiled = torch.compile(run_all, fullgraph=True, backend="eager")
    for (number, name, _), found in zip(rows, compiled(_inputs()), strict=True):
        for got, wanted in zip(_as_arrays(found), _expected(number, name), strict=True):
            _assert_close(got, wanted)


@_each(IN_GRAPHS)
def test_control_flow_is_compiled_in_one_graph(number, name, run):
    compiled = torch.compile(run, fullgraph=True, backend="eager")
    for got, wanted in zip(_as_arrays(compiled(tf, _inputs())), _expected(number, name), strict=True):
        _assert_close(got, wanted)


def test_every_function_has_a_case():
    tried = {name.rpartition(".")[2] for name, _ in ALL}
    for file in ("functions", "nodes"):
        # Models with these functions are compared with TensorFlow's in tests/models.
        text = Path(__file__).parents[1].joinpath("models", f"tensorflow_{file}.json").read_text()
        tried |= {name.rpartition(".")[2] for name in re.findall(r'"function": ?"([\w.]+)"', text)}
    random = set(re.findall(r"\w+", Path(test_random_functions.__file__).read_text()))
    random |= {f"stateless_{name}" for name in test_random_functions.WIDE}
    names = {name.removesuffix("_v2") for names in _places.FUNCTIONS.values() for name in names.split()}
    assert names - tried - random == set()
