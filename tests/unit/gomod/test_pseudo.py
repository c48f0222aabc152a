from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gosync.errors import MalformedError
from gosync.gomod import pseudo

TIME = datetime(2019, 5, 7, 14, 31, 3, tzinfo=UTC)
REV = "cc8cbe209b64"


@pytest.mark.parametrize(
    ("major", "older", "want"),
    [
        ("", "", "v0.0.0-20190507143103-cc8cbe209b64"),
        ("v2", "", "v2.0.0-20190507143103-cc8cbe209b64"),
        ("v1", "v1.2.9", "v1.2.10-0.20190507143103-cc8cbe209b64"),
        ("v1", "v1.2.3-pre", "v1.2.3-pre.0.20190507143103-cc8cbe209b64"),
        (
            "v2",
            "v2.0.99+incompatible",
            "v2.0.100-0.20190507143103-cc8cbe209b64+incompatible",
        ),
    ],
)
def test_the_three_forms_are_made_and_taken_apart(major, older, want) -> None:
    version = pseudo.pseudo_version(major, older, time=TIME, rev=REV)
    assert version == want
    assert pseudo.is_pseudo_version(version)
    assert pseudo.pseudo_version_time(version) == TIME
    assert pseudo.pseudo_version_rev(version) == REV


def test_the_time_is_written_in_utc() -> None:
    local = TIME.astimezone(timezone(timedelta(hours=-8)))
    assert pseudo.pseudo_version("v1", "", time=local, rev=REV).startswith(
        "v1.0.0-20190507143103-"
    )


@pytest.mark.parametrize(
    "version",
    [
        "v1.0.0",
        "v1.0.0-rc-1",
        "v1.2.3-20190507143103-cc8cbe209b64",
        "v1.0.0-0-20190507143103-cc8cbe209b64",
        "v1.0.0-2019050714310-cc8cbe209b64",
        "v1.0.0-20190507143103-cc8cbe20_b64",
        "1.0.0-20190507143103-cc8cbe209b64",
    ],
)
def test_other_versions_are_no_pseudo_versions(version) -> None:
    assert not pseudo.is_pseudo_version(version)
    with pytest.raises(MalformedError):
        pseudo.pseudo_version_rev(version)


def test_digits_that_are_no_time_are_noticed_when_asked_for() -> None:
    version = "v1.0.0-20191301000000-cc8cbe209b64"
    assert pseudo.is_pseudo_version(version)
    with pytest.raises(MalformedError):
        pseudo.pseudo_version_time(version)
