"""Errors that a catalog keeps as text, and their pages."""

import pytest

from gosync.diagnose.ownerrors import class_of_error
from gosync.diagnose.shipped import shipped_catalogue


@pytest.mark.parametrize(
    ("name", "reason", "failure"),
    [
        (
            "UnavailableError",
            "http://p: cannot connect: Connection refused",
            "network.refused",
        ),
        (
            "UnavailableError",
            "https://p: cannot connect: [Errno -2] Name or service not known",
            "network.dns",
        ),
        (
            "UnavailableError",
            "https://p: cannot connect: [SSL: CERTIFICATE_VERIFY_FAILED] self-signed",
            "tls.unknown_authority",
        ),
        (
            "UpstreamStatusError",
            "http://p/m/@v/v1.0.0.info: 502 Bad Gateway",
            "http.502",
        ),
        ("UpstreamStatusError", "http://p/m/@v/v1.0.0.info: 521", "http.5xx"),
        ("NotFoundError", "http://p/m/@v/v1.0.0.info: 410 Gone", "http.410"),
        ("NotFoundError", "m@v1.0.0: not in the store", ""),
        ("UpstreamTimeoutError", "http://p: no answer in time", "network.timeout"),
        (
            "UpstreamTimeoutError",
            "http://p/x: 404 Not Found: fetch timed out",
            "http.404_timeout",
        ),
        (
            "ChecksumMismatchError",
            "m@v1.0.0: the log has h1:a, served was h1:b",
            "sum.sumdb_mismatch",
        ),
        ("NoSuchError", "anything", ""),
        (
            "SignatureError",
            "no signature of s+1: signed by t+2",
            "sum.unknown_key",
        ),
        (
            "SignatureError",
            "the stored tree head: s+1: signature does not verify",
            "sum.bad_signature",
        ),
        ("RollbackError", "tree: its clients know a tree head", "sum.rollback"),
    ],
)
def test_a_kept_error_has_a_class(name, reason, failure):
    assert class_of_error(name, reason) == failure
    if failure:
        assert shipped_catalogue().named(failure).name == failure
