"""What does TF-Keras's HashedCrossing give? Run by hand, where it is installed, to write it down.

python -m tests.layers.preprocessing.write_crossings
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "crossings.json"
WORDS = ["a", "", "été", "a word of more than sixteen bytes", "B"]
INTS = [0, -1, 7, 2**62, -(2**63)]
CASES: list[tuple[dict[str, Any], list[Any]]] = [
    ({"num_bins": 5}, [WORDS, INTS]),
    ({"num_bins": 1}, [WORDS, WORDS]),
    ({"num_bins": 1000}, [INTS, WORDS, INTS]),
    ({"num_bins": 2**40}, [INTS, INTS]),
    ({"num_bins": 2**62 + 3}, [INTS, INTS[::-1]]),
    ({"num_bins": 2**63 - 1}, [WORDS, WORDS[::-1]]),
    ({"num_bins": 7, "dtype": "int32"}, [[[1], [2]], [["a"], ["b"]]]),
    ({"num_bins": 7}, [3, "a"]),
    ({"num_bins": 4, "output_mode": "one_hot"}, [WORDS, INTS]),
    ({"num_bins": 4, "output_mode": "one_hot"}, [[[1], [2]], [["a"], ["b"]]]),
    ({"num_bins": 4, "output_mode": "one_hot"}, [3, "a"]),
]


def main() -> None:
    """Write config, inputs and outputs of each case."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import numpy as np
    import tf_keras

    lines = []
    for arguments, inputs in CASES:
        layer = tf_keras.layers.HashedCrossing(**arguments)
        outputs = layer([np.array(feature) for feature in inputs]).numpy().tolist()
        config = {name: value for name, value in layer.get_config().items() if name != "name"}
        lines.append(json.dumps({"config": config, "inputs": inputs, "outputs": outputs}))
    FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
