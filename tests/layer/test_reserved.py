"""Is a subclass told when it takes a name that Layer uses itself?"""

from __future__ import annotations

import pytest

import torchkeras_layer as keras


def test_a_method_that_would_replace_one_of_the_pipeline_is_refused():
    with pytest.raises(TypeError, match="Moves: the name '_training_mode' is used by Layer itself"):

        class Moves(keras.Layer):
            def _training_mode(self):
                return "same"


def test_other_private_methods_are_the_users():
    class Free(keras.Layer):
        def _mine(self):
            return 3

    assert Free()._mine() == 3
