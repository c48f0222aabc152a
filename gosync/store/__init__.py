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
without rows are allowed, rows without blobs never. What a store promises is said by
contracts without paths; ``durable`` has the system calls and turns OSError into
StoreError.

    blobs            blob storage, the contract
    localblobs       blobs as files
    staging          bytes on their way in, hashed: the contract, and as files
    scratch          files without a name, for bytes that nothing outlives
    journal          what was admitted, to make the catalog anew: the contract
    localjournal     the journal as files
    writerlock       one writer of journal and catalog at a time, the contract
    lock             the writer lock and the use lock as files
    quarantine       the evidence of what was refused, the contract
    localquarantine  the quarantine as folders
    tiles            proven tiles of one checksum database, the contract
    localtiles       these tiles as files
    objects          object storage: a bucket's objects, and a store kept in one
    shared           a store as a worker elsewhere opens it
    digest           what a blob is named by
    layout           every name in the store (pure)
    root             the root folder: made once, with all its folders
    identity         which store this is, and how far it has come
    durable          writing that outlives a power cut, and the border for OSError
"""
