"""What the front page says of a tree, by what the catalog says that it shows."""

from __future__ import annotations

from gosync.folder.layouts import TOOLCHAIN
from gosync.publish.pages.frontpage import TreeFacts
from gosync.publish.pages.usage import TreeUse
from gosync.publish.setting import PublishSetting
from gosync.sumdb.names import Database, parse_gosumdb


def tree_facts(setting: PublishSetting, index: tuple[str, ...]) -> TreeFacts:
    """Return what the front page says; ``index`` are the files of the search index.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    shown, options = setting.catalog.shown, setting.options
    sums = shown.sums(setting.tree_id)
    toolchain = shown.get(setting.tree_id, TOOLCHAIN)
    return TreeFacts(
        use=TreeUse(
            url=options.url,
            database=_asked(setting),
            private=options.private,
            toolchains=toolchain is not None and toolchain.versions > 0,
            vulndb=options.vulndb,
            contact=options.contact,
            house_log=bool(options.house_verifier),
            requests=options.requests,
        ),
        head=setting.head,
        search=index,
        modules=sums.modules,
        versions=sums.versions,
        go_mods=sums.go_mods,
        proven=sums.proven,
        explained=options.explained,
        database=setting.database,
        docs=options.docs,
    )


def _asked(setting: PublishSetting) -> Database | None:
    """Return the checksum database that clients ask: the site's own if it has one."""
    own = setting.options.house_verifier
    return parse_gosumdb(own) if own else setting.database
