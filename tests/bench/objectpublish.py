"""What publishing into a bucket costs, against a folder, and beside more or less.

The bucket is of a real service on loopback, which takes its part of the same
processors. A first publish is of as many versions as a project's dependencies have;
then ten versions are added, as ``publishing`` adds them, to a small tree and to one of
ten times as many.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from gosync.publish.storage.localtree import LocalTree
from gosync.publish.storage.objecttree import ObjectTree
from gosync.store.objects.location import parse_location
from gosync.store.objects.opening import open_bucket
from gosync.store.objects.options import BucketOptions
from tests.bench.measure import settle
from tests.bench.publishing import PublishCost, PublishedMirror
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.simulator.objects import BUCKET, ObjectServer

_MOST_MILLISECONDS = 5.0
_MOST_OWN = 1.0
_MOST_TIMES = 15.0  # a file of a folder is a link
_MOST_SECONDS = 3.0
_MOST_GROWTH = 1.5


def publish_into_bucket(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    count = max(10, setting.sizes.shaped // 10 * 10)
    with _served(setting.room("objects-publish")) as server:
        pairs = [_first(setting, server, count, n) for n in range(setting.runs)]
        figure = f"first publish of {count} versions into a bucket"
        walls = [1000 * ours.wall_seconds / ours.files for ours, _ in pairs]
        yield within(figure, walls, limit=_MOST_MILLISECONDS, unit="ms a file")
        own = [1000 * ours.cpu_seconds / ours.files for ours, _ in pairs]
        figure = f"{figure}, our processor time"
        yield within(figure, own, limit=_MOST_OWN, unit="ms a file")
        times = [ours.cpu_seconds / local.cpu_seconds for ours, local in pairs]
        yield within(figure, times, limit=_MOST_TIMES, unit="times into a folder")
        own_by_size: dict[int, float] = {}
        for size in (count, 10 * count):
            costs = _additions(setting, server, size)
            own_by_size[size] = median(cost.cpu_seconds for cost in costs)
            figure = f"publishing 10 new versions into {size} in a bucket"
            walls = [cost.wall_seconds for cost in costs]
            yield within(figure, walls, limit=_MOST_SECONDS, unit="s")
        figure = f"the same, our processor time, times what it takes into {count}"
        growth = own_by_size[10 * count] / own_by_size[count]
        yield within(figure, [growth], limit=_MOST_GROWTH, unit="times")


def _first(
    setting: Setting, server: ObjectServer, count: int, number: int
) -> tuple[PublishCost, PublishCost]:
    """Return what a first publish costs, into a bucket and into a folder."""
    room = setting.room(f"objects-publish-{number}")
    with PublishedMirror(room / "local", LocalTree(room / "tree")) as mirror:
        local = mirror.fill(count)
    settle()
    with PublishedMirror(room / "bucket", _tree(server, f"first-{number}")) as mirror:
        return mirror.fill(count), local


@contextmanager
def _served(folder: Path) -> Iterator[ObjectServer]:
    os.environ.update(ObjectServer.credentials)
    with ObjectServer(folder, roomy=True).serving() as server:
        yield server


def _tree(server: ObjectServer, prefix: str) -> ObjectTree:
    place = parse_location(f"s3://{BUCKET}/{prefix}")
    return ObjectTree(open_bucket(place, BucketOptions(endpoint=server.url)))


def _additions(setting: Setting, server: ObjectServer, count: int) -> list[PublishCost]:
    room = setting.room(f"objects-add-{count}")
    with PublishedMirror(room, _tree(server, f"add-{count}")) as mirror:
        mirror.fill(count)
        settle()
        return [mirror.add_and_publish(n) for n in range(max(setting.runs, 2) * 2)]
