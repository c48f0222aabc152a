"""What it costs to record 10 new versions in a house log of 1 000, 10 000, 100 000.

The site's own checksum database is brought up as each publish does it: what changed is
held against it, its head signed, its part of the tree written. Measured is processor
time in this process, and that of a publish that finds nothing new.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Self

import anyio

from gosync.catalog.versions import Need, Proof, VersionRow
from gosync.config import load_config
from gosync.site.housetree import bring_up_house_log
from gosync.site.logkeys import write_log_key
from gosync.site.site import Site, open_site
from gosync.sumdb.note import parse_verifier_key
from tests.bench.measure import settle
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.smallsite import make_small_site

_NAME = "sum.bench.example"
_EACH = 10  # versions of a module
_ADDED = 10
_LIMIT_SECONDS = 0.1
_LIMIT_TIMES = 3.0


def record_versions(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    passes = max(setting.runs, 2) * 3
    added: dict[int, float] = {}
    for count in setting.sizes.published:
        with _Recorded(setting.room(f"house-log-{count}")) as site:
            site.record(0, count)
            settle()
            costs = [
                (site.record(count + n * _ADDED, _ADDED), site.record(0, 0))
                for n in range(passes)
            ]
        figure = f"house log of {count}"
        new, none = ([each[which] for each in costs] for which in (0, 1))
        yield within(f"{figure}, {_ADDED} new", new, limit=_LIMIT_SECONDS, unit="s CPU")
        yield within(f"{figure}, 0 new", none, limit=_LIMIT_SECONDS, unit="s CPU")
        added[count] = median(new)
    least, most = min(added), max(added)
    figure = f"house log of {most}, {_ADDED} new: times what it takes of {least}"
    yield within(figure, [added[most] / added[least]], limit=_LIMIT_TIMES, unit="times")


class _Recorded:
    """A site that signs a log of its own."""

    def __init__(self, folder: Path) -> None:
        make_small_site(folder, "m.example/m").close()
        key = folder / "log.key"
        verifier = write_log_key(_NAME, key)
        assert parse_verifier_key(verifier).name == _NAME
        config = folder / "gosync.toml"
        with config.open("a") as file:
            file.write(f'[house_log]\nverifier = "{verifier}"\nkey = "{key}"\n')
        self._options = load_config(config, {}).site_options()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._site: Site = self._open.enter_context(
            open_site(self._options, command="the bench")
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def record(self, first: int, count: int) -> float:
        """Let some versions be carried, and record them; return the time."""
        if count:
            self._site.catalog.versions.admit(map(_row, range(first, first + count)))
        begun = time.process_time()
        anyio.run(bring_up_house_log, self._site)
        return time.process_time() - begun


def _row(number: int) -> VersionRow:
    module, minor = divmod(number, _EACH)
    path, version = f"house.example/org{module % 97}/mod{module:06d}", f"v1.{minor}.0"
    info, mod, zipped = (
        sha256(f"{number} {part}".encode()).hexdigest() for part in range(3)
    )
    zip_h1, mod_h1 = f"h1:{zipped[:43]}=", f"h1:{mod[:43]}="
    text = f"{path} {version} {zip_h1}\n{path} {version}/go.mod {mod_h1}\n"
    return VersionRow(
        path,
        version,
        selected=Need.ZIP,
        info_digest=info,
        info_bytes=100,
        mod_digest=mod,
        mod_bytes=300,
        mod_h1=mod_h1,
        zip_digest=zipped,
        zip_bytes=10_000,
        zip_h1=zip_h1,
        proof=Proof.SUMDB,
        record_id=number,
        record_text=text.encode(),
    )
