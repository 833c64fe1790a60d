"""How does a layer keep the vocabulary that it learned in a file, as Keras does in `.keras` archives?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from torchkeras_layer.layer import Layer

_FILE = "vocabulary.txt"


def write_tokens(layer: Layer, folder: str | os.PathLike[str], tokens: list[Any]) -> None:
    """Write tokens into the file 'vocabulary.txt' of a folder, one per line.

    Raises:
        ValueError: if a token would be read as something else.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tokens(Layer(), folder, ["", "[UNK]", "a"]); read_tokens(Layer(), folder)
    ['', '[UNK]', 'a']
    """
    lines = [str(token) for token in tokens]
    text = "\n".join(lines)
    if text.splitlines() != lines:
        wrong = next((line for line in lines if line.splitlines() not in ([line], [])), lines[-1])
        raise ValueError(
            f"{layer.name}: in a file of Keras, a vocabulary has one token per line. Received: the token {wrong!r}. "
            "Make the layer with vocabulary=layer.get_vocabulary(), which is in the config."
        )
    (Path(folder) / _FILE).write_bytes(text.encode("utf-8"))


def read_tokens(layer: Layer, folder: str | os.PathLike[str]) -> list[str]:
    """Return the lines of the file 'vocabulary.txt' of a folder; empty ones at the end do not count.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not in UTF-8.
    """
    path = Path(folder) / _FILE
    if not path.is_file():
        raise FileNotFoundError(f"{layer.name}: there is no file {_FILE!r} with its vocabulary in the folder.")
    try:
        lines = path.read_bytes().decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{layer.name}: {_FILE} must be in UTF-8. Received: {error}.") from None
    while lines and not lines[-1]:
        lines.pop()
    return lines
