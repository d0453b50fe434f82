"""Weights are read from the files of TensorFlow and PyTorch without either, and without code."""

import contextlib
import io
import pickle
import struct

import numpy as np
import pytest
import torch  # noqa: TID253 - the reference itself
from hypothesis import given
from hypothesis import strategies as st

from cmean.perception.networks import tensor_bundle, torch_archive

# ---- TensorFlow's tensor bundle: a writer of the smallest files of that format ----


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def entry(tensor, offset):
    """A BundleEntryProto."""
    sizes = b"".join(
        b"\x12" + varint(len(d)) + d for d in (b"\x08" + varint(size) for size in tensor.shape)
    )
    kind = 1 if tensor.dtype == np.float32 else 9  # DT_FLOAT, DT_INT64
    fields = b"\x08" + varint(kind) + b"\x12" + varint(len(sizes)) + sizes
    return fields + b"\x20" + varint(offset) + b"\x28" + varint(tensor.nbytes) + b"\x35abcd"


def block(entries):
    """A block of a sorted string table, keys with a shared prefix, then its trailer."""
    body, last = b"", b""
    for key, value in entries:
        shared = 0
        while shared < min(len(key), len(last)) and key[shared] == last[shared]:
            shared += 1
        own = key[shared:]
        body += varint(shared) + varint(len(own)) + varint(len(value)) + own + value
        last = key
    return body + struct.pack("<II", 0, 1)


def bundle(tensors):
    """The two files of a checkpoint."""
    data, entries = b"", [(b"", b"\x08\x01")]
    for name in sorted(tensors):
        entries.append((name.encode(), entry(tensors[name], len(data))))
        data += tensors[name].tobytes()
    table = block(entries)
    index = block([(b"~", varint(0) + varint(len(table)))])
    content = table + b"\0crc_" + index + b"\0crc_"
    handles = varint(0) + varint(0) + varint(len(table) + 5) + varint(len(index))
    return content + handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57), data


TENSORS = {
    "conv/bias": np.arange(4, dtype=np.float32),
    "conv/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "scalar": np.array(2.5, np.float32),
    "step": np.array([7], np.int64),
}


def test_a_bundle_gives_its_float_tensors():
    found = tensor_bundle.read_bundle_tensors(*bundle(TENSORS))
    assert set(found) == {"conv/bias", "conv/kernel", "scalar"}
    for name, tensor in found.items():
        np.testing.assert_array_equal(tensor, TENSORS[name])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda index, data: (index[:-1], data),
        lambda _index, data: (b"", data),
        lambda index, data: (index, data[:-60]),
        lambda index, data: (b"\xff" * len(index[:-48]) + index[-48:], data),
    ],
    ids=["cut", "empty", "data cut", "garbage"],
)
def test_a_damaged_bundle_is_a_value_error(spoil):
    with pytest.raises(ValueError, match="checkpoint"):
        tensor_bundle.read_bundle_tensors(*spoil(*bundle(TENSORS)))


@given(st.data())
def test_no_damage_of_a_bundle_is_anything_but_a_value_error(data):
    index, numbers = bundle(TENSORS)
    at = data.draw(st.integers(0, len(index) - 1))
    spoilt = index[:at] + bytes([data.draw(st.integers(0, 255))]) + index[at + 1 :]
    with contextlib.suppress(ValueError):
        tensor_bundle.read_bundle_tensors(spoilt, numbers)


# ---- PyTorch's old format ----

REBUILD = torch._utils._rebuild_tensor_v2  # noqa: SLF001 - what such files name


def archive(state):
    file = io.BytesIO()
    torch.save(state, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def test_an_archive_gives_what_was_saved_whatever_its_strides():
    plain = torch.arange(120.0).reshape(2, 3, 4, 5)
    state = {
        "plain": plain,
        "channels last": plain.contiguous(memory_format=torch.channels_last),
        "transposed": plain.permute(3, 1, 0, 2),
        "part": plain.flatten()[7:19],
        "count": torch.tensor(3),
    }
    found = torch_archive.read_torch_tensors(archive(state))
    assert set(found) == set(state) - {"count"}
    for name, tensor in found.items():
        np.testing.assert_array_equal(tensor, state[name].numpy())


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.99])
def test_a_cut_archive_is_a_value_error(share):
    whole = archive({"a": torch.ones(1000)})
    with pytest.raises(ValueError, match="PyTorch file"):
        torch_archive.read_torch_tensors(whole[: int(share * len(whole))])


def test_an_archive_that_names_code_is_refused_and_the_code_is_not_run(tmp_path):
    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "written"), "w"))

    harmful = b"".join(
        pickle.dumps(each, 2)
        for each in (0x1950A86A20F9469CFC6C, 1001, {}, {"weight": Harm()}, ["0"])
    )
    with pytest.raises(ValueError, match="no tensor"):
        torch_archive.read_torch_tensors(harmful)
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (-4, (2,), (7,)),
        (-(10**9), (1,), (1,)),
        (0, (10**9,), (0,)),
        (0, (10**6, 10**6), (0, 0)),
        (2, (3,), (1,)),
        (0, (0,), (1,)),
        (0, (2.0,), (1,)),
        (0, ("a",), (1,)),
        (0, (2, 2), (1,)),
    ],
    ids=str,
)
def test_a_view_that_reaches_beyond_its_storage_is_refused(offset, shape, strides):
    class Storage:
        pass

    class View:
        def __reduce__(self):
            return REBUILD, (Storage(), offset, shape, strides, False, {})

    file = io.BytesIO()

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            kind = torch.FloatStorage
            return ("storage", kind, "0", "cpu", 4, None) if isinstance(value, Storage) else None

    for part in (0x1950A86A20F9469CFC6C, 1001, {}, {"w": View()}, ["0"]):
        Pickler(file, 2).dump(part)
    content = file.getvalue() + struct.pack("<q", 4) + np.ones(4, np.float32).tobytes()
    with pytest.raises(ValueError, match="PyTorch file"):
        torch_archive.read_torch_tensors(content)


SMALL = archive({"a": torch.ones(5), "b": torch.ones(2, 3)})


@given(st.data())
def test_no_damage_of_an_archive_is_anything_but_a_value_error(data):
    content = SMALL
    at = data.draw(st.integers(0, len(content) - 1))
    spoilt = content[:at] + bytes([data.draw(st.integers(0, 255))]) + content[at + 1 :]
    with contextlib.suppress(ValueError):
        torch_archive.read_torch_tensors(spoilt)


def test_a_number_without_end_and_a_block_named_twice_are_refused():
    index, numbers = bundle(TENSORS)
    endless = index[:-48] + b"\x80" * 40 + index[-8:]
    with pytest.raises(ValueError, match="64 bits"):
        tensor_bundle.read_bundle_tensors(endless, numbers)
    table = block([(b"a", entry(TENSORS["conv/bias"], 0))])
    twice = block([(key, varint(0) + varint(len(table))) for key in (b"b", b"c")])
    content = table + b"\0crc_" + twice + b"\0crc_"
    handles = varint(0) + varint(0) + varint(len(table) + 5) + varint(len(twice))
    repeated = content + handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    with pytest.raises(ValueError, match="twice"):
        tensor_bundle.read_bundle_tensors(repeated, numbers)
