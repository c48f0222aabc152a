"""The stages at the checksum database: sumdb, record and proof.

The database is asked as ``go`` does: at GOSUMDB's own URL, else through the first
proxy that answers ``/sumdb/NAME/supported``, else at ``https://NAME``. The proof goes
from the tree head that this machine remembers (GOPATH/pkg/sumdb/NAME/latest) to the
record; tiles that the module cache has are proven and not asked for again.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from gosync.diagnose.doctor.answers import class_of, refuse
from gosync.diagnose.doctor.curl import curl_line
from gosync.diagnose.doctor.diagnosis import FaultFoundError, fault
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageDraft, StageLog
from gosync.diagnose.doctor.ways import Way, WayKind
from gosync.diagnose.doctor.web import Web
from gosync.errors import (
    ForkError,
    GosyncError,
    MalformedError,
    NotFoundError,
    RecordMismatchError,
    SecurityError,
    SignatureError,
    TileMismatchError,
    UnavailableError,
)
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.sumdb.client import ProvenRecord, SumClient
from gosync.sumdb.names import Database
from gosync.sumdb.readonly import ReadOnlyOps
from gosync.sumdb.record import parse_record
from gosync.sumdb.tile import Tile
from gosync.sumdb.treehead import open_head
from gosync.upstream.urls import join, sumdb_path_on_wire

_LIMIT_BYTES: Final = 1 << 20
_KEEP: Final = "keep both notes: they prove that it shows different trees"
_T = TypeVar("_T")


class DatabaseAnswer(msgspec.Struct, frozen=True):
    """What the database says of a version.

    Attributes:
        record: Its record, proven.
        evidence: What shows misbehaviour, by file name.
    """

    record: ProvenRecord
    evidence: Mapping[str, bytes]


class RememberedState(msgspec.Struct, frozen=True):
    """What ``go`` on this machine remembers of a database.

    Attributes:
        head: The signed note; b"" for none.
        tiles: The folder with tiles, in the module cache.
    """

    head: bytes = b""
    tiles: Path | None = None


def read_state(gopath: str, module_cache: str, database: Database) -> RememberedState:
    """Return what go remembers; nothing where it cannot be read."""
    head = b""
    if gopath:
        file = Path(gopath) / "pkg/sumdb" / database.name / "latest"
        try:
            head = file.read_bytes()[:_LIMIT_BYTES]
        except OSError:
            head = b""
    tiles = None
    if module_cache:
        tiles = Path(module_cache) / "cache/download/sumdb" / database.name
    return RememberedState(head, tiles)


class _AskingOps(ReadOnlyOps):
    """The client's operations, over the web."""

    def __init__(self, base: str, web: Web, state: RememberedState) -> None:
        super().__init__(state.head)
        self._base = base
        self._web = web
        self._tiles = state.tiles
        self.evidence: dict[str, bytes] = {}
        self.lookup = b""

    async def read_remote(self, path: str) -> bytes:
        """Return an answer of the database."""
        if path.startswith("lookup/"):
            return self.lookup
        url = join(self._base, sumdb_path_on_wire(path))
        answer = self._web.get(url, limit_bytes=_LIMIT_BYTES)
        if class_of(answer) in ("http.404", "http.410"):
            raise NotFoundError(f"{url}: {answer.status}")
        if answer.status != 200:
            raise _ill(answer.status, url)
        return answer.body

    async def read_tile(self, tile: Tile) -> bytes | None:
        """Return a tile of the module cache."""
        if self._tiles is None:
            return None
        try:
            data = (self._tiles / tile.path()).read_bytes()
        except OSError:
            return None
        return data if len(data) == tile.size_bytes else None

    async def report(self, error: SecurityError, evidence: Mapping[str, bytes]) -> None:
        """Keep the evidence for who asked."""
        del error
        self.evidence |= evidence


