"""What becomes of members of TensorFlow's tensors and variables, in layers and outside of them?"""

from __future__ import annotations

import pytest

from torchkeras_layer.port.rewriting import port_text

LAYER = """\
import keras
from keras import backend as K


class A(keras.layers.Layer):
    def call(self, x):
        return {}
"""


def last_line(text: str) -> str:
    return port_text(text)[0].splitlines()[-1].strip()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x.get_shape()", "x.shape"),
        ("x.get_shape().as_list()", "list(x.shape)"),
        ("x.shape.as_list()[1]", "list(x.shape)[1]"),
        ("f(x).numpy()", "f(x).detach().numpy()"),
        ("x.numpy().sum()", "x.detach().numpy().sum()"),
        ("x.detach().numpy()", "x.detach().numpy()"),
        ("x.as_list()", "x.as_list()"),
        ("x.numpy(1)", "x.numpy(1)"),
    ],
)
def test_members_outside_of_layers(old, new):
    assert last_line(f"import tensorflow as tf\ny = {old}\n") == f"y = {new}"
    # A file that is not for Keras is not touched.
    assert last_line(f"import numpy\n# keras\ny = {old}\n") == f"y = {old}"


def test_numpy_stays_in_layers_which_this_library_reads_as_keras_does():
    assert last_line(LAYER.format("x.numpy()")) == "return x.numpy()"
    assert last_line(LAYER.format("x.get_shape()")) == "return x.shape"


@pytest.mark.parametrize(("old", "new"), [("K.int_shape(x)[1]", "x.shape[1]"), ("K.shape(x)[-1]", "x.shape[-1]")])
def test_a_size_of_a_tensor_is_read_from_its_shape(old, new):
    assert last_line(LAYER.format(old)) == f"return {new}"
    for kept in ("K.int_shape(unknown)[1]", "K.shape(x)[:2]", "K.int_shape(x)"):
        assert last_line(LAYER.format(kept)) == f"return {kept}"


def test_variables_are_assigned_in_place_outside_of_layers():
    text, findings = port_text(
        "import tensorflow as tf\n\nv = tf.Variable([1.0, 2.0])\nv.assign([3.0, 4.0])\nv.assign_add(tf.ones(2))\n"
        "unknown.assign(v)\nframe.assign(a=1)\n"
    )
    assert "with torch.no_grad():\n    v.copy_(torch.as_tensor([3.0, 4.0]))\n" in text
    assert "with torch.no_grad():\n    v.add_(tf.ones(2))\n" in text
    assert text.endswith("unknown.assign(v)\nframe.assign(a=1)\n")
    [left] = [finding for finding in findings if finding.kind == "left"]
    assert (left.line, left.reason) == (
        6, "torch's tensors have no assign: with torch.no_grad(): unknown.copy_(...)",
    )  # fmt: skip
    names: dict = {}
    exec(text.rpartition("unknown")[0], names)
    assert names["v"].tolist() == [4.0, 5.0]
    assert port_text(text)[0] == text


def test_an_import_in_the_line_of_an_if_is_left():
    text, findings = port_text("import keras\nif True: import tensorflow as tf\n")
    assert "if True: import tensorflow as tf" in text
    assert [(finding.line, finding.kind) for finding in findings if finding.kind == "left"] == [(2, "left")]
