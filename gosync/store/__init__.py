"""The store: verbatim bytes named by their sha256, and what must outlive a crash.

    <root>/
      lock, lock.use                held while something is written; shared by runs
      catalog.sqlite                gosync.catalog's
      blobs/sha256/ab/abcd...       admitted bytes, mode 0444
      staging/                      bytes on their way in; swept at the next start
      quarantine/<id>/              evidence of what was refused
      journal/NNNNNNNN.jsonl        what was admitted, to make the catalog anew
      sumdb/<name>/tile/8/...       proven tiles of checksum databases

The order that makes a crash harmless (I1): temp file written, fsync, rename,
fsync of the folder; then the journal's fsync; then the catalog's commit. Blobs
without rows are allowed, rows without blobs never. ``layout`` is pure and says
every name; ``durable`` has the system calls and turns OSError into StoreError.
"""
