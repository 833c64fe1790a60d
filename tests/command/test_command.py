"""Does `torchkeras-layer` look at, check, draw and convert files of Keras, and are its errors one clear line?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.oracle import keras
from torchkeras_layer.command import converting, main

# Keras's own, while it saves files.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of real Keras: a network, two inputs, a masked LSTM with free time, a layer of a stranger; with outputs."""
    folder = tmp_path_factory.mktemp("files")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _save_files(folder)
    return folder


def _save_files(folder):
    keras.utils.set_random_seed(0)
    x = keras.Input((8,), name="x")
    network = keras.Model(x, keras.layers.Dense(3, name="scores")(keras.layers.BatchNormalization()(x)), name="net")
    network.save(folder / "net.keras")
    network.save(folder / "net.h5")
    network.save_weights(folder / "net.weights.h5")
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    pair = keras.Model([a, b], [keras.layers.Dense(2, name="p")(a - b), keras.layers.Add(name="q")([a, b])])
    pair.save(folder / "pair.keras")
    words = keras.Input((None,), name="words", dtype="int32")
    text = keras.layers.LSTM(5)(keras.layers.Embedding(9, 6, mask_zero=True)(words))
    keras.Model(words, text).save(folder / "text.keras")
    draw = np.random.default_rng(0)
    inputs = draw.normal(size=(70, 8)).astype("float32")
    np.save(folder / "x.npy", inputs)
    np.save(folder / "y.npy", network.predict(inputs, verbose=0))
    ab = {name: draw.normal(size=(3, 4)).astype("float32") for name in "ba"}
    np.savez(folder / "ab.npz", **ab)
    np.savez(folder / "pq.npz", *pair.predict([ab["a"], ab["b"]], verbose=0))


@pytest.fixture
def command(folder, capsys, monkeypatch):
    """Run the command beside the files; return its exit status, and what it printed."""
    monkeypatch.chdir(folder)

    def run(*arguments):
        status = main(arguments)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def test_inspect_shows_versions_layers_signature_and_sizes(command):
    status, out, err = command("inspect", "net.keras")
    assert (status, err) == (0, "")
    for part in (
        "net.keras: a .keras archive, 1", f"saved by Keras {keras.__version__}", "scores (Dense)", "Total params: 59 ",
        "input: x (None, 8) float32", "output: scores (None, 3) float32", "6 arrays, 59 numbers of float32",
    ):  # fmt: skip
        assert part in out


def test_inspect_for_programs(command):
    found = json.loads(command("inspect", "text.keras", "--json")[1])
    assert found["model"]["inputs"] == [{"name": "words", "shape": [None, None], "dtype": "int32"}]
    assert found["parameters"] == {"total": 294, "trainable": 294}
    assert [row["class"] for row in found["layers"]][-1] == "LSTM"
    assert (found["kind"], found["weights"]) == ("zip", {"arrays": 4, "numbers": 294})
    assert json.loads(command("inspect", "net.h5", "--json")[1])["backend"] == "torch"


def test_inspect_of_weights_alone_lists_them(command):
    status, out, _ = command("inspect", "net.weights.h5")
    assert status == 0
    assert "layers/dense/vars/0                (8, 3)  float32" in out


def test_inspect_of_a_model_with_a_strangers_layer_names_the_layer_and_takes_its_code(command, tmp_path):
    config = {
        "class_name": "Sequential",
        "keras_version": "2.2.4",
        "config": [{"class_name": "Twice", "config": {"name": "t", "batch_input_shape": [None, 2]}}],
    }
    file, code = tmp_path / "m.json", tmp_path / "layers.py"
    file.write_text(json.dumps(config))
    code.write_text(
        "from torchkeras_layer import layers\n"
        "class Twice(layers.Layer):\n"
        "    def call(self, x):\n"
        "        return 2 * x\n"
    )
    status, out, _ = command("inspect", str(file))
    assert status == 0
    assert "layers that are not here: Twice" in out
    assert "t      Twice" in out
    assert "t (Twice)" in command("inspect", str(file), "--code", str(code))[1]


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="this system does not count what a process reads")
def test_inspect_reads_little_of_a_large_file(command, tmp_path):
    keras.Sequential([keras.Input((3000,)), keras.layers.Dense(3000)]).save(tmp_path / "large.keras")
    assert (tmp_path / "large.keras").stat().st_size > 36_000_000
    command("inspect", "net.keras", "--json")  # imports what it needs
    before = _bytes_read()
    assert command("inspect", str(tmp_path / "large.keras"), "--json")[0] == 0
    assert _bytes_read() - before < 500_000


def _bytes_read():
    return int(Path("/proc/self/io").read_text().split()[1])


def test_weights_with_statistics(command):
    rows = json.loads(command("weights", "net.keras", "--json")[1])
    variance = next(row for row in rows if row["place"] == "layers/batch_normalization/vars/3")
    assert (variance["shape"], variance["mean"], variance["std"], variance["not_finite"]) == ([8], 1.0, 0.0, 0)
    status, out, _ = command("weights", "text.keras")
    assert status == 0
    assert out.splitlines()[0].split() == ["place", "shape", "dtype", "mean", "std", "min", "max"]
    assert len(out.splitlines()) == 5


