"""A store and a tree in one bucket: of a service in memory, and of a real one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gosync.publish.storage.objecttree import ObjectTree
from gosync.publish.storage.tree import TreeStorage
from gosync.store.objects.bucket import Bucket
from tests.contract.memorybucket import MemoryBucket, MemoryService
from tests.contract.objectstorage import ObjectStorage
from tests.simulator.objectfaults import Asked, Fault, ObjectFaults

_CHANGES = ("PUT", "DELETE", "POST")


class BucketTreeStorage(ObjectStorage):
    """A store whose tree is in the same bucket."""

    def __init__(
        self,
        folder: Path,
        patch: pytest.MonkeyPatch,
        *,
        store: Bucket,
        tree: Bucket,
        fill: Callable[[bool], None],
        watch: Callable[[Callable[[], None]], None],
    ) -> None:
        super().__init__(folder, patch, store, fill)
        self._tree = tree
        self._watch = watch

    def tree_storage(self) -> TreeStorage:
        return ObjectTree(self._tree)

    def watch(self, look: Callable[[], None]) -> None:
        self._watch(look)


def memory_trees(folder: Path, patch: pytest.MonkeyPatch) -> BucketTreeStorage:
    """Return one of a service in memory."""
    service = MemoryService()

    def fill(yes: bool) -> None:
        service.full = yes

    def watch(look: Callable[[], None]) -> None:
        service.after = lambda verb, _key: look() if verb in _CHANGES else None

    return BucketTreeStorage(
        folder,
        patch,
        store=MemoryBucket(service, "store"),
        tree=MemoryBucket(service, "public"),
        fill=fill,
        watch=watch,
    )


def real_trees(
    folder: Path,
    patch: pytest.MonkeyPatch,
    *,
    store: Bucket,
    tree: Bucket,
    line: ObjectFaults,
) -> BucketTreeStorage:
    """Return one of a real service, behind a line that can be told to fail."""
    full = Fault(status=403, code="QuotaExceeded")

    def fill(yes: bool) -> None:
        line.clear()
        if yes:
            line.fault = lambda asked: full if asked.method == "PUT" else None

    def watch(look: Callable[[], None]) -> None:
        watched = Fault(after=look)

        def fault(asked: Asked) -> Fault | None:
            return watched if asked.method in _CHANGES else None

        line.fault = fault

    return BucketTreeStorage(
        folder, patch, store=store, tree=tree, fill=fill, watch=watch
    )
