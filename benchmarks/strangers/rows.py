"""What is a row of the corpus, and what is found out of its layer in a library?"""

from __future__ import annotations

import importlib
import json
import signal
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.strangers.imports import Renaming, importing
from benchmarks.strangers.sources import folder_of

HERE = Path(__file__).parent
SECONDS = 60


@dataclass(frozen=True)
class Row:
    """A class of strangers.

    Attributes:
        source: see `sources.folder_of`.
        file: the module, from the root of the project.
        name: the class.
        arguments: of its constructor, as Python; `m` is the module.
        inputs: the kinds and shapes, such as 'normal 2,5,8'.
        call: how it is called: 'one', 'list', 'positional', or 'cell' (an input and a list of states).
        generation: '2' (Keras 1 and 2), 'tf' (tf.keras) or '3'.
    """

    source: str
    file: str
    name: str
    arguments: str
    inputs: tuple[str, ...]
    call: str
    generation: str

    @property
    def key(self) -> str:
        """A short name, different for each row."""
        project = self.source.partition(":")[2].replace("==", "@").partition("@")[0].rpartition("/")[2]
        return f"{project}.{Path(self.file).stem}.{self.name}({self.arguments})"

    def arrays(self) -> list[np.ndarray]:
        """Return the inputs, the same in each library."""
        random = np.random.default_rng(zlib.crc32(self.key.encode()))
        return [_array(random, kind) for kind in self.inputs]


def read_corpus() -> list[Row]:
    """Return all rows."""
    return [
        Row(source, file, name, arguments, tuple(inputs), call, generation)
        for source, generation, rows in json.loads((HERE / "corpus.json").read_text())
        for file, name, arguments, inputs, call in rows
    ]


def _array(random: np.random.Generator, kind: str) -> np.ndarray:
    word, _, sizes = kind.partition(" ")
    shape = tuple(int(size) for size in sizes.split(","))
    if word == "normal":
        return random.normal(size=shape).astype("float32")
    if word == "unit":
        return random.uniform(0.1, 1.0, size=shape).astype("float32")
    if word == "bits":
        return (random.uniform(size=shape) < 0.6).astype("float32")
    return random.integers(0, int(word), size=shape).astype("int32")


@dataclass
class Library:
    """What differs between libraries.

    Attributes:
        keras: the module.
        renamed: the module that stands for one that strangers import; `None` for that itself.
        tensor, array: from an array to a tensor, and back.
        assign: sets a weight to an array.
        gradients: the gradients of a loss with respect to weights, given a function that gives outputs.
        settle: brings a layer into inference.
    """

    keras: Any
    renamed: Renaming
    tensor: Callable[[np.ndarray], Any]
    array: Callable[[Any], np.ndarray]
    assign: Callable[[Any, np.ndarray], None]
    gradients: Callable[[Callable[[], Any], Any], list[Any]]
    settle: Callable[[Any], None]


def measure(row: Row, library: Library) -> dict[str, Any]:
    """Return what a layer gives: 'outputs', 'shapes', 'norms', 'config', 'functional'; or 'error' with its 'stage'."""
    found: dict[str, Any] = {"stage": "source"}
    root = folder_of(row.source)
    if root is None:
        return {**found, "error": "the source cannot be brought"}
    try:
        with _limited(SECONDS), importing(root, library.renamed):
            _measure(row, library, found)
    except Exception as error:
        text = " ".join(str(error).split())
        found["error"] = f"{type(error).__name__}: {text[:400]}"
    return found


def _measure(row: Row, library: Library, found: dict[str, Any]) -> None:
    found["stage"] = "import"
    module = importlib.import_module(row.file.removesuffix(".py").replace("/", "."))
    cls = getattr(module, row.name)
    found["stage"] = "construct"
    names = {"cls": cls, "m": module, "keras": library.keras, "np": np}
    make = lambda: eval(f"cls({row.arguments})", names)  # noqa: E731
    layer, values = make(), [library.tensor(array) for array in row.arrays()]
    library.settle(layer)
    found["stage"] = "call"
    call_as(row.call, layer, values)
    library.settle(layer)
    found["shapes"] = give_weights(row, library, layer)
    found["outputs"] = [library.array(leaf) for leaf in leaves(call_as(row.call, layer, values))]
    found["stage"] = "gradients"
    if layer.trainable_weights:
        give_weights(row, library, layer)
        grads = library.gradients(lambda: leaves(call_as(row.call, layer, values)), layer)
        found["norms"] = [
            np.nan if grad is None else float(np.sqrt((grad.astype("float64") ** 2).sum())) for grad in grads
        ]
    found["stage"] = "ran"
    give_weights(row, library, layer)
    expected = [library.array(leaf) for leaf in leaves(call_as(row.call, layer, values))]
    found["config"] = _is_same(lambda: _out_of_config(row, library, layer, cls, values), expected)
    found["functional"] = _is_same(lambda: _in_model(row, library, make(), values), expected)


def call_as(how: str, layer: Any, values: list[Any]) -> Any:
    """Call a layer in one of the ways of a `Row`."""
    if how == "list":
        return layer(list(values))
    if how == "cell":
        return layer(values[0], list(values[1:]))
    return layer(*values)


def leaves(outputs: Any) -> list[Any]:
    """Return the tensors in outputs, those in dicts by sorted keys."""
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    if isinstance(outputs, (list, tuple)):
        return [leaf for part in outputs for leaf in leaves(part)]
    return [] if outputs is None else [outputs]


def give_weights(row: Row, library: Library, layer: Any) -> list[list[int]]:
    """Give all weights the same values in each library; return their shapes."""
    random, shapes = np.random.default_rng(zlib.crc32(f"weights of {row.key}".encode())), []
    for trains, weights in ((True, layer.trainable_weights), (False, layer.non_trainable_weights)):
        for weight in weights:
            shape = [int(size) for size in weight.shape]
            value = random.normal(size=shape) * 0.3 if trains else random.uniform(0.5, 1.5, size=shape)
            if "float" in str(weight.dtype):
                library.assign(weight, value.astype("float32"))
            shapes.append(shape)
    return shapes


def _out_of_config(row: Row, library: Library, layer: Any, cls: Any, values: list[Any]) -> Any:
    other = cls.from_config(layer.get_config())
    library.settle(other)
    call_as(row.call, other, values)
    library.settle(other)
    give_weights(row, library, other)
    return call_as(row.call, other, values)


def _in_model(row: Row, library: Library, layer: Any, values: list[Any]) -> Any:
    inputs = [library.keras.Input(shape=array.shape[1:], dtype=str(array.dtype)) for array in row.arrays()]
    outputs = call_as(row.call, layer, inputs)
    model = library.keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs)
    library.settle(model)
    give_weights(row, library, layer)
    return model(values if len(values) > 1 else values[0])


def _is_same(compute: Callable[[], Any], expected: list[np.ndarray]) -> bool | str:
    try:
        found = compute()
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    flat = [np.asarray(leaf.detach() if hasattr(leaf, "detach") else leaf) for leaf in leaves(found)]
    return len(flat) == len(expected) and all(map(agrees, flat, expected))


def agrees(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether two arrays have the same shape and nearly the same values."""
    same = found.shape == expected.shape
    return same and np.allclose(found.astype("complex128"), expected.astype("complex128"), 2e-3, 2e-4, equal_nan=True)


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TimeoutError(f"took more than {seconds} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
