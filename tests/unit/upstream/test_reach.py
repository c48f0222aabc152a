"""Reach of a mirror's host, and how far a mirror is behind an index."""

from __future__ import annotations

import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gosync.gomod.module import ModuleVersion
from gosync.mirrors.indexlag import IndexLag, NewEvent, index_lag
from gosync.mirrors.reach import reach_host
from gosync.upstream.options import HttpOptions
from tests.unit.upstream.conftest import trusting
from tests.unit.upstream.scriptserver import ScriptServer

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def events(*ages: float) -> tuple[NewEvent, ...]:
    return tuple(
        NewEvent(ModuleVersion(f"a.example/m{each}", "v1.0.0"), at)
        for each, at in enumerate(NOW - timedelta(minutes=age) for age in ages)
    )


async def test_tls_is_told_with_its_version_and_issuer(
    tls_server: ScriptServer, certificate: tuple[Path, Path]
) -> None:
    (one,) = await reach_host(tls_server.url, trusting(certificate), seconds=10)
    assert (one.family, one.ok, one.address) == ("ipv4", True, "127.0.0.1")
    assert one.tls == "TLSv1.3"
    assert one.issuer
    assert one.connect_seconds is not None
    assert one.tls_seconds is not None
    (one,) = await reach_host(tls_server.url, HttpOptions(), seconds=10)
    assert not one.ok
    assert "certificate" in one.reason.lower()


async def test_each_family_is_tried_by_itself(server: ScriptServer) -> None:
    options = HttpOptions(resolve={"both.example": "127.0.0.1"})
    url = f"http://both.example:{server.port}"
    (one,) = await reach_host(url, options, seconds=10)
    assert (one.family, one.ok, one.tls) == ("ipv4", True, "")
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        port = gone.getsockname()[1]
    found = await reach_host(f"http://localhost:{port}", HttpOptions(), seconds=10)
    assert found
    assert not any(each.ok for each in found)
    assert all("refused" in each.reason or each.reason for each in found)


def test_a_mirror_is_behind_by_the_oldest_event_that_it_lacks() -> None:
    new = events(2, 10, 30)
    assert index_lag(new, 0, NOW) == IndexLag(0.0, 2.0)
    assert index_lag(new, 1, NOW) == IndexLag(2.0, 8.0)
    assert index_lag(new, 2, NOW) == IndexLag(10.0, 20.0)
    assert index_lag(new, None, NOW) == IndexLag(30.0, 28.0)
    assert index_lag((), None, NOW) is None
