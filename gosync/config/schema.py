"""Schema of gosync.toml: one class a section, one attribute a key.

``schema/config.schema.json`` is generated from these classes, and a test holds
the two together. Unknown keys are errors; ``load`` suggests the nearest one.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from gosync.access.rule import About, Per, RuleOutcome
from gosync.catalog.findings import FindingKind
from gosync.gomod.deps import Deps
from gosync.site.licencerules import UnknownLicence
from gosync.upstream.options import TlsVersion, Trust
from gosync.upstream.route import Order

# The version of the file's format; what it means is never changed under one.
SCHEMA_ID = "urn:gosync:config:1"
Positive = Annotated[float, msgspec.Meta(gt=0)]
Days = Annotated[float, msgspec.Meta(ge=0, le=36_500)]
DAY_SECONDS = 86_400.0
HOST_PATTERN = "^[a-z0-9][a-z0-9.-]*(:[0-9]+)?$"
RESOLVE_PATTERN = r"^[A-Za-z0-9.-]+=[0-9A-Fa-f.:]+$"
Count = Annotated[int, msgspec.Meta(ge=1, le=64)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: immutable, keywords only, no unknown keys."""


class StoreSection(Section, frozen=True):
    """``[store]``: everything gosync owns.

    Attributes:
        path: Folder of catalog, blobs, staging and quarantine.
        min_free: Space that must stay free on its disk, like "1GiB".
    """

    path: str = "./var"
    min_free: str = "1GiB"


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
        index: The module index's URL; "" for none.
        index_since: Where a pattern begins to read the index; "" for its start.
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
    """

    proxies: str | list[str] = "https://proxy.golang.org"
    order: Order = Order.LISTED
    authoritative: str = ""
    private_proxies: list[str] = []
    index: str = ""
    index_since: str = ""
    sumdb: str = "sum.golang.org"
    timeout_seconds: Positive = 30
    connect_timeout_seconds: Positive = 10
    stall_timeout_seconds: Positive | None = None
    zip_timeout_seconds: Positive = 1800
    max_rate: str = ""
    window: list[WindowSection] = []
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
    resolve: list[Annotated[str, msgspec.Meta(pattern=RESOLVE_PATTERN)]] = []
    private: list[str] = []
    list_interval_seconds: Annotated[float, msgspec.Meta(ge=0)] | None = None


class SelectSection(Section, frozen=True):
    """One ``[[select]]``.

    The keys from ``prereleases`` to ``max_zip`` concern selectors without a
    version; what they mean is told by gosync.site.rules.

    Attributes:
        modules: Selectors: paths, path@version, path@latest, patterns.
        modules_file: A file with one selector a line.
        tools: Programs to install, like "golang.org/x/tools/gopls@latest": what
            ``go install`` of each asks for.
        versions: "all", "latest", "latest:3", "per-minor", ranges like
            ">=v1.2.0 <v2.0.0", or a range and one of the others.
        deps: Which dependencies come along: "none", "build", "tests" or "all".
        together: Whether whoever requires all of its modules at once finds all that
            these select together, not only who requires any one of them.
        prereleases: Whether pre-releases count.
        pseudo: Whether pseudo-versions that the index names count.
        retracted: Whether versions count that their author took back.
        exclude: Paths, patterns, path@version, path@RANGE that do not count.
        min_age: Days that a version must have been known to the index.
        since: Date or time; versions that were known before do not count.
        max_zip: The largest zip, like "100MiB"; "" for no limit.
    """

    modules: list[str] = []
    modules_file: str = ""
    versions: str = "all"
    tools: list[str] = []
    deps: Deps = Deps.NONE
    together: bool = False
    prereleases: bool = True
    pseudo: bool = False
    retracted: bool = False
    exclude: list[str] = []
    min_age: Days = 0
    since: str = ""
    max_zip: str = ""


class LicencesSection(Section, frozen=True):
    """``[policy] licences``: SPDX's identifiers, or globs of them like "BSD-*".

    Attributes:
        allow: Licences that may come in; none: every one.
        deny: Licences that may not.
        unknown: What becomes of a licence that is not recognised: "allow", "warn" or
            "refuse"; absent: "refuse" where ``allow`` names any, else "warn" where
            ``deny`` does.
    """

    allow: list[str] = []
    deny: list[str] = []
    unknown: UnknownLicence | None = None


class PolicyExceptionSection(Section, frozen=True):
    """One ``[[policy.exception]]``: what comes in though a rule would keep it out.

    Attributes:
        modules: Paths, patterns, path@version, path@RANGE.
        licences: The licences that it lets in; none: whatever the rule is.
        reason: Why.
        until: The last day, like 2027-01-31.
    """

    modules: list[str]
    reason: Annotated[str, msgspec.Meta(min_length=1)]
    until: str
    licences: list[str] = []


class PolicySection(Section, frozen=True):
    """``[policy]``: what may come in of what is selected; zips, not go.mod files.

    Attributes:
        licences: Which licences may.
        deny: Paths, patterns, path@version, path@RANGE that may not.
        min_age: Days that a version must have been known to the index.
        max_zip: The largest zip that is handed on, like "100MiB"; "" for no limit.
        contact: Whom to ask about it, told where something is refused.
        exception: What comes in all the same, and until when.
    """

    licences: LicencesSection = LicencesSection()
    deny: list[str] = []
    min_age: Days = 0
    max_zip: str = ""
    contact: str = ""
    exception: list[PolicyExceptionSection] = []


class ProjectSection(Section, frozen=True):
    """One ``[[project]]``: a Go module or workspace that is built inside.

    Attributes:
        path: Its folder: go.mod, go.sum, or go.work, go.work.sum.
        deps: Which dependencies come along: "none", "build" or "all"; "tests" is
            the same as "build".
        record: Instead of a folder: a file of `gosync record`; what it names is
            carried, and nothing else.
    """

    path: str = ""
    deps: Deps = Deps.BUILD
    record: str = ""


class ToolchainsSection(Section, frozen=True):
    """``[toolchains]``: what GOTOOLCHAIN=auto finds inside.

    Attributes:
        versions: Versions of Go, like "1.23.4" or "go1.24.0".
        platforms: Platforms, like "linux-amd64"; for these, the toolchains that tools
            ask for are carried as well.
    """

    versions: list[str] = []
    platforms: list[str] = []


class PlanSection(Section, frozen=True):
    """``[plan]``.

    Attributes:
        confirm_above: A sync on a terminal asks before it fetches zips of more bytes
            than this, like "10GiB".
    """

    confirm_above: str = "10GiB"


class PruneSection(Section, frozen=True):
    """``[prune]``.

    Attributes:
        grace_days: How long what is no longer selected is kept.
    """

    grace_days: Days = 30


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
    accept: list[FindingKind] = []
    git_hosts: list[Annotated[str, msgspec.Meta(pattern=HOST_PATTERN)]] = []


class PublishSection(Section, frozen=True):
    """``[publish]``.

    Attributes:
        tree: Folder of the static tree.
        max_delete: How many versions may leave it at once unasked.
        upper_tiles: Whether the tree has the checksum database's tiles for clients
            that remember any older tree head, but for level 0; some 10 MB.
        heads: Such heads that level 0 has tiles for: sizes, or files that are copies
            of a client's pkg/sumdb/NAME/latest; 8 KiB each.
        heads_since: The same for every head from a date on; "" for none.
        contact: Whom messages and pages tell people to ask; "" for nobody.
    """

    tree: str = "./public"
    max_delete: Annotated[int, msgspec.Meta(ge=0)] = 100
    upper_tiles: bool = True
    heads: list[int | str] = []
    heads_since: str = ""
    contact: str = ""


class VulndbSection(Section, frozen=True):
    """``[vulndb]``: Go's vulnerability database, published at ``vulndb/``.

    Attributes:
        source: Where it comes from: a URL, "module" (golang.org/x/vulndb as it is
            carried), a folder or a zip; "" for none.
    """

    source: str = ""


class ReadRuleSection(Section, frozen=True):
    """One ``[[serve.rule]]``: who may read some modules.

    Attributes:
        modules: GOPRIVATE patterns.
        users: Names of logins; "*" is everybody, with a login or without.
    """

    modules: list[str]
    users: list[str]


class ServeSection(Section, frozen=True):
    """``[serve]``: `gosync serve`.

    Attributes:
        listen: HOST:PORT.
        workers: How many processes answer.
        memory: How much of the tree each of them keeps in memory, like "64MiB".
        immutable_days: How long caches may keep what never changes.
        access_log: A file, "-" for standard output, "" for none.
        access_log_format: "json" or "combined".
        contact: The same for the server alone; "" for publish.contact.
        tls_certificate: PEM file of the certificate; "" for plain HTTP.
        tls_key: PEM file of its key, PKCS#8.
        tls_client_ca: Who signs the certificates that clients must show; "" to ask
            for none.
        logins: File of hashed passwords and tokens; "" for no logins.
        rule: Who may read what; the first rule that names a module decides, and
            without one any login.
        trusted_proxies: IP addresses whose X-Forwarded-For is believed.
        misses_per_minute: How often one client may ask for what is not here, and for
            lists; 0 for no limit.
        stop_time: How long a stop waits for what is under way, like "30s".
        pull_through: Whether what is not here is fetched, proven and kept.
        allow: GOPRIVATE patterns of modules that may be pulled; none for all.
        deny: Patterns of modules that may not, whatever allow says.
        versions: A range of versions that may be pulled, like ">=v1.0.0"; or "all".
        prereleases: Whether pre-releases may be.
        pseudo: Whether pseudo-versions may be.
        exclude: Paths, patterns, path@version, path@RANGE that may not be.
        max_zip: The largest zip that is pulled, like "100MiB"; "" for no limit.
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
    rule: list[ReadRuleSection] = []
    trusted_proxies: list[str] = []
    misses_per_minute: Annotated[int, msgspec.Meta(ge=0)] = 0
    stop_time: str = "30s"
    pull_through: bool = False
    allow: list[str] = []
    deny: list[str] = []
    versions: str = "all"
    prereleases: bool = True
    pseudo: bool = True
    exclude: list[str] = []
    max_zip: str = ""
    fresh_seconds: Annotated[float, msgspec.Meta(ge=0)] = 60
    keep: str = ""
    max_bytes: str = ""
    bundle: bool = False
    anonymous: bool = False