def test_numbers_that_are_not_finite_are_counted(command, tmp_path):
    import h5py

    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = [1.0, np.nan, 3.0, np.inf]
        file["layers/dense/vars/1"] = [np.nan]
    status, out, _ = command("weights", str(tmp_path / "w.weights.h5"))
    assert status == 0
    assert out.splitlines()[1].split()[1:] == ["(4,)", "float64", "2", "1", "1", "3", "2"]
    assert out.splitlines()[2].split()[3:] == ["-", "-", "-", "-", "1"]


def test_verify_agrees_differs_and_reads_several_arrays(command, folder, tmp_path):
    status, out, _ = command("verify", "net.keras", "--data", "x.npy", "--expect", "y.npy")
    assert status == 0
    assert "scores: largest difference" in out
    assert out.endswith("net.keras: agrees (tolerance 0.0001)\n")
    np.save(tmp_path / "wrong.npy", np.load(folder / "y.npy") + 0.1)
    status, out, _ = command(
        "verify", "net.keras", "--data", "x.npy", "--expect", str(tmp_path / "wrong.npy"), "--json"
    )
    found = json.loads(out)
    assert (status, found["agrees"], round(found["outputs"][0]["absolute"], 4)) == (1, False, 0.1)
    assert command("verify", "pair.keras", "--data", "ab.npz", "--expect", "pq.npz")[0] == 0


def test_verify_takes_nan_for_a_difference(command, folder, tmp_path):
    expected = np.load(folder / "y.npy")
    expected[3, 1] = np.nan
    np.save(tmp_path / "nan.npy", expected)
    assert command("verify", "net.keras", "--data", "x.npy", "--expect", str(tmp_path / "nan.npy"))[0] == 1


@pytest.mark.parametrize(
    ("data", "expect", "said"),
    [
        ("x.npy", "x.npy", "output 'scores' has shape (70, 3). Received: (70, 8)"),
        ("ab.npz", "y.npy", "--data: ab.npz: expected 1 arrays, x. Received: 2"),
        ("net.keras", "y.npy", "--data: net.keras"),
        ("absent.npy", "y.npy", "absent.npy: there is no such file"),
    ],
)
def test_verify_names_what_is_wrong_with_arrays(command, data, expect, said):
    status, out, err = command("verify", "net.keras", "--data", data, "--expect", expect)
    assert (status, out) == (2, "")
    assert said in err


def test_verify_wants_numbers(command, tmp_path):
    np.save(tmp_path / "texts.npy", np.array(["a", "b"]))
    status, _, err = command("verify", "net.keras", "--data", str(tmp_path / "texts.npy"), "--expect", "y.npy")
    assert status == 2
    assert "texts.npy: expected arrays of numbers. Received: an array of <U1." in err


def test_convert_to_weights_of_torch_and_safetensors(command, tmp_path):
    from safetensors.torch import load_file

    for name, read in (("m.pt", lambda path: torch.load(path, weights_only=True)), ("m.safetensors", load_file)):
        status, out, _ = command("convert", "net.keras", str(tmp_path / name))
        assert status == 0
        assert "6 weights, read again and equal" in out
        assert {key: tuple(value.shape) for key, value in read(tmp_path / name).items()}["scores.kernel"] == (8, 3)


@pytest.mark.parametrize("out", ["net.pt", "net.keras"])
def test_weights_that_are_not_numbers_are_converted(command, tmp_path, out):
    x = keras.Input((2,))
    model = keras.Model(x, keras.layers.Dense(1)(x))
    model.set_weights([np.array([[np.nan], [np.inf]]), np.zeros(1)])
    model.save(tmp_path / "nan.keras")
    status, said, _ = command("convert", str(tmp_path / "nan.keras"), str(tmp_path / out))
    assert status == 0
    assert "2 weights, read again and equal" in said


def test_an_architecture_without_weights_is_not_converted_or_verified(command, folder, tmp_path):
    (tmp_path / "net.json").write_text(keras.models.load_model(folder / "net.keras").to_json())
    for arguments in (["convert", tmp_path / "m.pt"], ["verify", "--data", "x.npy", "--expect", "y.npy"]):
        first, *others = map(str, arguments)
        status, _, err = command(first, str(tmp_path / "net.json"), *others)
        assert status == 2
        assert "not its weights" in err
    assert not (tmp_path / "m.pt").exists()


def test_plot_does_not_write_over_the_file_that_it_reads(command, tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Flatten()])
    (tmp_path / "net.json").write_text(model.to_json())
    (tmp_path / "net.mmd").symlink_to(tmp_path / "net.json")
    status, _, err = command("plot", str(tmp_path / "net.json"), str(tmp_path / "net.mmd"))
    assert status == 2
    assert "another file" in err
    assert json.loads((tmp_path / "net.json").read_text()) == json.loads(model.to_json())


