"""One proxy asked again: conditionally, once, and believed only where it may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.errors import (
    NotFoundError,
    TooLargeError,
    UnavailableError,
    UpstreamStatusError,
)
from gosync.upstream.breaker import NEVER_OPEN
from gosync.upstream.http import Fetcher
from gosync.upstream.revisits import Revisits, Validators
from gosync.upstream.source import make_source
from tests.unit.upstream.scriptserver import ScriptServer, answer, redirect

TARGET = "example.com/!m/@v/v1.0.0.mod"
ON_WIRE = "/example.com/%21m/@v/v1.0.0.mod"
DATE = "Wed, 25 Nov 2026 02:45:00 GMT"


def revisits(server: ScriptServer, fetcher: Fetcher, *replies: bytes) -> Revisits:
    url = server.script(ON_WIRE, *replies)
    return Revisits(make_source(url.removesuffix(ON_WIRE), fetcher, NEVER_OPEN))


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({"ETag": 'W/"a"'}, {"if-none-match": 'W/"a"'}),
        ({"Last-Modified": DATE}, {"if-modified-since": DATE}),
        (
            {"ETag": '"a"', "Last-Modified": DATE},
            {"if-none-match": '"a"', "if-modified-since": DATE},
        ),
    ],
)
async def test_what_an_answer_was_marked_with_is_sent_back(
    fetcher: Fetcher,
    server: ScriptServer,
    headers: dict[str, str],
    sent: dict[str, str],
) -> None:
    asked = revisits(
        server, fetcher, answer(b"x", headers=headers), answer(b"", status=304)
    )
    first = await asked.get(TARGET, Validators(), limit_bytes=10)
    assert (first.body, first.changed) == (b"x", True)
    second = await asked.get(TARGET, first.validators, limit_bytes=10)
    assert (second.body, second.changed) == (b"", False)
    assert second.validators == first.validators
    plain, conditional = (request.headers for request in server.requests)
    assert not set(sent) & set(plain)
    assert {name: conditional[name] for name in sent} == sent


async def test_a_changed_file_comes_with_what_marks_it_now(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    asked = revisits(server, fetcher, answer(b"new", headers={"ETag": '"b"'}))
    got = await asked.get(TARGET, Validators('"a"', DATE), limit_bytes=10)
    assert (got.body, got.validators) == (b"new", Validators('"b"'))


async def test_unchanged_is_no_answer_to_who_has_nothing(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    asked = revisits(server, fetcher, answer(b"", status=304))
    with pytest.raises(UpstreamStatusError):
        await asked.get(TARGET, Validators(), limit_bytes=10)


@pytest.mark.parametrize("etag", ["\xe9", "x" * 501])
async def test_a_mark_that_cannot_be_sent_back_is_dropped(
    fetcher: Fetcher, server: ScriptServer, etag: str
) -> None:
    asked = revisits(server, fetcher, answer(b"x", headers={"ETag": etag}))
    got = await asked.get(TARGET, Validators(), limit_bytes=10)
    assert got.validators == Validators()


async def test_nothing_is_tried_twice(fetcher: Fetcher, server: ScriptServer) -> None:
    asked = revisits(server, fetcher, answer(b"", status=503), answer(b"x"))
    with pytest.raises(UpstreamStatusError):
        await asked.get(TARGET, Validators(), limit_bytes=10)
    assert len(server.requests) == 1


async def test_a_definite_no_and_a_limit_are_what_they_are_elsewhere(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    asked = revisits(server, fetcher, answer(b"", status=410), answer(b"x" * 11))
    with pytest.raises(NotFoundError):
        await asked.get(TARGET, Validators(), limit_bytes=10)
    with pytest.raises(TooLargeError):
        await asked.get(TARGET, Validators(), limit_bytes=10)


async def test_a_redirect_is_asked_conditionally_too(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    server.script("/elsewhere", answer(b"", status=304))
    asked = revisits(server, fetcher, redirect("/elsewhere"))
    got = await asked.get(TARGET, Validators('"a"'), limit_bytes=10)
    assert not got.changed
    assert fetcher.traffic.requests == 2


async def test_a_folder_that_is_not_mounted_has_lost_nothing(
    fetcher: Fetcher, tmp_path: Path
) -> None:
    asked = Revisits(make_source(tmp_path.as_uri(), fetcher))
    with pytest.raises(UnavailableError):
        await asked.get(TARGET, Validators(), limit_bytes=10)
    file = tmp_path / TARGET
    file.parent.mkdir(parents=True)
    with pytest.raises(NotFoundError):
        await asked.get(TARGET, Validators(), limit_bytes=10)
    file.write_bytes(b"x")
    assert (await asked.get(TARGET, Validators(), limit_bytes=10)).body == b"x"