class AccessRuleSection(Section, frozen=True):
    """One ``[[access.rule]]``: what of a kind of requests is too much.

    Attributes:
        name: What alerts call it; a default rule's name takes that one's place.
        query: What is asked: "@latest", "list", "info", "mod", "zip", "query",
            "lookup", "tile", "sumdb" or "any".
        outcome: How it ends: "any", "served", "missing", "refused" or "failed".
        count: It fires when there are more than so many,
        window: within so long a time, like "1h",
        per: of one "address", "user" or "module".
        distinct: Whether each module counts once.
        about: "any" module, upstream.private's ("private"), or versions with
            "findings".
        outside: Whether only addresses outside of access.inside count.
        unknown_agent: Whether only clients count that are no go.
        without: It fires only for who asked for nothing of this kind on that day.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9._-]{0,63}$")]
    count: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    query: str = "any"
    outcome: RuleOutcome = RuleOutcome.ANY
    window: str = "1h"
    per: Per = Per.ADDRESS
    distinct: bool = False
    about: About = About.ANY
    outside: bool = False
    unknown_agent: bool = False
    without: str = ""


class AccessSection(Section, frozen=True):
    """``[access]``: how access logs are read, and what in them is an alert.

    Attributes:
        logs: The logs: files or patterns of names, of web servers and of gosync serve.
        prefix: What the tree is served below, like "/goproxy".
        inside: Networks of the site's own, beside the private ones.
        anonymous: Whether nobody's address is kept with what is not carried.
        default_rules: Whether the default rules are held against them, too.
        rule: Further rules.
        keep_days: How long the lines of sealed days are kept.
        key: The secret key that signs the seals; "" for none.
    """

    logs: list[str] = []
    prefix: Annotated[str, msgspec.Meta(pattern="^(/[^/].*[^/])?$")] = ""
    inside: list[str] = []
    anonymous: bool = False
    default_rules: bool = True
    rule: list[AccessRuleSection] = []
    keep_days: Days = 180
    key: str = ""


class RequestsSection(Section, frozen=True):
    """``[requests]``: what was asked for inside and is not carried.

    Attributes:
        modules_file: Where `gosync requests add` writes what is approved; a select
            names it, too.
        key: The secret key that signs what is exported; "" for none.
        trust: The public key that must have signed what is added; "" for none.
    """

    modules_file: str = ""
    key: str = ""
    trust: str = ""


class JobSection(Section, frozen=True):
    """One ``[daemon.jobs.NAME]``; what is "" has the job's own default.

    Attributes:
        interval: From start to start, like "15m", or "off".
        cron: Instead: five fields in daemon.timezone, weekdays by name.
        jitter: Each run is late by a random part of this.
        time_limit: How long one run may take.
    """

    interval: str = ""
    cron: str = ""
    jitter: str = ""
    time_limit: str = ""


class JobsSection(Section, frozen=True):
    """``[daemon.jobs]``: what the daemon does, and when.

    Attributes:
        sync: A pass: index, due lists, fetch, publish.
        lists: A pass that asks every list, however fresh.
        audit: Asking upstreams what became of what we hold.
        verify: Proving what is stored.
        publish: Bringing the tree up to the store.
        prune: Forgetting what nothing selects; off unless it is set.
    """

    sync: JobSection = JobSection()
    lists: JobSection = JobSection()
    audit: JobSection = JobSection()
    verify: JobSection = JobSection()
    publish: JobSection = JobSection()
    prune: JobSection = JobSection()


class DaemonSection(Section, frozen=True):
    """``[daemon]``: `gosync run`.

    Attributes:
        name: What status.json and metrics call this mirror.
        timezone: The time zone of cron expressions, like "Asia/Shanghai".
        metrics_file: A file for Prometheus' text file collector; "" for none.
        stop_seconds: How long a stop waits for what is under way.
        stuck_seconds: How long a job may show no progress before the watchdog is
            no longer fed.
        max_delete: How many versions the prune job may forget at once, if it is not
            what publish.max_delete says.
        jobs: What is done, and when.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "go"
    timezone: str = "UTC"
    metrics_file: str = ""
    stop_seconds: Positive = 60
    stuck_seconds: Positive = 600
    max_delete: Annotated[int, msgspec.Meta(ge=0)] | None = None
    jobs: JobsSection = JobsSection()


