"""Writing how the mirror is: into the tree, and for Prometheus."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

import msgspec

from gosync.errors import LeaseLostError, LockedError, StoreError
from gosync.folder import routes
from gosync.publish.marker import read_marker
from gosync.publish.storage.tree import TreeStorage
from gosync.site.site import Site
from gosync.site.treestorage import tree_storage
from gosync.status.facts import MirrorFacts, gather_facts
from gosync.status.metrics import format_metrics
from gosync.status.mirror import format_status
from gosync.store.durable import disk_errors

_log = logging.getLogger(__name__)
_MODE = 0o644  # a collector runs as somebody else


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a mirror beside the facts, and where.

    Attributes:
        name: What it is called.
        upstream: Where its modules come from, without secrets.
        metrics_path: Prometheus' file, or None.
    """

    name: str
    upstream: str
    metrics_path: Path | None = None


def tell_status(site: Site, telling: Telling) -> None:
    """Write status.json and metrics as things are now.

    Not where another run writes the tree: that tells it as it ends.

    Raises:
        StoreError: if the catalog cannot be read, or status.json not be written.
    """
    try:
        with site.try_hold_tree():
            _tell_status(site, telling)
    except LeaseLostError:
        raise
    except LockedError as exc:
        _log.info("status.json: %s", exc)


def _tell_status(site: Site, telling: Telling) -> None:
    name, tree = telling.name, tree_storage(site.options)
    facts = gather_facts(site.catalog, site.options, site.clock.now())
    if telling.metrics_path is not None:
        write_metrics(telling.metrics_path, facts, name=name)
    write_status(tree, facts, name=name, upstream=telling.upstream)


def write_status(
    tree: TreeStorage, facts: MirrorFacts, *, name: str, upstream: str
) -> None:
    """Write status.json into a tree, if there is one; under the tree's lease.

    Raises:
        StoreError: if it cannot be written.
    """
    if read_marker(tree.reader()) is None:
        return
    writer = tree.writer()
    writer.open()
    writer.write(routes.STATUS, format_status(facts, name=name, upstream=upstream))
    writer.commit()


def write_metrics(path: Path, facts: MirrorFacts, *, name: str) -> None:
    """Write the metrics; where that fails there is a line in the log.

    It is a file of another program's, whose folder is no reason to fail.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        with disk_errors(path):
            try:
                temporary.write_bytes(format_metrics(facts, name=name))
                temporary.chmod(_MODE)
                temporary.replace(path)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink()
                raise
    except StoreError as exc:
        _log.warning("metrics: %s", exc)
