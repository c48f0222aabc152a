"""Sections of where modules come from: ``[upstream]`` and ``[audit]``."""

from __future__ import annotations

from typing import Annotated

import msgspec

from gosync.catalog.findings import FindingKind
from gosync.config.schema.section import Count, Days, Positive, Section
from gosync.upstream.options import TlsVersion, Trust
from gosync.upstream.route import Order

HOST_PATTERN = "^[a-z0-9][a-z0-9.-]*(:[0-9]+)?$"
RESOLVE_PATTERN = r"^[A-Za-z0-9.-]+=[0-9A-Fa-f.:]+$"
HOST = msgspec.Meta(
    pattern=HOST_PATTERN,
    extra={"form": 'a host in small letters, like "git.corp.example" or with ":8443"'},
)
RESOLVE = msgspec.Meta(
    pattern=RESOLVE_PATTERN, extra={"form": 'HOST=ADDRESS, like "go.corp=10.0.0.7"'}
)


class WindowSection(Section, frozen=True):
    """One ``[[upstream.window]]``: when downloads have a rate of their own.

    Attributes:
        hours: From when to when in daemon.timezone, like "08:00-18:00"; "22:00-06:00"
            lasts over midnight.
        days: On which days it begins, like "mon-fri" or "sat,sun".
        max_rate: How much may come in a second then; "" for any rate.
    """

    hours: str
    days: str = "mon-sun"
    max_rate: str = ""


class UpstreamSection(Section, frozen=True):
    """``[upstream]``: where bytes, names and proofs come from.

    Attributes:
        proxies: A GOPROXY string, or a list of URLs tried in order.
        order: "listed", or "fastest": of proxies that "|" divides, the fastest first.
        authoritative: The proxy whose 404 is final; "" for none.
        private_proxies: Proxies that private names are asked of; none: the first.
        follow: Another gosync, by the URL of its tree or server: modules, index and
            database come from there; without a select, all that it has. "" for none.
        index: The module index's URL; "" for none.
        index_since: Where a pattern begins to read the index; "" for its start.
        keep_index: Whether all of the index is kept in the catalog (some 1 GB of
            proxy.golang.org's), so that a new pattern is answered from there.
        sumdb: GOSUMDB's syntax, or "off".
        timeout_seconds: Deadline for connecting and between two reads.
        connect_timeout_seconds: Deadline for connecting, if that is less.
        stall_timeout_seconds: Deadline between two reads of a body, if that is less.
        zip_timeout_seconds: Deadline for one whole zip.
        max_rate: How much may come in a second, like "2MiB"; "" for any rate.
        window: Hours of the day with a rate of their own.
        monthly_volume: How much may come in a calendar month of daemon.timezone, like
            "50GiB", before zips wait for the next one; "" for any volume.
        concurrency: The most requests at once; a host that has too many gets fewer.
        retries: Tries after the first one that failed.
        retry_delay_seconds: Pause before the first retry; doubles each time.
        http2: Whether to offer HTTP/2 over TLS.
        ca_file: PEM file of further certificate authorities.
        trust: Whose authorities are believed besides: "openssl", or "system" for the
            operating system's own verifier.
        client_cert: PEM file of the certificate that says who we are; "" for none.
        client_key: PEM file of its key, if it is not in the same file.
        tls_min: The oldest version of TLS that is spoken.
        resolve: Addresses of hosts, as "host=address", that no resolver is asked for.
        private: GOPRIVATE patterns: never asked of public sumdb or index.
        list_interval_seconds: Age at which a module's list is asked again;
            absent: every pass without an index, once a day with one.
        probe_versions: Whether the next versions of a module that nobody lists are
            asked for one by one.
    """

    proxies: str | tuple[str, ...] = "https://proxy.golang.org"
    order: Order = Order.LISTED
    authoritative: str = ""
    private_proxies: tuple[str, ...] = ()
    follow: str = ""
    index: str = ""
    index_since: str = ""
    keep_index: bool = False
    sumdb: str = "sum.golang.org"
    timeout_seconds: Positive = 30
    connect_timeout_seconds: Positive = 10
    stall_timeout_seconds: Positive | None = None
    zip_timeout_seconds: Positive = 1800
    max_rate: str = ""
    window: tuple[WindowSection, ...] = ()
    monthly_volume: str = ""
    concurrency: Count = 8
    retries: Annotated[int, msgspec.Meta(ge=0, le=20)] = 3
    retry_delay_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.5
    http2: bool = True
    ca_file: str = ""
    trust: Trust = Trust.OPENSSL
    client_cert: str = ""
    client_key: str = ""
    tls_min: TlsVersion = TlsVersion.TLS_1_2
    resolve: tuple[Annotated[str, RESOLVE], ...] = ()
    private: tuple[str, ...] = ()
    list_interval_seconds: Annotated[float, msgspec.Meta(ge=0)] | None = None
    probe_versions: bool = False


class AuditSection(Section, frozen=True):
    """``[audit]``: how upstreams are asked what became of what is held.

    Attributes:
        budget_per_hour: The most requests that one upstream is sent in an hour.
        bytes_per_hour: When so much came from one in an hour, zips wait.
        interval_days: Age at which an answer is asked for again.
        stale_days: How long we may be behind what upstream has.
        accept: Kinds of findings that never stand open.
        git_hosts: Hosts whose repositories are asked where their tags are.
    """

    budget_per_hour: Annotated[int, msgspec.Meta(ge=1)] = 600
    bytes_per_hour: str = "1GiB"
    interval_days: Days = 7
    stale_days: Days = 1
    accept: tuple[FindingKind, ...] = ()
    git_hosts: tuple[Annotated[str, HOST], ...] = ()
