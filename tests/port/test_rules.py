"""Does every rule write what it says, and does its line of torch compute what its line of Keras does?"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

import torchkeras_layer as keras
from torchkeras_layer import activations, backend, ops, tf
from torchkeras_layer.port.names import in_library
from torchkeras_layer.port.rewriting import port_text
from torchkeras_layer.port.rules.table import Rule, rules_by_name

RULES = list({id(rule): rule for rules in rules_by_name().values() for rule in rules}.values())
NAMES = [(rule, name) for rule in RULES for name in rule.names]
SHORT = {"keras.backend.": "K.", "keras.ops.": "ops.", "keras.activations.": "activations.", "tf.": "tf."}
CLASS = """\
import tensorflow as tf
from keras import activations, backend as K, layers, ops


class Twice(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 4))

    def call(self, inputs):
        x = K.sigmoid({x})
        y = K.sigmoid({x})
        return {line}
"""


def ported(line: str, given: str = "inputs") -> tuple[str, list]:
    """Return what becomes of an expression in the `call` of a layer, where `x` and `y` are tensors of floats."""
    text, findings = port_text(CLASS.format(x=given, line=line))
    return text.rpartition("return ")[2].strip(), findings


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.keras)
def test_a_rule_writes_its_line(rule: Rule):
    text, findings = ported(rule.keras.replace("w)", "self.w)"))
    assert text == rule.torch.replace(" w", " self.w")
    assert any(found.kind == "rewritten" and found.rule == rule.names[0] for found in findings)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.keras)
def test_its_line_of_torch_has_the_values_of_its_line_of_keras(rule: Rule):
    torch.manual_seed(0)
    values = {name: torch.rand(4, 4) * 3 + 0.1 for name in "xyw"}
    if "squeeze" in rule.torch and "unsqueeze" not in rule.torch:
        values["x"] = values["x"][:, :1]
    known = {"K": backend, "ops": ops, "tf": tf, "activations": activations, "torch": torch, "F": F}
    expected, found = eval(rule.keras, known, values), eval(rule.torch, known, values)
    if not isinstance(expected, torch.Tensor):
        assert found == expected
        return
    assert found.dtype == expected.dtype
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("rule", "name"), NAMES, ids=[name for _, name in NAMES])
def test_every_name_of_a_rule_is_there_and_rewritten(rule: Rule, name: str):
    assert callable(in_library(name))
    long = next(long for long in SHORT if name.startswith(long))
    own = SHORT[long] + name.removeprefix(long)
    _, _, arguments = rule.keras.partition("(")
    line = f"{own}({arguments}".replace("w)", "self.w)")
    for word in ("axis=1", "axis=-1"):
        line = line.replace(f", {word}", f", {word.partition('=')[2]}")
    text, _ = ported(line)
    assert text == rule.torch.replace(" w", " self.w")


@pytest.mark.parametrize(
    "line",
    [
        "K.exp(2)",
        "K.exp([x, y])",
        "K.sum(x, axis=axis)",
        "K.sum(*x)",
        "K.sum(unknown)",
        "K.reshape(x, (None, 4))",
        "K.reshape(x, shape)",
        "K.dot(x, y)",
        "K.clip(x, 0.0, limit)",
        "K.cast(x, dtype)",
        "K.maximum(x, 0)",
        "K.squeeze(x, axis=axis)",
        "tf.matmul(x, y, transpose_b=True)",
        "tf.argmax(x, axis=1, output_type=tf.int32)",
        "ops.argmax(x, axis=1)",
        "K.concatenate([x, unknown])",
        "K.pow(x, y)",
        "K.mean(x, axis=1, unknown=2)",
    ],
)
def test_a_call_that_does_not_meet_the_conditions_stays_this_librarys(line):
    text, findings = ported(line)
    assert text == line
    assert all(found.kind != "left" for found in findings)


def test_operators_get_parentheses_where_they_need_them():
    assert ported("K.dot(x, self.w) ** 2")[0] == "(x @ self.w) ** 2"
    assert ported("tf.add(x, y) * tf.multiply(x, y)")[0] == "(x + y) * (x * y)"
    assert ported("K.sum(x + y, axis=1)")[0] == "(x + y).sum(1)"
    assert ported("K.sum(x, axis=1)[0]")[0] == "x.sum(1)[0]"
    assert ported("-tf.add(x, y)")[0] == "-(x + y)"


def test_the_first_input_of_call_is_a_tensor_unless_it_is_used_as_a_list():
    body = "import keras\nfrom keras import ops\n\nclass A(keras.Layer):\n    def call(self, x):\n"
    assert "torch.exp(x)" in port_text(body + "        return ops.exp(x)\n")[0]
    for use in ("a, b = x", "a = x[0]", "n = len(x)", "for a in x: pass", "l = [a for a in x]"):
        assert "ops.exp(x)" in port_text(f"{body}        {use}\n        return ops.exp(x)\n")[0], use


def test_a_name_that_the_function_sets_again_is_no_tensor():
    body = "import keras\nfrom keras import ops\n\nclass A(keras.Layer):\n    def call(self, x):\n"
    assert "ops.exp(x)" in port_text(body + "        x = unknown(x)\n        return ops.exp(x)\n")[0]
    assert "ops.exp(x)" in port_text(body + "        x += 1\n        return ops.exp(x)\n")[0]


def test_weights_are_assigned_in_place():
    text = (
        "import keras\nfrom keras import ops\n\n\nclass A(keras.Layer):\n    def build(self, shape):\n"
        "        self.n = self.add_weight(shape=(), trainable=False)\n\n    def call(self, x):\n"
        "        self.n.assign(self.n + 1.0)  # count\n        self.m.assign(self.n)\n        return x\n"
    )
    new, _ = port_text(text)
    assert "        # count\n        with torch.no_grad():\n            self.n.copy_(self.n + 1.0)\n" in new
    assert "self.m.assign(self.n)" in new
    assert keras.Layer is in_library("keras.Layer")
