"""The mirror as a server: `gosync serve` hands out a published tree over HTTP.

    server        the processes: workers that are started, watched and stopped
    granianserver  granian's options, and its workers' sockets
    listening     these sockets: opened here, or handed over by systemd
    app           what every worker does: one request in, one answer out
    asked         what a path asks for, and which headers its answer has (pure)
    conditions    If-None-Match and Range (pure)
    files         files of the tree as answers, small ones from memory
    indexpage     /index: Go's module index, over the tree's index files
    merged        lists, ``@latest`` and branches, as a worker holds them
    answer        answers as values, and how they are sent
    deniedlist    what a plain server refuses, as the tree tells it
    notcarried    the text of a 404: what is carried instead, whom to ask (pure)
    report        what a server and its logins are, as documents (pure)
    logins        names with hashed passwords and tokens
    refusing      answers that refuse: no right, no time now, too many
    rights        who may read what (pure)
    clients       addresses of clients, and how often they may ask
    notes         what the access log and the figures are told of a request
    accesslog     one line for each request: the format, and the file it goes to
    missinglog    misses of a store's server, noted for its catalog
    recording     what becomes of them: requests in the catalog
    figures       what Prometheus is told, over all processes
    health        whether the server can do its work

Workers only read the published tree. What it lacks is brought, where that is
configured, by one owner for all of them:

    origin        who brings what a tree lacks, and what became of it
    ownerclient   the owner, as a worker asks it
    uploads       versions of private modules that a login may write
    wire          what is said between the two (pure)
    runtime       the folder of the socket, and who may be at its other end
    ownerprocess  the owner's process: begun, watched, begun anew
    owner         the owner: what comes in, what goes out
    flights       what is being brought now, each thing once
    pullrules     what may be pulled through (pure)
    ages          since when a version is known
    bringing      one version: upstream, the gate, store and catalog, the tree
    claims        what is being brought, and what is being let go
    expiring      what was pulled and is kept no longer
    publishing    publishing what came, many modules at once
    merging       lists, ``@latest`` and branches: upstream's word and ours, merged
    held          files of the runtime folder, each whole
    sumfiles      tiles and heads of the checksum database
    uploadtaking  uploads, as the owner takes them in
    outcomes      which failure is answered with what (pure)
"""
