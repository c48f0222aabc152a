"""Module zips that look like Go source, the same for the same seed.

Text comes from a grammar of a few declarations over a seeded vocabulary. How long
files are and how well they deflate was taken from 10 352 files of 17 well-known
modules (x/tools, x/net, grpc, aws-sdk-go, cobra ...): log-normal with a median of
4.3 KB and a long tail, 4 to 1. A module's next version changes one file in ten and
keeps the rest, so versions are mostly alike. Zip sizes are log-normal between
10 KB and 5 MB; a few more have 30 MB.

A file is deflated once for all versions that have it: a zip is written here by
joining such pieces, in the form of Go's own writer, with data descriptors.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from gosync.gomod.module import ModuleVersion

KIB = 1 << 10
MIB = 1 << 20

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_DESCRIPTOR = struct.Struct("<4s3L")
_DATE = 0x21  # 1980-01-01
_STORED = 0
_DEFLATED = 8
_FLAGS = 0x808  # names are UTF-8; sizes and CRC follow the data

_SHAPES = (
    """\
// {0} returns the {1} of a {2}, or an error if there is none.
func (x *{2}) {0}(ctx context.Context, {1} {3}) (*{4}, error) {{
	if {1} == nil {{
		return nil, fmt.Errorf({5!r}, x.{1})
	}}
	{6}, err := x.{7}.{8}(ctx, {1})
	if err != nil {{
		return nil, err
	}}
	return {6}, nil
}}
""",
    """\
// {0} holds what {1} needs of {2}.
type {0} struct {{
	{1} {3}
	{6} *{4}
	{7} map[string]{8}
	mu sync.Mutex
}}
""",
    """\
func Test{0}(t *testing.T) {{
	for _, test := range []struct {{
		name string
		{1}, {6} {3}
	}}{{
		{{{5!r}, {9}, {10}}},
		{{{2!r}, {10}, {11}}},
	}} {{
		got := New{4}(test.{1}).{8}()
		if got != test.{6} {{
			t.Errorf("{7}: got %v, want %v", got, test.{6})
		}}
	}}
}}
""",
    """\
var err{0} = errors.New({5!r})

const {7}{8} = {9}
""",
    """\
	case {0}:
		b = append(b, {1}.{2}(0x{9:x})...)
		if len(b) > {10} {{
			return b[:{11}], io.ErrShortWrite
		}}
""",
)


class Gopher:
    """Writes Go source from a seeded vocabulary."""

    def __init__(self, dice: random.Random, *, words: int = 3000) -> None:
        self._dice = dice
        syllables = [a + b for a in "bcdfghklmnprstvw" for b in "aeiou"]
        names = [
            "".join(dice.choices(syllables, k=dice.randint(1, 4))) for _ in "x" * words
        ]
        self._words = names + [name.capitalize() for name in names]

    def file(self, package: str, size_bytes: int) -> bytes:
        """Return a source file of about this size."""
        parts = [f'package {package}\n\nimport (\n\t"context"\n\t"fmt"\n)\n']
        left = size_bytes - len(parts[0])
        # A file's names recur in it, as in real code.
        words = self._dice.choices(self._words, k=24 + size_bytes // 900)
        while left > 0:
            parts.append(self._declaration(words))
            left -= len(parts[-1]) + 1
        return "\n".join(parts).encode()[: max(size_bytes, 64)]

    def _declaration(self, words: list[str]) -> str:
        dice = self._dice
        names = dice.choices(words, k=9)
        names[5] = " ".join(dice.choices(words, k=dice.randint(2, 9)))
        numbers = [dice.getrandbits(dice.choice((3, 8, 16))) for _ in range(3)]
        return dice.choice(_SHAPES).format(*names, *numbers)


@dataclass(frozen=True, slots=True)
class Piece:
    """One file, ready to be put into any zip."""

    name: str
    size_bytes: int
    crc: int
    method: int
    data: bytes

    @classmethod
    def of(cls, name: str, contents: bytes, *, deflate: bool = True) -> Piece:
        """Return a file's piece."""
        data = contents
        if deflate:
            stream = zlib.compressobj(wbits=-15)
            data = stream.compress(contents) + stream.flush()
        method = _DEFLATED if deflate else _STORED
        return cls(name, len(contents), zlib.crc32(contents), method, data)


@dataclass(frozen=True, slots=True)
class MadeModule:
    """A module version of the corpus."""

    mv: ModuleVersion
    go_mod: bytes
    zip: bytes


