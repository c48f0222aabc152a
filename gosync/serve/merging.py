"""Lists, ``@latest`` and branches: upstream's word and ours, merged and held.

What is merged lies in files below the runtime folder, as in a tree, and how long it is
good goes from a file's time stamp, so that a new owner goes on with it. Where upstream
gives no answer, what is held is good a while longer; where nothing is held, what the
tree says.

    list      what upstream lists and the rules allow, and what the tree lists
    @latest   upstream's, if the rules allow it; else the newest of the merged list
    branch    upstream's; a commit that the tree has an alias of, as the tree says

What the policy denies stays in lists, and is answered 403 with its rule: a list that
left it out would let ``go`` take an older version, and nobody would know why.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Final

from anyio import to_thread

from gosync.errors import (
    GosyncError,
    MalformedError,
    NotFoundError,
    StoreError,
    UpstreamStatusError,
)
from gosync.folder.requests import ProxyRequest, ProxyRequestKind, format_request
from gosync.folder.routes import of_module, revision_of_alias
from gosync.gomod.module import ModuleVersion
from gosync.gomod.versionlist import format_list, newest, parse_list
from gosync.serve.ages import VersionAges
from gosync.serve.held import write_held
from gosync.serve.origin import Fate, OriginAnswer
from gosync.serve.outcomes import (
    NOT_FOUND,
    answer_of_error,
    denied,
    is_definite_no,
)
from gosync.serve.pullrules import PullRules
from gosync.site.applying import denied_of
from gosync.site.site import Site
from gosync.site.treefolder import served_folder
from gosync.store.durable import disk_errors
from gosync.upstream.proxy import ProxyClient

_COMMIT_SECONDS: Final = 3600.0
_STALE_SECONDS: Final = 10.0
_OLD: Final = "+incompatible"
_NOT_THERE: Final = {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}


class Merger:
    """Merges what upstream says with what is carried."""

    def __init__(
        self,
        site: Site,
        proxy: ProxyClient,
        rules: PullRules,
        ages: VersionAges,
        *,
        folder: Path,
        fresh_seconds: float,
    ) -> None:
        self._site, self._proxy = site, proxy
        self._rules, self._ages = rules, ages
        self._tree = served_folder(site.options.tree_path)
        self._folder = folder
        self._fresh_seconds = fresh_seconds

    async def bring(self, request: ProxyRequest) -> OriginAnswer:
        """Bring one of them up to date where it is held.

        Raises:
            StoreError: it cannot be written.
        """
        if reason := self._rules.refusal(request.module):
            return denied(request.module, reason)
        path = format_request(request)
        fresh_seconds = self._fresh_for(request)
        left = self._left(path, fresh_seconds)
        if left > 0:
            return OriginAnswer(Fate.HERE, fresh_seconds=left)
        make = {
            ProxyRequestKind.LIST: self._list,
            ProxyRequestKind.LATEST: self._latest,
            ProxyRequestKind.QUERY: self._query,
        }[request.kind]
        return await self._made(request, path, make, fresh_seconds)

    async def _made(
        self,
        request: ProxyRequest,
        path: str,
        make: Callable[[ProxyRequest], Awaitable[bytes | OriginAnswer]],
        fresh_seconds: float,
    ) -> OriginAnswer:
        try:
            made = await make(request)
        except StoreError:
            raise
        except GosyncError as exc:
            return self._stale(request, path, exc)
        if isinstance(made, OriginAnswer):
            return made
        self._write(path, made)
        return OriginAnswer(Fate.HERE, fresh_seconds=fresh_seconds)

    def _fresh_for(self, request: ProxyRequest) -> float:
        """Return how long an answer is good; a commit names the same one for ever."""
        is_commit = revision_of_alias(f"{request.version}.info") is not None
        return _COMMIT_SECONDS if is_commit else self._fresh_seconds

    # What is asked.

    async def _list(self, request: ProxyRequest) -> bytes | OriginAnswer:
        carried = self._carried(request.module)
        try:
            said = (await self._proxy.versions(request.module)).versions
        except NotFoundError as exc:
            if not carried or not is_definite_no(exc):
                raise
            said = ()
        allowed = await self._allowed(request.module, said)
        return format_list({*allowed, *carried})

    async def _allowed(self, module: str, said: Iterable[str]) -> list[str]:
        """Return those versions that no rule keeps away; the policy is no such rule."""
        allowed = self._rules.allowed(module, said)
        young = await self._ages.refusals(module, allowed)
        return [each for each in allowed if each not in young]

    def _carried(self, module: str) -> list[str]:
        data = self._in_tree(of_module(module).list)
        return [] if data is None else parse_list(data)

    async def _latest(self, request: ProxyRequest) -> bytes | OriginAnswer:
        try:
            said = await self._proxy.latest(request.module)
        except NotFoundError as exc:
            if not is_definite_no(exc):
                raise
        except UpstreamStatusError as exc:
            if exc.status not in _NOT_THERE:
                raise
        else:
            if not await self._refusal(request.module, said.info.version):
                return said.data
        return await self._newest(request.module)

    async def _newest(self, module: str) -> bytes | OriginAnswer:
        """Return the newest version of the merged list, as ``@latest`` says it."""
        commit = None
        try:
            listed = await self._proxy.versions(module)
            said, commit = listed.versions, listed.commit
        except NotFoundError as exc:
            said = ()
            if not self._carried(module):
                return answer_of_error(exc, module)
        allowed = await self._allowed(module, said)
        version = newest({*allowed, *self._carried(module)})
        if version is None and commit and await self._allowed(module, [commit]):
            version = commit
        if version is None:
            return NOT_FOUND
        of_tree = self._in_tree(of_module(module).of_version(version).info)
        if of_tree is not None:
            return of_tree
        return (await self._proxy.info(ModuleVersion(module, version))).data

    async def _query(self, request: ProxyRequest) -> bytes | OriginAnswer:
        known = self._known(request)
        if known is not None:
            return known
        asked = ModuleVersion(request.module, request.version)
        said = await self._proxy.info(asked)
        version = said.info.version
        reason = await self._refusal(request.module, version)
        if not reason:
            found = await to_thread.run_sync(
                denied_of, self._site, request.module, (version,)
            )
            reason = found.get(version, "")
        return denied(f"{asked} ({version})", reason) if reason else said.data

    def _known(self, request: ProxyRequest) -> bytes | None:
        """Return what the tree says for certain: of a commit, and of v2.0.0.

        That is v2.0.0+incompatible where the module's path says nothing of v2.
        """
        if revision_of_alias(f"{request.version}.info"):
            return self._in_tree(format_request(request))
        try:
            routes = of_module(request.module)
            return self._in_tree(routes.of_version(f"{request.version}{_OLD}").info)
        except MalformedError:
            return None

    async def _refusal(self, module: str, version: str) -> str:
        """Return which rule keeps away what upstream has named, "" for none."""
        if reason := self._rules.refusal(module, version):
            return reason
        return await self._ages.refusal(ModuleVersion(module, version), exists=True)

    # What is held.

    def _stale(
        self, request: ProxyRequest, path: str, error: GosyncError
    ) -> OriginAnswer:
        """Answer with what is held or carried, where upstream gives no answer."""
        subject = f"{request.module}@{request.version}".removesuffix("@")
        if is_definite_no(error):
            return answer_of_error(error, subject)
        if self._age(path) is None:
            carried = self._in_tree(path)
            if carried is None:
                return answer_of_error(error, subject)
            self._write(path, carried)
        return OriginAnswer(Fate.HERE, fresh_seconds=_STALE_SECONDS, is_stale=True)

    def _in_tree(self, path: str) -> bytes | None:
        with disk_errors(self._tree):
            try:
                return (self._tree / path).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def _left(self, path: str, fresh_seconds: float) -> float:
        age = self._age(path)
        return 0.0 if age is None or age < 0 else fresh_seconds - age

    def _age(self, path: str) -> float | None:
        """Return how old what is held is, None where nothing is."""
        with disk_errors(self._folder):
            try:
                written = (self._folder / path).stat().st_mtime
            except (FileNotFoundError, NotADirectoryError):
                return None
        return self._site.clock.now().timestamp() - written

    def _write(self, path: str, data: bytes) -> None:
        """Hold something; a power cut may take it, and it is asked for again."""
        write_held(self._folder, path, data)
