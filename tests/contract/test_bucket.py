"""What every bucket promises, in memory and with a real service."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gosync.errors import (
    MalformedError,
    ObjectChangedError,
    ObjectMissingError,
    StoreError,
)
from gosync.store.objects.bucket import Bucket, Folder
from gosync.store.objects.location import parse_location
from gosync.store.objects.opening import open_bucket
from gosync.store.objects.options import BucketOptions
from tests.contract.memorybucket import MemoryBucket, MemoryService
from tests.simulator.objects import BUCKET, ObjectServer

Opener = Callable[[str], Bucket]
AWKWARD = "a/b+c d%2F!~@v/é&=;'"


def _remote(url: str, prefix: str) -> Bucket:
    location = parse_location(f"s3://{BUCKET}/{prefix}")
    return open_bucket(location, BucketOptions(endpoint=url))


@pytest.fixture(params=["memory", pytest.param("service", marks=pytest.mark.long)])
def opener(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opener]:
    if request.param == "memory":
        service = MemoryService()
        yield lambda prefix: MemoryBucket(service, prefix)
        return
    server: ObjectServer = request.getfixturevalue("object_server")
    for name, value in server.credentials.items():
        monkeypatch.setenv(name, value)
    own = secrets.token_hex(8)
    yield lambda prefix: _remote(server.url, f"{own}/{prefix}")


@pytest.fixture
def bucket(opener: Opener) -> Bucket:
    return opener("store")


def test_what_is_put_is_read_listed_and_removed(bucket: Bucket) -> None:
    etag = bucket.put("a/b", b"12345")
    assert bucket.get("a/b").data == b"12345"
    assert bucket.get("a/b").etag == etag
    head = bucket.head("a/b")
    assert head is not None
    assert (head.key, head.size_bytes, head.etag) == ("a/b", 5, etag)
    assert list(bucket.list()) == [head]
    bucket.delete(["a/b", "never/there"])
    assert bucket.head("a/b") is None
    assert list(bucket.list()) == []


def test_any_key_comes_back_as_it_is(bucket: Bucket) -> None:
    bucket.put(AWKWARD, b"x")
    assert [info.key for info in bucket.list()] == [AWKWARD]
    assert bucket.get(AWKWARD).data == b"x"
    assert bucket.copy_from(bucket, AWKWARD, f"to/{AWKWARD}")
    assert bucket.get(f"to/{AWKWARD}").data == b"x"
    bucket.delete([AWKWARD])
    assert [info.key for info in bucket.list()] == [f"to/{AWKWARD}"]


@pytest.mark.parametrize("key", ["", "/a", "a//b", "a/", "a/../b", "a\nb", "x" * 1025])
def test_what_is_no_key_is_refused(bucket: Bucket, key: str) -> None:
    for call in (bucket.get, bucket.head, lambda each: bucket.put(each, b"")):
        with pytest.raises(MalformedError):
            call(key)


def test_an_empty_object_is_there(bucket: Bucket) -> None:
    bucket.put("empty", b"")
    assert bucket.get("empty").data == b""
    assert bucket.get_range("empty", 0, 10) == b""
    assert bucket.get_start("empty", 10).data == b""


def test_ranges_end_where_the_object_does(bucket: Bucket) -> None:
    bucket.put("a", b"0123456789")
    assert bucket.get_range("a", 2, 3) == b"234"
    assert bucket.get_range("a", 8, 100) == b"89"
    assert bucket.get_range("a", 10, 5) == bucket.get_range("a", 50, 5) == b""
    assert bucket.get_range("a", 3, 0) == b""


def test_a_start_comes_with_the_size_of_it_all(bucket: Bucket) -> None:
    bucket.put("a", b"0123456789")
    short, whole = bucket.get_start("a", 4), bucket.get_start("a", 100)
    assert (short.data, short.info.size_bytes) == (b"0123", 10)
    assert (whole.data, whole.info) == (b"0123456789", short.info)


def test_what_is_not_there_is_said_so(bucket: Bucket) -> None:
    with pytest.raises(ObjectMissingError, match="nowhere"):
        bucket.get("nowhere")
    for ask in (
        lambda: bucket.get_range("nowhere", 0, 1),
        lambda: bucket.get_start("nowhere", 1),
    ):
        with pytest.raises(ObjectMissingError):
            ask()
    with pytest.raises(ObjectMissingError):
        bucket.copy_from(bucket, "nowhere", "b")
    with pytest.raises(ObjectChangedError):
        bucket.replace("nowhere", b"x", etag='"0"')


def test_what_is_larger_than_wanted_is_not_read(bucket: Bucket) -> None:
    bucket.put("a", b"0123456789")
    with pytest.raises(StoreError, match="limit 9"):
        bucket.get("a", limit_bytes=9)
    assert bucket.get("a", limit_bytes=10).data == b"0123456789"


def test_a_list_has_whole_segments_and_may_begin_in_the_middle(bucket: Bucket) -> None:
    for key in ("a/1", "a/2", "a/b/3", "ab/4", "c"):
        bucket.put(key, b"")
    assert [info.key for info in bucket.list("a")] == ["a/1", "a/2", "a/b/3"]
    assert [info.key for info in bucket.list("a", after="a/1")] == ["a/2", "a/b/3"]
    folder = bucket.list_folder("a")
    assert folder.folders == ("b",)
    assert [info.key for info in folder.objects] == ["a/1", "a/2"]
    assert bucket.list_folder("nowhere") == Folder((), ())
    assert bucket.list_folder().folders == ("a", "ab")


def test_prefixes_keep_to_themselves(opener: Opener) -> None:
    one, other = opener("one"), opener("one-more")
    one.put("a", b"1")
    other.put("a", b"2")
    assert one.get("a").data == b"1"
    assert [info.key for info in one.list()] == ["a"]
    assert one.copy_from(other, "a", "b")
    assert one.get("b").data == b"2"


def test_a_file_and_pieces_are_put(bucket: Bucket, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"of a file")
    bucket.put("file", path, attributes={"Content-Type": "text/plain"})
    bucket.put("pieces", iter([b"of ", b"pieces"]))
    assert bucket.get("file").data == b"of a file"
    assert bucket.get("pieces").data == b"of pieces"


def test_a_large_object_goes_in_parts(bucket: Bucket, tmp_path: Path) -> None:
    data = secrets.token_bytes(9 << 20)
    path = tmp_path / "file"
    path.write_bytes(data)
    bucket.put("large", path)
    assert bucket.get("large").data == data
    assert bucket.get_range("large", (8 << 20) - 2, 4) == data[8388606:8388610]


def test_of_many_who_create_one_does(bucket: Bucket) -> None:
    def create(number: int) -> bool:
        try:
            bucket.create("one", b"%d" % number)
        except ObjectChangedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(16))) == 1


def test_of_many_who_count_none_is_lost(bucket: Bucket) -> None:
    bucket.create("count", b"0 start")

    def count(name: int) -> None:
        done = 0
        while done < 10:
            seen = bucket.get("count")
            number = int(seen.data.split()[0]) + 1
            try:
                bucket.replace("count", b"%d %d" % (number, name), etag=seen.etag)
                done += 1
            except ObjectChangedError:
                continue

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert bucket.get("count").data.startswith(b"40 ")


def test_the_same_bytes_are_no_excuse(bucket: Bucket) -> None:
    first = bucket.create("a", b"same")
    with pytest.raises(ObjectChangedError):
        bucket.create("a", b"same")
    bucket.replace("a", b"other", etag=first)
    with pytest.raises(ObjectChangedError):
        bucket.replace("a", b"other", etag=first)


def test_more_than_one_request_can_name_is_removed(bucket: Bucket) -> None:
    keys = [f"many/{number}" for number in range(1005)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: bucket.put(key, b""), keys))
    assert len(list(bucket.list("many"))) == 1005
    bucket.delete(keys)
    assert list(bucket.list("many")) == []
