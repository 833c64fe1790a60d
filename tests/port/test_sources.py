"""Which files can be ported, how are they read and written, and what is said of the others?"""

from __future__ import annotations

import json
import os

import pytest

from torchkeras_layer.command import main
from torchkeras_layer.port.rewriting import port_text

KERAS = "import keras\n\nlayer = keras.layers.Dense(2)\n"
OURS = "import torchkeras_layer as keras\n\nlayer = keras.layers.Dense(2)\n"


def port(path, *options: str) -> int:
    return main(["port", str(path), *options])


def test_a_diff_is_printed_and_nothing_written(tmp_path, capsys):
    file = tmp_path / "model.py"
    file.write_text(KERAS)
    assert port(file) == 0
    out, err = capsys.readouterr()
    assert "-import keras\n+import torchkeras_layer as keras\n" in out
    assert "1: rewritten: import keras -> import torchkeras_layer as keras" in err
    assert err.endswith("model.py: 1 rewritten, 0 left\n")
    assert file.read_text() == KERAS


def test_write_changes_the_file_and_keeps_its_mode(tmp_path, capsys):
    file = tmp_path / "model.py"
    file.write_text(KERAS)
    file.chmod(0o750)
    assert port(file, "--write", "--quiet") == 0
    assert capsys.readouterr().out == ""
    assert file.read_text() == OURS
    assert file.stat().st_mode & 0o777 == 0o750
    assert port(file, "--write") == 0
    assert "nothing to do" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["model.py"]


def test_the_exit_status_says_that_something_was_left(tmp_path, capsys):
    file = tmp_path / "model.py"
    file.write_text("import keras\n\nkeras.datasets.mnist.load_data()\n")
    assert port(file) == 1
    assert "3: left: keras.datasets.mnist.load_data: " in capsys.readouterr().err


def test_a_package_is_ported_whole(tmp_path, capsys):
    inner = tmp_path / "package" / "layers"
    inner.mkdir(parents=True)
    (inner / "dense.py").write_text(KERAS)
    (inner / "other.py").write_text("x = 1\n")
    (tmp_path / "package" / ".hidden").mkdir()
    (tmp_path / "package" / ".hidden" / "old.py").write_text("print 1\n")
    assert port(tmp_path / "package", "--write") == 0
    assert (inner / "dense.py").read_text() == OURS
    assert (inner / "other.py").read_text() == "x = 1\n"
    assert "dense.py: 1 rewritten, 0 left" in capsys.readouterr().err


def test_nothing_is_written_if_one_file_cannot_be_ported(tmp_path, capsys):
    (tmp_path / "a.py").write_text(KERAS)
    (tmp_path / "b.py").write_text("print 'x'\n")
    (tmp_path / "c.py").write_text("def f(:\n")
    assert port(tmp_path, "--write") == 2
    err = capsys.readouterr().err
    assert "b.py, line 1: this is not Python 3: \"print 'x'\". It looks like Python 2: run 2to3 on it first." in err
    assert "c.py, line 1: this is not Python 3: 'def f(:'." in err
    assert "Nothing was written." in err
    assert (tmp_path / "a.py").read_text() == KERAS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"# \xe9\nimport keras\n", "Say the encoding in the first line: # -*- coding: latin-1 -*-"),
        (b"# -*- coding: nonsense -*-\nimport keras\n", "unknown encoding"),
        (b"import keras\nexec 'x'\n", "It looks like Python 2"),
        (b"import keras\x00\n", "this is not Python 3"),
    ],
)
def test_files_that_cannot_be_read(content, message, tmp_path, capsys):
    file = tmp_path / "model.py"
    file.write_bytes(content)
    assert port(file, "--write") == 2
    assert message in capsys.readouterr().err
    assert file.read_bytes() == content


def test_paths_that_are_no_code(tmp_path, capsys):
    assert port(tmp_path / "missing.py") == 2
    assert "there is no such file or folder" in capsys.readouterr().err
    assert port(tmp_path) == 2
    assert "there are no .py or .ipynb files in this folder" in capsys.readouterr().err
    (tmp_path / "model.h5").write_bytes(b"")
    assert port(tmp_path / "model.h5") == 2
    assert "expected a .py or .ipynb file" in capsys.readouterr().err
    (tmp_path / "plain.py").write_text("x = 1\n")
    assert port(tmp_path) == 0
    assert "there is no code for Keras in it; nothing to do." in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_ends_of_lines_are_kept(encoding, end, tmp_path):
    first = "# -*- coding: latin-1 -*-\n" if encoding == "latin-1" else ""
    old, new = (f"{first}# é\n{text}".replace("\n", end).encode(encoding) for text in (KERAS, OURS))
    file = tmp_path / "model.py"
    file.write_bytes(old)
    assert port(file, "--write") == 0
    assert file.read_bytes() == new