class SumStages:
    """A checksum database, asked with a stage for each question."""

    def __init__(
        self, database: Database, ways: tuple[Way, ...], web: Web, log: StageLog
    ) -> None:
        self._database = database
        self._ways = ways
        self._web = web
        self._log = log
        self.evidence: Mapping[str, bytes] = {}

    def prove(self, mv: ModuleVersion, state: RememberedState) -> DatabaseAnswer:
        """Return a version's record, proven.

        Raises:
            FaultFoundError: It cannot be had, or is not what it should be.
        """
        with self._log.stage("sumdb") as stage:
            base = self._base(stage)
        url = join(base, sumdb_path_on_wire(_lookup(mv)))
        ops = _AskingOps(base, self._web, state)
        with self._log.stage("record", curl=curl_line(url)) as stage:
            ops.lookup = self._look_up(url, mv)
            stage.saw(_shown_record(ops.lookup))
        with self._log.stage("proof") as stage:
            return self._proven(ops, mv, state, stage)

    def _base(self, stage: StageDraft) -> str:
        """Return where the database is asked."""
        if self._database.url is not None:
            stage.saw(
                say(
                    "{name} at {url}",
                    name=self._database.name,
                    url=self._database.url,
                )
            )
            return self._database.url
        for way in self._ways:
            if way.kind is not WayKind.PROXY:
                break
            base = join(way.url, f"sumdb/{self._database.name}")
            url = join(base, "supported")
            stage.curl = curl_line(url)
            try:
                answer = self._web.get(url, limit_bytes=_LIMIT_BYTES)
            except FaultFoundError as exc:
                if way.any_error:
                    continue
                raise _unreachable(exc, self._database) from exc
            cause = class_of(answer)
            if not cause and not answer.is_page:
                stage.saw(
                    say("{name} through {url}", name=self._database.name, url=way.url)
                )
                return base
            if cause not in ("", "http.404", "http.410") and not way.any_error:
                raise _as_sum_fault(refuse(answer))
        stage.saw(say("{name} directly", name=self._database.name))
        return f"https://{self._database.name}"

    def _look_up(self, url: str, mv: ModuleVersion) -> bytes:
        try:
            answer = self._web.get(url, limit_bytes=_LIMIT_BYTES)
        except FaultFoundError as exc:
            raise _unreachable(exc, self._database) from exc
        if class_of(answer) in ("http.404", "http.410"):
            raise fault(
                "sum.private_leak",
                say(
                    "{url}: {status}: the database does not know {mv}; a private "
                    "name was sent there if it is one",
                    url=url,
                    status=answer.status,
                    mv=mv,
                ),
                say(
                    "go env -w GOPRIVATE={host} for a private module "
                    "(GONOSUMDB, if a proxy carries it); else check path and "
                    "version",
                    host=mv.path.split("/")[0],
                ),
            )
        if answer.status != 200:
            raise _as_sum_fault(refuse(answer))
        if answer.is_page:
            raise fault(
                "sum.captive_portal",
                say("{url}: a page of HTML in place of a record", url=url),
                "something answers in the database's place: a portal, or a mirror"
                " without sumdb/ that answers everything with its front page",
            )
        return answer.body

    def _proven(
        self,
        ops: _AskingOps,
        mv: ModuleVersion,
        state: RememberedState,
        stage: StageDraft,
    ) -> DatabaseAnswer:
        client = SumClient(ops, self._database)
        try:
            record = _result(client.lookup(mv))
        except FaultFoundError as exc:
            if exc.finding.cause.startswith("sum."):
                raise
            raise _unreachable(exc, self._database) from exc
        except GosyncError as exc:
            self.evidence = {**ops.evidence, "lookup": ops.lookup}
            raise self._misbehaved(exc, ops, state) from exc
        since = "the head that this machine remembers" if state.head else "its own head"
        stage.saw(
            say(
                "record {id} of {n}, from {since}",
                id=record.id,
                n=record.tree.n,
                since=since,
            )
        )
        return DatabaseAnswer(record, ops.evidence)

    def _misbehaved(
        self, error: GosyncError, ops: _AskingOps, state: RememberedState
    ) -> FaultFoundError:
        """Return the fault that an error of the client amounts to."""
        name = self._database.name
        if isinstance(error, ForkError):
            return fault("sum.fork", f"{name}: {error}", _KEEP)
        if isinstance(error, SignatureError):
            unknown = str(error).startswith("no signature of")
            return fault(
                "sum.unknown_key" if unknown else "sum.bad_signature",
                f"{name}: {error}",
                "somebody else answers for the database, or GOSUMDB has another key;"
                " compare it with the key that its operator publishes",
            )
        if isinstance(error, RecordMismatchError):
            lacks = "not the one in the signed tree" not in str(error)
            return fault(
                "sum.absent" if lacks else "sum.forged", f"{name}: {error}", _KEEP
            )
        if isinstance(error, TileMismatchError):
            return fault(
                "sum.forged",
                f"{name}: {error}",
                "what answers for the database changes its bytes: ask it directly, keep"
                " the evidence (--evidence DIR)",
            )
        if isinstance(error, MalformedError):
            return fault("sum.server_error", f"{name}: {error}", "tell its operator")
        return self._lacking(error, ops, state)

    def _lacking(
        self, error: GosyncError, ops: _AskingOps, state: RememberedState
    ) -> FaultFoundError:
        """Return the fault of tiles that are not served."""
        name = self._database.name
        if isinstance(error, UnavailableError) and self._is_behind(ops, state):
            return fault(
                "sum.rollback",
                say(
                    "{name}: this machine remembers a newer tree than is served "
                    "here: {error}",
                    name=name,
                    error=error,
                ),
                say(
                    "bring the mirror up to date; or, if the tree here is to be "
                    "trusted anew, remove GOPATH/pkg/sumdb/{name}/latest",
                    name=name,
                ),
            )
        return fault(
            "sum.tile_missing", f"{name}: {error}", "the mirror lacks tiles: sync it"
        )

    def _is_behind(self, ops: _AskingOps, state: RememberedState) -> bool:
        """Whether the machine's head is newer than the one that was served."""
        if not state.head:
            return False
        verifier = self._database.verifier()
        try:
            served = open_head(parse_record(ops.lookup).rest, verifier)
            return open_head(state.head, verifier).tree.n > served.tree.n
        except GosyncError:
            return False


def _result(asking: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine that never waits: all that it awaits is done at once."""
    try:
        asking.send(None)
    except StopIteration as end:
        result: _T = end.value
        return result
    raise AssertionError("the client waited for something")


def _lookup(mv: ModuleVersion) -> str:
    return f"lookup/{escape_path(mv.path)}@{escape_version(mv.version)}"


def _shown_record(lookup: bytes) -> str:
    number = lookup.split(b"\n", 1)[0].decode("ascii", "replace")
    return say("record {number}", number=number[:20])


def _ill(status: int, url: str) -> FaultFoundError:
    return fault(
        "sum.server_error",
        f"{url}: {status}",
        "ask again; tell its operator; GOSUMDB=off or GONOSUMDB only for what is yours",
    )


def _as_sum_fault(error: FaultFoundError) -> FaultFoundError:
    found = error.finding
    return fault("sum.server_error", found.text, found.remedy)


def _unreachable(error: FaultFoundError, database: Database) -> FaultFoundError:
    found = error.finding
    return fault(
        "sum.unreachable",
        say(
            "the checksum database {name}: {text}", name=database.name, text=found.text
        ),
        say(
            "use a mirror that carries it (sumdb/NAME/supported), or "
            "open a way to it; {remedy}",
            remedy=found.remedy,
        ),
    )
