"""The whole gosync.toml."""

from __future__ import annotations

from gosync.config.schema.access import AccessSection, RequestsSection
from gosync.config.schema.admit import AdmitSection
from gosync.config.schema.bundle import BundleSection, TargetSection
from gosync.config.schema.daemon import DaemonSection, HooksSection
from gosync.config.schema.policy import PolicySection
from gosync.config.schema.private import HouseLogSection, PrivateSection
from gosync.config.schema.publish import (
    PublishSection,
    S3Section,
    StoreSection,
    VulndbSection,
)
from gosync.config.schema.scale import ScaleSection
from gosync.config.schema.section import Section
from gosync.config.schema.select import (
    PlanSection,
    ProjectSection,
    PruneSection,
    SelectSection,
    ToolchainsSection,
)
from gosync.config.schema.serve import ServeSection
from gosync.config.schema.upstream import AuditSection, UpstreamSection

# The version of the file's format; what it means is never changed under one.
SCHEMA_ID = "urn:gosync:config:1"


class FileSchema(Section, frozen=True):
    """The whole file."""

    store: StoreSection = StoreSection()
    upstream: UpstreamSection = UpstreamSection()
    select: tuple[SelectSection, ...] = ()
    project: tuple[ProjectSection, ...] = ()
    private: tuple[PrivateSection, ...] = ()
    toolchains: ToolchainsSection = ToolchainsSection()
    policy: PolicySection = PolicySection()
    plan: PlanSection = PlanSection()
    prune: PruneSection = PruneSection()
    audit: AuditSection = AuditSection()
    publish: PublishSection = PublishSection()
    s3: S3Section = S3Section()
    serve: ServeSection = ServeSection()
    vulndb: VulndbSection = VulndbSection()
    access: AccessSection = AccessSection()
    requests: RequestsSection = RequestsSection()
    daemon: DaemonSection = DaemonSection()
    hooks: HooksSection = HooksSection()
    admit: tuple[AdmitSection, ...] = ()
    house_log: HouseLogSection = HouseLogSection()
    target: tuple[TargetSection, ...] = ()
    bundle: BundleSection = BundleSection()
    scale: ScaleSection = ScaleSection()
