"""Assessment of requests outside: what each would bring, before somebody approves it.

A query becomes a version by asking the upstreams as ``go`` does; then its go.mod tells
how many modules it requires, the catalog what was found of it, and an upstream how
large its zip is, where it says so. Nothing is fetched but ``.info`` and ``.mod``, and
nothing of it is kept: what is approved comes through the gate as everything does.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gosync.access.missing import LATEST
from gosync.access.requestfile import CarriedRequest
from gosync.catalog.db import Catalog
from gosync.errors import (
    GosyncError,
    MalformedError,
    NotFoundError,
    UnavailableError,
)
from gosync.gomod import modfile, module
from gosync.gomod.module import ModuleVersion
from gosync.gomod.versionlist import newest
from gosync.site.site import Site
from gosync.site.upstreams import connect
from gosync.upstream.proxy import ProxyClient
from gosync.work.pool import for_each
from gosync.work.progress import Progress

_TILE = "tile/"


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What a request would bring.

    Attributes:
        module: The module path, or a checksum database's name.
        query: What was asked for.
        count: How often.
        version: The version that it is, "" where it is none.
        size_bytes: Its zip's size, None where nobody says.
        requires: How many modules its go.mod requires, None where it was not read.
        findings: What stands open of it, or of its module, and a withdrawal.
        problem: Why there is no version, "" where there is one.
        is_certain: Whether there is none for certain, not for want of an answer.
    """

    module: str
    query: str
    count: int
    version: str = ""
    size_bytes: int | None = None
    requires: int | None = None
    findings: Sequence[str] = ()
    problem: str = ""
    is_certain: bool = False


async def assess(
    site: Site, requests: Sequence[CarriedRequest], progress: Progress
) -> list[Assessment]:
    """Return what each request would bring, in the order of the requests.

    Raises:
        StoreError: the catalog cannot be read.
    """
    found: dict[int, Assessment] = {}
    progress.phase("requests", len(requests))
    async with connect(site) as upstreams:

        async def work(item: tuple[int, CarriedRequest]) -> None:
            at, request = item
            found[at] = await _assess(site.catalog, upstreams.proxy, request)
            progress.advance()

        await for_each(enumerate(requests), work, workers=site.options.concurrency)
    return [found[at] for at in range(len(requests))]


async def _assess(
    catalog: Catalog, proxy: ProxyClient, request: CarriedRequest
) -> Assessment:
    plain = Assessment(module=request.module, query=request.query, count=request.count)
    if request.query.startswith(_TILE):
        problem = "a tile: sync and publish with publish.heads_since, or publish --head"
        return msgspec.structs.replace(plain, problem=problem)
    try:
        module.check_path(request.module)
        version = await _version(proxy, request)
        mv = ModuleVersion(request.module, version)
        parsed = modfile.parse_lax((await proxy.mod(mv)).data)
    except UnavailableError as exc:
        return msgspec.structs.replace(plain, problem=str(exc))
    except GosyncError as exc:
        return msgspec.structs.replace(plain, problem=str(exc), is_certain=True)
    return msgspec.structs.replace(
        plain,
        version=version,
        size_bytes=await _size(proxy, mv),
        requires=len(parsed.require),
        findings=tuple(_findings(catalog, mv)),
    )


async def _version(proxy: ProxyClient, request: CarriedRequest) -> str:
    """Return the version that a query means.

    Raises:
        GosyncError: there is none, or nobody answered.
    """
    if request.query != LATEST:
        mv = ModuleVersion(request.module, request.query)
        return (await proxy.info(mv)).info.version
    listed = await proxy.versions(request.module)
    top = newest(listed.versions)
    if top is not None:
        return top
    return (await proxy.latest(request.module)).info.version


async def _size(proxy: ProxyClient, mv: ModuleVersion) -> int | None:
    try:
        return await proxy.head_zip(mv)
    except (NotFoundError, UnavailableError, MalformedError):
        return None


def _findings(catalog: Catalog, mv: ModuleVersion) -> list[str]:
    found = [
        f"{each.kind.value}: {each.summary}"
        for each in catalog.findings.of_module(mv.path)
        if each.is_open and each.version in {"", mv.version}
    ]
    withdrawal = catalog.withdrawn.get(mv)
    if withdrawal is not None:
        found.append(f"withdrawn: {withdrawal.reason}")
    ruling = catalog.rulings.get(mv)
    if ruling is not None and ruling.is_denied:
        found.append(f"denied by the policy: {ruling.reason}")
    return found
