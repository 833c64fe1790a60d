"""Do the functions of `tf` give TensorFlow's values, shapes and dtypes, also on symbolic tensors?

What TensorFlow gave is in `goldens.npz`, which `write_goldens.py` wrote.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.tf import cases
from tests.tf.write_goldens import ALL, leaves
from torchkeras_layer import tf
from torchkeras_layer.ops.tensorflow_names import names_of_tensorflow
from torchkeras_layer.tf._places import FUNCTIONS

GOLDENS = np.load(Path(__file__).with_name("goldens.npz"))
# Torch's special functions differ from TensorFlow's by this at most, relative to the largest value.
TOLERANCE = 2e-4
# Whose values are random: `test_random_functions.py` tests them.
RANDOM = ("random", "dropout", "gamma", "uniform", "normal", "poisson", "shuffle", "categorical")
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
    found = {int(key.removeprefix(start)): GOLDENS[key] for key in GOLDENS.files if key.startswith(start)}
    return [found[place] for place in sorted(found)]


def _as_arrays(found):
    return [leaf.numpy(force=True) if isinstance(leaf, torch.Tensor) else np.asarray(leaf) for leaf in leaves(found)]


IDS = [f"{number}.{name}" for number, (name, _) in enumerate(ALL)]


@pytest.mark.parametrize(("number", "name", "run"), [(n, *case) for n, case in enumerate(ALL)], ids=IDS)
def test_values_shapes_and_dtypes(number, name, run):
    inputs = {key: torch.from_numpy(values) for key, values in cases.INPUTS.items()}
    found, expected = _as_arrays(run(tf, inputs)), _expected(number, name)
    assert len(found) == len(expected)
    for got, wanted in zip(found, expected, strict=True):
        assert got.shape == wanted.shape
        # Sizes are ints here, and indices of torch's functions int64.
        assert got.dtype == wanted.dtype or {got.dtype.kind, wanted.dtype.kind} == {"i"}
        scale = max(1.0, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0))) if wanted.dtype.kind in "fc" else 1
        np.testing.assert_allclose(got, wanted, rtol=TOLERANCE, atol=TOLERANCE * scale)


@pytest.mark.parametrize(
    ("number", "name", "run"), [(n, *case) for n, case in enumerate(ALL) if case[0] not in NOT_SYMBOLIC],
)  # fmt: skip
def test_on_symbolic_tensors(number, name, run):
    inputs = {
        key: keras.Input(batch_shape=values.shape, dtype=str(values.dtype)) for key, values in cases.INPUTS.items()
    }
    model = keras.Model(inputs, [leaf for leaf in leaves(run(tf, inputs)) if not isinstance(leaf, int)])
    got = model({key: torch.from_numpy(values) for key, values in cases.INPUTS.items()})
    for tensor, symbolic, wanted in zip(leaves(got), model.outputs, _expected(number, name), strict=True):
        assert tensor.shape == wanted.shape
        assert all(size in (None, known) for size, known in zip(symbolic.shape, tensor.shape, strict=True))
        assert tensor.dtype is symbolic.dtype


def test_every_function_has_a_case():
    tried = {name.rpartition(".")[2] for name, _ in ALL}
    # Models with the functions of this table are compared with TensorFlow's in tests/models.
    tried |= {name.rpartition(".")[2] for name in names_of_tensorflow()}
    names = {name.removesuffix("_v2") for names in FUNCTIONS.values() for name in names.split()}
    assert {name for name in names - tried if not any(word in name for word in RANDOM)} == set()
