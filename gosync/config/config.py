"""Checked configuration, and the options that lower rooms get of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from gosync.admit.verdict import ScannerSpec
from gosync.audit.options import AuditOptions
from gosync.bundle.options import InsideSpec, TargetSpec
from gosync.config.access import AccessSpec, RequestsSpec
from gosync.config.duties import Hooks, JobSpec
from gosync.config.schema import DAY_SECONDS, FileSchema
from gosync.config.serving import ServeSpec
from gosync.config.sizes import parse_size
from gosync.diagnose.treepages import ExplainPages
from gosync.publish.limit import DeleteLimit
from gosync.publish.pages.docfiles import DocPages
from gosync.publish.pages.pageoptions import PageOptions
from gosync.scale.options import SweepTls
from gosync.site.options import (
    HouseLogSpec,
    OldHeadSpec,
    ProjectSpec,
    SiteOptions,
    ToolchainSpec,
    TreePlace,
)
from gosync.site.places import record_files
from gosync.site.policy import Policy
from gosync.site.policyrules import PolicyRules
from gosync.site.volumemeter import StoreVolume
from gosync.store.objects.location import BucketLocation
from gosync.store.objects.options import BucketOptions
from gosync.sumdb.names import Database
from gosync.upstream.address import Address, Logins
from gosync.upstream.goproxy import ProxyList
from gosync.upstream.options import HttpOptions
from gosync.upstream.route import Routing
from gosync.upstream.volume import VolumeLimit
from gosync.upstream.windows import RatePlan, RateWindow


class UpstreamSettings(msgspec.Struct, frozen=True):
    """Who is asked; the secrets apart.

    Attributes:
        proxies: Where modules come from.
        index: The module index; its URL is "" for none.
        follow: The gosync that is followed; its URL is "" for none.
        database: The checksum database, None for none.
        logins: The secrets that open these.
        routing: Who of them is asked what.
        windows: Hours of days with a rate of their own.
    """

    proxies: ProxyList
    index: Address
    database: Database | None
    logins: Logins
    routing: Routing = Routing()
    windows: tuple[RateWindow, ...] = ()
    follow: Address = Address("")


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A checked configuration, with absolute paths.

    Attributes:
        file: Where it came from, or None.
        sections: The file's own values, after GOSYNC_* overrides, secrets masked.
        upstreams: Who is asked.
        store_path: Folder of the store, or of what of it is not in its bucket.
        store_bucket: Where in a bucket the store is, or None.
        min_free_bytes: Space that must stay free.
        confirm_above_bytes: How much a sync on a terminal brings without asking.
        tree_path: The published tree: a folder, or a bucket's location.
        buckets: How buckets are reached.
        policy: What the selects say.
        rules: What of that may come in.
        projects: The projects' folders.
        recorded: The records of builds.
        toolchains: The toolchains to carry.
        serve: How the tree is served.
        access: How access logs are read.
        requests: What becomes of requests for what is not carried.
        jobs: What the daemon does, and when.
        hooks: Whom it tells.
        metrics_path: Where it writes metrics, or None.
        ca_path: Further certificate authorities, or None.
        client_cert_path: The certificate that says who we are, or None.
        client_key_path: Its key, or None.
        targets: The sites that bundles are made for, by name.
        scanners: Who is shown new versions.
        house_log: The site's own checksum database, or None.
        inside: How bundles are taken in.
        sweep_tls: The certificates for a sweep's scheduler.
        attest_keys: Secret keys that attest what is published, files or folders.
        page_options: What concerns the tree's pages.
    """

    file: Path | None
    sections: FileSchema
    upstreams: UpstreamSettings
    store_path: Path
    store_bucket: BucketLocation | None = None
    min_free_bytes: int
    confirm_above_bytes: int
    tree_path: TreePlace
    buckets: BucketOptions
    policy: Policy
    projects: tuple[ProjectSpec, ...] = ()
    recorded: tuple[Path, ...] = ()
    toolchains: ToolchainSpec = ToolchainSpec()
    targets: Mapping[str, TargetSpec]
    inside: InsideSpec
    rules: PolicyRules = PolicyRules()
    serve: ServeSpec = ServeSpec()
    access: AccessSpec = AccessSpec()
    requests: RequestsSpec = RequestsSpec()
    jobs: tuple[JobSpec, ...] = ()
    hooks: Hooks = Hooks()
    metrics_path: Path | None = None
    ca_path: Path | None = None
    client_cert_path: Path | None = None
    client_key_path: Path | None = None
    old_heads: OldHeadSpec = OldHeadSpec()
    vulndb: str = ""
    page_options: PageOptions = PageOptions()
    attest_keys: tuple[Path, ...] = ()
    house_log: HouseLogSpec | None = None
    scanners: tuple[ScannerSpec, ...] = ()
    sweep_tls: SweepTls = SweepTls()

    @property
    def list_interval_seconds(self) -> float:
        """Age at which a list is asked again.

        The index names new versions at once, so lists only reconcile; without
        one they are all there is, and every pass asks.
        """
        configured = self.sections.upstream.list_interval_seconds
        if configured is not None:
            return configured
        return 86_400 if self.upstreams.index.url else 0

    def site_options(self) -> SiteOptions:
        """Return what the sync room needs to know.

        Raises:
            GosyncError: never for a configuration that ``load`` checked.
        """
        upstream = self.sections.upstream
        return SiteOptions(
            store_path=self.store_path,
            bucket=self.store_bucket,
            min_free_bytes=self.min_free_bytes,
            tree_path=self.tree_path,
            buckets=self.buckets,
            attest_keys=self.attest_keys,
            policy=self.policy,
            rules=self.rules,
            proxies=self.upstreams.proxies,
            routing=self.upstreams.routing,
            volume=self._volume,
            probe_versions=upstream.probe_versions,
            index_url=self.upstreams.index.url,
            index_since=upstream.index_since,
            keeps_index=upstream.keep_index,
            follow_url=self.upstreams.follow.url,
            notes_changes=bool(self.hooks.publish),
            database=self.upstreams.database,
            http=self._http_options(),
            concurrency=upstream.concurrency,
            list_interval_seconds=self.list_interval_seconds,
            projects=self.projects,
            recorded=self.recorded,
            toolchains=self.toolchains,
            grace_days=self.sections.prune.grace_days,
            records=record_files(self.file),
            accept=frozenset(self.sections.audit.accept),
            deletes=DeleteLimit(self.sections.publish.max_delete),
            old_heads=self.old_heads,
            bundle_pulled=self.sections.serve.bundle,
            vulndb=self.vulndb,
            house_log=self.house_log,
            scanners=self.scanners,
            pages=(ExplainPages(), DocPages()),
            contact=self.sections.publish.contact,
            public_url=self.sections.publish.url,
            page_options=self.page_options,
        )

    def pull_options(self) -> SiteOptions:
        """Return what a server's owner needs to know: its requests are its own.

        Raises:
            GosyncError: never for a configuration that ``load`` checked.
        """
        options, at_once = self.site_options(), self.sections.serve.concurrency
        http = msgspec.structs.replace(options.http, concurrency=at_once)
        return msgspec.structs.replace(options, http=http, concurrency=at_once)

    def audit_options(self) -> AuditOptions:
        """Return what the audit room needs to know.

        Raises:
            GosyncError: never for a configuration that ``load`` checked.
        """
        audit = self.sections.audit
        return AuditOptions(
            requests_per_hour=audit.budget_per_hour,
            bytes_per_hour=parse_size(audit.bytes_per_hour),
            interval_seconds=audit.interval_days * DAY_SECONDS,
            stale_seconds=audit.stale_days * DAY_SECONDS,
            git_hosts=frozenset(audit.git_hosts),
        )

    @property
    def _volume(self) -> VolumeLimit:
        most_bytes = parse_size(self.sections.upstream.monthly_volume or "0")
        return VolumeLimit(most_bytes, self.sections.daemon.timezone)

    def _http_options(self) -> HttpOptions:
        upstream = self.sections.upstream
        return HttpOptions(
            timeout_seconds=upstream.timeout_seconds,
            connect_seconds=upstream.connect_timeout_seconds,
            stall_seconds=upstream.stall_timeout_seconds or upstream.timeout_seconds,
            concurrency=upstream.concurrency,
            rates=RatePlan(
                parse_size(upstream.max_rate or "0"),
                self.upstreams.windows,
                self.sections.daemon.timezone,
            ),
            zip_total_seconds=upstream.zip_timeout_seconds,
            retries=upstream.retries,
            retry_delay_seconds=upstream.retry_delay_seconds,
            http2=upstream.http2,
            ca_file=_text(self.ca_path),
            client_cert=_text(self.client_cert_path),
            client_key=_text(self.client_key_path),
            trust=upstream.trust,
            tls_min=upstream.tls_min,
            resolve={
                host.lower(): address
                for host, _, address in (
                    each.partition("=") for each in upstream.resolve
                )
            },
            logins=self.upstreams.logins,
            meter=StoreVolume(self.store_path, self._volume),
        )


class ConfigShown(msgspec.Struct, frozen=True, kw_only=True):
    """What ``gosync config show`` tells; its fields are the document's keys.

    Attributes:
        file: Where it came from.
        store_path: Folder of the store, or of what of it is not in its bucket.
        store_bucket: Where in a bucket the store is, "" for nowhere.
        tree_path: The published tree.
        min_free_bytes: What must stay free on the disk.
        list_interval_seconds: How often lists are asked.
        config: Every value in force, its secrets masked.
    """

    file: str
    store_path: str
    store_bucket: str
    tree_path: str
    min_free_bytes: int
    list_interval_seconds: float
    config: FileSchema

    @classmethod
    def of(cls, config: Config) -> ConfigShown:
        """Return what is shown of a configuration."""
        return ConfigShown(
            file=str(config.file),
            store_path=str(config.store_path),
            store_bucket=str(config.store_bucket or ""),
            tree_path=str(config.tree_path),
            min_free_bytes=config.min_free_bytes,
            list_interval_seconds=config.list_interval_seconds,
            config=config.sections,
        )


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
