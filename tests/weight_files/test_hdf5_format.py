"""Are HDF5 files read here as the C library reads them, and is what is not read refused by name?"""

from __future__ import annotations

import itertools
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from torchkeras_layer.saving import ModelFileError
from torchkeras_layer.weight_files.hdf5 import Dataset, Group, open_hdf5

_DTYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", ">f4", ">f8", ">i4", ">u2", "?"]
_SHAPES = [(), (0,), (3,), (2, 3), (2, 1, 3, 2, 2)]


def _assert_same(theirs: h5py.Group, mine: Group) -> int:
    """Compare all below two groups, and return the number of arrays and attributes."""
    assert sorted(theirs) == mine.names()
    count = len(theirs.attrs)
    for name, value in theirs.attrs.items():
        if isinstance(value, (str, bytes)):
            assert mine.text(name) == (value if isinstance(value, str) else value.decode())
        else:
            assert mine.texts(name) == [item.decode() if isinstance(item, bytes) else item for item in value]
    for name in theirs:
        found = mine.descend(name)
        if isinstance(found, Group):
            count += _assert_same(theirs[name], found)
        else:
            assert isinstance(found, Dataset)
            array = theirs[name][()]
            read = found.read().numpy()
            assert found.shape == read.shape == array.shape
            assert np.array_equal(array, read)
            assert read.dtype.kind == ("i" if array.dtype.name in ("uint16", "uint32") else array.dtype.kind)
            count += 1
    return count


def _count_same(path: Path) -> int:
    with h5py.File(path) as theirs, open_hdf5(path, "file") as mine:
        return _assert_same(theirs, mine)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_arrays(libver, tmp_path):
    path, draw = tmp_path / "file.h5", np.random.default_rng(0)
    with h5py.File(path, "w", libver=libver) as file:
        for (place, dtype), (number, shape) in itertools.product(enumerate(_DTYPES), enumerate(_SHAPES)):
            # More than eight members are in another form in the latest version.
            file[f"{place // 8}/{place % 8}/{number}"] = draw.normal(scale=40, size=shape).astype(dtype)
        file.create_dataset("small", data=draw.normal(size=4), dcpl=_compact())
    assert _count_same(path) == 76


def _compact():
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_layout(h5py.h5d.COMPACT)
    return settings


@pytest.mark.parametrize("chunks", [(1, 2), (3, 2), (7, 5), (4, 5)])
def test_chunks(chunks, tmp_path):
    path, draw = tmp_path / "file.h5", np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for compression, shuffle, checked in itertools.product((None, "gzip"), (False, True), (False, True)):
            settings = {"compression": compression, "shuffle": shuffle, "fletcher32": checked}
            data = draw.normal(size=(7, 5)).astype("float32")
            file.create_dataset(f"{compression}{shuffle}{checked}", data=data, chunks=chunks, **settings)
        file.create_dataset("many", data=np.arange(6000.0).reshape(200, 30), chunks=(1, 30), compression="gzip")
        file.create_dataset("none", data=np.zeros((0, 3)), maxshape=(None, 3), chunks=(2, 3))
    assert _count_same(path) == 10


@pytest.mark.parametrize("size", [1, 2, 3, 719, 65_535, 200_001])
@pytest.mark.parametrize("fill", ["zeros", "largest", "random"])
def test_checksums(size, fill, tmp_path):
    path, draw = tmp_path / "file.h5", np.random.default_rng(size)
    data = {"zeros": np.zeros(size, "u1"), "largest": np.full(size, 255, "u1")}.get(fill, draw.bytes(size))
    with h5py.File(path, "w") as file:
        array = file.create_dataset("x", data=np.frombuffer(data, "u1"), chunks=(size,), fletcher32=True)
        place = array.id.get_chunk_info(0).byte_offset
    with open_hdf5(path, "file") as root:
        assert bytes(root.descend("x").read().numpy()) == bytes(data)
    content = bytearray(path.read_bytes())
    content[place + size // 2] ^= 4
    path.write_bytes(content)
    with open_hdf5(path, "file") as root, pytest.raises(ModelFileError, match="does not have its checksum"):
        root.descend("x").read()


def test_attributes_and_groups(tmp_path):
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update({"text": "é☃", "bytes": b"bytes", "empty": "", "long": "x" * 200_000})
        file.attrs["fixed"] = np.bytes_(b"fixed")
        file.attrs["texts"] = ["a", "bb", ""]
        file.attrs["fixed_texts"] = [b"x", b"yy"]
        file.attrs["none"] = []
        for number in range(300):
            file.create_group(f"many/group_{number}").attrs["names"] = [f"{number}/kernel:0"]
    assert _count_same(path) == 308
    with open_hdf5(path, "file") as root:
        assert root.text("nowhere") is None is root.texts("nowhere")
        with pytest.raises(ModelFileError, match="the attribute 'texts' must be text"):
            root.text("texts")


def test_bfloat16(tmp_path):
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["bits"] = torch.tensor([1.5, -3.25], dtype=torch.bfloat16).view(torch.int16).numpy().view("V2")
    with open_hdf5(tmp_path / "file.h5", "file") as root:
        found = root.descend("bits")
        assert isinstance(found, Dataset)
        assert (found.dtype, found.read().tolist()) == ("bfloat16", [1.5, -3.25])


REFUSED = {
    "lzf": (lambda file: file.create_dataset("a", data=np.ones(9), compression="lzf"), "filter that is not read.*lzf"),
    "a filter of a plugin": (lambda file: _with_filter(file, 305), "filter that is not read. Received: number 305"),
    "complex": (lambda file: file.create_dataset("a", data=np.ones(2, "complex64")), "Received: a dataset of type com"),
    "texts": (lambda file: file.create_dataset("a", data=["text"]), "Received: a dataset of type sequence"),
    "fixed texts": (lambda file: file.create_dataset("a", data=np.bytes_(b"x")), "Received: a dataset of type text"),
    "references": (lambda file: file.create_dataset("a", data=file.ref, dtype=h5py.ref_dtype), "type reference"),
    "a type with a name": (lambda file: _with_named_type(file), "a name of its own"),
    "a type": (lambda file: file.__setitem__("a", np.dtype("float32")), "Received: another object"),
    "never written": (lambda file: file.create_dataset("a", (3,), "f4"), "has no numbers"),
    "no chunk written": (lambda file: file.create_dataset("a", (3,), "f4", chunks=(3,)), "refers to"),
    "order of creation": (lambda file: file.create_group("a", track_order=True) and _fill(file["a"]), "track_order"),
}  # fmt: skip


def _with_filter(file, number):
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk((2,))
    settings.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (1,))
    h5py.h5d.create(file.id, b"a", h5py.h5t.NATIVE_FLOAT, h5py.h5s.create_simple((4,)), settings)


def _with_named_type(file):
    file["named"] = np.dtype("float32")
    file.create_dataset("a", data=np.ones(3), dtype=file["named"])


def _fill(group):
    for number in range(20):
        group[str(number)] = number


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused(kind, tmp_path):
    make, message = REFUSED[kind]
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["good"] = [1.0, 2.0]
        make(file)
    with open_hdf5(tmp_path / "file.h5", "file.h5") as root:
        good = root.descend("good")
        assert isinstance(good, Dataset)
        assert good.read().tolist() == [1, 2]
        with pytest.raises(ModelFileError, match=f"(?s)file.h5/a.*(?:{message})"):
            _read_all(root.descend("a"))


def _read_all(found):
    return found.walk() if isinstance(found, Group) else found.read()
