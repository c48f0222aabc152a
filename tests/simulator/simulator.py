"""The simulator: the demo's sample upstream, with faults and a request log."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gosync.demo.exchange import HttpAnswer, HttpRequest, Logged, RequestKind, not_found
from gosync.demo.modules import ModuleSource, build_zip, go_mod, info_json
from gosync.demo.upstream import DATABASE_NAME, SampleUpstream, SampleVersion
from gosync.gomod.module import ModuleVersion
from tests.simulator.faults import Fault, FaultMoves
from tests.simulator.sumfaults import FaultySumSite
from tests.simulator.tls import make_server_context

if TYPE_CHECKING:
    from datetime import datetime

    from gosync.demo.log import SumLog
    from tests.simulator.evil import EvilZip


class Simulator(FaultMoves, SampleUpstream):
    """An upstream for tests. Use it in a ``with`` statement, or start and stop it.

    Args:
        records: Filler records in the log before anything is published.
        tls: Serve HTTPS (`ca_file`), and the same as HTTP at `plain_url`.
    """

    database: FaultySumSite

    def __init__(
        self,
        *,
        records: int = 0,
        tls: bool = False,
        database_name: str = DATABASE_NAME,
        seed: bytes = b"gosync simulator",
    ) -> None:
        FaultMoves.__init__(self)
        SampleUpstream.__init__(self, database_name=database_name, seed=seed)
        self._tls = tls
        self._resources = ExitStack()
        self.plain_url = ""
        self.ca_file: Path | None = None
        if records:
            self.log.grow(records)

    def make_database(self, log: SumLog) -> FaultySumSite:
        return FaultySumSite(log, discover=self._discover)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        return self.apply_faults(request, super().answer(request))

    # Reached at.

    def start(self) -> Self:
        self._over.clear()
        if self._tls:
            temporary = tempfile.TemporaryDirectory(prefix="gosync-simulator-")
            folder = Path(self._resources.enter_context(temporary))
            context, self.ca_file = make_server_context(folder)
            self.start_front(self.answer_logged, tls=context)
        front = self.start_front(self.answer_logged)
        self.plain_url = front.url
        return self

    def stop(self) -> None:
        self._over.set()
        super().stop()
        self._resources.close()

    def start_database(self) -> str:
        """Serve the database on a port of its own; return its URL."""
        return self.start_front(self._answer_database, site="sumdb").url

    def _answer_database(self, request: HttpRequest) -> HttpAnswer:
        inside = request.path.startswith(("/lookup/", "/tile/", "/latest"))
        if not inside:
            answer = not_found(request.path)
            self.requests.append(
                Logged(request, RequestKind.OTHER, 404, answer.length_bytes)
            )
            return answer
        return self.answer_logged(request)

    @property
    def gosumdb(self) -> str:
        """GOSUMDB for a client that reaches the database through the proxy."""
        return self.verifier_key

    # The request log.

    def mark(self) -> int:
        """Return a mark for the moment, for the ``since`` of what follows."""
        return len(self.requests)

    def requests_since(self, mark: int) -> list[Logged]:
        """Return the requests after a mark."""
        return self.requests[mark:]

    def counts(self, *, since: int = 0) -> Counter[RequestKind]:
        """Count requests by kind."""
        return Counter(logged.kind for logged in self.requests[since:])

    def paths(self, *kinds: RequestKind, since: int = 0) -> list[str]:
        """Return the decoded paths of requests of some kinds, by default all."""
        return [
            logged.path
            for logged in self.requests[since:]
            if not kinds or logged.kind in kinds
        ]

    # Moves: what is published.

    def publish_private(self, source: ModuleSource) -> SampleVersion:
        """Publish what index and database must never hear of."""
        return self.publish(source, indexed=False, logged=False)

    def publish_evil(self, mv: ModuleVersion, evil: EvilZip) -> SampleVersion:
        """Publish an evil zip that the log vouches for, if it has an h1.

        Only the rules for zips can catch it then, not its checksum.
        """
        source = ModuleSource(mv.path, mv.version, {"go.mod": evil.go_mod(mv)})
        publication = SampleVersion(source)
        h1 = evil.h1 or publication.zip_h1
        lines = record_text(mv, zip_h1=h1, mod_h1=publication.mod_h1)
        publication = self.publish(source, record=lines)
        publication.served[RequestKind.ZIP] = evil.data
        return publication

    def rewrite(self, mv: ModuleVersion, files: dict[str, bytes]) -> None:
        """Serve a valid zip of other content, as after a moved tag."""
        old = self.publication(mv).source
        source = ModuleSource(mv.path, mv.version, {**old.files, **files}, old.time)
        self.replace(mv, RequestKind.ZIP, build_zip(source))

    def move_tag(self, mv: ModuleVersion, files: dict[str, bytes]) -> None:
        """Serve another commit of a version, all its files; the log stays as it is."""
        publication = self.publication(mv)
        old = publication.source
        content = {**old.files, **files}
        commit = hashlib.sha1(repr(sorted(content.items())).encode()).hexdigest()
        source = ModuleSource(mv.path, mv.version, content, old.time, commit)
        publication.served = {
            RequestKind.ZIP: build_zip(source),
            RequestKind.MOD: go_mod(source),
            RequestKind.INFO: info_json(source),
        }

    def move_back(self, mv: ModuleVersion) -> None:
        """Serve a version as it was published, and list it."""
        publication = self.publication(mv)
        publication.served = {}
        publication.listed = True

    # Moves: the index.

    def index_row(self, path: str, version: str, at: datetime) -> None:
        """File a row for what need not exist."""
        self.index.add(ModuleVersion(path, version), at)

    def index_raw(self, line: bytes, at: datetime) -> None:
        """File any bytes as a row; the moment in it may be another."""
        self.index.add_raw(line, at)

    def index_flood(self, rows: int, at: datetime) -> None:
        """File this many rows with one time stamp."""
        for number in range(rows):
            self.index_row(f"flood.example/m{number:05d}", "v1.0.0", at)

    # Moves: https to http.

    def redirect_to_http(self, glob: str) -> Fault:
        """Redirect to the same path without TLS."""

        def change(request: HttpRequest, _: HttpAnswer) -> HttpAnswer:
            return HttpAnswer(
                302, headers=(("Location", self.plain_url + request.target),)
            )

        return self.fault(glob, change)


def record_text(mv: ModuleVersion, *, zip_h1: str | None, mod_h1: str | None) -> bytes:
    """Return a record's text; without a line, if its h1 is None."""
    lines = []
    if zip_h1 is not None:
        lines.append(f"{mv.path} {mv.version} {zip_h1}\n")
    if mod_h1 is not None:
        lines.append(f"{mv.path} {mv.version}/go.mod {mod_h1}\n")
    return "".join(lines).encode()
