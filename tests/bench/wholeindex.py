"""The whole module index into the catalog: 65 million rows of 2 million modules.

The index is a small server in a process of its own that makes its rows one page
ahead, so that what is measured waits for no generator. Rows are of realistic shape:
three in a hundred are a new module's first; of the others, versions go to modules as
in the real index, few of them to most and thousands to some, and four in ten are
pseudo-versions. What is measured is the follower of a pass in a process of its own, as
often as it takes: each pass reads 500 pages and the next one goes on. Then what makes
a lookup, and a pattern that is new::

    python -m tests.bench.wholeindex serve ROWS
    python -m tests.bench.wholeindex follow CONFIG

Rows a second are of the processor time of that process, whose start, requests, parsing,
cursor and commits are all in it. Pages are committed up to 25 at a time
(``gosync/sync/indexbatch``), fewer at the beginning of each pass.

A part of the index is measured, and seconds and bytes are reckoned for all of it,
unless all of it is asked for; that takes 2 GB of disk below ``TMPDIR``::

    python -m tests.bench --only wholeindex --index-rows 65000000
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import msgspec

from gosync.clock import SystemClock
from gosync.config import load_config
from gosync.site.site import Site, open_site
from gosync.site.upstreams import Upstreams, connect
from gosync.sync.index import IndexFollower
from gosync.sync.tally import Tally
from gosync.work.progress import NoProgress
from tests.bench.corpus import MIB
from tests.bench.measure import CHECKOUT, Cost, run, settle
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.bench.upstream import write_config

_PAGE_ROWS = 2000
_WHOLE_ROWS = 65_000_000
_LIMIT_SECONDS = _WHOLE_ROWS / 200_000
_LIMIT_MIB = 150
_LIMIT_BYTES = 4e9
_LIMIT_PATTERN_SECONDS = 30  # of all of it
_FIRST = datetime(2019, 4, 10, 19, 8, 52, tzinfo=UTC)
_STEP = timedelta(milliseconds=3, microseconds=700)  # 65 million are some three days
_NEW = 0.031  # of all rows are a new module's first
_PSEUDO = 0.4
_AT_FIRST = "kept.example/org1/*"  # selected from the start: a few modules
# One module in a thousand, so that each pack has some.
_NEW_PATTERNS = ("kept.example/org77/*", "*/org78/*")


class _Followed(msgspec.Struct, frozen=True):
    """What passes kept, and the processor time of each."""

    rows: int
    offered: int
    size_bytes: int
    passes_seconds: list[float]


def whole_index(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    count = setting.sizes.index_rows
    folder = setting.room("wholeindex")
    with _index(count) as url:
        _configure(folder, url, (_AT_FIRST,))
        settle()
        cost, first = _follow_to_the_end(folder)
        patterns, later = [_AT_FIRST], []
        for pattern in _NEW_PATTERNS:
            patterns.append(pattern)
            _configure(folder, url, tuple(patterns))
            later.append(_follow_to_the_end(folder)[1])
    assert [first.rows, *(each.rows for each in later)] == [count] * (1 + len(later))
    offered = [first.offered, *(each.offered for each in later)]
    assert offered == sorted(set(offered)), offered
    whole = _WHOLE_ROWS / count
    figure = f"index of {count} rows kept"
    seconds = cost.cpu_seconds * whole
    limit = f"{figure}: CPU, for {_WHOLE_ROWS} rows"
    yield within(limit, [seconds], limit=_LIMIT_SECONDS, unit="s")
    full = first.passes_seconds[:-1] or first.passes_seconds  # the last one reads less
    slope = full[-1] / max(full[0], 1e-6)
    slopes = f"{figure}: a pass at its end, times one at its beginning"
    yield within(slopes, [slope], limit=2, unit="times")
    memory = cost.peak_bytes / MIB
    yield within(f"{figure}: memory", [memory], limit=_LIMIT_MIB, unit="MiB")
    size = first.size_bytes * whole
    stored = f"{figure}: catalog, for {_WHOLE_ROWS} rows"
    yield within(stored, [size / 1e9], limit=_LIMIT_BYTES / 1e9, unit="GB")
    for pattern, said in zip(_NEW_PATTERNS, later, strict=True):
        seconds = sum(said.passes_seconds) * whole
        new = f"{figure}: the new pattern {pattern}: CPU, for {_WHOLE_ROWS} rows"
        yield within(new, [seconds], limit=_LIMIT_PATTERN_SECONDS, unit="s")


def _configure(folder: Path, url: str, patterns: tuple[str, ...]) -> None:
    write_config(folder, url=url, sumdb="off", index=f"{url}/index", modules=patterns)
    file = folder / "gosync.toml"
    text = file.read_text()
    file.write_text(text.replace("[upstream]\n", "[upstream]\nkeep_index = true\n"))


def _follow_to_the_end(folder: Path) -> tuple[Cost, _Followed]:
    """Run passes until one reads the index's end; return what they took."""
    command = (sys.executable, "-m", "tests.bench.wholeindex", "follow")
    cost = run((*command, folder / "gosync.toml"), cwd=folder)
    return cost, msgspec.json.decode(cost.output, type=_Followed)