def test_a_link_is_followed_and_stays_one(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "model.py").write_text(KERAS)
    (tmp_path / "model.py").symlink_to(tmp_path / "real" / "model.py")
    assert port(tmp_path / "model.py", "--write") == 0
    assert (tmp_path / "model.py").is_symlink()
    assert (tmp_path / "real" / "model.py").read_text() == OURS


def test_an_error_while_writing_keeps_the_old_file(tmp_path, capsys, monkeypatch):
    file = tmp_path / "model.py"
    file.write_text(KERAS)

    def fail(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    assert port(file, "--write") == 2
    assert "No space left on device; it is unchanged." in capsys.readouterr().err
    assert file.read_text() == KERAS
    assert os.listdir(tmp_path) == ["model.py"]


def notebook(*sources: str, **changes) -> dict:
    cells = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source.splitlines(True)}
        for source in sources
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **changes}


def test_the_code_cells_of_a_notebook_are_ported_together(tmp_path, capsys):
    old = notebook(
        "%matplotlib inline\n!pip install keras\nimport keras",
        "%%bash\nls",
        "for i in range(2):\n    !ls {i}\nlayer = keras.layers.Dense(2)",
        "not python at all",
        "class A(keras.Layer):\n    def call(self, x):\n        return keras.ops.exp(x)",
    )
    old["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": ["import keras"]})
    old["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["é\n"]}]
    file = tmp_path / "model.ipynb"
    file.write_text(json.dumps(old, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert port(file, "--write") == 0
    text = file.read_text(encoding="utf-8")
    new = json.loads(text)
    assert text == json.dumps(new, indent=1, ensure_ascii=False) + "\n"
    sources = ["".join(cell["source"]) for cell in new["cells"]]
    assert sources[1].startswith("%matplotlib inline\n!pip install keras\nimport torch")
    assert sources[1].endswith("import torchkeras_layer as keras")
    assert sources[5].endswith("return torch.exp(x)")
    assert [sources[place] for place in (0, 2, 3, 4)] == [
        "".join(old["cells"][place]["source"]) for place in (0, 2, 3, 4)
    ]
    assert new["cells"][1]["outputs"] == old["cells"][1]["outputs"]
    assert "cell 6, line 3: rewritten: keras.ops.exp(x) -> torch.exp(x)" in capsys.readouterr().err
    assert port(file, "--write") == 0
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("text", "message"), [("{", "is no notebook"), ("[]", "notebook of version 4")])
def test_notebooks_that_are_none(text, message, tmp_path, capsys):
    file = tmp_path / "model.ipynb"
    file.write_text(text)
    assert port(file, "--write") == 2
    assert message in capsys.readouterr().err


def test_modules_that_are_partly_here_are_imported_and_their_missing_names_reported():
    text, findings = port_text(
        "from keras.preprocessing import image, sequence\nfrom keras.datasets import mnist\n\n"
        "sequence.pad_sequences([[1]])\nimage.load_img('x')\nmnist.load_data()\n"
    )
    assert "from torchkeras_layer.preprocessing import sequence\n" in text
    assert "from keras.preprocessing import image\n" in text
    assert [(found.line, found.rule) for found in findings if found.kind == "left"] == [
        (1, "keras.preprocessing.image"),
        (2, "keras.datasets.mnist"),
        (5, "keras.preprocessing.image.load_img"),
        (6, "keras.datasets.mnist.load_data"),
    ]


def test_a_file_that_is_ported_is_not_changed_again_though_something_was_left_in_it():
    old = (
        "from keras.datasets import mnist\nfrom keras.models import Sequential\nfrom other import Optimizer\n\n"
        "model = Sequential()\nmodel.compile(Optimizer(), 'mse')\nmodel.fit(x, y, epochs=2)\nmnist.load_data()\n"
    )
    new, findings = port_text(old)
    assert "model.fit(x, y, epochs=2)" in new
    assert "from torchkeras_layer.models import Sequential" in new
    assert any(finding.rule == "fit" and finding.kind == "left" for finding in findings)
    again, _ = port_text(new)
    assert again == new


def test_imports_that_are_tried_one_after_the_other_become_one():
    text, _ = port_text(
        "import os\n\n# Whichever is there.\ntry:\n    from tensorflow import keras\nexcept ImportError:\n"
        "    import keras\n\nkeras.layers.Dense(2)\n"
    )
    assert text == "import os\n\n# Whichever is there.\nimport torchkeras_layer as keras\n\nkeras.layers.Dense(2)\n"
    kept = "try:\n    import torchkeras_layer as keras\nexcept ImportError:\n    keras = None\nkeras.layers\n"
    assert port_text(kept.replace("torchkeras_layer as keras", "keras"))[0] == kept
