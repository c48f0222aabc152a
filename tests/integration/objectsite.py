"""A site whose tree is in a bucket, of a real object store behind a line that fails."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import obstore
from obstore.store import S3Store

from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.objectfaults import Asked, Fault, ObjectFaults
from tests.simulator.objects import BUCKET, ObjectServer, client


class LineSite(Site):
    """A configured gosync that asks an object store.

    Attributes:
        line: What it asks it through.
    """

    line: ObjectFaults

    def kill_at(
        self, number: int, *arguments: str, after: bool
    ) -> tuple[int, list[Asked]]:
        """Run a command that is killed at one of its requests to the object store.

        Args:
            number: Which request, from 0; those after it are lost.
            arguments: The command.
            after: Whether the service has done what was asked by then.

        Returns:
            How it ended, 0 where it asked less; and what it asked.
        """
        self.line.clear()
        killed = threading.Event()
        lost = Fault(before=killed.wait, refused=True)
        with self.start(*arguments) as process:

            def kill() -> None:
                process.kill()
                killed.set()

            fatal = Fault(
                before=None if after else kill,
                after=kill if after else None,
                refused=not after,
                unanswered=after,
            )

            def fault(asked: Asked) -> Fault | None:
                if asked.number == number:
                    return fatal
                return lost if asked.number > number else None

            self.line.fault = fault
            process.communicate()
            killed.set()
            asked = list(self.line.asked)
            self.line.clear()
            return process.returncode or 0, asked


class ObjectTreeSite(LineSite):
    """A configured gosync that publishes into a bucket.

    Attributes:
        line: What it asks the object store through.
        prefix: Its tree's, in the bucket.
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
    ) -> None:
        self.line = line
        self.prefix = prefix
        self._server = server
        self._contents: dict[str, bytes] = {}
        super().__init__(folder, sim, modules=modules)
        self.declare(publish={"tree": self.location}, s3={"endpoint": line.url})

    @property
    def location(self) -> str:
        """What the configuration calls the tree."""
        return f"s3://{BUCKET}/{self.prefix}"

    @property
    def url(self) -> str:
        """Where anybody gets the tree's files."""
        return f"{self._server.url}/{BUCKET}/{self.prefix}"

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self._server.credentials}

    @property
    def objects(self) -> S3Store:
        """The tree's objects, asked without the line."""
        return client(self._server.url, prefix=self.prefix)

    def all_keys(self) -> list[str]:
        """Return the keys of the tree's objects."""
        return list(self.etags())

    def etags(self) -> dict[str, str]:
        """Return the ETags of the tree's objects by their keys; each is a digest."""
        listed = obstore.list(self.objects)
        return {each["path"]: each["e_tag"] or "" for page in listed for each in page}

    def fetch(self) -> None:
        """Bring the tree into this site's folder, for all that looks at files.

        What has an ETag that came before is not asked for again.
        """
        shutil.rmtree(self.tree, ignore_errors=True)
        store = self.objects
        for key, etag in self.etags().items():
            if not etag or etag not in self._contents:
                self._contents[etag] = bytes(obstore.get(store, key).bytes())
            file = self.tree / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self._contents[etag])

    def check_objects(self, sim: Simulator) -> None:
        """Check the tree as it is in the bucket, and the store beside it."""
        self.fetch()
        self.check_store()
        self.check_tree(sim)


def named_files(lists: Mapping[str, str]) -> Iterator[str]:
    """Yield the files that lists name, by the lists' keys."""
    for key, text in lists.items():
        folder = key.removesuffix("list")
        for version in text.split():
            yield from (f"{folder}{version}.{each}" for each in ("info", "mod", "zip"))
