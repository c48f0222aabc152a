"""Section ``[upstream]``, made into addresses without secrets, and these apart.

What :class:`Config` keeps of the sections is masked, so that it may be shown.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.config.config import UpstreamSettings
from gosync.config.mistakes import Key, Mistakes
from gosync.config.private import make_private, private_patterns
from gosync.config.schema import (
    FileSchema,
    HooksSection,
    UpstreamSection,
    WindowSection,
)
from gosync.config.sizes import parse_size
from gosync.errors import ConfigError
from gosync.folder.indexfiles import INDEX_FOLDER
from gosync.gomod.patterns import PatternSet
from gosync.sumdb.names import parse_gosumdb
from gosync.upstream.address import (
    MASK,
    Address,
    Logins,
    make_logins,
    parse_address,
    shown_webhook,
)
from gosync.upstream.goproxy import ProxyList, parse_goproxy
from gosync.upstream.route import Routing
from gosync.upstream.windows import RateWindow, parse_days, parse_hours

_INDEX_SCHEMES: Final = ("http://", "https://")


def make_upstreams(sections: FileSchema, mistakes: Mistakes) -> UpstreamSettings:
    """Return who is asked; what is wrong is noted."""
    section = sections.upstream
    follow = mistakes.attempt(
        ("upstream", "follow"), partial(_follow, section), Address("")
    )
    proxies = mistakes.attempt(
        ("upstream", "proxies"),
        partial(parse_goproxy, _proxies(section)),
        parse_goproxy("off"),
    )
    index = mistakes.attempt(
        ("upstream", "index"), partial(_index, section.index), Address("")
    )
    if section.keep_index and not index.url:
        error = ConfigError(
            "needs upstream.index", hint="set upstream.index, or leave keep_index out"
        )
        mistakes.add(("upstream", "keep_index"), error)
    if follow.url:
        index = replace(follow, url=f"{follow.url.rstrip('/')}/{INDEX_FOLDER}")
    database = mistakes.attempt(
        ("upstream", "sumdb"), partial(parse_gosumdb, section.sumdb), None
    )
    known = [*proxies.addresses, *(each for each in (follow, index) if each.url)]
    logins = mistakes.attempt(("upstream",), partial(make_logins, known), Logins())
    routing = _routing(sections, proxies, mistakes)
    windows = tuple(
        _window(number, each, mistakes)
        for number, each in enumerate(section.window, start=1)
    )
    return UpstreamSettings(
        proxies, index, database, logins, routing, windows, follow=follow
    )


def _window(number: int, section: WindowSection, mistakes: Mistakes) -> RateWindow:
    """Return when downloads have a rate of their own; what is wrong is noted."""
    key = ("upstream", "window", number)
    begin, end = mistakes.attempt(
        (*key, "hours"), partial(parse_hours, section.hours), (0, 1)
    )
    days = partial(parse_days, section.days)
    rate = partial(parse_size, section.max_rate or "0")
    return RateWindow(
        days=mistakes.attempt((*key, "days"), days, frozenset()),
        begin=begin,
        end=end,
        per_second=mistakes.attempt((*key, "max_rate"), rate, 0),
    )


def _follow(section: UpstreamSection) -> Address:
    """Return whom to follow; its tree or server is a proxy, too."""
    if not section.follow:
        return Address("")
    if section.index:
        raise ConfigError(
            "excludes upstream.index", hint="the gosync that is followed has its own"
        )
    return parse_address(section.follow)


def _proxies(section: UpstreamSection) -> str | tuple[str, ...]:
    """Return where modules come from: what is followed, unless others are named."""
    is_default = section.proxies == UpstreamSection().proxies
    return section.follow if section.follow and is_default else section.proxies


def _routing(sections: FileSchema, proxies: ProxyList, mistakes: Mistakes) -> Routing:
    """Return who is asked what; a proxy that is no entry of the list is noted."""
    section = sections.upstream
    listed = {address.url.rstrip("/") for address in proxies.addresses}

    def named(key: Key, text: str) -> str:
        url = text.rstrip("/")
        if url and url not in listed:
            error = ConfigError(
                "is not among upstream.proxies",
                hint=f"one of: {', '.join(sorted(listed))}",
            )
            mistakes.add(("upstream", *key), error)
        return url

    return Routing(
        order=section.order,
        private=PatternSet(private_patterns(sections)),
        own=make_private(sections.private, mistakes),
        private_urls=tuple(
            named(("private_proxies", number), each)
            for number, each in enumerate(section.private_proxies, start=1)
        ),
        authoritative=named(("authoritative",), section.authoritative),
    )


def _index(text: str) -> Address:
    if not text:
        return Address("")
    if not text.lower().startswith(_INDEX_SCHEMES):
        raise ConfigError("must be an http or https URL")
    return parse_address(text, may_query=True)


def masked_sections(sections: FileSchema, upstreams: UpstreamSettings) -> FileSchema:
    """Return the sections with ``***`` in the place of each secret."""
    masked, follow = upstreams.proxies.masked, upstreams.follow.masked
    is_array = isinstance(sections.upstream.proxies, tuple)
    upstream = replace(
        sections.upstream,
        proxies=tuple(masked.split(",")) if is_array else masked,
        index="" if follow else upstreams.index.masked,
        follow=follow,
    )
    return replace(sections, upstream=upstream, hooks=_masked_hooks(sections.hooks))


def _masked_hooks(section: HooksSection) -> HooksSection:
    masked = {
        field.name: tuple(map(_masked_hook, value))
        for field in msgspec.structs.fields(HooksSection)
        if isinstance(value := getattr(section, field.name), tuple)
    }
    return replace(section, **masked)


def _masked_hook(text: str) -> str:
    """Return a hook's program, or its URL's host: all else may be a secret."""
    program, space, _ = text.strip().partition(" ")
    if "://" in program or "@" in program:
        return f"{shown_webhook(text)}/{MASK}"
    return f"{program} {MASK}" if space else program
