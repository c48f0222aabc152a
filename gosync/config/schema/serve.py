"""Section of the server: ``[serve]``."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from gosync.config.schema.section import Count, Days, Section


class ReadRuleSection(Section, frozen=True):
    """One ``[[serve.rule]]``: who may read some modules.

    Attributes:
        modules: GOPRIVATE patterns.
        users: Names of logins; "*" is everybody, with a login or without.
    """

    modules: tuple[str, ...]
    users: tuple[str, ...]


class UploadRuleSection(Section, frozen=True):
    """One ``[[serve.upload]]``: who may upload versions of some private modules.

    Attributes:
        modules: GOPRIVATE patterns.
        users: Names of logins.
    """

    modules: tuple[str, ...]
    users: tuple[str, ...]


class ServeSection(Section, frozen=True):
    """``[serve]``: `gosync serve`.

    Attributes:
        listen: HOST:PORT.
        workers: How many processes answer.
        memory: How much of the tree each of them keeps in memory, like "64MiB".
        immutable_days: How long caches may keep what never changes.
        access_log: A file, "-" for standard output, "" for none.
        access_log_format: "json" or "combined".
        contact: A name of before: instead of publish.contact, for the server alone.
        tls_certificate: PEM file of the certificate; "" for plain HTTP.
        tls_key: PEM file of its key, PKCS#8.
        tls_client_ca: Who signs the certificates that clients must show; "" to ask
            for none.
        logins: File of hashed passwords and tokens; "" for no logins.
        rule: Who may read what; the first rule that names a module decides, and
            without one any login.
        upload: Who may upload versions of private modules; needs pull_through.
        max_upload: The largest zip that is taken so, like "100MiB".
        trusted_proxies: IP addresses whose X-Forwarded-For is believed.
        misses_per_minute: How often one client may ask for what is not here, and for
            lists; 0 for no limit.
        stop_time: How long a stop waits for what is under way, like "30s".
        max_head_age: How old the newest tree head may be for /readyz, like "7d"; "" for
            a day where it pulls through, and else for any age.
        pull_through: Whether what is not here is fetched, proven and kept.
        allow: GOPRIVATE patterns of modules that may be pulled; none for all.
        deny: Patterns of modules that may not, whatever allow says.
        versions: A range of versions that may be pulled, like ">=v1.0.0"; or "all".
        prereleases: Whether pre-releases may be.
        pseudo: Whether pseudo-versions may be.
        exclude: Paths, patterns, path@version, path@RANGE that may not be.
        min_age: Days that a version must have been known to the index, or else to
            the server.
        since: Date or time; versions that were known before may not be.
        max_zip: The largest zip that is pulled, like "100MiB"; "" for no limit.
        concurrency: The most requests to one upstream at once, of pulls alone; one that
            has too many gets fewer.
        fresh_seconds: How long an upstream's list is good.
        keep: How long what was pulled is kept after it was asked for last, like
            "unused 90d"; "" for ever.
        max_bytes: How much of it is kept, like "100GiB"; "" for no limit.
        bundle: Whether bundles bring it.
        anonymous: The same as access.anonymous: either of them is enough.
    """

    listen: str = "127.0.0.1:8080"
    workers: Count = 2
    memory: str = "64MiB"
    immutable_days: Days = 365
    access_log: str = ""
    access_log_format: Literal["json", "combined"] = "json"
    contact: str = ""
    tls_certificate: str = ""
    tls_key: str = ""
    tls_client_ca: str = ""
    logins: str = ""
    rule: tuple[ReadRuleSection, ...] = ()
    upload: tuple[UploadRuleSection, ...] = ()
    max_upload: str = "500MiB"
    trusted_proxies: tuple[str, ...] = ()
    misses_per_minute: Annotated[int, msgspec.Meta(ge=0)] = 0
    stop_time: str = "30s"
    max_head_age: str = ""
    pull_through: bool = False
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    versions: str = "all"
    prereleases: bool = True
    pseudo: bool = True
    exclude: tuple[str, ...] = ()
    min_age: Days = 0
    since: str = ""
    max_zip: str = ""
    concurrency: Count = 64
    fresh_seconds: Annotated[float, msgspec.Meta(ge=0)] = 60
    keep: str = ""
    max_bytes: str = ""
    bundle: bool = False
    anonymous: bool = False
