"""The JSON of ``.info`` files and of ``@latest``.

    {"Version": "v1.2.3", "Time": "2019-01-02T15:04:05Z", "Origin": {...}}

Read the way Go reads it: keys in any case, the last of equal ones wins, unknown
keys are ignored, ``null`` leaves a field unset, a value of another type is an
error, and so is anything after the object. ``Time`` may be missing but not
empty: it must be RFC 3339. Bytes that are not UTF-8 become U+FFFD.

Two things are stricter. Without a ``Version`` there is no answer to use, so
that is an error here, where Go notices later; and Python has no year 0.

Nothing in the file is authenticated, and it may change over time; keep the
bytes as served, and let callers compare the version with the one they asked
for. Limit: 16 MiB.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import msgspec

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.unicode import fold
from gosync.pattern import compile_on_use

MAX_INFO_BYTES = 16 << 20

_WHAT = "version info"
_HASH = compile_on_use("[0-9a-f]{7,64}")
_SURROGATE = compile_on_use("[\ud800-\udfff]")
# Go's parser is a little wider than RFC 3339: "T5:04:05", "," for ".", "+24:60".
_TIME = compile_on_use(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?"
    r"(?:Z|([+-])(\d\d):(\d\d))",
    re.ASCII,
)


class Origin(msgspec.Struct, frozen=True):
    """Where a proxy says it took a version from; "" where it says nothing.

    Attributes:
        vcs: The version control system, like ``git``.
        url: The repository.
        subdir: The module's folder in it.
        hash: The commit.
        tag_prefix: What tags of this module begin with.
        tag_sum: A checksum over the tags that the answer depends on.
        ref: The name that led to the commit; it may move.
        repo_sum: A checksum over all refs.
    """

    vcs: str = ""
    url: str = ""
    subdir: str = ""
    hash: str = ""
    tag_prefix: str = ""
    tag_sum: str = ""
    ref: str = ""
    repo_sum: str = ""


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """What a proxy says about one version.

    Attributes:
        version: The version; callers check that it is the one they asked for.
        time: When its commit was made, aware, cut to microseconds; or None.
        origin: Where it came from, or None.
        raw: The bytes as served, b"" for one that we made.
        name: The commit's hash where "Name" is one, as with the first proxies.
    """

    version: str
    time: datetime | None = None
    origin: Origin | None = None
    raw: bytes = field(default=b"", repr=False, compare=False)
    name: str = field(default="", compare=False)

    @property
    def commit(self) -> str:
        """The commit that the version is of, "" where nothing says so."""
        return (self.origin.hash if self.origin is not None else "") or self.name


_ORIGIN_KEYS = {
    "VCS": "vcs",
    "URL": "url",
    "Subdir": "subdir",
    "Hash": "hash",
    "TagPrefix": "tag_prefix",
    "TagSum": "tag_sum",
    "Ref": "ref",
    "RepoSum": "repo_sum",
}
_ORIGIN_FIELDS = {fold(key): name for key, name in _ORIGIN_KEYS.items()}


class _Object(list[tuple[str, object]]):
    """A JSON object with its keys in order, equal ones included."""


def parse_info(data: bytes) -> VersionInfo:
    """Parse an ``.info`` file or an ``@latest`` answer.

    Raises:
        MalformedError: Not such JSON, a field of a wrong type, or no version.
        TooLargeError: More than 16 MiB.
    """
    if len(data) > MAX_INFO_BYTES:
        raise TooLargeError(_WHAT, limit_bytes=MAX_INFO_BYTES)
    version, time, origin, name = "", None, None, ""
    for key, value in _object(_load(data)):
        match fold(key):
            case "version" if value is not None:
                version = _string(value, key)
            case "time" if value is not None:
                time = parse_time(_string(value, key))
            case "origin":
                origin = _origin(value, origin)
            case "name" if isinstance(value, str):
                name = value if _HASH.fullmatch(value) else ""
            case _:
                pass
    if not version:
        _refuse("no Version")
    return VersionInfo(version, time, origin, data, name)


def format_info(info: VersionInfo) -> bytes:
    """Write an ``.info`` file as Go's own proxies do; the inverse of parse_info."""
    document: dict[str, object] = {"Version": info.version}
    if info.time is not None:
        document["Time"] = format_time(info.time)
    if info.origin is not None:
        pairs = (
            (key, getattr(info.origin, name)) for key, name in _ORIGIN_KEYS.items()
        )
        document["Origin"] = {key: value for key, value in pairs if value}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8")


def parse_time(text: str) -> datetime:
    """Parse a time stamp as Go parses RFC 3339, cut to microseconds.

    Raises:
        MalformedError: No time stamp, or of the year 0.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise MalformedError("time", text, "must be RFC 3339")
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    microsecond = int(((match[7] or "") + "000000")[:6])
    try:
        local = datetime(
            year, month, day, hour, minute, second, microsecond, tzinfo=UTC
        )
        return local - _offset(match)
    except (ValueError, OverflowError) as error:
        raise MalformedError("time", text, "out of range") from error


def format_time(time: datetime) -> str:
    """Write an aware time as Go does: UTC, no zeros at the fraction's end."""
    text = time.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "Z"


def _offset(match: re.Match[str]) -> timedelta:
    if match[8] is None:
        return timedelta()
    hours, minutes = int(match[9]), int(match[10])
    if hours > 24 or minutes > 60:
        raise ValueError(match[0])
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if match[8] == "-" else offset


def _load(data: bytes) -> object:
    try:
        return json.loads(
            data.decode("utf-8", "replace"),
            object_pairs_hook=_Object,
            parse_constant=_refuse_constant,
            parse_int=float,  # of any length, which int() refuses
        )
    except (ValueError, RecursionError) as error:
        raise MalformedError(_WHAT, _excerpt(data), "not JSON") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _refuse(reason: str) -> NoReturn:
    raise MalformedError(_WHAT, "", reason)


def _excerpt(data: bytes) -> str:
    return data[:80].decode("utf-8", "replace")


def _object(value: object) -> _Object:
    if not isinstance(value, _Object):
        _refuse("not a JSON object")
    return value


def _string(value: object, key: str) -> str:
    if not isinstance(value, str):
        _refuse(f"{key} is not a string")
    return _SURROGATE.sub("\ufffd", value)


def _origin(value: object, before: Origin | None) -> Origin | None:
    """Read an Origin; a second one adds to the first, as in Go."""
    if value is None:
        return None
    known = before or Origin()
    texts = {name: getattr(known, name) for name in _ORIGIN_FIELDS.values()}
    for key, text in _object(value):
        name = _ORIGIN_FIELDS.get(fold(key))
        if name is not None and text is not None:
            texts[name] = _string(text, key)
    return Origin(**texts)
