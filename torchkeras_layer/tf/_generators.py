"""What are the generators and seeds of `tf.random`? Torch's, and so the numbers are not TensorFlow's."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.initializers.seeds import as_truncated_normal
from torchkeras_layer.ops.values import as_sizes

_FACTOR = 1_000_003
_LARGEST = 2**31 - 1


def set_seed(seed: int) -> None:
    """Seed torch's generator.

    >>> set_seed(1); first = torch.rand(1); set_seed(1); bool(first == torch.rand(1))
    True
    """
    torch.manual_seed(int(seed))


class Generator:
    """A source of random numbers with a state of its own.

    Args:
        seed: the first state; drawn if it is `None`.

    >>> Generator.from_seed(1).uniform([2]).shape
    torch.Size([2])
    """

    def __init__(self, seed: int | None = None, alg: Any = None) -> None:
        self._generator = torch.Generator()
        if seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(int(seed))

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """Return a generator with a seed."""
        return cls(seed)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """Return a generator with a random seed."""
        return cls()

    def reset_from_seed(self, seed: int) -> None:
        """Give the generator another seed."""
        self._generator.manual_seed(int(seed))

    def normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None
    ) -> Tensor:
        """Return normally distributed numbers."""
        return torch.randn(as_sizes(shape), generator=self._generator, dtype=torch_dtype(dtype)) * stddev + mean

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None
    ) -> Tensor:
        """Return normally distributed numbers within two standard deviations of the mean."""
        uniform = torch.rand(as_sizes(shape), generator=self._generator, dtype=torch_dtype(dtype))
        return as_truncated_normal(uniform) * stddev + mean

    def uniform(
        self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", name: Any = None
    ) -> Tensor:
        """Return evenly distributed numbers from `minval` to `maxval`, by default 1."""
        sizes, target = as_sizes(shape), torch_dtype(dtype)
        if not target.is_floating_point:
            return torch.randint(int(minval), int(maxval), sizes, generator=self._generator, dtype=target)
        high = 1 if maxval is None else maxval
        return torch.rand(sizes, generator=self._generator, dtype=target) * (high - minval) + minval

    def uniform_full_int(self, shape: Any, dtype: Any = "uint64", name: Any = None) -> Tensor:
        """Return ints of all values that int32 or int64 have."""
        target = torch.int32 if torch_dtype(dtype).itemsize == 4 else torch.int64
        limits = torch.iinfo(target)
        return torch.randint(limits.min, limits.max, as_sizes(shape), generator=self._generator, dtype=target)

    def binomial(self, shape: Any, counts: Any, probs: Any, dtype: Any = "int32", name: Any = None) -> Tensor:
        """Return how often something of a probability happens in `counts` trials."""
        sizes = as_sizes(shape)
        given = [torch.as_tensor(value, dtype=torch.float32).expand(sizes).contiguous() for value in (counts, probs)]
        return torch.binomial(*given, generator=self._generator).to(torch_dtype(dtype))

    def make_seeds(self, count: int = 1) -> Tensor:
        """Return seeds for the functions that begin with `stateless`, of shape (2, count)."""
        return torch.randint(0, _LARGEST, (2, count), generator=self._generator)

    def split(self, count: int = 1) -> list[Generator]:
        """Return new generators, whose numbers differ."""
        return [Generator(int(seed)) for seed in self.make_seeds(count)[0]]


_shared: list[Generator] = []


def get_global_generator() -> Generator:
    """Return the generator that the program shares."""
    if not _shared:
        _shared.append(Generator())
    return _shared[0]


def set_global_generator(generator: Generator) -> None:
    """Let the program share another generator."""
    _shared[:] = [generator]


def fold_in(seed: Any, data: Any, alg: Any = None) -> Tensor:
    """Return another seed of two ints, that follows from a seed and an int.

    >>> fold_in([1, 2], 3)
    tensor([1000006,       2], dtype=torch.int32)
    """
    first, second = as_sizes(seed)
    return torch.tensor([(int(first) * _FACTOR + int(data)) % _LARGEST, int(second)], dtype=torch.int32)


def split(seed: Any, num: int = 2, alg: Any = None) -> Tensor:
    """Return several seeds of two ints, that follow from one, in rows.

    >>> split([1, 2]).shape
    torch.Size([2, 2])
    """
    return torch.stack([fold_in(seed, number + 1) for number in range(int(num))])
