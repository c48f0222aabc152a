"""``gosync serve`` beside nginx over one tree; ``go mod download`` through it, cold.

Warm: wrk asks both in turn, on 32 connections, for one small file after the other and
for a zip of 1 MiB; what counts is the median of the ratios of runs side by side. What
processor time a request costs either server is told besides. Cold: an empty store, the
same list of modules straight from an upstream that is 20 ms away, and through a server
that pulls it from there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from tests.bench.corpus import MIB
from tests.bench.measure import CHECKOUT, Cost, cpu_seconds_of, run, settle
from tests.bench.setting import Corpus, Setting
from tests.bench.table import Row, beside, faster
from tests.bench.upstream import nginx
from tests.simulator.goclient import GoClient
from tests.simulator.line import Line, LineFaults

_SMALL = ("v1.0.0.mod", "v1.0.0.info", "list")
_SMALL_TARGET, _ZIP_TARGET = 0.45, 0.7
_COLD_TARGET = 1 / 1.3
_FAR = LineFaults(median=0.02, p95=0.021)


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did.

    Attributes:
        seconds: Time for a request.
        cpu_seconds: The server's processor time for one.
    """

    seconds: float
    cpu_seconds: float


def serve_tree(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    yield from _warm(setting)
    yield from _cold(setting)


def _warm(setting: Setting) -> Iterator[Row]:
    tree = setting.room("serve-tree")
    folder = tree / "serve.example/m/@v"
    folder.mkdir(parents=True)
    (folder / "v1.0.0.mod").write_bytes(b"module serve.example/m\n" + b"// \n" * 120)
    (folder / "v1.0.0.info").write_bytes(b'{"Version":"v1.0.0"}')
    (folder / "list").write_text("".join(f"v1.0.{n}\n" for n in range(60)))
    (folder / "v1.0.0.zip").write_bytes(os.urandom(MIB))
    seconds = setting.sizes.served_seconds
    # gosync's pairs are many short runs: the machine does other things, too.
    runs = max(3, setting.runs)
    with (
        nginx(tree, setting.room("serve-nginx"), workers=2) as (theirs, their_pid),
        serving(setting.room("serve-server"), tree) as (ours, our_pid),
    ):
        for name in (*_SMALL, "v1.0.0.zip"):
            path = f"/serve.example/m/@v/{name}"
            pairs = [
                (
                    load(f"{ours}{path}", our_pid, seconds),
                    load(f"{theirs}{path}", their_pid, seconds),
                )
                for _ in range(runs)
            ]
            what = "a zip of 1 MiB" if name.endswith("zip") else f"a warm {name}"
            target = _ZIP_TARGET if name.endswith("zip") else _SMALL_TARGET
            yield faster(
                f"serving {what}, a request",
                [(mine.seconds, other.seconds) for mine, other in pairs],
                peer="nginx",
                target=target,
            )
            mine, other = pairs[-1]
            yield beside(
                f"serving {what}, processor time",
                mine.cpu_seconds * 1e6,
                other.cpu_seconds * 1e6,
                unit="us",
                peer="nginx",
            )


def _cold(setting: Setting) -> Iterator[Row]:
    corpus = setting.shaped
    pairs: list[tuple[Cost, Cost]] = []
    with (
        nginx(corpus.root, setting.room("pull-nginx")) as (behind, _),
        Line(_FAR, before=behind.removeprefix("http://")).serving() as line,
    ):
        url = line.url
        for number in range(setting.runs):
            folder = setting.room(f"pull-{number}")
            straight = _download(corpus, url, folder / "straight")
            (folder / "site").mkdir()
            (folder / "site/gosync.toml").write_text(
                f'[upstream]\nproxies = "{url}"\nsumdb = "{corpus.verifier_key}"\n'
                "[serve]\npull_through = true\n[publish]\nupper_tiles = false\n"
            )
            with serving(folder / "site") as (ours, _):
                pairs.append((_download(corpus, ours, folder / "pulled"), straight))
            shutil.rmtree(folder)
    yield faster(
        f"cold go mod download of {len(corpus.modules)} versions, pulled through",
        [(ours.wall_seconds, theirs.wall_seconds) for ours, theirs in pairs],
        peer="straight from upstream",
        target=_COLD_TARGET,
    )


def _download(corpus: Corpus, url: str, folder: Path) -> Cost:
    with GoClient(folder, goproxy=url, gosumdb=corpus.verifier_key) as client:
        settle()
        return run(
            (client.go, "mod", "download", *corpus.modules),
            cwd=client.work,
            env=client.env,
        )


@contextmanager
def serving(folder: Path, *arguments: str | Path) -> Iterator[tuple[str, int]]:
    """Run a server; give its URL and its process."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "gosync", "serve", "--json"]
    server = subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
    )
    try:
        assert server.stdout is not None
        document = b""
        for line in server.stdout:
            document += line
            if line.rstrip() == b"}":
                break
        yield msgspec.json.decode(document)["url"], server.pid
    finally:
        server.terminate()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


def load(url: str, pid: int, seconds: int) -> Load:
    """Ask a server for one URL, as often as it answers."""
    command = shutil.which("wrk")
    if command is None:
        raise RuntimeError("wrk is not installed")
    assert urlsplit(url).hostname == "127.0.0.1"
    before = cpu_seconds_of(pid)
    done = subprocess.run(
        [command, "-t1", "-c32", f"-d{seconds}s", url],
        capture_output=True,
        text=True,
        check=True,
    )
    after = cpu_seconds_of(pid)
    counted = re.search(r"(\d+) requests in", done.stdout)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert counted is not None
    assert rate is not None
    assert "Non-2xx" not in done.stdout, done.stdout
    return Load(1 / float(rate[1]), (after - before) / int(counted[1]))
