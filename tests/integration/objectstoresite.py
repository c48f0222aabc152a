"""A site with its store in a bucket of a real object store, behind a failing line."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import obstore
from obstore.store import S3Store

from tests.integration.objectsite import LineSite
from tests.integration.remains import check_store
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.objectfaults import Asked, ObjectFaults
from tests.simulator.objects import BUCKET, ObjectServer, client


class ObjectStoreSite(LineSite):
    """A configured gosync whose blobs, journal and quarantine are in a bucket.

    Attributes:
        line: What it asks the object store through.
        prefix: Its store's, in the bucket.
    """

    def __init__(
        self,
        folder: Path,
        sim: Simulator,
        *,
        server: ObjectServer,
        line: ObjectFaults,
        prefix: str,
        modules: Sequence[str] = (),
        local: str = "store",
    ) -> None:
        self.line = line
        self.prefix = prefix
        self.local = local
        self._server = server
        super().__init__(folder, sim, modules=modules)
        self.declare(store=self._store_section(), s3={"endpoint": line.url})

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self._server.credentials}

    @property
    def objects(self) -> S3Store:
        """The store's objects, asked without the line."""
        return client(self._server.url, prefix=self.prefix)

    def keys(self) -> list[str]:
        """Return the keys of the store's objects."""
        return sorted(
            each["path"] for page in obstore.list(self.objects) for each in page
        )

    def blob_keys(self) -> list[str]:
        """Return the keys of its blobs."""
        return [key for key in self.keys() if key.startswith("blobs/")]

    def get(self, key: str) -> bytes:
        """Return an object's bytes."""
        return bytes(obstore.get(self.objects, key).bytes())

    def machine(self, folder: Path, local: str = "store") -> ObjectStoreSite:
        """Return another machine's site of the same store and configuration."""
        twin = ObjectStoreSite.__new__(ObjectStoreSite)
        twin.line, twin.prefix, twin.local = self.line, self.prefix, local
        twin._server = self._server
        Site.__init__(twin, folder, private=self._private, upstream=self._upstream)
        twin.declare(**self._sections)
        twin.declare(store=twin._store_section())
        return twin

    @property
    def place(self) -> str:
        """What the configuration calls the store."""
        return f"s3://{BUCKET}/{self.prefix}"

    def _store_section(self) -> dict[str, object]:
        return {"path": self.place, "local": self.local, "min_free": "1"}

    def journal(self) -> bytes:
        """Return the whole journal, as the bucket has it."""
        parts = [key for key in self.keys() if key.startswith("journal/")]
        return b"".join(map(self.get, parts))

    def check_store(self) -> None:
        """No row without its blob in the bucket; the journal here is the one there."""
        image = self.folder.with_name(f"{self.folder.name}-image")
        shutil.rmtree(image, ignore_errors=True)
        shutil.copytree(self.folder / self.local, image)
        for key in self.blob_keys():
            digest = key.rpartition("/")[2]
            file = image / "blobs/sha256" / digest[:2] / digest
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self.get(key))
            file.chmod(0o444)
        check_store(image)
        assert super().journal() == self.journal()


def kinds_of(asked: Sequence[Asked]) -> list[str]:
    """Return what a store's requests were: what was done with what kind of object."""
    found = []
    for each in asked:
        below = each.key.split("/")[-3:]
        named = [part for part in _KINDS if part in below or f"{part}.json" in below]
        method = each.kind.partition(" ")[0]
        found.append(f"{method} {named[0] if named else each.query.partition('=')[0]}")
    return found


_KINDS = ("blobs", "journal", "quarantine", "lease", "catalog", "owners", "proof")
