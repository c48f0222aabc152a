"""The sample upstream: a module proxy, its index and its checksum database.

    /PATH/@v/list  /PATH/@latest  /PATH/@v/V.info|.mod|.zip     the proxy
    /index                                                      the index
    /sumdb/NAME/…  and, as on a host of its own, /lookup/… …    the database

`answer` turns a request into an answer and does no I/O; `start` puts an HTTP
front before it. As at the public proxy, a `.info` is also found by a commit's
first digits or as `main`, and requests below `/cached-only`, or with the header
``Disable-Module-Fetch: true``, find only what some other request fetched before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Self

from gosync.demo.database import SumSite
from gosync.demo.exchange import (
    HttpAnswer,
    HttpRequest,
    Logged,
    RequestKind,
    kind_of,
    not_found,
)
from gosync.demo.feed import IndexFeed
from gosync.demo.http import Front
from gosync.demo.log import SumLog
from gosync.demo.modules import (
    ModuleSource,
    build_zip,
    commit_hash,
    go_mod,
    info_json,
)
from gosync.errors import MalformedError
from gosync.gomod.dirhash import hash_go_mod, hash_zip
from gosync.gomod.module import (
    ModuleVersion,
    unescape_path,
    unescape_version,
)
from gosync.gomod.pseudo import is_pseudo_version
from gosync.gomod.semver import version_key
from gosync.gomod.versionlist import format_list, newest

if TYPE_CHECKING:
    import ssl

DATABASE_NAME = "sum.sample.example"
_FIRST_INDEXED = datetime(2024, 6, 1, tzinfo=UTC)
_COMMIT_DIGITS = 7
_TYPES = {RequestKind.INFO: "application/json", RequestKind.ZIP: "application/zip"}
_CACHED_ONLY = "/cached-only"


@dataclass
class SampleVersion:
    """A module version as the proxy holds it.

    Attributes:
        source: What it is made from.
        listed: Whether `list` names it.
        logged: Whether the database knows it or finds it when asked.
        cached: Whether the proxy has it without fetching.
        served: What the proxy serves instead of the source's own, by kind.
    """

    source: ModuleSource
    listed: bool = True
    logged: bool = True
    cached: bool = True
    served: dict[RequestKind, bytes] = field(default_factory=dict)

    @cached_property
    def zip(self) -> bytes:
        """The source's zip, built when first asked for."""
        return build_zip(self.source)

    @cached_property
    def zip_h1(self) -> str:
        """The zip's h1."""
        return hash_zip(
            lambda start, size: self.zip[start : start + size], len(self.zip)
        )

    @property
    def mod_h1(self) -> str:
        """The go.mod's h1."""
        return hash_go_mod(go_mod(self.source))

    def file(self, kind: RequestKind) -> bytes:
        """Return what the proxy serves for a kind."""
        if kind in self.served:
            return self.served[kind]
        if kind is RequestKind.ZIP:
            return self.zip
        return (
            go_mod(self.source) if kind is RequestKind.MOD else info_json(self.source)
        )


