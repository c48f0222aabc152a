"""Section ``[serve]``, made into what the server needs to know."""

from __future__ import annotations

from functools import partial
from ipaddress import ip_address
from pathlib import Path

import msgspec
from msgspec.structs import replace

from gosync.config.durations import parse_duration
from gosync.config.mistakes import Mistakes
from gosync.config.places import ConfigPaths
from gosync.config.schema import DAY_SECONDS, ReadRuleSection, ServeSection
from gosync.config.sizes import parse_size
from gosync.errors import ConfigError, MalformedError
from gosync.site.rules import (
    EVERY_VERSION,
    Pick,
    VersionRule,
    check_pattern,
    parse_exclusion,
    parse_since,
    parse_versions,
)

DEFAULT_PORT = 8080


class TlsFiles(msgspec.Struct, frozen=True):
    """Files of TLS, PEM.

    Attributes:
        certificate: The server's certificate and what leads to its root.
        key: Its key, PKCS#8.
        client_ca: Who signs clients' certificates; None to ask for none.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None


class ReadRule(msgspec.Struct, frozen=True):
    """Who may read some modules.

    Attributes:
        modules: GOPRIVATE patterns.
        users: Names of logins; "*" for everybody, login or not.
    """

    modules: tuple[str, ...]
    users: tuple[str, ...]


class UploadRule(msgspec.Struct, frozen=True):
    """Who may upload versions of some private modules.

    Attributes:
        modules: GOPRIVATE patterns.
        users: Names of logins.
    """

    modules: tuple[str, ...]
    users: tuple[str, ...]


class PullSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What is pulled through.

    Attributes:
        allow: GOPRIVATE patterns of what may be; empty for everything.
        deny: Patterns of what may not be, whatever ``allow`` says.
        versions: Which versions may be.
        fresh_seconds: How long an upstream's list is good.
        keep_days: How long what was pulled is kept after it was asked for last; None
            for ever.
        max_bytes: How much of it is kept; None for no limit.
        hold_seconds: How long a client waits for all but a zip.
        zip_hold_seconds: How long it waits for a zip.
        concurrency: The most requests to one upstream at once.
        max_head_seconds: How old the newest tree head may be.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    versions: VersionRule = EVERY_VERSION
    fresh_seconds: float = 60
    keep_days: float | None = None
    max_bytes: int | None = None
    hold_seconds: float = 25
    zip_hold_seconds: float = 600
    concurrency: int = 64
    max_head_seconds: float = DAY_SECONDS


class ServeSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How a tree is served.

    Attributes:
        host: The address to listen at.
        port: The port; 0 for any that is free.
        workers: How many processes answer.
        memory_bytes: How much of the tree each of them keeps in memory.
        immutable_days: How long caches may keep what never changes.
        access_log: A file, "-" for standard output, "" for none.
        access_log_format: "json" or "combined".
        contact: Whom a message tells people to ask, "" for nobody.
        tls: The files of TLS, None for plain HTTP.
        logins: The file of hashed credentials, None for no logins.
        rules: Who may read what; the first that names a module decides.
        uploads: Who may upload what.
        max_upload_bytes: The largest zip that is taken so.
        trusted_proxies: Peers whose X-Forwarded-For is believed.
        misses_per_minute: How often one client may ask for what is not here, and for
            lists; 0 for no limit.
        stop_seconds: How long a stop waits for what is under way.
        max_head_seconds: How old the tree's head may be, None for any age.
        pull: What is pulled through, None for nothing.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    workers: int = 2
    memory_bytes: int = 64 << 20
    immutable_days: float = 365
    access_log: str = ""
    access_log_format: str = "json"
    contact: str = ""
    tls: TlsFiles | None = None
    logins: Path | None = None
    rules: tuple[ReadRule, ...] = ()
    uploads: tuple[UploadRule, ...] = ()
    max_upload_bytes: int = 500 << 20
    trusted_proxies: tuple[str, ...] = ()
    misses_per_minute: int = 0
    stop_seconds: float = 30
    max_head_seconds: float | None = None
    pull: PullSpec | None = None


def make_serve(
    section: ServeSection, places: ConfigPaths, mistakes: Mistakes, *, contact: str
) -> ServeSpec:
    """Return how the tree is served; mistakes are noted.

    Args:
        section: The section.
        places: Where its paths count from.
        mistakes: Takes what is wrong.
        contact: Whom to ask, where the section does not say.
    """
    host, port = mistakes.attempt(
        ("serve", "listen"), partial(parse_listen, section.listen), ("", 0)
    )
    memory = mistakes.attempt(
        ("serve", "memory"), partial(parse_size, section.memory), 0
    )
    is_file = section.access_log not in ("", "-")
    log = section.access_log
    if is_file:
        log = str(places.path(("serve", "access_log"), section.access_log))
    max_head = mistakes.attempt(
        ("serve", "max_head_age"),
        lambda: _seconds(section.max_head_age) if section.max_head_age else None,
        None,
    )
    return ServeSpec(
        host=host,
        port=port,
        workers=section.workers,
        memory_bytes=memory,
        immutable_days=section.immutable_days,
        access_log=log,
        access_log_format=section.access_log_format,
        contact=section.contact or contact,
        tls=_tls(section, places, mistakes),
        logins=places.optional(("serve", "logins"), section.logins),
        rules=_rules(section, mistakes),
        uploads=_uploads(section, mistakes),
        max_upload_bytes=mistakes.attempt(
            ("serve", "max_upload"), partial(parse_size, section.max_upload), 0
        ),
        trusted_proxies=_addresses(section.trusted_proxies, mistakes),
        misses_per_minute=section.misses_per_minute,
        stop_seconds=mistakes.attempt(
            ("serve", "stop_time"), partial(_seconds, section.stop_time), 30.0
        ),
        max_head_seconds=max_head,
        pull=_pull(section, mistakes, max_head) if section.pull_through else None,
    )


def parse_listen(text: str) -> tuple[str, int]:
    """Parse HOST:PORT, :PORT, or an IPv6 address in brackets with a port.

    Raises:
        ConfigError: it is neither.
    """
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else -1
    if not colon or not 0 <= number < 1 << 16 or (":" in host and not is_bracketed):
        raise ConfigError(
            f"is {text!r}", hint="write HOST:PORT, like 127.0.0.1:8080 or [::1]:8080"
        )
    return (host[1:-1] if is_bracketed else host) or "0.0.0.0", number  # noqa: S104 - ":PORT" means it


def _tls(
    section: ServeSection, places: ConfigPaths, mistakes: Mistakes
) -> TlsFiles | None:
    certificate = places.optional(("serve", "tls_certificate"), section.tls_certificate)
    key = places.optional(("serve", "tls_key"), section.tls_key)
    client_ca = places.optional(("serve", "tls_client_ca"), section.tls_client_ca)
    if certificate is None and key is None and client_ca is None:
        return None
    if certificate is None or key is None:
        error = ConfigError("tls_certificate and tls_key belong together")
        mistakes.add(("serve", "tls_certificate"), error)
        return None
    return TlsFiles(certificate, key, client_ca)


def _rules(section: ServeSection, mistakes: Mistakes) -> tuple[ReadRule, ...]:
    if section.rule and not section.logins:
        error = ConfigError(
            "rules need a file of logins", hint="set logins = FILE, or drop the rules"
        )
        mistakes.add(("serve", "rule"), error)
    return tuple(
        _rule(number, each, mistakes) for number, each in enumerate(section.rule, 1)
    )


def _rule(number: int, section: ReadRuleSection, mistakes: Mistakes) -> ReadRule:
    key = ("serve", "rule", number, "modules")
    for pattern in section.modules:
        _check_pattern(key, pattern, mistakes)
    return ReadRule(tuple(section.modules), tuple(section.users))


def _uploads(section: ServeSection, mistakes: Mistakes) -> tuple[UploadRule, ...]:
    if section.upload and not (section.logins and section.pull_through):
        error = ConfigError(
            "uploads need a file of logins, and pull_through = true",
            hint="whoever uploads is known by a login, and the process that pulls"
            " takes it in",
        )
        mistakes.add(("serve", "upload"), error)
    for number, each in enumerate(section.upload, start=1):
        for pattern in each.modules:
            _check_pattern(("serve", "upload", number, "modules"), pattern, mistakes)
        if "*" in each.users or not each.users:
            error = ConfigError("must name the logins")
            mistakes.add(("serve", "upload", number, "users"), error)
    return tuple(UploadRule(each.modules, each.users) for each in section.upload)


def _check_pattern(
    key: tuple[str | int, ...], pattern: str, mistakes: Mistakes
) -> None:
    try:
        check_pattern(str(key[-1]), pattern, pattern)
    except MalformedError as exc:
        mistakes.add(key, ConfigError(str(exc)))


def _addresses(texts: tuple[str, ...], mistakes: Mistakes) -> tuple[str, ...]:
    for text in texts:
        try:
            ip_address(text)
        except ValueError:
            error = ConfigError(f"{text!r} is no IP address")
            mistakes.add(("serve", "trusted_proxies"), error)
    return tuple(texts)


def _seconds(text: str) -> float:
    return parse_duration(text).total_seconds()


def _pull(
    section: ServeSection, mistakes: Mistakes, max_head_seconds: float | None
) -> PullSpec:
    for name in ("allow", "deny"):
        for pattern in getattr(section, name):
            _check_pattern(("serve", name), pattern, mistakes)
    return PullSpec(
        allow=tuple(section.allow),
        deny=tuple(section.deny),
        versions=_versions(section, mistakes),
        concurrency=section.concurrency,
        max_head_seconds=max_head_seconds or DAY_SECONDS,
        fresh_seconds=section.fresh_seconds,
        keep_days=mistakes.attempt(
            ("serve", "keep"), partial(_keep_days, section.keep), None
        ),
        max_bytes=mistakes.attempt(
            ("serve", "max_bytes"),
            lambda: parse_size(section.max_bytes) if section.max_bytes else None,
            None,
        ),
    )


def _keep_days(text: str) -> float | None:
    if not text:
        return None
    word, _, duration = text.strip().partition(" ")
    if word != "unused" or not duration:
        raise ConfigError(f"is {text!r}", hint='write "unused 90d"')
    return parse_duration(duration).total_seconds() / DAY_SECONDS


def _versions(section: ServeSection, mistakes: Mistakes) -> VersionRule:
    exclude = (
        mistakes.attempt(("serve", "exclude", n), partial(parse_exclusion, text), None)
        for n, text in enumerate(section.exclude, start=1)
    )
    rule = mistakes.attempt(
        ("serve", "versions"), partial(parse_versions, section.versions), EVERY_VERSION
    )
    if rule.pick is not Pick.ALL:
        error = ConfigError(f"{section.versions!r} picks by number; write a range")
        mistakes.add(("serve", "versions"), error)
    max_zip = mistakes.attempt(
        ("serve", "max_zip"),
        lambda: parse_size(section.max_zip) if section.max_zip else None,
        None,
    )
    return replace(
        rule,
        prereleases=section.prereleases,
        pseudo=section.pseudo,
        exclude=tuple(each for each in exclude if each is not None),
        min_age_days=section.min_age,
        since=mistakes.attempt(
            ("serve", "since"),
            lambda: parse_since(section.since) if section.since else "",
            "",
        ),
        max_zip_bytes=max_zip,
    )
