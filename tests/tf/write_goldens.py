"""Write what TensorFlow gives in all cases: `python -m tests.tf.write_goldens`, where TensorFlow is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.tf import cases, cases_of_arrays, cases_of_layers

ALL = cases.CASES + cases_of_arrays.CASES + cases_of_layers.CASES
FILE = Path(__file__).with_name("goldens.npz")


def leaves(found: Any) -> list[Any]:
    """Return the tensors in a result."""
    if isinstance(found, (list, tuple)) and not hasattr(found, "numpy"):
        return [leaf for part in found for leaf in leaves(part)]
    return [found]


def main() -> None:
    """Run all cases."""
    import tensorflow as tf

    goldens, inputs = {}, {name: tf.constant(values) for name, values in cases.INPUTS.items()}
    for number, (name, run) in enumerate(ALL):
        for place, leaf in enumerate(leaves(run(tf, inputs))):
            goldens[f"{number}.{name}.{place}"] = np.asarray(leaf)
    np.savez_compressed(FILE, **goldens)
    print(len(ALL), "cases,", FILE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
