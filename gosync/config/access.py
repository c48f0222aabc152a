"""Sections ``[access]`` and ``[requests]``, made into what the room needs to know."""

from __future__ import annotations

import ipaddress
from functools import partial
from pathlib import Path

import msgspec

from gosync.access.rule import (
    DAY_SECONDS,
    DEFAULT_RULES,
    QUERIES,
    AccessRule,
    Per,
    with_defaults,
)
from gosync.config.durations import parse_duration
from gosync.config.mistakes import Key, Mistakes
from gosync.config.places import ConfigPaths
from gosync.config.schema import AccessRuleSection, AccessSection, RequestsSection
from gosync.errors import ConfigError


class AccessSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How access logs are read.

    Attributes:
        logs: Their names and patterns of names.
        prefix: What the tree is served below.
        inside: The site's own networks, beside the private ones.
        anonymous: Whether nobody's address is kept with what is not carried.
        rules: The rules, default ones too.
        keep_days: How long the lines of sealed days are kept.
        key: The secret key that signs the seals, or None.
    """

    logs: tuple[str, ...] = ()
    prefix: str = ""
    inside: tuple[str, ...] = ()
    anonymous: bool = False
    rules: tuple[AccessRule, ...] = DEFAULT_RULES
    keep_days: float = 180
    key: Path | None = None


class RequestsSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of requests for what is not carried.

    Attributes:
        modules_file: Where approved ones are written, or None.
        key: The secret key that signs an export, or None.
        trust: The public key that must have signed one, or None.
    """

    modules_file: Path | None = None
    key: Path | None = None
    trust: Path | None = None


def make_access(
    section: AccessSection,
    places: ConfigPaths,
    mistakes: Mistakes,
    *,
    anonymous: bool = False,
) -> AccessSpec:
    """Return how access logs are read; mistakes are noted.

    Args:
        section: The section.
        places: Where its paths count from.
        mistakes: Takes what is wrong.
        anonymous: Whether serve.anonymous says what access.anonymous may.
    """
    for number, text in enumerate(section.inside, start=1):
        key = ("access", "inside", number)
        mistakes.attempt(key, partial(_check_network, text), None)
    made = (
        _rule(("access", "rule", number), each, mistakes)
        for number, each in enumerate(section.rule, start=1)
    )
    rules = [rule for rule in made if rule is not None]
    return AccessSpec(
        logs=tuple(str(places.path(("access", "logs"), name)) for name in section.logs),
        prefix=section.prefix,
        inside=tuple(section.inside),
        anonymous=section.anonymous or anonymous,
        rules=with_defaults(rules) if section.default_rules else tuple(rules),
        keep_days=section.keep_days,
        key=places.optional(("access", "key"), section.key),
    )


def make_requests(section: RequestsSection, places: ConfigPaths) -> RequestsSpec:
    """Return what becomes of requests; mistakes are noted."""
    at = "requests"
    return RequestsSpec(
        modules_file=places.optional((at, "modules_file"), section.modules_file),
        key=places.optional((at, "key"), section.key),
        trust=places.optional((at, "trust"), section.trust),
    )


def _rule(
    key: Key, section: AccessRuleSection, mistakes: Mistakes
) -> AccessRule | None:
    query = mistakes.attempt((*key, "query"), partial(_query, section.query), None)
    without = mistakes.attempt(
        (*key, "without"), partial(_query, section.without or "any"), None
    )
    window = mistakes.attempt((*key, "window"), partial(_window, section.window), 0)
    if section.without and (section.per is not Per.ADDRESS or window != DAY_SECONDS):
        error = ConfigError('goes with per = "address" and window = "1d" alone')
        mistakes.add((*key, "without"), error)
        return None
    if query is None or without is None or not window:
        return None
    return AccessRule(
        name=section.name,
        query=query,
        outcome=section.outcome,
        count=section.count,
        window_seconds=window,
        per=section.per,
        distinct=section.distinct,
        about=section.about,
        outside=section.outside,
        unknown_agent=section.unknown_agent,
        without=without if section.without else "",
    )


def _query(text: str) -> str:
    name = text.removeprefix("@")
    if name not in QUERIES:
        raise ConfigError(
            f"{text!r} is no kind of request", hint=f"known: {', '.join(QUERIES)}"
        )
    return name


def _window(text: str) -> int:
    seconds = int(parse_duration(text).total_seconds())
    if not 1 <= seconds <= 31 * DAY_SECONDS:
        raise ConfigError(f"is {text!r}", hint="write from a second to 31 days")
    return seconds


def _check_network(text: str) -> None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError as exc:
        raise ConfigError(
            f"{text!r} is no network", hint='write one like "198.51.100.0/24"'
        ) from exc
