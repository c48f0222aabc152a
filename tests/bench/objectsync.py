"""A cold sync into a store in a bucket, against one into a folder.

Both are of the same versions from the same nginx, durable and published into a folder;
the bucket is of a real service on loopback, which takes its part of the processors.
The service is started once, and each run has a prefix of its own. What it takes of the
processors is told, too: where nothing else is left of them, it is a part of the wall.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

import msgspec

from tests.bench.measure import (
    CHECKOUT,
    GOSYNC,
    Cost,
    cpu_seconds_of,
    run,
    settle,
)
from tests.bench.setting import Corpus, Setting
from tests.bench.table import Row, beside, within
from tests.bench.upstream import nginx, write_config
from tests.simulator.objects import BUCKET, ObjectServer

_MOST = 1.5


def sync_into_bucket(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    corpus = setting.shaped
    pairs: list[tuple[Cost, Cost]] = []
    theirs: list[float] = []
    with (
        nginx(corpus.root, setting.room("objects-nginx")) as (url, _),
        ObjectServer(setting.room("objects-server"), roomy=True).serving() as server,
    ):
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), **server.credentials}
        for number in range(setting.runs):
            folder = setting.room(f"objects-{number}")
            local = _sync(corpus, url, folder / "local", environment)
            before = cpu_seconds_of(server.pid)
            ours = _sync(corpus, url, folder / "bucket", environment, server)
            theirs.append(cpu_seconds_of(server.pid) - before)
            pairs.append((ours, local))
    figure = f"cold sync of {len(corpus.modules)} versions into a bucket"
    wall = [ours.wall_seconds / local.wall_seconds for ours, local in pairs]
    yield within(figure, wall, limit=_MOST, unit="times into a folder")
    cpu = [ours.cpu_seconds / local.cpu_seconds for ours, local in pairs]
    yield within(
        f"{figure}, processor time", cpu, limit=_MOST, unit="times into a folder"
    )
    yield beside(
        f"{figure}, processor time",
        median(ours.cpu_seconds for ours, _ in pairs),
        median(theirs),
        unit="s",
        peer="the service's",
    )


def _sync(
    corpus: Corpus,
    url: str,
    folder: Path,
    environment: Mapping[str, str],
    server: ObjectServer | None = None,
) -> Cost:
    config = write_config(
        folder, url=url, sumdb=corpus.verifier_key, modules=corpus.modules
    )
    if server is not None:
        prefix = f"s3://{BUCKET}/{folder.parent.name}"
        text = config.read_text().replace('path = "var"', f'path = "{prefix}"', 1)
        config.write_text(f'{text}\n[s3]\nendpoint = "{server.url}"\n')
    settle()
    command = (*GOSYNC, "sync", "--config", config, "--json")
    cost = run(command, cwd=folder, env=environment)
    report = msgspec.json.decode(cost.output)
    assert report["versions_admitted"] == len(corpus.modules), report
    assert report["published"]["versions"] == len(corpus.modules), report
    return cost