class HooksSection(Section, frozen=True):
    """``[hooks]``: whom the daemon tells; a command line, or an http(s) URL.

    Attributes:
        on_success: When a job ended well.
        on_failure: When a job begins to fail, fails otherwise, or still after a day.
        on_finding: When something new was found upstream, once for each finding.
        on_alert: When a rule over access logs fired, once for each alert; and a week
            before an exception to the policy ends.
        on_upstream: When an upstream ceased to answer, or answers again.
        time_limit_seconds: How long each may take.
    """

    on_success: list[str] = []
    on_failure: list[str] = []
    on_finding: list[str] = []
    on_alert: list[str] = []
    on_upstream: list[str] = []
    time_limit_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30


class TargetSection(Section, frozen=True):
    """One ``[[target]]``: a site that bundles are made for.

    Attributes:
        name: The site's name.
        volume_size: The most bytes that one volume may have.
        keys: Files of the secret keys that sign its bundles.
        base: What the next bundle builds on: the last one whose receipt came back,
            or "sealed", the last one that left.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9._-]{0,63}$")]
    volume_size: str = "4.3GiB"
    keys: list[str] = []
    base: Literal["acked", "sealed"] = "acked"


class BundleSection(Section, frozen=True):
    """``[bundle]``: how bundles are taken in.

    Attributes:
        trust: The trust file: whose signatures count.
        target: What this site is called outside; "" for what its first bundle says.
    """

    trust: str = "./trust.toml"
    target: Annotated[str, msgspec.Meta(pattern="^([a-z0-9][a-z0-9._-]{0,63})?$")] = ""


class FileSchema(Section, frozen=True):
    """The whole file."""

    store: StoreSection = StoreSection()
    upstream: UpstreamSection = UpstreamSection()
    select: list[SelectSection] = []
    project: list[ProjectSection] = []
    toolchains: ToolchainsSection = ToolchainsSection()
    policy: PolicySection = PolicySection()
    plan: PlanSection = PlanSection()
    prune: PruneSection = PruneSection()
    audit: AuditSection = AuditSection()
    publish: PublishSection = PublishSection()
    serve: ServeSection = ServeSection()
    vulndb: VulndbSection = VulndbSection()
    access: AccessSection = AccessSection()
    requests: RequestsSection = RequestsSection()
    daemon: DaemonSection = DaemonSection()
    hooks: HooksSection = HooksSection()
    target: list[TargetSection] = []
    bundle: BundleSection = BundleSection()