def test_verify_of_bfloat16(command, tmp_path):
    x = keras.Input((8,))
    keras.Model(x, keras.layers.Activation("relu", dtype="bfloat16")(x)).save(tmp_path / "half.keras")
    np.save(tmp_path / "ones.npy", np.ones((2, 8), "float32"))
    ones = str(tmp_path / "ones.npy")
    assert command("verify", str(tmp_path / "half.keras"), "--data", ones, "--expect", ones)[0] == 0


def test_convert_to_a_program_with_a_free_batch(command, folder, tmp_path):
    status, out, _ = command("convert", "net.keras", str(tmp_path / "m.pt2"))
    assert status == 0
    assert "inputs (batch, 8); outputs differ by at most" in out
    program = torch.export.load(tmp_path / "m.pt2").module()
    outputs = program(torch.from_numpy(np.load(folder / "x.npy"))).detach().numpy()
    np.testing.assert_allclose(outputs, np.load(folder / "y.npy"), atol=1e-6)


def test_convert_to_onnx_with_two_inputs(command, folder, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    status, out, err = command("convert", "pair.keras", str(tmp_path / "m.onnx"))
    assert (status, err) == (0, "")
    assert "inputs (batch, 4), (batch, 4); outputs differ by at most" in out
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    with np.load(folder / "ab.npz") as given, np.load(folder / "pq.npz") as expected:
        outputs = session.run(None, dict(given))
        for output, name in zip(outputs, expected.files, strict=True):
            np.testing.assert_allclose(output, expected[name], atol=1e-6)


def test_a_conversion_that_fails_leaves_the_old_file_and_nothing_else(command, tmp_path):
    out = tmp_path / "m.pt2"
    out.write_text("old")
    status, _, err = command("convert", "net.weights.h5", str(out))
    assert status == 2
    assert "the file has weights, but no model" in err
    assert [path.name for path in tmp_path.iterdir()] == ["m.pt2"]
    assert out.read_text() == "old"


def test_another_suffix_names_those_that_there_are(command):
    status, _, err = command("convert", "net.keras", "m.tflite")
    assert status == 2
    assert "OUT must end in .pt, .safetensors, .pt2, .onnx, .keras. Received: m.tflite" in err


@pytest.mark.parametrize(
    ("out", "said"),
    [("absent/m.pt", "OUT must be in a folder that is there. Received: absent/m.pt"),
     ("net.keras", "OUT must be another file than the one that is read")],
)  # fmt: skip
def test_where_nothing_is_written(command, folder, out, said):
    before = (folder / "net.keras").read_bytes()
    status, _, err = command("convert", "net.keras", out)
    assert status == 2
    assert said in err
    assert (folder / "net.keras").read_bytes() == before


def test_plot_writes_text_without_graphviz(command, tmp_path):
    for name, start in (("m.mmd", "flowchart"), ("m.dot", "digraph")):
        assert command("plot", "pair.keras", str(tmp_path / name))[0] == 0
        assert start in (tmp_path / name).read_text()


@pytest.mark.parametrize("arguments", [["inspect", "absent.keras"], ["weights", "x.npy"], ["convert", "x.npy", "m.pt"]])
def test_an_error_is_one_line_without_a_traceback_unless_asked(command, arguments):
    status, out, err = command(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"torchkeras-layer {arguments[0]}: ")
    assert err.count("\n") == 1
    with pytest.raises((OSError, ValueError)):
        main([*arguments, "--debug"])


def test_code_of_the_user_that_fails_says_so(command, tmp_path):
    (tmp_path / "layers.py").write_text("1 / 0")
    status, _, err = command("inspect", "net.keras", "--code", str(tmp_path / "layers.py"))
    assert status == 2
    assert "ZeroDivisionError" in err
    assert "--code: expected a Python file" in command("inspect", "net.keras", "--code", "absent.py")[2]


def test_code_of_the_user_that_exits_is_an_error(command, tmp_path):
    code = tmp_path / "exit.py"
    code.write_text("raise SystemExit(0)")
    status, _, err = command("inspect", "net.keras", "--code", str(code))
    assert status == 2
    assert "SystemExit" in err


def test_of_long_errors_of_others_the_first_line_of_the_cause_is_shown(command, monkeypatch):
    def export(*_):
        raise RuntimeError("a page\nof text") from TypeError("no searchsorted\nhere")

    monkeypatch.setitem(converting._WRITERS, ".onnx", export)
    status, _, err = command("convert", "net.keras", "net.onnx")
    assert status == 2
    assert err == "torchkeras-layer convert: TypeError: no searchsorted (--debug shows where)\n"


def test_it_runs_as_a_module_without_keras_or_tensorflow(folder):
    code = (
        "import runpy, sys\n"
        "sys.modules['keras'] = sys.modules['tensorflow'] = None\n"
        "sys.argv = ['torchkeras-layer', 'inspect', 'pair.keras']\n"
        "runpy.run_module('torchkeras_layer', run_name='__main__')\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=_here())
    assert (run.returncode, run.stderr) == (0, "")
    assert "output: q (None, 4) float32" in run.stdout


def _here() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
