"""The catalog: what gosync knows, in one SQLite file; the only owner of SQLite.

``db.Catalog`` opens the file and holds one object for each table family, each
in a module of its own: rows in, frozen dataclasses out. ``connection`` shares
one connection among threads and turns SQLite's errors into ours;
``migrations`` brings a catalog up to the schema in ``schema/``. ``lease_holder`` is a
run that excludes others by name (``leases``) and says which blobs it relies on
(``announcements``).

The catalog is never more durable than the blobs it names: the store syncs
first, then the catalog commits (I1). It can be made anew from the store by
gosync.ingest.rebuild.
"""
