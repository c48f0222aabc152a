"""A published tree before clients that know nothing but it.

    with Served(site.tree, key, folder) as served:
        client = served.client("one", go)
        client.run("mod", "download", cwd=project)
        served.asked()      # the files that were found so far

``key`` is the checksum database's. The tree is reached over HTTP, or with
``transport="file"`` as a folder, where go runs without any network if the system
lets us. What go would send elsewhere ends at a tripwire; ``with`` ends in an error
if anything did.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from tests.go.cells import without_network
from tests.go.mirrors import serve
from tests.go.tripwire import Tripwire
from tests.simulator.goclient import GoClient


class Served:
    """A tree at an address, and its clients.

    Args:
        tree: The tree.
        key: GOSUMDB.
        folder: Where the server's and the clients' own files go; made if need be.
        transport: How the tree is reached.
    """

    def __init__(
        self, tree: Path, key: str, folder: Path, *, transport: str = "http.server"
    ) -> None:
        self._tree = tree
        self._key = key
        self._folder = folder
        self._transport = transport
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        enter = self._resources.enter_context
        self._tripwire = enter(Tripwire())
        self._mirror = enter(
            serve(self._transport, self._folder / "mirror", self._tree)
        )
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self._resources.close()
        assert failed or self._tripwire.hits == []

    def client(self, name: str, go: Path, **variables: str) -> GoClient:
        """Return a client without any cache but the compiler's."""
        client = GoClient(
            self._folder / name,
            goproxy=self._mirror.url,
            gosumdb=self._key,
            go=go,
            env={**self._tripwire.environment(), **variables},
            prefix=without_network() if self._transport == "file" else (),
        )
        return self._resources.enter_context(client)

    def asked(self) -> set[str]:
        """Return the names of the files that were found, of those asked for by HTTP."""
        return {name for name, status in self._requests() if status == "200"}

    def missed(self) -> set[str]:
        """Return the names that were asked for by HTTP and are not there."""
        return {name for name, status in self._requests() if status == "404"}

    def _requests(self) -> list[tuple[str, str]]:
        log = (self._folder / "mirror" / "access.log").read_text()
        lines = [line.split('"') for line in log.splitlines() if '"GET ' in line]
        return [
            (unquote(words[1].split()[1])[1:], words[2].split()[0]) for words in lines
        ]
