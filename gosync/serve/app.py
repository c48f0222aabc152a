"""The server's application, as every worker runs it: one request in, one answer out.

    1. a small file that is in memory: answered at once
    2. /healthz, /readyz, /metrics
    3. the path, the method, the login, the client's rate
    4. the tree's file; a list or a branch, where these are merged with an upstream's
    5. what the tree lacks: brought by the origin, or 404

Nothing below raises into the server: a disk that fails is a 503, a bug of ours a 500,
and neither is ever a 404, since ``go`` takes that for an answer.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec

from gosync.clock import Clock
from gosync.config.serving import ServeSpec
from gosync.errors import GosyncError
from gosync.folder.requests import ProxyRequestKind
from gosync.folder.routes import MARKER, of_module
from gosync.gomod.module import ModuleVersion
from gosync.gomod.versionlist import parse_list
from gosync.serve.accesslog import Outcome, logged_text
from gosync.serve.answer import (
    Answer,
    RequestHeaders,
    RequestScope,
    ResponseWriter,
    entry_answer,
    text_answer,
)
from gosync.serve.asked import NOT_FOUND, Asked, read_path
from gosync.serve.clients import ClientRates, address_of
from gosync.serve.deniedlist import DeniedVersions
from gosync.serve.figures import CONTENT_TYPE, exposition
from gosync.serve.files import LOOKS_A_SECOND, ServedEntry, ServedFiles
from gosync.serve.health import Readiness
from gosync.serve.indexpage import index_answer
from gosync.serve.logins import LoginCheck, read_logins
from gosync.serve.merged import MergedFiles
from gosync.serve.missinglog import MissingSpec
from gosync.serve.notcarried import not_carried_text
from gosync.serve.notes import Noted, RequestNotes
from gosync.serve.origin import Fate, OriginAnswer, TreeOrigin
from gosync.serve.refusing import later, limited, refusal
from gosync.serve.rights import ReadRights, ReadVerdict
from gosync.serve.uploads import UploadReceiver

_log = logging.getLogger(__name__)
_OK: Final = int(HTTPStatus.OK)
_METHODS: Final = frozenset({"GET", "HEAD"})
_STALE: Final = ("warning", '110 - "Response is Stale"')
_TICKS_TO_TELL: Final = 15 * LOOKS_A_SECOND
_OF_VERSIONS: Final = {
    ProxyRequestKind.INFO,
    ProxyRequestKind.MOD,
    ProxyRequestKind.ZIP,
}
_BUSY_SECONDS: Final = 5
_TRIES: Final = 3


class ServerApp:
    """One worker's application.

    Attributes:
        uploads: Takes uploads; None for none.
    """

    def __init__(
        self,
        spec: ServeSpec,
        tree: Path,
        *,
        clock: Clock,
        readiness: Readiness,
        origin: TreeOrigin | None = None,
        merged: MergedFiles | None = None,
        missing: MissingSpec | None = None,
    ) -> None:
        """Make it; it begins to look at the tree with ``__rsgi_init__``.

        Args:
            spec: How to serve.
            tree: What.
            clock: What time it is.
            readiness: Whether the server can do its work.
            origin: Who brings what the tree lacks; None for nobody.
            merged: What is merged with upstream's lists; with an origin.
            missing: Where misses are noted for the catalog; None for nowhere.

        Raises:
            ConfigError: if the file of logins cannot be read.
            OSError: if the access log cannot be opened.
        """
        self._spec, self._tree, self._clock = spec, tree, clock
        self._readiness, self._origin, self._merged = readiness, origin, merged
        self.uploads: UploadReceiver | None = None
        self._files = ServedFiles(
            tree,
            memory_bytes=spec.memory_bytes,
            immutable_days=spec.immutable_days,
            for_all=spec.logins is None,
        )
        self._denied = DeniedVersions(tree)
        self._notes = RequestNotes(spec, clock, missing)
        self._check = (
            None if spec.logins is None else LoginCheck(read_logins(spec.logins))
        )
        self._rights = ReadRights((rule.modules, rule.users) for rule in spec.rules)
        self._rates = ClientRates(spec.misses_per_minute / spec.workers, clock)
        self._trusted = frozenset(spec.trusted_proxies)
        self._parent = os.getppid()
        self._used: set[str] = set()
        self._ticks = 0

    # Beginning and end.

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look at the tree."""
        self._tick(loop)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write the last lines."""
        self._notes.close()
        if self._origin is not None:
            self._origin.close()

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look whether the tree changed, write lines, and whether anybody is there."""
        try:
            self._files.look()
        except OSError as exc:
            _log.warning("%s: %s", self._tree, exc.strerror)
        self._notes.flush()
        if os.getppid() != self._parent:
            os._exit(1)  # whoever started the workers was killed: the port must be free
        self._ticks += 1
        if self._ticks % _TICKS_TO_TELL == 0:
            self._tell_used()
        loop.call_later(1 / LOOKS_A_SECOND, self._tick, loop)

    def _tell_used(self) -> None:
        """Tell the origin which versions were asked for since the last time."""
        used, self._used = self._used, set()
        if self._origin is not None:
            self._origin.tell_used(sorted(set(_versions(used))))

    # Requests.

    async def __rsgi__(self, scope: RequestScope, proto: ResponseWriter) -> None:
        """Answer one request."""
        if self._check is None and scope.method == "GET":
            entry = self._files.get(scope.path)
            if entry is not None and entry.is_small and not entry.varies:
                headers = scope.headers
                if "if-none-match" not in headers and "range" not in headers:
                    self._send_hit(scope, proto, entry)
                    return
        await self._respond(scope, proto)

    def _send_hit(
        self, scope: RequestScope, proto: ResponseWriter, entry: ServedEntry
    ) -> None:
        plain = entry.plain
        if self._origin is not None:
            self._used.add(scope.path)
        if not self._notes.is_logging:
            proto.response_bytes(_OK, plain.headers, plain.body)
            self._notes.count_hit(entry.kind, entry.size)
            return
        name = self._notes.new_id()
        proto.response_bytes(_OK, [*plain.headers, *name], plain.body)
        noted = Noted(_OK, entry.size, 0.0, Outcome.HIT, entry.kind)
        self._notes.note(scope, noted, name)

    async def _respond(self, scope: RequestScope, proto: ResponseWriter) -> None:
        begun, name = self._clock.monotonic(), self._notes.new_id()
        asked = read_path(scope.path)
        user: str | None = None
        try:
            if asked is not None and self._check is not None:
                user = await self._check.user_of(scope.headers.get("authorization"))
            if scope.method == "PUT" and self.uploads is not None:
                answer = await self._upload(scope, proto, asked, user, self.uploads)
            else:
                answer = await self._answer(scope, asked, user)
        except OSError as exc:
            _log.warning("%s: %s", self._tree, exc.strerror)
            text = "the mirror's disk gives no answer; try again\n"
            answer = later(text, _BUSY_SECONDS)
        except Exception:  # noqa: BLE001 - one request's bug must not be the next one's
            _log.exception("a bug of ours, at %r", logged_text(scope.path))
            answer = text_answer(500, "a bug of gosync's\n", Outcome.ERROR)
        seconds = self._clock.monotonic() - begun
        size_bytes = answer.send(proto, name, head=scope.method == "HEAD")
        kind = "" if asked is None else asked.kind
        noted = Noted(
            answer.status, size_bytes, seconds, answer.outcome, kind, user or ""
        )
        self._notes.note(scope, noted, name)

    async def _answer(
        self, scope: RequestScope, asked: Asked | None, user: str | None
    ) -> Answer:
        if scope.method not in _METHODS:
            return text_answer(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "a module mirror answers GET and HEAD\n",
                Outcome.REFUSED,
                headers=[("allow", "GET, HEAD")],
            )
        if asked is None:
            return text_answer(
                HTTPStatus.BAD_REQUEST, "no path of a module mirror\n", Outcome.REFUSED
            )
        return await self._of_server(asked) or await self._of_tree(scope, asked, user)

    async def _of_tree(
        self, scope: RequestScope, asked: Asked, user: str | None
    ) -> Answer:
        """Answer what is asked of the tree, as far as the client may read it."""
        if self._check is not None:
            refused = refusal(self._judge(asked, user), user)
            if refused is not None:
                return refused
        if asked.is_index:
            return await asyncio.to_thread(index_answer, self._tree, scope.query_string)
        if self._origin is not None and self._origin.merges(asked):
            return await self._merged_answer(scope, asked, self._origin)
        return await self._tree_answer(scope, asked)

    def _judge(self, asked: Asked, user: str | None) -> ReadVerdict:
        verdict = self._rights.judge(asked, user)
        if verdict is ReadVerdict.ALLOWED and self._rights.may_judge_page(asked, user):
            page = self._files.read_text(asked.path) or b""
            return self._rights.judge_page(asked, page, user)
        return verdict

    async def _upload(
        self,
        scope: RequestScope,
        proto: ResponseWriter,
        asked: Asked | None,
        user: str | None,
        uploads: UploadReceiver,
    ) -> Answer:
        if user is None:
            verdict = ReadVerdict.LOGIN_NEEDED
            refused = refusal(verdict, user)
            assert refused is not None
            return refused
        length = scope.headers.get("content-length")
        answer = await uploads.answer(asked, user, proto, length)
        self._files.changed()
        return answer

    async def _of_server(self, asked: Asked) -> Answer | None:
        """Return what is told of the server itself, None for a file's path."""
        if asked.path == "healthz":
            return text_answer(HTTPStatus.OK, "ok\n", Outcome.HIT)
        if asked.path == "readyz":
            reasons = await self._readiness.reasons()
            status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
            text = "".join(f"{reason}\n" for reason in reasons) or "ready\n"
            return text_answer(status, text, Outcome.HIT)
        if asked.path == "metrics":
            body = await asyncio.to_thread(exposition, self._tree_age())
            headers = [("content-type", CONTENT_TYPE), ("cache-control", "no-store")]
            return Answer(HTTPStatus.OK, headers, body)
        return None

    def _tree_age(self) -> float | None:
        try:
            changed = (self._tree / MARKER).stat().st_mtime
        except OSError:
            return None
        return max(0.0, self._clock.now().timestamp() - changed)

    # Files of the tree.

    async def _tree_answer(self, scope: RequestScope, asked: Asked) -> Answer:
        entry = self._entry(scope.path, asked)
        if entry is not None:
            self._used.add(scope.path)
            return entry_answer(entry, scope.headers)
        if self._origin is None or asked.request is None:
            refused = self._denied.answer(asked.request)
            return (
                self._without(asked, refused) if refused else self._not_carried(asked)
            )
        if not self._rates.allow(address_of(scope, self._trusted)):
            return limited()
        for _ in range(_TRIES):  # it may have been let go again meanwhile
            brought = await self._origin.bring(asked)
            if brought.fate is not Fate.HERE:
                return self._without(asked, brought)
            self._files.changed()
            entry = self._entry(scope.path, asked)
            if entry is not None:
                self._used.add(scope.path)
                return entry_answer(entry, scope.headers, Outcome.MISS)
        return later("the mirror is about to have it\n", 1)

    def _entry(self, path: str, asked: Asked) -> ServedEntry | None:
        found = self._files.get(path)
        if found is None or not found.is_small:  # a large one is opened by its name
            found = self._files.load(path, asked)
        if found is not None or self._merged is None or not asked.is_of_log:
            return found
        return self._merged.held(path, asked)

    async def _merged_answer(
        self, scope: RequestScope, asked: Asked, origin: TreeOrigin
    ) -> Answer:
        """Answer what is merged with an upstream's: fresh, stale while it is asked."""
        merged = self._merged
        assert merged is not None
        found = merged.get(scope.path)
        if found is not None and found.is_fresh:
            return entry_answer(found.entry, scope.headers)
        if found is None and not self._rates.allow(address_of(scope, self._trusted)):
            return limited()
        if found is not None and found.may_be_stale:
            merged.revalidate(scope.path, asked, origin)
            return entry_answer(found.entry, scope.headers)
        brought = await merged.bring(scope.path, asked, origin)
        found = merged.get(scope.path)
        if brought.fate is not Fate.HERE or found is None:
            return self._without(asked, brought)
        return _marked(found.entry, scope.headers, is_stale=brought.is_stale)

    # What is not there.

    def _without(self, asked: Asked, brought: OriginAnswer) -> Answer:
        if brought.fate is Fate.NO:
            return self._not_carried(asked, brought.text)
        if brought.fate is Fate.DENIED:
            contact = f"ask: {self._spec.contact}\n" if self._spec.contact else ""
            text = f"{brought.text}{contact}"
            return text_answer(HTTPStatus.FORBIDDEN, text, Outcome.DENIED)
        if brought.fate is Fate.LATER:
            return later(brought.text, brought.retry_after_seconds)
        return text_answer(HTTPStatus.BAD_GATEWAY, brought.text, Outcome.ERROR)

    def _not_carried(self, asked: Asked, text: str = "") -> Answer:
        carried, contact = self._carried(asked), self._spec.contact
        body = not_carried_text(asked.request, carried, contact, said=text)
        return text_answer(
            HTTPStatus.NOT_FOUND, body, Outcome.NEGATIVE, cache_control=NOT_FOUND
        )

    def _carried(self, asked: Asked) -> Sequence[str]:
        """Return the module's versions in the tree."""
        if not asked.module:
            return ()
        try:
            data = self._files.read_text(of_module(asked.module).list)
            return () if data is None else parse_list(data)
        except GosyncError:
            return ()


def _versions(paths: Iterable[str]) -> Iterator[ModuleVersion]:
    """Yield the module versions that some URL paths are files of."""
    for path in paths:
        asked = read_path(path)
        request = None if asked is None else asked.request
        if request is not None and request.kind in _OF_VERSIONS:
            yield ModuleVersion(request.module, request.version)


def _marked(entry: ServedEntry, headers: RequestHeaders, *, is_stale: bool) -> Answer:
    outcome = Outcome.STALE if is_stale else Outcome.MISS
    answer = entry_answer(entry, headers, outcome)
    if not is_stale:
        return answer
    return msgspec.structs.replace(answer, headers=[*answer.headers, _STALE])
