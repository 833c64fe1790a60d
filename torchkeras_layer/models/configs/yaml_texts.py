"""How is the YAML of a model read, without running anything in it?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.registry import DeserializationError
from torchkeras_layer.registry.envelope import excerpt

_LONGEST = 16 * 2**20
_MOST_PARTS = 1_000_000
_DEEPEST = 200
# What PyYAML wrote for a tuple, and Python 2 for strings and whole numbers: data, in which there is nothing to run.
_PLAIN_TAGS = {"tuple": "sequence", "unicode": "scalar", "str": "scalar", "long": "scalar"}


def read_yaml(text: Any) -> Any:
    """Return the content of a YAML text: lists, dicts, strings, numbers and `None`.

    Raises:
        DeserializationError: if it is not YAML, has tags of Python other than those of tuples and strings, is too long
            or too deep, or has many more parts than it is long, by means of references.
        ImportError: if PyYAML is not installed.

    >>> read_yaml(b"padding: [1, 2]")
    Traceback (most recent call last):
    ...
    torchkeras_layer.registry.envelope.DeserializationError: model_from_yaml: expected the YAML of a model, at most ...
    """
    if not isinstance(text, str) or len(text) > _LONGEST:
        what = f"{len(text)} characters" if isinstance(text, str) else excerpt(text)
        raise DeserializationError(
            f"model_from_yaml: expected the YAML of a model, at most {_LONGEST} characters. Received: {what}."
        )
    try:
        import yaml
    except ImportError as error:
        raise ImportError(
            "model_from_yaml needs PyYAML. Install it: pip install 'torchkeras_layer[yaml]', or pip install pyyaml."
        ) from error
    try:
        content = yaml.load(text, Loader=_loader(yaml))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError, LookupError) as error:
        raise DeserializationError(
            f"model_from_yaml: expected the YAML of a model, whose tags are of data alone: {error}. "
            f"Received: {excerpt(text[:200])}."
        ) from error
    _check_size(content)
    return content


def _loader(yaml: Any) -> Any:
    """Return a class of PyYAML's safe loader that also reads the plain tags of Python."""

    class Loader(yaml.SafeLoader):
        pass

    def sequence(loader: Any, node: Any) -> Any:
        return loader.construct_sequence(node, deep=True)

    def scalar(loader: Any, node: Any) -> Any:
        value = loader.construct_scalar(node)
        return int(value) if node.tag.endswith("/long") else value

    for tag, kind in _PLAIN_TAGS.items():
        read = sequence if kind == "sequence" else scalar
        Loader.add_constructor(f"tag:yaml.org,2002:python/{tag}", read)
    return Loader


def _check_size(content: Any) -> None:
    """A reference may stand for a part many times, and for itself."""
    level, count = [content], 0
    for _ in range(_DEEPEST):
        level = [
            part
            for outer in level
            if isinstance(outer, (dict, list))
            for part in (outer.values() if isinstance(outer, dict) else outer)
        ]
        count += len(level)
        if not level:
            return
        if count > _MOST_PARTS:
            break
    raise DeserializationError(
        f"model_from_yaml: expected YAML with at most {_MOST_PARTS} parts, at most {_DEEPEST} levels deep, references "
        "included. Received: more."
    )
