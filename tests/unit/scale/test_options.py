"""Schedulers as --scheduler names them."""

from __future__ import annotations

import pytest

from gosync.errors import MalformedError
from gosync.scale.options import SchedulerAddress, parse_scheduler


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("local:1", SchedulerAddress(workers=1)),
        ("local:16", SchedulerAddress(workers=16)),
        ("tcp://10.0.0.1:8786", SchedulerAddress(url="tcp://10.0.0.1:8786")),
        ("tls://dask.example:8786", SchedulerAddress(url="tls://dask.example:8786")),
        ("tcp://[::1]:8786", SchedulerAddress(url="tcp://[::1]:8786")),
    ],
)
def test_a_scheduler_is_named(text: str, want: SchedulerAddress):
    assert parse_scheduler(text) == want


@pytest.mark.parametrize(
    "text",
    [
        *("", "local", "local:0", "local:-1", "local:x", "10.0.0.1:8786"),
        *("http://h:1", "tcp://h", "inproc://h:1", "tcp://u:p@h:1", "tcp://h:1/x"),
    ],
)
def test_what_names_none_is_refused(text: str):
    with pytest.raises(MalformedError, match="want local:N"):
        parse_scheduler(text)
