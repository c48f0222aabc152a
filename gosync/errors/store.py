"""Errors of our own disk and database, and of the media that bundles travel on."""

from __future__ import annotations

from gosync.errors.base import GosyncError


class StoreError(GosyncError):
    """Our own disk or database is damaged, read-only or not there."""

    exit_code = 7


class RecordTooNewError(StoreError):
    """A carried record is in no tree head that is known yet."""


class BlobMissingError(StoreError):
    """A row names a blob that is not there, or is empty or of another size."""


class BlobCorruptError(StoreError):
    """A blob's bytes do not have its digest."""


class CatalogError(StoreError):
    """The catalog cannot be read or written."""


class SchemaVersionError(CatalogError):
    """The catalog was written by a newer gosync."""


class StoreAwayError(StoreError):
    """The store or the tree was there and is not: an unmounted disk, most likely."""


class BucketAwayError(StoreAwayError):
    """A bucket's service does not answer, or the bucket is not there."""


class BucketConnectionError(BucketAwayError):
    """A connection to a bucket's service broke: the request may be sent again."""


class BucketThrottledError(BucketAwayError):
    """A bucket's service asks for fewer requests, for longer than we waited."""


class BucketDeniedError(StoreError):
    """A bucket's service refuses our credentials, or there are none."""


class ObjectMissingError(StoreError):
    """A bucket has no object of this key."""


class ObjectChangedError(StoreError):
    """A conditional write was refused: another object is there, or none."""


class IdentityError(StoreError):
    """Store, catalog, journal and tree do not belong together, or one is older."""


class LockedError(StoreError):
    """Another gosync holds a lock of the store, or a lease of its catalog."""

    exit_code = 11


class LeaseLostError(LockedError):
    """This run was taken for dead, and somebody else goes on in its place."""


class NoSpaceError(StoreError):
    """The disk is full, or would be below its reserve."""

    exit_code = 15
    failure_class = "disk.full"


class BundleGapError(GosyncError):
    """A bundle builds on contents that are not here; need.json names them."""

    exit_code = 13


class VolumeError(GosyncError):
    """A bundle's file is missing, unreadable, or not what the header binds."""

    exit_code = 14
