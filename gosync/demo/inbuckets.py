"""The demo's store and tree in an object store, which is started for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gosync.demo.objectserver import BUCKET, SeaweedServer
from gosync.errors import StoreError
from gosync.site.options import TreePlace
from gosync.store.objects.location import BucketLocation
from gosync.store.objects.opening import open_bucket
from gosync.store.objects.options import BucketOptions

_STORE, _TREE = f"s3://{BUCKET}/demo/store", f"s3://{BUCKET}/demo/tree"


@contextmanager
def object_store(folder: Path) -> Iterator[SeaweedServer]:
    """Run an object store with its data in a folder, its credentials in this process.

    Raises:
        UsageError: there is no program for it, or no client.
        StoreError: it does not serve.
    """
    before = dict(os.environ)
    os.environ.update(SeaweedServer.credentials)
    try:
        with SeaweedServer(folder, _takes_objects).serving() as server:
            yield server
    finally:
        os.environ.clear()
        os.environ.update(before)


def _takes_objects(url: str) -> bool:
    options = BucketOptions(endpoint=url, most_retries=0)
    try:
        open_bucket(BucketLocation("s3", BUCKET), options).put("ready", b"")
    except StoreError:
        return False
    return True


def places_of(server: SeaweedServer | None) -> dict[str, str]:
    """Return what the configuration says of store, tree and buckets."""
    if server is None:
        return {"store": "./var", "tree": "./public", "buckets": ""}
    buckets = f'\n[s3]\nendpoint = "{server.url}"\n'
    return {"store": _STORE, "tree": _TREE, "buckets": buckets}


def proxy_of(tree: TreePlace, server: SeaweedServer | None) -> str:
    """Return the GOPROXY that a tree is, without anything in front of it."""
    if isinstance(tree, Path):
        return tree.as_uri()
    assert server is not None
    return f"{server.url}/{tree.bucket}/{tree.prefix}"
