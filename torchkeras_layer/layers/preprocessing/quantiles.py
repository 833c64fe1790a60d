"""Where do the boundaries lie that cut data, which comes in batches, into equally filled bins?

Keras keeps a summary of the data: sorted values, and how many of the data each of them stands for.
"""

from __future__ import annotations

import numpy as np


class Quantiles:
    """A summary of about `1 / epsilon` values.

    >>> quantiles = Quantiles(0.01)
    >>> quantiles.add(np.array([1.0, 4.0])); quantiles.add(np.array([3.0, 2.0]))
    >>> quantiles.boundaries(4)
    [1.0, 2.0, 3.0]
    """

    def __init__(self, epsilon: float) -> None:
        self.epsilon = epsilon
        self.values = np.empty(0, dtype="float32")
        self.weights = np.empty(0, dtype="float32")

    def add(self, batch: np.ndarray) -> None:
        """Take in a batch."""
        values, weights = self._thinned(np.sort(batch, axis=None).astype("float32"))
        values, weights = np.concatenate([values, self.values]), np.concatenate([weights, self.weights])
        order = np.argsort(values)
        self.values, self.weights = _compressed(values[order], weights[order], self.epsilon)

    def boundaries(self, bins: int) -> list[float]:
        """Return the boundaries between so many bins, or between fewer if there are fewer values."""
        values, _ = _compressed(self.values, self.weights, 1 / bins)
        return values[:-1].tolist()

    def _thinned(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return every so manieth of sorted values, and how many each stands for."""
        step = max(values.size / (1 / self.epsilon), 1)
        kept = values[int(step - 1) :: int(step)]
        return kept, np.full_like(kept, step)


def _compressed(values: np.ndarray, weights: np.ndarray, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a summary of at most `1 / epsilon` values, interpolated at equal shares of the weight."""
    if values.size * epsilon < 1:
        return values, weights
    reached = weights.cumsum()
    shares = reached / reached[-1]
    wanted = epsilon + np.arange(0.0, 1.0, epsilon)
    totals = np.interp(wanted, shares, reached)
    return np.interp(wanted, shares, values).astype("float32"), np.diff(totals, prepend=0.0).astype("float32")