@contextmanager
def _index(count: int) -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.wholeindex", "serve", str(count)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.communicate()


def _follow(config_file: Path) -> _Followed:
    options = load_config(config_file, {}).site_options()
    passes = []

    async def follow() -> _Followed:
        with open_site(options, command="bench", clock=SystemClock()) as site:
            async with connect(site) as upstreams:
                tally = Tally(index_unread=True)
                while tally.index_unread:
                    tally, begun = Tally(), time.process_time()
                    await _follow_once(site, upstreams, tally)
                    passes.append(time.process_time() - begun)
            offers = site.catalog.offers
            return _Followed(
                rows=site.catalog.index_rows.count(),
                offered=sum(len(rows) for _, rows in offers.all_by_path()),
                size_bytes=site.catalog.path.stat().st_size,
                passes_seconds=passes,
            )

    return anyio.run(follow)


async def _follow_once(site: Site, upstreams: Upstreams, tally: Tally) -> None:
    assert upstreams.index is not None
    follower = IndexFollower(site, upstreams.index, tally, NoProgress())
    await follower.follow(now=site.clock.now())
    assert not tally.failed, tally.failed


@lru_cache(maxsize=4)
def _block(block: int) -> list[str]:
    """Return the rows of a block, which are the same whenever it is asked for."""
    dice = random.Random(block)
    rows = []
    for number in range(block * _PAGE_ROWS, (block + 1) * _PAGE_ROWS):
        known = 1 + int(number * _NEW)
        is_new = int((number + 1) * _NEW) > int(number * _NEW)
        # Squared: older modules have more versions than newer ones.
        module = known if is_new else int(known * dice.random() ** 2)
        at = (_FIRST + number * _STEP).strftime("%Y-%m-%dT%H:%M:%S.%f")
        moment = f"{at.rstrip('0').rstrip('.')}Z"
        if dice.random() < _PSEUDO:
            day = f"20{dice.randrange(14, 27)}{dice.randrange(10, 13)}"
            at = f"{day}{dice.randrange(10, 29)}{dice.randrange(10**5, 235959)}"
            version = f"v0.0.0-{at}-{dice.getrandbits(48):012x}"
        else:
            version = f"v{dice.randrange(2)}.{dice.randrange(60)}.{dice.randrange(20)}"
        rows.append(
            f'{{"Path":"kept.example/org{module % 997}/repository{module}",'
            f'"Version":"{version}","Timestamp":"{moment}"}}\n'
        )
    return rows


def _page(start: int, count: int) -> bytes:
    block, at = divmod(start, _PAGE_ROWS)
    rows = [*_block(block), *_block(block + 1)]
    return "".join(rows[at : at + min(_PAGE_ROWS, count - start)]).encode()


def _serve(count: int) -> None:
    ahead: dict[int, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            since = query.get("since", [""])[0]
            start = _number_at(since) if since else 0
            body = ahead.pop(start, None) or _page(start, count)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            ahead.clear()
            after = start + _PAGE_ROWS - 1  # the last row comes again
            if after < count:
                ahead[after] = _page(after, count)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


def _number_at(since: str) -> int:
    """Return the number of the first event that is not before a time."""
    return max(0, -((_FIRST - datetime.fromisoformat(since)) // _STEP))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        _serve(int(sys.argv[2]))
    else:
        print(msgspec.json.encode(_follow(Path(sys.argv[2]))).decode())
