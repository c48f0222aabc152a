"""Object storage: the objects of a bucket, and a store that is kept in one.

``Bucket`` is the contract, ``RemoteBucket`` its implementation by obstore: S3 and what
speaks its protocol, Google Cloud Storage and Azure. obstore, the extra ``gosync[s3]``,
is imported when a bucket is opened, and by ``remote`` alone.

    bucket       a bucket's objects by key, the contract
    location     s3://bucket/prefix, parsed (pure)
    options      how a bucket is reached: endpoint, region, time-outs (pure)
    opening      a bucket, opened by its location
    remote       the bucket by obstore
    failures     obstore's exceptions, made into ours
    tries        tries of one request, with pauses that grow
    sharedfile   credentials from the file that AWS's tools share

A store in a bucket has the rest, and a copy of the journal, in a local folder:

    blobs/ab/<sha256>             blobs, written once
    journal/NNNNNNNN/<offset>     what appends wrote
    quarantine/<id>/<label>       the evidence of what was refused
    catalog/                      copies of the catalog, gosync.site's
    store.json                    which store it is
    lease.json, owners/<holder>   which local folder writes it
    proof/<hex>                   for a moment: whether conditions are kept

    blobs        blobs as objects
    sending      blobs on their way into a bucket
    openblobs    open blobs: read whole, in blocks, or from the file that is sent
    keptblobs    blobs that a run keeps at hand, for the publish after its sync
    journal      the journal as parts
    parts        these parts, and the local files that they make up
    quarantine   the quarantine as objects
    identity     which store a bucket has
    lease        which of several machines writes the store
    writerlock   the writer lock: a local file, and the lease
    machine      what a local folder knows of its bucket
    proof        whether a service holds to conditions: it races against itself
"""
