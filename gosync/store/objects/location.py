"""Where a bucket is: ``s3://bucket/prefix``, parsed. Pure.

    LOCATION = SCHEME "://" BUCKET [ "/" PREFIX ]
    SCHEME   = "s3" | "gs" | "az"

BUCKET is what the service allows of all services together: 3 to 63 small letters,
digits, hyphens and dots (of Azure, a container of the account in the environment).
PREFIX is segments with slashes between, none empty, ``.`` or ``..``; a slash at the end
changes nothing. User names, passwords, queries and fragments are refused, and not
repeated in the message: credentials come from the environment, files and roles.
"""

from __future__ import annotations

import re

import msgspec

from gosync.errors import MalformedError
from gosync.pattern import compile_on_use

SCHEMES = ("s3", "gs", "az")
_SCHEME = compile_on_use(r"([a-z0-9]+)://", re.IGNORECASE)
_BUCKET = compile_on_use(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MAX_PREFIX_BYTES = 400  # of the 1024 that a key may have


class BucketLocation(msgspec.Struct, frozen=True):
    """A bucket and a prefix in it.

    Attributes:
        scheme: "s3", "gs" or "az".
        bucket: The bucket's name.
        prefix: What keys begin with, without slashes at its ends; "" for none.
    """

    scheme: str
    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        """Return the location, as ``parse_location`` takes it."""
        return "/".join(filter(None, (f"{self.scheme}://{self.bucket}", self.prefix)))

    def below(self, folder: str) -> BucketLocation:
        """Return the location of a folder in this one."""
        prefix = f"{self.prefix}/{folder}" if self.prefix else folder
        return msgspec.structs.replace(self, prefix=prefix)


def is_location(text: str) -> bool:
    """Whether the text is meant as a bucket, not as a path."""
    match = _SCHEME.match(text)
    return match is not None and match[1].lower() in SCHEMES


def parse_location(text: str) -> BucketLocation:
    """Return the location; the inverse of ``str``.

    Raises:
        MalformedError: it is none; a text that may hold credentials is not quoted.
    """
    scheme, _, rest = text.partition("://")
    if scheme not in SCHEMES:
        raise MalformedError(
            "bucket", _without_secrets(text), "want s3://bucket/prefix"
        )
    if re.search(r"[@?#]", rest):
        raise MalformedError(
            "bucket",
            _without_secrets(text),
            "no user names, queries or fragments: credentials come from the"
            " environment, from files and from roles",
        )
    bucket, _, prefix = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise MalformedError("bucket", text, "its name has letters that none may have")
    prefix = prefix.removesuffix("/")
    if prefix:
        check_key(prefix, limit_bytes=_MAX_PREFIX_BYTES)
    return BucketLocation(scheme, bucket, prefix)


def check_key(key: str, *, limit_bytes: int = 1024) -> None:
    """Check that a key is one.

    Raises:
        MalformedError: it is none.
    """
    segments = key.split("/")
    if any(segment in {"", ".", ".."} for segment in segments):
        raise MalformedError("object key", key, "a segment is empty or dots")
    if not key.isprintable() or len(key.encode("utf-8", "replace")) > limit_bytes:
        raise MalformedError("object key", key, "not printable, or too long")


def _without_secrets(text: str) -> str:
    """Leave out what may be credentials."""
    scheme, mark, rest = text.partition("://")
    return (
        f"{scheme}{mark}…{rest.rpartition('@')[2].partition('?')[0]}" if mark else "…"
    )
