"""What do losses say to shapes that do not fit, unknown names and wrong arguments?"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from torchkeras_layer import losses

WRONG: Any = 3
FIT = r"the shapes of y_true and y_pred do not fit together\. Received: y_true of shape \(4, 3\), y_pred of shape"
ERRORS = [
    (lambda: losses.mean_squared_error(torch.ones(4, 3), torch.ones(4, 2)), rf"mean_squared_error: {FIT} \(4, 2\)"),
    (lambda: losses.Huber()(torch.ones(4, 3), torch.ones(5, 3)), rf"huber: {FIT} \(5, 3\)"),
    (lambda: losses.BinaryCrossentropy()(torch.ones(4, 3), torch.ones(4, 1)), rf"binary_crossentropy: {FIT} \(4, 1\)"),
    (
        lambda: losses.CategoricalCrossentropy()(torch.ones(4), torch.ones(4, 3)),
        r"categorical_crossentropy: .*\(4,\), y_pred of shape \(4, 3\)\. For classes as ints, write sparse_categorical",
    ),
    (
        lambda: losses.SparseCategoricalCrossentropy()(torch.ones(4, 3), torch.ones(4, 3)),
        r"sparse_categorical_crossentropy: .*\(4, 3\), y_pred of shape \(4, 3\)\. For vectors with 1 .* categorical",
    ),
    (lambda: losses.SparseCategoricalCrossentropy()([1], torch.ones(4, 3)), r"one class for each vector.*\(1,\)"),
    (lambda: losses.SparseCategoricalCrossentropy()(1, 2.0), r"y_true of shape \(\), y_pred of shape \(\)"),
    (lambda: losses.CTC()([1, 2], torch.ones(1, 5, 3)), r"ctc: y_true must have the shape \(batch, longest label\)"),
    (lambda: losses.CTC()([[1, 2]], torch.ones(5, 3)), r"ctc: y_pred must have the shape \(batch, steps, classes\)"),
    (lambda: losses.Circle()([1, 2], torch.ones(3, 3)), r"circle: y_true must have one class.*2 classes.*\(3, 3\)"),
    (lambda: losses.circle([1], torch.ones(1, 3), [1], torch.ones(2, 3)), r"circle: ref_labels must have one class"),
    (
        lambda: losses.MeanSquaredError()(torch.ones(4, 2, 3), torch.ones(4, 2, 3), torch.ones(4)),
        r"MeanSquaredError: the shape of sample_weight or a mask does not fit .* \(4,\) for \(4, 2\)\. .*reshape",
    ),
    (lambda: losses.MeanSquaredError("x"), r"MeanSquaredError: reduction must be one of .* Received: reduction='x'"),
    (lambda: losses.Loss(reduction=WRONG), r"Loss: reduction must be one of .* Received: reduction=3"),
    (lambda: losses.Loss(3), r"Loss: name must be a string\. Received: name=3"),
    (lambda: losses.Loss(name=WRONG), r"Loss: name must be a string\. Received: name=3"),
    (lambda: losses.Loss(dtype="int32"), r"Loss: dtype must be a float type\. Received: dtype='int32'"),
    (lambda: losses.CategoricalGeneralizedCrossEntropy(1.0), r"q must be between 0 and 1\. Received: q=1\.0"),
    (
        lambda: losses.categorical_crossentropy([[1.0]], [[1.0]], axis=True),
        r"axis must be an int\. Received: True",
    ),
    (lambda: losses.Huber(0), r"Huber: delta must be a number above 0\. Received: delta=0"),
    (
        lambda: losses.CTC()([[3]], torch.zeros(1, 4, 3)),
        r"ctc: y_true must have classes from 0, the blank, to 2\. .*: 3",
    ),
    (lambda: losses.CTC()([[-1]], torch.zeros(1, 4, 3)), r"ctc: y_true must have classes from 0, .* Received: -1"),
    (
        lambda: losses.SparseCategoricalCrossentropy(axis=5)([1], [[0.5, 0.5]]),
        r"axis must be between -2 and 1 for a tensor of rank 2\. Received: 5",
    ),
    (
        lambda: losses.BinaryCrossentropy(from_logits=True)(torch.ones(2, requires_grad=True), torch.tensor([0, 1])),
        r"BinaryCrossentropy: y_true has gradients, and y_pred consists of ints\. The targets come first",
    ),
    (lambda: losses.get("mean_sqared_error"), r"Did you mean 'mean_squared_error'"),
    (lambda: losses.get("msee"), r"loss.*'msee'"),
    (lambda: losses.get(3), r"loss.*3"),
    (lambda: losses.deserialize({"class_name": "Hubert", "config": {}}), r"'Hubert'.*Did you mean 'Huber'"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=[str(number) for number in range(len(ERRORS))])
def test_a_value_error_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "wrong", ["a", ["a"], [[1, 2], [3]], b"1", object()], ids=["word", "words", "ragged", "bytes", "object"]
)
def test_values_that_are_no_numbers_are_named(wrong):
    for name, call in (
        ("hinge: y_true", lambda: losses.hinge(wrong, [1.0])),
        ("hinge: y_pred", lambda: losses.hinge([1.0], wrong)),
        ("ctc: y_pred", lambda: losses.ctc([[1]], wrong)),
        ("circle: y_true", lambda: losses.circle(wrong, [[1.0]])),
        ("sparse_categorical_crossentropy: y_true", lambda: losses.sparse_categorical_crossentropy(wrong, [[1.0]])),
        ("Hinge: y_true", lambda: losses.Hinge()(wrong, [1.0])),
        ("Hinge: y_pred", lambda: losses.Hinge()([1.0], wrong)),
        ("Hinge: sample_weight", lambda: losses.Hinge()([1.0], [1.0], wrong)),
    ):
        with pytest.raises(TypeError, match=f"^{name} must be a tensor, an array, a number or a list of numbers"):
            call()


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(IndexError, match="Dimension out of range"):
        losses.BinaryCrossentropy(axis=5)(torch.ones(2, 2), torch.ones(2, 2))


def test_a_loss_without_call_says_so():
    with pytest.raises(NotImplementedError, match=r"Loss: define call\(self, y_true, y_pred\)"):
        losses.Loss()([1.0], [1.0])


def test_a_call_that_returns_nothing_says_so():
    class Own(losses.Loss):
        def call(self, y_true, y_pred):
            (y_true - y_pred).mean()

    with pytest.raises(ValueError, match=r"Own: call\(\) returned None\. Return the loss of each sample"):
        Own()([1.0], [1.0])


def test_a_constructor_that_does_not_call_the_one_above_says_so():
    class Own(losses.Loss):
        def __init__(self):
            self.scale = 2

        def call(self, y_true, y_pred):
            return y_true

    with pytest.raises(RuntimeError, match=r"Own: super\(\)\.__init__\(\) has not been called"):
        Own()([1.0], [1.0])
    with pytest.raises(AttributeError, match="no attribute 'scales'"):
        Own().scales  # noqa: B018


def test_a_wrapped_function_must_be_one():
    with pytest.raises(TypeError, match="LossFunctionWrapper: fn must be a function. Received: fn=3"):
        losses.LossFunctionWrapper(WRONG)


def test_too_many_arguments_are_refused():
    with pytest.raises(TypeError, match=r"Loss: expected at most a name, a reduction and a dtype\. Received: \(1, 2"):
        losses.Loss(1, 2, 3, 4)


def test_a_reduction_that_is_set_later_is_checked():
    loss = losses.MeanSquaredError()
    loss.reduction = "x"
    with pytest.raises(ValueError, match="MeanSquaredError: reduction must be one of"):
        loss([1.0], [2.0])


def test_classes_that_do_not_exist_are_refused():
    for loss in (losses.SparseCategoricalCrossentropy(), losses.SparseCategoricalCrossentropy(from_logits=True)):
        for number in (-1, 3, -100):
            with pytest.raises((IndexError, RuntimeError), match="out of (bounds|range)"):
                loss(torch.tensor([number, 0]), torch.ones(2, 3))


def test_one_class_is_warned_of():
    with pytest.warns(SyntaxWarning, match=r"categorical_crossentropy: with one class, .*write binary_crossentropy"):
        losses.categorical_crossentropy([[1.0]], [[0.5]])
