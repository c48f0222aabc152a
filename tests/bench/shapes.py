"""Module zips of the shape that a project's dependencies have: many small files.

Taken from the 552 modules of one real project: half of the zips are below 90 KB and
a tenth above 2 MB; half have fewer than 47 files, a tenth more than 540; together
68 000 files, 353 MiB, and 1.65 GB of contents. Entries cost more than bytes do, in
whatever reads zips, and every version costs its small requests; larger and fewer
entries hide that.

No file occurs twice: each is put together from pieces of a text that ``Gopher``
wrote, at random places, so that making them costs little more than deflating them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from gosync.gomod.module import ModuleVersion
from tests.bench.corpus import KIB, MIB, Gopher, MadeModule, Piece, join_zip

_FILES = 512  # of the text, each with words of its own that recur in it
_FILE_BYTES = 8 * KIB
_PIECE_BYTES = 6 * KIB
_MOST_ENTRIES = 4_000
_MOST_BYTES = 4 * MIB
_HEAD = b'package shapes\n\nimport (\n\t"fmt"\n\n\t"shapes.example/x/y"\n)\n'


def make_shaped(*, versions: int, seed: int = 1) -> Iterator[MadeModule]:
    """Yield so many modules of one version each; the same for the same seed."""
    dice = random.Random(seed)
    gopher = Gopher(dice)
    text = b"".join(gopher.file("shapes", _FILE_BYTES) for _ in range(_FILES))
    for number in range(versions):
        path = f"shapes.example/org{number % 97}/mod{number:04d}"
        go_mod = f"module {path}\n\ngo 1.21\n".encode()
        pieces = [Piece.of("go.mod", go_mod), *_files(dice, text)]
        mv = ModuleVersion(path, "v1.0.0")
        yield MadeModule(mv, go_mod, join_zip(f"{mv}/", pieces))


def make_small(*, versions: int, seed: int = 1) -> Iterator[MadeModule]:
    """Yield so many modules of one small version each; the same for the same seed."""
    dice = random.Random(seed)
    for number in range(versions):
        path = f"small.example/org{number % 97}/mod{number:05d}"
        go_mod = f"module {path}\n\ngo 1.21\n".encode()
        code = b"package small\n// " + dice.randbytes(KIB).hex().encode()
        pieces = [Piece.of("go.mod", go_mod), Piece.of("small.go", code)]
        mv = ModuleVersion(path, "v1.0.0")
        yield MadeModule(mv, go_mod, join_zip(f"{mv}/", pieces))


def _files(dice: random.Random, text: bytes) -> Iterator[Piece]:
    """Yield the files of one module."""
    entries = round(min(max(dice.lognormvariate(3.8, 1.36), 3), _MOST_ENTRIES))
    for at in range(entries):
        folder = f"p{at // 12}"
        name = f"internal/{folder}/file{at:05d}.go" if at % 3 else f"{folder}{at}.go"
        size = round(min(dice.lognormvariate(8.5, 1.75), _MOST_BYTES))
        yield Piece.of(name, _contents(dice, text, size))


def _contents(dice: random.Random, text: bytes, size_bytes: int) -> bytes:
    parts = [f"// {dice.getrandbits(64):x}\n".encode(), _HEAD]
    for _ in range(0, size_bytes, _PIECE_BYTES):
        start = dice.randrange(len(text) - _PIECE_BYTES)
        parts.append(text[start : start + _PIECE_BYTES])
    return b"".join(parts)[: max(size_bytes, 64)]
