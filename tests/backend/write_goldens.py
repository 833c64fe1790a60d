"""What does TF-Keras compute for each case?

Run it where tf_keras is installed: `python -m tests.backend.write_goldens`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.backend.cases import CASES, Case


def _gradients(tf: Any, K: Any, case: Case, tensors: list[Any]) -> list[Any]:
    floats = [tensor for tensor in tensors if tensor.dtype.is_floating]
    if "flat" in case.marks or not floats:
        return []
    with tf.GradientTape() as tape:
        tape.watch(floats)
        outputs = tf.nest.flatten(case.call(K, *tensors))
        floating = [output for output in outputs if tf.is_tensor(output) and output.dtype.is_floating]
        total = sum(tf.reduce_sum(tf.sin(tf.cast(output, "float64"))) for output in floating)
    return tape.gradient(total, floats) if floating else []


def main() -> None:
    """Write the outputs and gradients of all cases."""
    import tensorflow as tf  # pyright: ignore[reportMissingImports]
    from tf_keras.src import backend as K  # pyright: ignore[reportMissingImports]

    found: dict[str, np.ndarray] = {}
    for case in CASES:
        tensors = [tf.constant(array) for array in case.arrays()]
        for number, output in enumerate(tf.nest.flatten(case.call(K, *tensors))):
            found[f"{case}|{number}"] = output.numpy() if tf.is_tensor(output) else np.asarray(output)
        for number, gradient in enumerate(_gradients(tf, K, case, tensors)):
            if gradient is not None:
                found[f"{case}|gradient{number}"] = np.asarray(tf.convert_to_tensor(gradient))
    np.savez_compressed(Path(__file__).with_name("goldens.npz"), **found)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
