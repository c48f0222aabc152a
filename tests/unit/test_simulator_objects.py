"""The object store of the tests, and the proxy before it, do what tests rely on."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import S3Store

from tests.simulator.objectfaults import CONDITIONS, Fault, ObjectFaults, slow_down
from tests.simulator.objects import BUCKET, ObjectServer, client


@pytest.fixture(scope="module")
def line(object_server: ObjectServer) -> Iterator[ObjectFaults]:
    with ObjectFaults(object_server.url).serving() as line:
        yield line


@pytest.fixture(autouse=True)
def _healthy(line: ObjectFaults) -> None:
    line.clear()


@pytest.fixture
def objects(line: ObjectFaults, request: pytest.FixtureRequest) -> S3Store:
    return client(line.url, prefix=f"line/{request.node.name}", retries=0)


def test_objects_are_put_once_and_swapped_by_whoever_saw_the_last(
    objects: S3Store,
) -> None:
    obstore.put(objects, "a", b"1", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.put(objects, "a", b"2", mode="create")
    seen = obstore.head(objects, "a")["e_tag"]
    assert seen is not None
    obstore.put(objects, "a", b"2", mode={"e_tag": seen})
    with pytest.raises(PreconditionError):
        obstore.put(objects, "a", b"3", mode={"e_tag": seen})
    assert bytes(obstore.get(objects, "a").bytes()) == b"2"


def test_of_many_who_create_one_wins(objects: S3Store) -> None:
    def create(number: int) -> bool:
        try:
            obstore.put(objects, "one", b"%d" % number, mode="create")
        except AlreadyExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(16))) == 1


def test_a_service_that_forgets_conditions_overwrites(
    objects: S3Store, line: ObjectFaults
) -> None:
    line.forgets = CONDITIONS
    obstore.put(objects, "a", b"1", mode="create")
    obstore.put(objects, "a", b"2", mode="create")
    assert bytes(obstore.get(objects, "a").bytes()) == b"2"


def test_whoever_has_no_signature_gets_objects_and_no_list(
    object_server: ObjectServer, objects: S3Store
) -> None:
    obstore.put(objects, "v1.0.0+incompatible.mod", b"plus")
    url = f"{object_server.url}/{BUCKET}/{objects.prefix}"
    for name in ("v1.0.0+incompatible.mod", "v1.0.0%2Bincompatible.mod"):
        with urllib.request.urlopen(f"{url}/{name}") as answer:
            assert answer.read() == b"plus"
    for absent in (f"{url}/v1.0.0%20incompatible.mod", f"{object_server.url}/{BUCKET}"):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(absent)


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [
        (slow_down(), False),
        (Fault(refused=True), False),
        (Fault(unanswered=True), True),
    ],
    ids=["throttled", "refused", "unanswered"],
)
def test_a_request_fails_before_or_after_it_is_done(
    objects: S3Store, line: ObjectFaults, fault: Fault, *, is_done: bool
) -> None:
    line.fault = lambda asked: fault if asked.method == "PUT" else None
    with pytest.raises(BaseError):
        obstore.put(objects, "a", b"1")
    line.clear()
    if is_done:
        assert bytes(obstore.get(objects, "a").bytes()) == b"1"
    else:
        with pytest.raises(FileNotFoundError):
            obstore.head(objects, "a")
    (asked,) = line.asked
    assert asked.key == f"{BUCKET}/{objects.prefix}/a"


def test_a_body_is_cut_in_its_middle(objects: S3Store, line: ObjectFaults) -> None:
    obstore.put(objects, "a", b"1234567890" * 10)
    line.fault = lambda asked: Fault(cut_after=7) if asked.method == "GET" else None
    with pytest.raises(BaseError):
        obstore.get(objects, "a").bytes()
    assert [asked.kind for asked in line.asked] == ["PUT a", "GET a"]
    assert line.asked[0].size == 100
