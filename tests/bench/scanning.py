"""What imports cost to read: while a zip is hashed, alone, and from the catalog.

A zip that comes through the gate is hashed anyway; one that the store had before is
read for its Go files alone. Processor time, one thread, beside ``h1:`` by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from gosync.gomod.dirhash import scan_zip
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.gomod.modulepackages import ModulePackages
from gosync.gomod.packages import pack, unpack
from gosync.gomod.zippackages import read_zip_packages
from tests.bench.setting import Corpus, Setting
from tests.bench.table import Row, faster

_Zip = tuple[ModuleVersion, Path]


def scan_imports(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    yield from _rows("generated", setting.shaped, setting.runs)
    if setting.real_modules is not None:
        yield from _rows("real", setting.real_modules, setting.runs)


def _rows(kind: str, corpus: Corpus, runs: int) -> Iterator[Row]:
    zips = list(_zips(corpus))
    packed = [pack(each) for each in map(_read, zips)]
    ways: list[tuple[str, Callable[[], object], float]] = [
        ("while hashed", partial(_scan_all, zips, with_packages=True), 0.7),
        ("alone", lambda: list(map(_read, zips)), 1.0),
        ("from the catalog", lambda: list(map(unpack, packed)), 20.0),
    ]
    for name, way, target in ways:
        hashing = partial(_scan_all, zips, with_packages=False)
        pairs = [(_seconds(way), _seconds(hashing)) for _ in range(2 * runs - 1)]
        figure = f"imports of {len(zips)} {kind} zips, {name}"
        yield faster(figure, pairs, peer="h1 alone", target=target)


def _zips(corpus: Corpus) -> Iterator[_Zip]:
    for name in corpus.modules:
        mv = ModuleVersion.parse(name)
        yield (
            mv,
            (
                corpus.root
                / escape_path(mv.path)
                / "@v"
                / f"{escape_version(mv.version)}.zip"
            ),
        )


def _scan_all(zips: Sequence[_Zip], *, with_packages: bool) -> None:
    for mv, file in zips:
        data = file.read_bytes()
        scan_zip(partial(_at, data), len(data), mv, with_packages=with_packages)


def _read(zip_: _Zip) -> ModulePackages:
    mv, file = zip_
    data = file.read_bytes()
    return read_zip_packages(partial(_at, data), len(data), mv)


def _at(data: bytes, offset: int, size_bytes: int) -> bytes:
    return data[offset : offset + size_bytes]


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun
