"""To which bin does a string or int belong by its hash, and what do the layers with such bins have in common?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer, StringLayer, as_bytes, as_string_array
from torchkeras_layer.layers.preprocessing.encoding import read_output_mode
from torchkeras_layer.layers.preprocessing.string_hashes import fingerprints, sip_hashes
from torchkeras_layer.symbolic import TensorSpec

# A custom operator that hashes ints: if it were traced, the hashes, which Python computes, would become constants. It
# is defined by its schema, because torch.library.custom_op takes longer than hashing a small tensor.
_LIBRARY = torch.library.Library("torchkeras_layer", "FRAGMENT")
_NAME = "torchkeras_layer::hash_ints"
_LIBRARY.define("hash_ints(Tensor numbers, int bins, int[]? salt) -> Tensor")


class HashBinLayer(StringLayer):
    """Base of layers that assign each string or int to a bin. On strings they are never traced; on tensors they can be.

    Args:
        num_bins: number of bins.
        output_mode: how the numbers of the bins are encoded.
        accepted_modes: the output modes of the class.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `num_bins` is not a positive 64-bit int, `output_mode` is not one of the accepted ones, or
            `dtype` is not an integer dtype for 'int'.

    >>> modes = ("int", "one_hot")
    >>> HashBinLayer(3, "int", modes).compute_dtype, HashBinLayer(3, "one_hot", modes).compute_dtype
    ('int64', 'float32')
    """

    _torchkeras_unsupported = {"sparse": False}
    # The layer inside that hashes strings.
    _torchkeras_strings_layer: StringHashes

    def __init__(self, num_bins: int, output_mode: str, accepted_modes: tuple[str, ...], **kwargs: Any) -> None:
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else floatx()
        super().__init__(**kwargs)
        self.num_bins = _read_num_bins(self, num_bins)
        self.output_mode = read_output_mode(self, output_mode, *accepted_modes)
        if self.output_mode == "int" and self._torchkeras.compute_dtype not in (torch.int64, torch.int32):
            raise ValueError(
                f"{type(self).__name__}: dtype must be int64 or int32 for output_mode='int'. Received: "
                f"dtype={kwargs['dtype']!r}."
            )
        # Only the layer inside, which hashes strings, is never traced.
        self._torchkeras.dynamic = kwargs.get("dynamic") is True
        self.built = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the layer; torch calls this."""
        inputs = args[0] if args else kwargs.get("inputs")
        kind = DataLayer if all(isinstance(leaf, torch.Tensor) for leaf in leaves(inputs)) else StringLayer
        return kind.forward(self, *args, **kwargs)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` of the output for inputs with given `TensorSpec`(s)."""
        shape = input_signature.shape if isinstance(input_signature, TensorSpec) else [s.shape for s in input_signature]
        return TensorSpec(self.compute_output_shape(shape), self._torchkeras.compute_dtype)


class StringHashes(StringLayer):
    """Compute a number for each string. A layer of its own, because it is never traced, while the outer layer can be.

    Args:
        numbers_of: function from a list of strings in UTF-8 to an int64 array.
        **kwargs: those of `Layer`.

    >>> StringHashes(signed_fingerprints)(["A", "B"])
    tensor([-1531450017087491052,  8703560047562643528])
    """

    def __init__(self, numbers_of: Callable[[list[bytes]], np.ndarray], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.numbers_of = numbers_of
        self.built = True

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the numbers, in a tensor of the shape of the inputs."""
        array = as_string_array(self, inputs)
        numbers = torch.from_numpy(self.numbers_of(as_bytes(self, array)))
        return numbers.reshape(array.shape).to(self._torchkeras.pinned_device or "cpu")


def signed_fingerprints(strings: Sequence[bytes]) -> np.ndarray:
    """Return FarmHash64 of strings as int64: numbers above 2**63 become negative.

    >>> signed_fingerprints([b"A", b"B"]).tolist()
    [-1531450017087491052, 8703560047562643528]
    """
    return fingerprints(strings).view("int64")


def bins_of(strings: Sequence[bytes], bins: int, salt: Sequence[int] | None) -> np.ndarray:
    """Return an int from 0 to `bins - 1` for each string: by FarmHash64, or SipHash-2-4 with a salt, as TensorFlow.

    >>> bins_of([b"A", b"B", b"C", b"D", b"E"], 3, None), bins_of([b"A", b"B", b"C", b"D", b"E"], 3, [133, 137])
    (array([1, 0, 1, 1, 2]), array([1, 2, 1, 0, 2]))
    """
    hashes = fingerprints(strings) if salt is None else sip_hashes(strings, (salt[0], salt[1]))
    return (hashes % np.uint64(bins)).astype("int64")


def bins_of_ints(numbers: torch.Tensor, bins: int, salt: Sequence[int] | None) -> torch.Tensor:
    """Do the same as `bins_of` for the digits of each number, in a tensor of the same shape, on the same device.

    >>> bins_of_ints(torch.tensor([[12, -3]]), 100, None), bins_of([b"12", b"-3"], 100, None)
    (tensor([[88, 99]]), array([88, 99]))
    """
    # Only 64 bits of a key are used, and torch's ints are signed.
    key = None if salt is None else [(number + 2**63) % 2**64 - 2**63 for number in salt]
    return torch.ops.torchkeras_layer.hash_ints.default(numbers.detach().to(torch.int64), bins, key)


def read_salt(layer: Layer, salt: Any) -> list[int] | None:
    """Return an argument `salt` as the two numbers of a key for SipHash; one int is used for both, `None` stays.

    Raises:
        ValueError: if it is anything else.

    >>> read_salt(Layer(), 133), read_salt(Layer(), (1, 2)), read_salt(Layer(), None)
    ([133, 133], [1, 2], None)
    """
    if salt is None:
        return None
    numbers = list(salt) if isinstance(salt, (list, tuple)) else [salt, salt]
    if len(numbers) != 2 or not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers):
        raise ValueError(
            f"{type(layer).__name__}: salt must be an int of at least 0, or two of them. Received: salt={salt!r}."
        )
    return numbers


def _read_num_bins(layer: Layer, num_bins: Any) -> int:
    number = positive_int(layer, "num_bins", num_bins)
    if number >= 2**63:
        raise ValueError(f"{type(layer).__name__}: num_bins must be a 64-bit int. Received: num_bins={num_bins!r}.")
    return number


def _hash_ints(numbers: torch.Tensor, bins: int, salt: Sequence[int] | None) -> torch.Tensor:
    digits = [str(number).encode() for number in numbers.flatten().tolist()]
    return torch.from_numpy(bins_of(digits, bins, salt)).reshape(numbers.shape).to(numbers.device)


def _hash_ints_without_data(numbers: torch.Tensor, bins: int, salt: Sequence[int] | None) -> torch.Tensor:
    return numbers.new_empty(numbers.shape)


def _hash_ints_in_vmap(
    info: Any, in_dims: Any, numbers: torch.Tensor, bins: int, salt: Sequence[int] | None
) -> tuple[torch.Tensor, int | None]:
    return torch.ops.torchkeras_layer.hash_ints.default(numbers, bins, salt), in_dims[0]


_LIBRARY.impl(_NAME, _hash_ints, "CompositeExplicitAutograd")
torch.library.register_fake(_NAME, _hash_ints_without_data, lib=_LIBRARY)
torch.library.register_vmap(_NAME, _hash_ints_in_vmap, lib=_LIBRARY)
