from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gosync.store.objects.bucket import Bucket
from gosync.store.objects.location import parse_location
from gosync.store.objects.opening import open_bucket
from gosync.store.objects.options import BucketOptions
from tests.contract.memorybucket import MemoryBucket, MemoryService
from tests.contract.objectstorage import ObjectStorage
from tests.contract.storages import NAMES, Storage, each_storage
from tests.simulator.objectfaults import Fault, ObjectFaults
from tests.simulator.objects import BUCKET, ObjectServer


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module over the storages that its STORAGES names."""
    has_its_own = hasattr(metafunc.module, "storage")
    if "storage" in metafunc.fixturenames and not has_its_own:
        names = getattr(metafunc.module, "STORAGES", NAMES)
        metafunc.parametrize("storage", names, indirect=True)


@pytest.fixture
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param not in {"bucket", "service"}:
        with each_storage(request.param, tmp_path) as storage:
            yield storage
        return
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        if request.param == "service":
            server: ObjectServer = request.getfixturevalue("object_server")
            bucket, fill = _service(server, patch, stack)
        else:
            service = MemoryService()
            bucket, fill = MemoryBucket(service, "store"), _filler(service)
        stored = ObjectStorage(tmp_path, patch, bucket, fill)
        stack.callback(stored.close)
        yield stored


def _filler(service: MemoryService) -> Callable[[bool], None]:
    def fill(yes: bool) -> None:
        service.full = yes

    return fill


def _service(
    server: ObjectServer, patch: pytest.MonkeyPatch, stack: ExitStack
) -> tuple[Bucket, Callable[[bool], None]]:
    """Return a bucket of the server's, and what lets its quota be full."""
    line = stack.enter_context(ObjectFaults(server.url).serving())
    for name, value in server.credentials.items():
        patch.setenv(name, value)
    full = Fault(status=403, code="QuotaExceeded")

    def fill(yes: bool) -> None:
        line.fault = lambda asked: full if yes and asked.method == "PUT" else None

    location = parse_location(f"s3://{BUCKET}/{secrets.token_hex(8)}")
    return open_bucket(location, BucketOptions(endpoint=line.url)), fill
