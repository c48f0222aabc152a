"""Index events through cursor, filter and commit.

The index is a small server in a process of its own, whose events are made from
their number. A quarter of them are of selected modules and become offers in the
catalog; the follower is that of a pass, in a process of its own that does
nothing else::

    python -m tests.bench.events serve EVENTS
    python -m tests.bench.events follow CONFIG
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import msgspec

from gosync.clock import SystemClock
from gosync.config import load_config
from gosync.site.site import open_site
from gosync.site.upstreams import connect
from gosync.sync.index import IndexFollower
from gosync.sync.tally import Tally
from gosync.work.progress import NoProgress
from tests.bench.corpus import MIB
from tests.bench.measure import CHECKOUT, run, settle
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.bench.upstream import write_config

_LIMIT_SECONDS = 60
_LIMIT_MIB = 150
_PAGE_ROWS = 2000
_FIRST = datetime(2019, 4, 10, 19, 8, 52, tzinfo=UTC)
_STEP = timedelta(milliseconds=700, microseconds=3)
_SELECTED = ("events.example/org0/*", "events.example/org1/*")
_ORGANISATIONS = 8  # two of them are a quarter


def index_events(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    count = setting.sizes.events
    costs = []
    for number in range(setting.runs):
        folder = setting.room(f"events-{number}")
        with served_index(count) as url:
            config = write_config(
                folder, url=url, sumdb="off", index=f"{url}/index", modules=_SELECTED
            )
            settle()
            command = (sys.executable, "-m", "tests.bench.events", "follow", config)
            costs.append(cost := run(command, cwd=folder))
        found = msgspec.json.decode(cost.output)
        assert found == {"events": count // 4, "offered": count // 4}, found
    seconds = [cost.wall_seconds for cost in costs]
    mebibytes = [cost.peak_bytes / MIB for cost in costs]
    yield within(f"{count} index events", seconds, limit=_LIMIT_SECONDS, unit="s")
    memory = f"{count} index events, peak memory"
    yield within(memory, mebibytes, limit=_LIMIT_MIB, unit="MiB")


@contextmanager
def served_index(count: int) -> Iterator[str]:
    """Serve an index of so many events in a process of its own; yield its URL."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.events", "serve", str(count)],
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


def _follow(config_file: Path) -> dict[str, int]:
    options = load_config(config_file, {}).site_options()
    tally = Tally()

    async def follow() -> int:
        with open_site(options, command="bench", clock=SystemClock()) as site:
            async with connect(site) as upstreams:
                assert upstreams.index is not None
                follower = IndexFollower(site, upstreams.index, tally, NoProgress())
                await follower.follow(now=site.clock.now())
            return sum(len(rows) for _, rows in site.catalog.offers.all_by_path())

    offered = anyio.run(follow)
    assert not tally.failed, tally.failed
    return {"events": tally.index_events, "offered": offered}


def _row(number: int) -> str:
    organisation, module = number % _ORGANISATIONS, number * 7919 % 49_999
    moment = (_FIRST + number * _STEP).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return (
        f'{{"Path":"events.example/org{organisation}/mod{module}",'
        f'"Version":"v1.{number // 49_999}.{number % 97}","Timestamp":"{moment}"}}\n'
    )


def _serve(count: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            since = query.get("since", [""])[0]
            start = _number_at(since) if since else 0
            rows = map(_row, range(start, min(start + _PAGE_ROWS, count)))
            body = "".join(rows).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

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
