"""Write what TensorFlow gives in all cases: `python -m tests.tf.write_goldens`, where TensorFlow is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.tf import (
    cases,
    cases_of_arrays,
    cases_of_checks,
    cases_of_control,
    cases_of_gradients,
    cases_of_layers,
    cases_of_objects,
)

# The functions of tensors, of which the gradients are recorded too; and all cases.
FUNCTIONS = cases.CASES + cases_of_arrays.CASES + cases_of_layers.CASES
ALL = FUNCTIONS + [
    *(cases_of_control.CASES + cases_of_gradients.CASES),
    *(cases_of_objects.CASES + cases_of_checks.CASES),
]
FILE = Path(__file__).with_name("goldens.npz")


def leaves(found: Any) -> list[Any]:
    """Return the tensors in a result."""
    if isinstance(found, (list, tuple)) and not hasattr(found, "numpy"):
        return [leaf for part in found for leaf in leaves(part)]
    return [found]


def _gradients(tf: Any, run: Any, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the gradients of the sum of the squares of the results, by the names of the inputs that they depend on."""
    sources = {name: value for name, value in inputs.items() if value.dtype.is_floating or value.dtype.is_complex}
    with tf.GradientTape() as tape:
        tape.watch(sources)
        found = [leaf for leaf in leaves(run(tf, inputs)) if getattr(leaf, "dtype", tf.int32).is_floating]
        target = sum(tf.reduce_sum(tf.cast(leaf, tf.float64) ** 2) for leaf in found)
    try:
        gradients = tape.gradient(target, sources) if found else {}
    except (LookupError, tf.errors.InvalidArgumentError) as error:
        # TensorFlow has no gradient for this function, or one that fails.
        print("no gradient:", str(error)[:100])
        gradients = {}
    return {name: tf.convert_to_tensor(value).numpy() for name, value in gradients.items() if value is not None}


def main() -> None:
    """Run all cases."""
    import tensorflow as tf

    goldens, inputs = {}, {name: tf.constant(values) for name, values in cases.INPUTS.items()}
    for number, (name, run) in enumerate(ALL):
        for place, leaf in enumerate(leaves(run(tf, inputs))):
            goldens[f"{number}.{name}.{place}"] = np.asarray(leaf)
        if number < len(FUNCTIONS):
            gradients = _gradients(tf, run, inputs)
            goldens |= {f"{number}.{name}.d.{source}": values for source, values in gradients.items()}
    np.savez_compressed(FILE, **goldens)
    print(len(ALL), "cases,", sum(".d." in key for key in goldens), "gradients,", FILE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
