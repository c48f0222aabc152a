"""Sections of what lies on disk: ``[store]``, ``[publish]``, ``[vulndb]``."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from gosync.config.schema.section import Section


class StoreSection(Section, frozen=True):
    """``[store]``: everything gosync owns.

    Attributes:
        path: Folder of catalog, blobs, staging and quarantine; or s3://bucket/prefix
            for blobs, journal and quarantine.
        local: Folder of catalog, staging and locks where path is a bucket.
        min_free: Space that must stay free on its disk, like "1GiB".
    """

    path: str = "./var"
    local: str = "./var"
    min_free: str = "1GiB"


class S3Section(Section, frozen=True):
    """``[s3]``: how buckets are reached, wherever one is named as s3://bucket/prefix.

    Credentials are in no configuration: the environment has them, the file that AWS's
    tools share, or the machine's role.

    Attributes:
        endpoint: URL of the service, without a bucket; "" for the provider's own.
        region: What requests are signed for; "" for the environment's.
        path_style: Whether the bucket stands in the path, not in the host's name.
        ca_file: Further certificate authorities, PEM; "" for none.
    """

    endpoint: str = ""
    region: str = ""
    path_style: bool = True
    ca_file: str = ""


class PublishSection(Section, frozen=True):
    """``[publish]``.

    Attributes:
        tree: Folder of the static tree, or s3://bucket/prefix.
        max_delete: How many versions may leave it at once unasked.
        upper_tiles: Whether the tree has the checksum database's tiles for clients
            that remember any older tree head, but for level 0; some 10 MB.
        heads: Such heads that level 0 has tiles for: sizes, or files that are copies
            of a client's pkg/sumdb/NAME/latest; 8 KiB each.
        heads_since: The same for every head from a date on; "" for none.
        url: The address that it is served at, told to hooks and on its pages; "" where
            nobody knows.
        attest: Files of secret keys that attest each version that is published, or
            folders of them; read at each use.
        contact: Whom messages and pages tell people to ask; "" for nobody.
        languages: The languages of its pages, "en" and "zh"; the first is what a web
            server shows.
        pkgsite: The address of a pkgsite over this tree, which modules' pages link to
            for their documentation; "" for none.
        precompress: Of which codings, "br", "gzip", "zstd", texts and pages have
            compressed copies beside them, for web servers that send such (nginx's
            gzip_static); of a tree in a folder.
    """

    tree: str = "./public"
    max_delete: Annotated[int, msgspec.Meta(ge=0)] = 100
    upper_tiles: bool = True
    heads: tuple[int | str, ...] = ()
    heads_since: str = ""
    url: str = ""
    attest: tuple[str, ...] = ()
    contact: str = ""
    languages: tuple[Literal["en", "zh"], ...] = ("en", "zh")
    pkgsite: str = ""
    precompress: tuple[Literal["br", "gzip", "zstd"], ...] = ()


class VulndbSection(Section, frozen=True):
    """``[vulndb]``: Go's vulnerability database, published at ``vulndb/``.

    Attributes:
        source: Where it comes from: a URL, "module" (golang.org/x/vulndb, whose
            newest version it selects), a folder or a zip; "" for none.
    """

    source: str = ""
