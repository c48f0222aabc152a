"""One question over HTTP/2: a status, or how the server ends it."""

from __future__ import annotations

import pytest
from h2.errors import ErrorCodes

from gosync.clock import SystemClock
from gosync.diagnose.doctor.diagnosis import FaultFoundError
from gosync.diagnose.doctor.dialling import SystemResolver
from gosync.diagnose.doctor.lines import LineOpener
from gosync.diagnose.doctor.stagelog import StageLog
from gosync.diagnose.doctor.web import Web
from tests.unit.diagnose.doctor.test_worlds import scene

__all__ = ["scene"]


def _ask(scene, end) -> StageLog:
    url, ca = scene.http2(end)
    environment = {"SSL_CERT_FILE": str(ca)}
    resolver = SystemResolver(timeout_seconds=5)
    opener = LineOpener(environment, resolver, timeout_seconds=5)
    log = StageLog(SystemClock())
    Web(opener, {}).open_as_go(f"{url}/a.example/@v/list", log)
    return log


def _answer(connection) -> None:
    connection.send_headers(1, [(":status", "404")])
    connection.send_data(1, b"not found" * 1500, end_stream=True)


def test_an_answer_is_its_status(scene) -> None:
    log = _ask(scene, _answer)

    assert [each.name for each in log.stages] == ["dns", "tcp", "tls", "http2"]
    assert log.stages[-1].facts == ("404 over HTTP/2",)


def test_a_reset_stream_is_a_fault(scene) -> None:
    with pytest.raises(FaultFoundError) as caught:
        _ask(scene, lambda made: made.reset_stream(1, ErrorCodes.INTERNAL_ERROR))
    assert caught.value.finding.cause == "http.h2_stream"
    assert "INTERNAL_ERROR" in caught.value.finding.text
