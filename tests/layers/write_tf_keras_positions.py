"""Which arguments do TF-Keras's layers take by position? Run by hand, where it is installed, to write them down.

python -m tests.layers.write_tf_keras_positions
"""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path

FILE = Path(__file__).parent / "tf_keras_positions.json"


def main() -> None:
    """Write the names of the positional arguments of every class."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tf_keras

    classes = {name: thing for name, thing in vars(tf_keras.layers).items() if isinstance(thing, type)}
    lines = [f"{json.dumps(name)}: {json.dumps(_positional(classes[name]))}" for name in sorted(classes)]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _positional(layer: type) -> list[str]:
    _, *own = inspect.signature(layer.__init__).parameters.values()
    return [one.name for one in own if one.kind is one.POSITIONAL_OR_KEYWORD]


if __name__ == "__main__":
    main()
