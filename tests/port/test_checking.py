"""Does `--check` see whether layers compute the same before and after?"""

from __future__ import annotations

import pytest

from torchkeras_layer.command import main
from torchkeras_layer.port import checking
from torchkeras_layer.port.rewriting import port_text

LAYERS = """\
import keras
from keras import ops

UNITS = 3
raise_if_run = print("never")


class Gate(keras.layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], UNITS), initializer="glorot_uniform")

    def call(self, x):
        return ops.softmax(ops.matmul(ops.tanh(x), self.w), axis=-1)


class Images(keras.layers.Layer):
    def call(self, x):
        batch, rows, columns, features = x.shape
        return ops.mean(x, axis=(1, 2))


class Scaled(keras.layers.Layer):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def call(self, x):
        return x * self.scale


class Broken(keras.layers.Layer):
    def call(self, x):
        raise ValueError("never works")


print("not run")
"""


def test_layers_before_and_after_are_compared():
    new, _ = port_text(LAYERS)
    seen = {one.name: one for one in checking.check(LAYERS, new)}
    assert {name: one.verdict for name, one in seen.items()} == {
        "Gate": "agrees",
        "Images": "agrees",
        "Scaled": "skipped",
        "Broken": "skipped",
    }
    assert "inputs (2, 8)" in seen["Gate"].text
    assert "inputs (2, 6, 6, 8)" in seen["Images"].text
    assert "it cannot be made without arguments: TypeError" in seen["Scaled"].text
    wrong = new.replace("torch.softmax", "2 * torch.softmax").replace("axis=(1, 2)", "axis=1")
    seen = {one.name: str(one) for one in checking.check(LAYERS, wrong)}
    assert seen["Gate"].startswith("check: Gate differs: inputs (2, 8), largest difference ")
    assert seen["Images"] == "check: Images differs: outputs of shapes (2, 8) before, (2, 6, 8) after"


def test_the_command_says_what_it_saw(tmp_path, capsys, monkeypatch):
    file = tmp_path / "layers.py"
    file.write_text(LAYERS)
    found = [checking.Checked("Gate", "differs", "inputs (2, 8), largest difference 1.0e+00")]
    monkeypatch.setattr(checking, "check", lambda old, new: found)
    assert main(["port", str(file), "--check", "--quiet"]) == 1
    assert "check: Gate differs: inputs (2, 8), largest difference 1.0e+00" in capsys.readouterr().err
    found.clear()
    assert main(["port", str(file), "--check", "--quiet"]) == 0
    assert "check: there are no layer classes to run." in capsys.readouterr().err


def test_files_that_cannot_be_checked(monkeypatch):
    with pytest.raises(ImportError, match=r"--check runs the old file, which needs tensorflow: pip install tensorflow"):
        checking.check("import tensorflow as tf\n", "")
    with pytest.raises(
        ValueError, match=r"the file before the port does not run: ModuleNotFoundError: .*no_such_module"
    ):
        checking.check("import no_such_module\n", "")
    monkeypatch.setattr(checking, "SECONDS", 0.001)
    with pytest.raises(ValueError, match=r"the file before the port runs for more than 0.001 s"):
        checking.check("x = 1\n", "")
