"""What do the layers of a Python file compute? Runs in a process of its own, with Keras or with this library.

It is called with the path of the file, that of the results, and that of another run's results whose weights to take.
Only imports, definitions and constants of the file are run, so that no script trains.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from typing import Any

import numpy as np

SHAPES = ((2, 8), (2, 5, 8), (2, 6, 6, 8), (2, 3, 6, 6, 8))
"""Shapes of inputs, tried one after the other."""


def definitions(text: str) -> ast.Module:
    """Return the imports, definitions and constants of a file.

    >>> [type(part).__name__ for part in definitions("import os\\nN = 3\\nprint(N)\\nclass A: pass").body]
    ['Import', 'Assign', 'ClassDef']
    """
    module = ast.parse(text)
    module.body = [part for part in module.body if _is_definition(part)]
    return module


def _is_definition(part: ast.stmt) -> bool:
    if isinstance(part, ast.Try):
        return all(isinstance(one, (ast.Import, ast.ImportFrom)) for one in part.body)
    if isinstance(part, ast.Assign):
        return all(isinstance(one, (ast.Constant, ast.Name, ast.Tuple, ast.List, ast.Load, ast.Store, ast.Assign,
                                    ast.Dict, ast.UnaryOp, ast.USub)) for one in ast.walk(part))  # fmt: skip
    return isinstance(part, (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef))


def run(text: str, weights: dict[str, list[np.ndarray]]) -> dict[str, Any]:
    """Return what each layer class of a file computes: 'shape', 'outputs' and 'weights', or why not: 'skipped'."""
    names: dict[str, Any] = {"__name__": "checked"}
    exec(compile(definitions(text), "checked", "exec"), names)
    classes = [one for one in names.values() if inspect.isclass(one) and one.__module__ == "checked"]
    layers = [one for one in classes if callable(getattr(one, "call", None)) and hasattr(one, "get_weights")]
    return {cls.__name__: _run_class(cls, weights.get(cls.__name__)) for cls in layers}


def _run_class(cls: Any, weights: list[np.ndarray] | None) -> dict[str, Any]:
    try:
        layer = cls()
    except Exception as error:
        return {"skipped": f"it cannot be made without arguments: {_first_line(error)}"}
    if hasattr(layer, "eval"):
        layer.eval()
    refusals = []
    for shape in SHAPES:
        inputs = np.random.default_rng(0).normal(size=shape).astype("float32")
        try:
            layer(inputs)
            if weights is not None:
                layer.set_weights(weights)
            outputs = layer(inputs)
            found = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            return {"shape": shape, "outputs": [_array(one) for one in found], "weights": layer.get_weights()}
        except Exception as error:
            refusals.append(_first_line(error))
            layer = cls()
    return {"skipped": f"it takes no input of shape {SHAPES[0]} to {SHAPES[-1]}: {refusals[0]}"}


def _array(value: Any) -> np.ndarray:
    return value.detach().numpy() if hasattr(value, "detach") else np.asarray(value)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:200]}"


def save(path: str, results: dict[str, Any]) -> None:
    """Write the results of `run`."""
    arrays, said = {}, {}
    for name, found in results.items():
        said[name] = {key: found[key] for key in ("skipped", "shape") if key in found}
        for kind in ("outputs", "weights"):
            arrays |= {f"{name}|{kind}|{place}": one for place, one in enumerate(found.get(kind, ()))}
    np.savez(path, said=np.array(json.dumps(said)), **arrays)


def load(path: str) -> dict[str, Any]:
    """Read the results of `run`."""
    with np.load(path) as file:
        results = json.loads(str(file["said"]))
        for name, found in results.items():
            for kind in ("outputs", "weights"):
                keys = [key for key in file.files if key.startswith(f"{name}|{kind}|")]
                found[kind] = [file[f"{name}|{kind}|{place}"] for place in range(len(keys))]
    return results


if __name__ == "__main__":
    given = load(sys.argv[3]) if len(sys.argv) > 3 else {}
    with open(sys.argv[1], encoding="utf-8") as source:
        save(sys.argv[2], run(source.read(), {name: found["weights"] for name, found in given.items()}))
