"""Would a comparison with Keras notice a difference, and say where it is?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.oracle import assert_close, keras, to_numpy


def test_keras_runs_on_torch():
    assert keras.backend.backend() == "torch"
    assert isinstance(keras.ops.ones(2), torch.Tensor)


@pytest.mark.parametrize(
    "value",
    [
        torch.ones(2, requires_grad=True),
        torch.ones(2, dtype=torch.bfloat16),
        np.ones(2),
        [1.0, 1.0],
        keras.Variable(np.ones(2)),
        torch.complex(torch.ones(2), torch.zeros(2)).conj(),
    ],
)
def test_everything_becomes_an_array(value):
    array = to_numpy(value)
    assert isinstance(array, np.ndarray)
    assert array.tolist() == [1.0, 1.0]


def test_equal_structures_pass():
    ours = {"a": torch.ones(2), "b": (torch.tensor(3), [torch.tensor(float("nan"))])}
    assert_close(ours, {"a": np.ones(2), "b": [3, [np.nan]]})


@pytest.mark.parametrize(
    ("ours", "theirs", "message"),
    [
        (torch.ones(2), np.ones((2, 1)), r"out: our shape \(2,\) is not Keras's \(2, 1\)"),
        (
            torch.tensor([[1.0, 2.0]]),
            np.ones((1, 2)),
            r"1 of 2 numbers differ, by 1 .* First at \[0, 1\]: ours",
        ),
        (torch.tensor(2.0), np.ones(()), r"out: 1 of 1 numbers differ"),
        ({"a": torch.ones(1)}, {"a": np.zeros(1)}, r"out\['a'\]: 1 of 1"),
        ((np.ones(1), [torch.ones(1)]), (np.ones(1), [np.zeros(1)]), r"out\[1\]\[0\]: 1 of 1"),
        ([torch.ones(1)], [np.ones(1), np.ones(1)], r"is not nested like"),
        ({"a": torch.ones(1)}, {"b": np.ones(1)}, r"is not nested like"),
        (torch.tensor(float("nan")), np.ones(()), r"1 of 1 numbers differ"),
    ],
)
def test_differences_fail_and_say_where(ours, theirs, message):
    with pytest.raises(AssertionError, match=message):
        assert_close(ours, theirs, "out")
