"""Do `keras.utils` and `keras.saving` show what a porter imports from them?"""

from __future__ import annotations

import pytest

from tests.oracle import keras
from torchkeras_layer import registry, saving, utils

# Ours alone, or not of the registry.
ELSEWHERE = {"set_random_seed", "model_to_dot", "model_to_mermaid", "plot_model"}
ELSEWHERE |= {"LoadReport", "ModelFileError", "load_model", "load_weights", "save_model", "save_weights"}


@pytest.mark.parametrize(("ours", "theirs"), [(saving, keras.saving), (utils, keras.utils)])
def test_names_are_those_of_keras_and_mean_the_registry(ours, theirs):
    for name in set(ours.__all__) - ELSEWHERE:
        assert hasattr(theirs, name)
        assert getattr(ours, name) is getattr(registry, name)
    assert {"register_keras_serializable", "CustomObjectScope", "custom_object_scope"} <= set(ours.__all__)
    assert registry.CustomObjectScope is registry.custom_object_scope
