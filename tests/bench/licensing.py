"""What licences cost beside h1, while a zip is hashed: texts new, and texts known.

In processor time of one thread, in rounds side by side, each beginning with one that
is not counted. The cost of so many versions is reckoned from the first sight of each
text, and from then on as it is known: most versions have the text of another.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from gosync.gomod.dirhash import scan_zip
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.licence.reading import LicenceReader
from gosync.licence.texts import classify
from tests.bench.setting import Corpus, Setting
from tests.bench.table import Row, within

_VERSIONS = 10_000
_LEAST = 0.001  # noise may say that it costs less than nothing

_Zip = tuple[ModuleVersion, Path]


def read_all_licences(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    real = setting.real_modules
    corpus, kind = (setting.shaped, "generated") if real is None else (real, "real")
    yield from _rows(kind, corpus, 2 * setting.runs - 1)


def _rows(kind: str, corpus: Corpus, rounds: int) -> Iterator[Row]:
    zips = list(_zips(corpus))
    first, again, seconds = [], [], []
    for number in range(rounds + 1):
        plain = _seconds(zips, with_licences=False)
        classify.cache_clear()
        new = _seconds(zips, with_licences=True)
        known = _seconds(zips, with_licences=True)
        if number:
            first.append(max(_LEAST, 100 * (new - plain) / plain))
            again.append(max(_LEAST, 100 * (known - plain) / plain))
            of_all = new - plain + (known - plain) * (_VERSIONS / len(zips) - 1)
            seconds.append(max(_LEAST, of_all))
    of = f"licences of {len(zips)} {kind} zips, beside h1"
    yield within(f"{of}, texts new", first, limit=20, unit="%")
    yield within(f"{of}, texts known", again, limit=5, unit="%")
    figure = f"licences of {_VERSIONS} versions, reckoned"
    yield within(figure, seconds, limit=60, unit="s")


def _zips(corpus: Corpus) -> Iterator[_Zip]:
    for name in corpus.modules:
        mv = ModuleVersion.parse(name)
        folder = corpus.root / escape_path(mv.path) / "@v"
        yield mv, folder / f"{escape_version(mv.version)}.zip"


def _seconds(zips: Sequence[_Zip], *, with_licences: bool) -> float:
    begun = time.process_time()
    for mv, file in zips:
        data = file.read_bytes()
        read = partial(_at, data)
        if with_licences:
            reader = LicenceReader()
            scan = scan_zip(read, len(data), mv, keep=reader.wanted)
            reader.licences(scan.kept)
        else:
            scan_zip(read, len(data), mv)
    return time.process_time() - begun


def _at(data: bytes, offset: int, size_bytes: int) -> bytes:
    return data[offset : offset + size_bytes]