def make_corpus(
    *, versions: int, large: int, large_bytes: int, seed: int = 1
) -> Iterator[MadeModule]:
    """Yield module versions in a seeded order of their modules.

    Args:
        versions: How many, the large ones included.
        large: How many of them are large.
        large_bytes: The size of a large zip.
        seed: Decides everything.
    """
    dice = random.Random(seed)
    gopher = Gopher(dice)
    number = 0
    while number < versions - large:
        count = min(dice.randint(1, 10), versions - large - number)
        yield from _module(gopher, dice, number, count, _zip_bytes(dice))
        number += count
    for number in range(versions - large, versions):
        yield from _module(gopher, dice, number, 1, large_bytes)


def _zip_bytes(dice: random.Random) -> int:
    return round(min(max(dice.lognormvariate(12.2, 1.3), 10e3), 5e6))


def _module(
    gopher: Gopher, dice: random.Random, number: int, versions: int, zip_bytes: int
) -> Iterator[MadeModule]:
    path = f"bench.example/org{number % 17}/mod{number:04d}"
    go_mod = f"module {path}\n\ngo 1.21\n".encode()
    pieces = [Piece.of("go.mod", go_mod), Piece.of("LICENSE", gopher.file("l", 1500))]
    while (left := zip_bytes - sum(_zipped_bytes(piece) for piece in pieces)) > 0:
        pieces.extend(_files(gopher, dice, start=len(pieces), left_bytes=left))
    for minor in range(versions):
        mv = ModuleVersion(path, f"v1.{minor}.0")
        yield MadeModule(mv, go_mod, join_zip(f"{mv}/", pieces))
        for at in range(2, len(pieces)):
            if dice.random() < 0.1:
                old = pieces[at]
                new = gopher.file(f"p{at % 40}", old.size_bytes + dice.randint(0, 200))
                pieces[at] = Piece.of(old.name, new)


def _files(
    gopher: Gopher, dice: random.Random, *, start: int, left_bytes: int
) -> Iterator[Piece]:
    """Yield files until about half of what is left is there, at least one."""
    at = start
    while left_bytes > 0:
        size = round(min(dice.lognormvariate(8.36, 1.75), 2.5e6))
        folder = f"p{at % 40}"
        name = f"internal/{folder}/file{at:05d}.go" if at % 3 else f"{folder}{at}.go"
        piece = Piece.of(name, gopher.file(folder, size))
        yield piece
        at += 1
        left_bytes -= 2 * _zipped_bytes(piece)


def _zipped_bytes(piece: Piece) -> int:
    named = 2 * (40 + len(piece.name))
    return len(piece.data) + _LOCAL.size + _CENTRAL.size + _DESCRIPTOR.size + named


def join_zip(prefix: str, pieces: list[Piece]) -> bytes:
    """Return a zip of these pieces, all names below a prefix."""
    body: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for piece in sorted(pieces, key=lambda piece: piece.name):
        name = (prefix + piece.name).encode()
        sums = (piece.crc, len(piece.data), piece.size_bytes)
        head = (_FLAGS, piece.method, 0, _DATE)
        local = _LOCAL.pack(b"PK\x03\x04", 20, *head, 0, 0, 0, len(name), 0)
        central = _CENTRAL.pack(
            b"PK\x01\x02", 20, 20, *head, *sums, len(name), 0, 0, 0, 0, 0, offset
        )
        descriptor = _DESCRIPTOR.pack(b"PK\x07\x08", *sums)
        body += (local, name, piece.data, descriptor)
        directory += (central, name)
        offset += sum(map(len, body[-4:]))
    listing = b"".join(directory)
    count = len(pieces)
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(listing), offset, 0)
    return b"".join((*body, listing, end))


def make_huge_zip(mv: ModuleVersion, size_bytes: int, *, seed: int = 1) -> bytes:
    """Return a zip of about this size: bytes that do not deflate, and one giant.

    Half of it is one stored entry, the rest deflated entries of 8 MiB at most.
    """
    dice = random.Random(seed)
    pieces = [Piece.of("go.mod", f"module {mv.path}\n".encode())]
    giant = b"".join(_noise(dice, size_bytes // 2))
    pieces.append(Piece.of("data/giant.bin", giant, deflate=False))
    for number, noise in enumerate(_noise(dice, size_bytes // 2)):
        pieces.append(Piece.of(f"data/part{number:03d}.bin", noise))
    return join_zip(f"{mv}/", pieces)


def _noise(dice: random.Random, size_bytes: int) -> Iterator[bytes]:
    for start in range(0, size_bytes, 8 * MIB):
        yield dice.randbytes(min(8 * MIB, size_bytes - start))
