"""A cold sync with proofs, durable and published, against ``go mod download``.

Both ask the same nginx for the same list, with empty caches and with the checksum
database, which both reach through the proxy. ``go`` unpacks what it downloads and
does not make it durable; gosync makes it durable and publishes a tree.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.bench.measure import GOSYNC, run, settle
from tests.bench.setting import Corpus, Setting
from tests.bench.table import Row, faster
from tests.bench.upstream import nginx, write_config
from tests.simulator.goclient import GoClient


def cold_sync(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    corpus = setting.corpus
    pairs = []
    with nginx(corpus.root, setting.room("cold-nginx")) as url:
        for number in range(setting.runs):
            folder = setting.room(f"cold-{number}")
            ours = _sync(corpus, url, folder / "gosync")
            theirs = _download(corpus, url, folder / "go")
            pairs.append((ours, theirs))
    versions = len(corpus.modules)
    yield faster(
        f"cold sync of {versions} versions", pairs, peer="go mod download", target=2
    )


def _sync(corpus: Corpus, url: str, folder: Path) -> float:
    config = write_config(
        folder, url=url, sumdb=corpus.verifier_key, modules=corpus.modules
    )
    settle()
    cost = run((*GOSYNC, "sync", "--config", config, "--json"), cwd=folder)
    report = msgspec.json.decode(cost.output)
    assert report["versions_admitted"] == len(corpus.modules), report
    assert report["published"]["versions"] == len(corpus.modules), report
    shutil.rmtree(folder)
    return cost.wall_seconds


def _download(corpus: Corpus, url: str, folder: Path) -> float:
    with GoClient(folder, goproxy=url, gosumdb=corpus.verifier_key) as client:
        settle()
        cost = run(
            (client.go, "mod", "download", *corpus.modules),
            cwd=client.work,
            env=client.env,
        )
        unpacked = len(list((client.folder / "modcache").rglob("*.ziphash")))
        assert unpacked == len(corpus.modules)
    return cost.wall_seconds
