"""Fixtures for all tests, and the guard that keeps them on this machine.

With GOSYNC_TEST_FAIL_ON_SKIP=1 in the environment a test that would be skipped
fails: where everything is installed, a skip is a test that nobody ran.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Generator
from typing import Any

import pytest


def _refuse_foreign_hosts(event: str, args: tuple[Any, ...]) -> None:
    """Let sockets reach loopback only; the marker `network` lifts it."""
    if event != "socket.connect" or not _guard["on"]:
        return
    address = args[1]
    if not isinstance(address, tuple):
        return  # a Unix socket
    try:
        loopback = ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        loopback = address[0] == "localhost"
    if not loopback:
        raise AssertionError(f"a test wanted to connect to {address[0]}")


_guard = {"on": True}
# Commands that tests start find the bytecode of those before them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.addaudithook(_refuse_foreign_hosts)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is left alone with it."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _fail_on_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    report = yield
    _fail_on_skip(report)
    return report


def _fail_on_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get("GOSYNC_TEST_FAIL_ON_SKIP") == "1":
        reason = report.longrepr
        if isinstance(reason, tuple):
            reason = reason[2]
        report.outcome = "failed"
        report.longrepr = f"{reason}\n(and GOSYNC_TEST_FAIL_ON_SKIP=1 is set)"


@pytest.fixture(autouse=True)
def _offline(request: pytest.FixtureRequest):
    _guard["on"] = request.node.get_closest_marker("network") is None
    yield
    _guard["on"] = True


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy or gosync variables of the developer reach a test."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
