"""sd_notify's protocol, on a real socket: a path, an abstract name, or nobody."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gosync.daemon.notify import Notifier
from tests.integration.manager import Manager


def test_all_that_is_said_arrives_at_a_path(tmp_path: Path):
    with Manager(tmp_path) as manager:
        notifier = Notifier(manager.environment(watchdog_seconds=2))
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        notifier.ready("started")
        notifier.status("one\ntwo")
        notifier.status("one two")  # said already
        notifier.watchdog()
        notifier.reloading()
        notifier.extend_timeout(1.5)
        notifier.stopping("over")
        manager.wait_for("STOPPING")
        fields = [notice.fields for notice in manager.notices]
    moment = int(fields[3].pop("MONOTONIC_USEC"))

    assert fields == [
        {"READY": "1", "STATUS": "started"},
        {"STATUS": "one two"},
        {"WATCHDOG": "1"},
        {"RELOADING": "1"},
        {"EXTEND_TIMEOUT_USEC": "1500000"},
        {"STOPPING": "1", "STATUS": "over"},
    ]
    assert before <= moment <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_an_abstract_name_is_reached_too():
    with Manager() as manager:
        assert manager.address.startswith("@")
        Notifier(manager.environment()).ready("started")
        assert manager.wait_for("READY").fields["STATUS"] == "started"


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative", "/not/there"])
def test_nobody_listening_is_no_error(address: str):
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.ready("started")
    notifier.watchdog()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "2500000"}, 2.5),
        ({"WATCHDOG_USEC": "2500000", "WATCHDOG_PID": str(os.getpid())}, 2.5),
        ({"WATCHDOG_USEC": "2500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "\u0661"}, None),
    ],
)
def test_the_watchdog_counts_when_it_is_ours(
    environment: dict[str, str], seconds: float | None
):
    assert Notifier(environment).watchdog_seconds == seconds


def test_without_a_watchdog_nothing_feeds_it(tmp_path: Path):
    with Manager(tmp_path) as manager:
        notifier = Notifier(manager.environment())
        notifier.watchdog()
        notifier.ready("started")
        manager.wait_for("READY")
        assert manager.all_of("WATCHDOG") == []
