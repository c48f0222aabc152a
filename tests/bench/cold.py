"""A cold sync with proofs, durable and published, against ``go mod download``.

Both ask the same nginx for the same list, with empty caches and with the checksum
database, which both reach through the proxy. ``go`` unpacks what it downloads and
does not make it durable; gosync makes it durable and publishes a tree. Wall time and
processor time are both held against go's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.bench.corpus import MIB
from tests.bench.measure import GOSYNC, Cost, run, settle
from tests.bench.setting import Corpus, Setting
from tests.bench.table import Row, faster, within
from tests.bench.upstream import nginx, write_config
from tests.simulator.goclient import GoClient

_LIMIT_MIB = 200


def cold_sync(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    yield from _of(setting, setting.shaped, "versions", "cold")


def cold_sync_of_real(setting: Setting) -> Iterator[Row]:
    """Measure it of real modules; nothing where there is no folder of them."""
    if setting.real_modules is not None:
        yield from _of(setting, setting.real_modules, "real versions", "cold-real")


def _of(setting: Setting, corpus: Corpus, what: str, name: str) -> Iterator[Row]:
    pairs: list[tuple[Cost, Cost]] = []
    with nginx(corpus.root, setting.room(f"{name}-nginx")) as (url, _):
        for number in range(setting.runs):
            folder = setting.room(f"{name}-{number}")
            ours = _sync(corpus, url, folder / "gosync")
            pairs.append((ours, _download(corpus, url, folder / "go")))
    figure = f"cold sync of {len(corpus.modules)} {what}"
    yield faster(
        figure,
        [(ours.wall_seconds, theirs.wall_seconds) for ours, theirs in pairs],
        peer="go mod download",
        target=2,
    )
    yield faster(
        f"{figure}, processor time",
        [(ours.cpu_seconds, theirs.cpu_seconds) for ours, theirs in pairs],
        peer="go mod download",
        target=2,
    )
    peaks = [ours.peak_bytes / MIB for ours, _ in pairs]
    yield within(f"{figure}, peak memory", peaks, limit=_LIMIT_MIB, unit="MiB")


def _sync(corpus: Corpus, url: str, folder: Path) -> Cost:
    config = write_config(
        folder, url=url, sumdb=corpus.verifier_key, modules=corpus.modules
    )
    settle()
    cost = run((*GOSYNC, "sync", "--config", config, "--json"), cwd=folder)
    report = msgspec.json.decode(cost.output)
    assert report["versions_admitted"] == len(corpus.modules), report
    assert report["published"]["versions"] == len(corpus.modules), report
    return cost


def _download(corpus: Corpus, url: str, folder: Path) -> Cost:
    with GoClient(folder, goproxy=url, gosumdb=corpus.verifier_key) as client:
        settle()
        cost = run(
            (client.go, "mod", "download", *corpus.modules),
            cwd=client.work,
            env=client.env,
        )
        unpacked = len(list(client.modcache.rglob("*.ziphash")))
        assert unpacked == len(corpus.modules)
    return cost
