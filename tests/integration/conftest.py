"""Fixtures of tests that run gosync whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulator.objectfaults import ObjectFaults
from tests.simulator.objects import ObjectServer


@pytest.fixture(scope="module")
def line(object_server: ObjectServer) -> Iterator[ObjectFaults]:
    """What is between gosync and the object store: it fails when a test says so."""
    with ObjectFaults(object_server.url).serving() as line:
        yield line
