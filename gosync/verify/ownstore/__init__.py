"""gosync's own store as a target: looked at, proven by its records, acted on.

    target   every blob that the catalog names, and what nothing names
    checking  a version's blobs and row, whoever checks them
    files    what lies beside blobs and catalog: journal, tiles, evidence
    buckettree  a store's folder, with the blobs of its bucket as if they were there
    bucketevidence  the evidence of a store in a bucket
    proof    what the store's records prove with its own tiles
    plan     which finding can be met how
    actor    what can be done to a store, planned and done
    holding  the store opened to act on it, with leases
    moves    its things moved aside, away and back: files, or blobs of a bucket
    actions  a plan carried out on the store
    journalrepair  lines of the journal left out, and lacking ones added
    restore  what was moved aside, put back, and the rows with it

It is a target like the others; what is done to it is done as a sync does, blobs first
and rows after them, or the other way where something goes.
"""