class SampleUpstream:
    """One upstream, empty at first.

    Args:
        database_name: The checksum database's name.
        seed: Decides its key.

    Attributes:
        requests: Every request so far, in order, with what was answered.
        index: The module index.
        database: The checksum database.
    """

    def __init__(
        self, *, database_name: str = DATABASE_NAME, seed: bytes = b"gosync sample log"
    ) -> None:
        self.requests: list[Logged] = []
        self.index = IndexFeed()
        log = SumLog(database_name, seed=seed)
        self.database = self.make_database(log)
        self._shelf: dict[str, dict[str, SampleVersion]] = {}
        self._last_indexed = _FIRST_INDEXED
        self._publishing = threading.RLock()
        self._fronts: list[Front] = []

    # The parts.

    def make_database(self, log: SumLog) -> SumSite:
        """Return the database's endpoints over a log."""
        return SumSite(log, discover=self._discover)

    @property
    def log(self) -> SumLog:
        """The checksum database's log."""
        return self.database.log

    @property
    def verifier_key(self) -> str:
        """The database's verifier key, a GOSUMDB value."""
        return self.log.verifier_key

    # What it holds.

    def publish(
        self,
        source: ModuleSource,
        *,
        at: datetime | None = None,
        record: bytes | None = None,
        indexed: bool = True,
        logged: bool = True,
        cached: bool = True,
        lazy: bool = False,
    ) -> SampleVersion:
        """Add a module version to proxy, index and database.

        Args:
            source: The module version.
            at: When the index saw it; by default a second after the last.
            record: The database's record in place of the two true lines.
            indexed: Whether the index names it.
            logged: Whether the database may know it.
            cached: Whether the proxy has it without fetching.
            lazy: Leave the record to the first lookup, which then makes it.
        """
        mv = source.module_version
        publication = SampleVersion(source, logged=logged, cached=cached)
        with self._publishing:
            self._last_indexed = at or self._last_indexed + timedelta(seconds=1)
            self._shelf.setdefault(mv.path, {})[mv.version] = publication
            if record is not None:
                self.log.add_text(mv, record)
            elif logged and not lazy:
                self._discover(mv)
            if indexed:
                self.index.add(mv, self._last_indexed)
        return publication

    def publish_all(self, sources: list[ModuleSource]) -> None:
        """Publish each source, in order."""
        for source in sources:
            self.publish(source)

    def publication(self, mv: ModuleVersion) -> SampleVersion:
        """Return a module version's publication.

        Raises:
            KeyError: if it was never published.
        """
        return self._shelf[mv.path][mv.version]

    def replace(self, mv: ModuleVersion, kind: RequestKind, body: bytes) -> None:
        """Serve other bytes for one file from now on; the log stays as it is."""
        self.publication(mv).served[kind] = body

    def withdraw(self, mv: ModuleVersion) -> None:
        """Let a module version vanish from the proxy; the log keeps it."""
        with self._publishing:
            del self._shelf[mv.path][mv.version]
            self.index.withdraw(mv)

    def module_versions(self) -> list[ModuleVersion]:
        """Return everything the proxy holds, sorted."""
        return sorted(
            ModuleVersion(path, version)
            for path, versions in self._shelf.items()
            for version in versions
        )

    def _discover(self, mv: ModuleVersion) -> None:
        publication = self._shelf.get(mv.path, {}).get(mv.version)
        if publication is not None and publication.logged:
            self.log.add(mv, zip_h1=publication.zip_h1, mod_h1=publication.mod_h1)

    # What it answers.

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer one request."""
        path = request.path
        if path == "/index":
            return self.index.answer(request.query)
        if path.startswith(f"/sumdb/{self.log.name}/"):
            return self.database.answer(path.removeprefix(f"/sumdb/{self.log.name}/"))
        if path.startswith(("/lookup/", "/tile/")) or path == "/latest":
            return self.database.answer(path[1:])
        fetch = request.headers.get("disable-module-fetch", "").lower() != "true"
        if path.startswith(_CACHED_ONLY + "/"):
            path, fetch = path.removeprefix(_CACHED_ONLY), False
        return self._answer_proxy(path, fetch=fetch)

    def _answer_proxy(self, path: str, *, fetch: bool) -> HttpAnswer:
        kind = kind_of(path)
        marker = "/@latest" if kind is RequestKind.LATEST else "/@v/"
        escaped, found, name = path[1:].partition(marker)
        try:
            versions = self._shelf.get(unescape_path(escaped)) if found else None
            if versions is None:
                return not_found(path)
            if kind is RequestKind.LIST:
                return HttpAnswer(200, self._list(versions))
            if kind is RequestKind.LATEST:
                return self._latest(versions)
            return self._file(versions, kind, name, fetch=fetch)
        except MalformedError as error:
            return not_found(str(error))

    def _list(self, versions: Mapping[str, SampleVersion]) -> bytes:
        return format_list(
            version
            for version, publication in list(versions.items())
            if publication.listed and not is_pseudo_version(version)
        )

    def _latest(self, versions: Mapping[str, SampleVersion]) -> HttpAnswer:
        version = newest([v for v in list(versions) if not is_pseudo_version(v)])
        if version is None:
            version = max(list(versions), key=version_key, default=None)
        if version is None:
            return not_found("@latest")
        return HttpAnswer(
            200, versions[version].file(RequestKind.INFO), "application/json"
        )

    def _file(
        self,
        versions: Mapping[str, SampleVersion],
        kind: RequestKind,
        name: str,
        *,
        fetch: bool,
    ) -> HttpAnswer:
        version = unescape_version(name[: name.rfind(".")])
        publication = versions.get(version)
        if publication is None and kind is RequestKind.INFO:
            publication = self._resolve(versions, version)
        if publication is None or kind not in {
            RequestKind.INFO,
            RequestKind.MOD,
            RequestKind.ZIP,
        }:
            return not_found(name)
        if not fetch and not publication.cached:
            return not_found(f"{name}: module fetch is disabled")
        publication.cached = True
        return HttpAnswer(200, publication.file(kind), _TYPES.get(kind, "text/plain"))

    def _resolve(
        self, versions: Mapping[str, SampleVersion], revision: str
    ) -> SampleVersion | None:
        """Find the highest version of a commit or of the branch main."""
        by_commit = len(revision) >= _COMMIT_DIGITS
        found = [
            version
            for version, publication in list(versions.items())
            if revision == "main"
            or (by_commit and commit_hash(publication.source).startswith(revision))
        ]
        return versions[max(found, key=version_key)] if found else None

    # How it is reached.

    def start(self) -> Self:
        """Serve on a free port of loopback."""
        self.start_front(self.answer_logged)
        return self

    def start_front(
        self,
        handler: Callable[[HttpRequest], HttpAnswer],
        *,
        site: str = "upstream",
        tls: ssl.SSLContext | None = None,
    ) -> Front:
        """Put one more HTTP front before a handler; `stop` ends them all."""
        front = Front(handler, site=site, tls=tls).start()
        self._fronts.append(front)
        return front

    def stop(self) -> None:
        """Stop serving and close every connection."""
        while self._fronts:
            self._fronts.pop().stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The proxy's base URL, a GOPROXY value."""
        return self._fronts[0].url

    @property
    def index_url(self) -> str:
        """The index's URL."""
        return f"{self.url}/index"

    def answer_logged(self, request: HttpRequest) -> HttpAnswer:
        """Answer a request and write it down."""
        answer = self.answer(request)
        self.requests.append(
            Logged(request, kind_of(request.path), answer.status, answer.length_bytes)
        )
        return answer
