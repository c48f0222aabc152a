"""What obstore says of a service's answers becomes errors that say what to do."""

from __future__ import annotations

import pytest
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    GenericError,
    PermissionDeniedError,
    PreconditionError,
)

from gosync.errors import (
    BucketAwayError,
    BucketConnectionError,
    BucketDeniedError,
    BucketThrottledError,
    MalformedError,
    NoSpaceError,
    ObjectChangedError,
    ObjectMissingError,
    StoreError,
    UsageError,
)
from gosync.store.objects import opening
from gosync.store.objects.failures import failure_of
from gosync.store.objects.location import BucketLocation, parse_location
from gosync.store.objects.options import BucketOptions
from gosync.store.objects.sharedfile import shared_credentials


def answer(status: str, code: str = "", sentence: str = "") -> str:
    body = f"<Error><Code>{code}</Code><Message>{sentence}</Message></Error>"
    return (
        "Generic S3 error: Error performing PUT http://host/bucket/key in 1ms - Server"
        f" returned non-2xx status code: {status} Word: {body if code else ''}"
        "\n\nDebug source:\nGeneric { secret 503 QuotaExceeded }"
    )


UNMADE = (
    "Generic S3 error: Error performing GET http://host/b/k in 5s, after 3 retries,"
    " max_retries: 3, retry_timeout: 20s  - HTTP error: error sending request\n\n"
    "Debug source:\n{}"
)
BROKEN = (
    "Generic S3 error: Error performing GET http://host/b/k in 5ms - HTTP error: error"
    " sending request\n\nDebug source:\n{}"
)


BROKEN_LATER = UNMADE.replace("after 3 retries", "after 1 retries")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (AlreadyExistsError("x"), ObjectChangedError, "meanwhile"),
        (PreconditionError("x"), ObjectChangedError, "meanwhile"),
        (FileNotFoundError(answer("404", "NoSuchKey")), ObjectMissingError, "no such"),
        (FileNotFoundError(answer("404", "NoSuchBucket")), BucketAwayError, "bucket"),
        (
            PermissionDeniedError(answer("403", "AccessDenied", "No.")),
            BucketDeniedError,
            "AccessDenied: No.",
        ),
        (PermissionDeniedError(answer("403", "QuotaExceeded")), NoSpaceError, "Quota"),
        (GenericError(answer("507", "XMinioStorageFull")), NoSpaceError, "Full"),
        (GenericError(answer("503", "SlowDown")), BucketThrottledError, "fewer"),
        (GenericError(answer("429")), BucketThrottledError, "status 429"),
        (GenericError(answer("500", "InternalError")), BucketAwayError, "failed"),
        (GenericError(answer("501", "NotImplemented")), StoreError, "NotImplemented"),
        (GenericError(answer("301", "PermanentRedirect")), StoreError, "Redirect"),
        (
            GenericError(BROKEN_LATER.format("Connection reset")),
            BucketConnectionError,
            "connection reset",
        ),
        (
            GenericError(UNMADE.format("Connection refused")),
            BucketAwayError,
            "connection refused",
        ),
        (GenericError(UNMADE.format("dns error")), BucketAwayError, "not known"),
        (
            GenericError(UNMADE.format("invalid peer certificate: UnknownIssuer")),
            BucketAwayError,
            "certificate",
        ),
        (
            GenericError(UNMADE.replace("host", "169.254.169.254")),
            BucketDeniedError,
            "no credentials",
        ),
        (
            GenericError(answer("403").replace("host", "169.254.169.254")),
            BucketDeniedError,
            "no credentials",
        ),
        (
            GenericError(BROKEN.format("Connection reset by peer")),
            BucketConnectionError,
            "connection reset",
        ),
    ],
)
def test_each_failure_has_its_class_and_says_why(
    error: BaseError | OSError, kind: type[StoreError], said: str
) -> None:
    found = failure_of("s3://bucket/key", error)
    assert type(found) is kind
    assert said in str(found)
    assert "secret" not in str(found)
    if kind not in {ObjectChangedError, ObjectMissingError}:
        assert found.hint


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("s3://bucket", BucketLocation("s3", "bucket")),
        ("s3://bucket/", BucketLocation("s3", "bucket")),
        ("s3://my.bucket-1/a/b/", BucketLocation("s3", "my.bucket-1", "a/b")),
        ("gs://bucket/a", BucketLocation("gs", "bucket", "a")),
        ("az://container/a", BucketLocation("az", "container", "a")),
    ],
)
def test_a_location_is_parsed_and_formatted(text: str, want: BucketLocation) -> None:
    assert parse_location(text) == want
    assert parse_location(str(want)) == want


@pytest.mark.parametrize(
    "text",
    [
        *("http://bucket/a", "s3:/bucket", "s3://", "s3://b", "s3://Bucket/a"),
        *("s3://bucket//a", "s3://bucket/../a", "s3://bucket/a\n", "s3://-ab/c"),
        *("s3://key:hunter2@bucket/a", "s3://bucket/a?secret=hunter2"),
        *("s3://bucket/a#hunter2", f"s3://bucket/{'a' * 401}", "s3://bucket_x/a"),
    ],
)
def test_what_is_no_location_is_refused_without_its_secrets(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_location(text)
    assert "hunter2" not in str(caught.value)


def test_without_obstore_the_line_that_installs_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError) as caught:
        opening.open_bucket(BucketLocation("s3", "bucket"), BucketOptions())
    assert "pip install 'gosync[s3]'" in str(caught.value.hint)


def test_the_shared_file_has_credentials_by_profile(tmp_path) -> None:
    file = tmp_path / ".aws/credentials"
    file.parent.mkdir()
    file.write_text(
        "[default]\naws_access_key_id = a\naws_secret_access_key = s%cret\n"
        "[other]\naws_access_key_id = b\naws_secret_access_key = t\n"
        "aws_session_token = u\n"
    )
    home = {"HOME": str(tmp_path)}
    default = shared_credentials(home)
    assert default is not None
    assert default()["secret_access_key"] == "s%cret"
    other = shared_credentials({**home, "AWS_PROFILE": "other"})
    assert other is not None
    assert (other()["access_key_id"], other()["token"]) == ("b", "u")
    assert shared_credentials({**home, "AWS_ACCESS_KEY_ID": "x"}) is None
    assert shared_credentials({"HOME": str(tmp_path / "none")}) is None
    absent = shared_credentials({**home, "AWS_PROFILE": "absent"})
    assert absent is not None
    with pytest.raises(BucketDeniedError, match="absent") as caught:
        absent()
    assert "s%cret" not in str(caught.value)
