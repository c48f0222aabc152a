"""A memory of entries never changes what is said of a zip, whatever came before."""

from __future__ import annotations

import io
import random
import zipfile

from hypothesis import event, given, settings
from hypothesis import strategies as st

from gosync.errors import RejectedError
from gosync.gomod.dirhash import ZipScan, scan_zip
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import SeenEntries
from gosync.gomod.zipdir import DEFLATE, ZipEntry
from tests.tiers import examples

MV = ModuleVersion("a.example/m", "v1.0.0")
# Few contents, so that they repeat; the last two take the way of large entries,
# and the very last does not fit a window even compressed.
CONTENTS = (
    b"",
    b"module a.example/m\n",
    b"package a\n" * 30,
    b"package b\n" * 30_000,
    random.Random(1).randbytes(300_000),
)
names = st.sampled_from(["go.mod", "a.go", "b/"])
files = st.lists(st.tuples(names, st.sampled_from(CONTENTS)), min_size=1, max_size=2)
methods = st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
# What can be damaged: fields of the directory, headers and data, descriptors.
places = st.one_of(
    st.tuples(st.just(b"PK\1\2"), st.sampled_from([8, 10, 16, 20, 24, 26, 42])),
    st.tuples(st.just(b"PK\3\4"), st.sampled_from([0, 26, *range(48, 60)])),
    st.tuples(st.just(b"PK\7\x08"), st.sampled_from([0, 4, 8])),
)
changes = st.tuples(places, st.sampled_from([1, 8, 255]))


class _Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False


@st.composite
def zips(draw) -> bytes:
    buffer = _Unseekable() if draw(st.booleans()) else io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, contents in dict(draw(files)).items():
            body = b"" if name.endswith("/") else contents
            archive.writestr(f"{MV}/{name}", body, draw(methods))
    return buffer.getvalue()


@st.composite
def alike(draw) -> list[bytes]:
    """A zip, and copies of it with a byte or two damaged."""
    data = draw(zips())
    damages = draw(st.lists(st.lists(changes, min_size=1, max_size=2), max_size=4))
    return [data, *(damaged(data, each) for each in damages)]


def damaged(data: bytes, damage: list[tuple[tuple[bytes, int], int]]) -> bytes:
    changed = bytearray(data)
    for (signature, skip), flips in damage:
        at = data.find(signature) + skip
        if skip <= at < len(data):
            changed[at] ^= flips
    return bytes(changed)


def verdict(data: bytes, seen: SeenEntries | None) -> ZipScan | tuple[type, str]:
    try:
        return scan_zip(lambda at, n: data[at : at + n], len(data), MV, seen=seen)
    except RejectedError as error:
        return type(error), str(error)


@settings(max_examples=examples(200))
@given(
    st.lists(alike(), min_size=1, max_size=2),
    st.integers(2, 20),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_verdicts_are_the_same_with_a_memory(made, limit, has_credit, dice) -> None:
    seen = SeenEntries(limit)
    while not has_credit and seen.may_hash(ZipEntry(b"", DEFLATE, 0, 0, 1 << 20, 0, 0)):
        pass
    shuffled = [data for several in made for data in several] * 2
    dice.shuffle(shuffled)
    for data in shuffled:
        want = verdict(data, None)
        assert verdict(data, seen) == want
        event("refused" if isinstance(want, tuple) else "read")
    assert len(seen) <= limit
