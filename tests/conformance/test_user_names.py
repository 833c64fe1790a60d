"""Does a user's subclass of any built-in layer keep its private names, and the layer's results?"""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import nn

import torchkeras_layer as ours
from tests.conformance.cases import CASES
from tests.conformance.once_ours import ONCE_OURS
from tests.conformance.own_names import check_subclass
from tests.layer.user_names import NAMES, class_setting, class_with, private_names

# One of each class.
ONE_EACH = list({case.layer: case for case in reversed(CASES)}.values())
CLASSES = [one for one in (getattr(ours.layers, name) for name in ours.layers.__all__) if inspect.isclass(one)]
LAYERS = [one for one in CLASSES if issubclass(one, ours.Layer)]
ALL_NAMES = sorted({*NAMES, *ONCE_OURS})
# Methods that Keras's own classes have, and subclasses override; layers inside that Keras has under the same names, and
# a `state_dict` under theirs; what torch.fx reads.
OF_KERAS = {"_merge_function", "_compute_attention", "_compute_attention_mask", "_get_noise_shape", "_pooling_function"}
OF_KERAS |= {"_calculate_scores", "_calculate_score_mask", "_apply_scores", "_masked_softmax", "_compute_causal_mask"}
OF_KERAS |= {"_moments", "_calculate_mean_and_var", "_compute_carry_and_output", "_compute_carry_and_output_fused"}
OF_KERAS_TOO = {"_query_dense", "_key_dense", "_value_dense", "_gate_dense", "_output_dense", "_dropout_layer"}
OF_KERAS_TOO |= {"_lookup_layer", "_is_impure"}
# A method of torch's batch normalizations that only their `forward` calls.
OF_TORCH = {"_check_input_dim"}


@pytest.mark.parametrize("case", ONE_EACH, ids=lambda case: case.layer)
@pytest.mark.parametrize("kind", [class_with, class_setting])
def test_a_subclass_with_private_names_of_its_own(case, kind):
    check_subclass(case, kind, ALL_NAMES)


@pytest.mark.parametrize("cls", LAYERS, ids=lambda cls: cls.__name__)
def test_no_class_has_private_names_but_keras_s(cls):
    own = private_names(cls) - private_names(ours.Layer)
    assert {one for one in own if not one.startswith("_torchkeras")} <= OF_KERAS | OF_KERAS_TOO | OF_TORCH


@pytest.mark.parametrize("case", ONE_EACH, ids=lambda case: case.layer)
def test_no_instance_has_private_attributes_but_keras_s(case):
    layer = case.build(case.make())
    case.run(layer, case.inputs())
    for inner in layer.modules():
        if isinstance(inner, ours.Layer):
            assert _private_keys(inner) <= OF_KERAS_TOO


def _private_keys(layer: Any) -> set[str]:
    keys = {*vars(layer), *layer._parameters, *layer._buffers, *layer._modules} - set(vars(nn.Module()))
    return {key for key in keys if key.startswith("_") and not key.startswith(("_torchkeras", "_weights_to_build"))}


def test_the_issue_s_own_examples():
    class Weighs(ours.layers.Dense):
        def _weight(self):
            return self.kernel * 2

        def call(self, x):
            return super().call(x) + self._weight().sum()

    class Activates(ours.layers.Conv2D):
        def _activate(self, x, gain):
            return x * gain

        def call(self, x):
            return self._activate(super().call(x), 2.0)

    assert Weighs(2, kernel_initializer="ones")(torch.ones(1, 3)).tolist() == [[15.0, 15.0]]
    plain = ours.layers.Conv2D(2, 3, kernel_initializer="ones")
    images = torch.ones(1, 4, 4, 1)
    assert torch.equal(Activates(2, 3, kernel_initializer="ones")(images), plain(images) * 2)
