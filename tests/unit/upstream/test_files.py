from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gosync.errors import (
    MalformedError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
    UpstreamStatusError,
)
from tests.unit.upstream.conftest import Sinks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gosync.upstream.http import Fetcher


async def test_a_file_is_an_answer(fetcher: Fetcher, tmp_path: Path) -> None:
    (tmp_path / "a !b").write_bytes(b"hello")
    url = f"file://{tmp_path}/a%20%21b"
    got = await fetcher.get(url, limit_bytes=5)
    assert (got.body, got.status, got.url, got.headers) == (b"hello", 200, url, {})
    assert got.served.size_bytes == 5
    assert got.served.framed
    assert (await fetcher.head(url)).headers["content-length"] == "5"


async def test_a_large_file_comes_in_pieces(fetcher: Fetcher, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "a").write_bytes(data)
    sinks = Sinks()
    await fetcher.download(f"file://{tmp_path}/a", sinks, limit_bytes=len(data))
    assert (sinks.made, sinks.got) == (1, data)


@pytest.mark.parametrize("name", ["none", "none/a", "file/a"])
async def test_no_file_is_a_definite_no(
    fetcher: Fetcher, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotFoundError):
        await fetcher.get(f"file://{tmp_path}/{name}", limit_bytes=5)
    with pytest.raises(NotFoundError):
        await fetcher.head(f"file://{tmp_path}/{name}")


async def test_a_file_beyond_the_limit_is_too_large(
    fetcher: Fetcher, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"123456")
    with pytest.raises(TooLargeError):
        await fetcher.get(f"file://{tmp_path}/a", limit_bytes=5)


async def test_a_file_that_only_claims_to_be_empty_is_counted_too(
    fetcher: Fetcher,
) -> None:
    with pytest.raises(TooLargeError):
        await fetcher.get("file:///proc/self/maps", limit_bytes=5)


async def test_what_is_no_regular_file_is_dont_know(
    fetcher: Fetcher, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UnavailableError):
            await fetcher.get(f"file://{path}", limit_bytes=5, retries=0)


@pytest.fixture
def without_privileges() -> Iterator[None]:
    """Root may read everything, so be somebody else meanwhile."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield
    if root:
        os.seteuid(0)


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_bytes(b"x")
    file.chmod(0)
    return file


async def test_a_file_that_may_not_be_read_is_a_403(
    secret_file: Path, fetcher: Fetcher, without_privileges: None
) -> None:
    with pytest.raises(UpstreamStatusError) as caught:
        await fetcher.get(f"file://{secret_file}", limit_bytes=5)
    assert caught.value.status == 403


async def test_names_that_no_system_allows_are_handled(
    fetcher: Fetcher, tmp_path: Path
) -> None:
    with pytest.raises(MalformedError):
        await fetcher.get(f"file://{tmp_path}/%00", limit_bytes=5)
    with pytest.raises(UnavailableError):
        await fetcher.get(f"file://{tmp_path}/{'a' * 5000}", limit_bytes=5, retries=0)
