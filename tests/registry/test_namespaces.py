"""Do `keras.utils` and `keras.saving` show what a porter imports from them?"""

from __future__ import annotations

import pytest

from tests.oracle import keras
from torchkeras_layer import registry, saving, utils


@pytest.mark.parametrize(("ours", "theirs"), [(saving, keras.saving), (utils, keras.utils)])
def test_names_are_those_of_keras_and_mean_the_registry(ours, theirs):
    for name in set(ours.__all__) & set(registry.__all__):
        assert hasattr(theirs, name)
        assert getattr(ours, name) is getattr(registry, name)
    assert {"register_keras_serializable", "CustomObjectScope", "custom_object_scope"} <= set(ours.__all__)
    assert registry.CustomObjectScope is registry.custom_object_scope
