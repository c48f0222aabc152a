"""The catalog: what gosync knows, in one SQLite file; the only owner of SQLite.

``db.Catalog`` is the open file and holds one object for each table family, each
in a module of its own: rows in, frozen Structs out. ``connection`` shares
one connection among threads, ``sqlite_errors`` turns SQLite's errors into ours;
``migrations`` brings a catalog up to the schema in ``schema/``. ``lease_holder`` is a
run that excludes others by name (``leases``) and says which blobs it relies on
(``announcements``).

The catalog is never more durable than the blobs it names: the store syncs
first, then the catalog commits (I1). It can be made anew from the store by
gosync.ingest.rebuild.

    announcements    digests that runs rely on
    arrivals         which versions came in last; read only
    artifacts        the table of artifacts: files beside module versions
    bundle_table     the tables of bundles made here, of what their sites hold
    bundles          the ledger of bundles made here: what each site was sent
    census           how many versions there are
    connection       one SQLite connection that threads share
    counters         numbers that only grow, one for each kind of change
    cursors          how far each pattern has been followed in each module index
    db               the catalog file, its tables in one place
    documents        JSON that stands in a column, read back (pure)
    failures         what failed, why, and when it is tried again
    finding_table    the table of findings; what a finding means is said in ``findings``
    findings         what became upstream of what is held
    heads            signed tree heads: the one trusted of each log
    held_sets        sets of versions that bundles' targets hold, each kept once
    holders          lease holders: runs of gosync that hold leases
    house_records    records of the site's own checksum database, by their versions
    identity         which store a catalog is of, and how far it has come
    imports          bundles that came in: staged until what they build on is here
    index_rows       the module index, kept: every row that it served
    jobs             jobs of the daemon: when each ran last, and how that ended
    lease_holder     one run's leases, its announcements, its heartbeat
    leases           what excludes whole runs from each other, by name
    look_table       the table of looks (``looks``)
    looks            what an audit asks of whom, and when it did so last
    migrations       the numbered steps of the schema, and how a catalog takes them
    modules          modules that are followed
    offers           what upstreams say exists of the modules that are followed
    old_heads        older tree heads that clients may remember, by their sizes
    opening          the catalog file, opened: recognised, brought to the schema
    packed_lines     a column of many short texts in one frame, of which some are read
    pins             the h1 that was seen first, where no checksum database speaks
    read_logs        how far access logs were read
    received         how much came from upstreams, by month
    records          what proves what trees show; read only
    request_table    the tables of requests (``requests``)
    requests         what was asked for inside and is not carried (pure)
    ruling_table     the table of the policy's rulings
    rulings          what the policy says of versions: denied, excepted, warned (pure)
    runs             when gosync ran, how it ended and what it did
    selected         which versions the present selection wants
    pulled           versions that are wanted because a server was asked for them
    selected_counts  how much is selected, and in which states: read only
    selected_sizes   selected versions by size: what is here, how large zips are
    selected_sql     how rows are brought up to what is wanted of them
    selection_note_table  what the selection could not know
    selection_notes  what it could not know, and took instead
    selections       what the present selection was made of, and whether it is whole
    shown            what published trees show of each module, and the sums of it (pure)
    shown_needs      the table of what modules in published trees require
    shown_table      the tables of what published trees show
    sqlite_errors    SQLite's exceptions, and rows that make no sense, as our errors
    told_alerts      alerts over access logs that hooks were told of
    tombstones       versions that were given up on purpose
    upstreams        how each upstream has answered of late
    trees            published trees: how far each has followed the catalog
    troubles         what jobs' last runs found wrong
    unproven         versions from caches that wait for their proof
    upgrade          what a catalog from before 0.1.0 has, in the schema of 0.1.0
    verified         what ``gosync verify`` last said of the store's versions
    version_queue    versions in an order, in a temporary file
    version_report   what is told of versions, by ``gosync list`` and ``gosync show``
    version_rows     rows of the versions' table as VersionRow values, and back
    version_sql      the statements that change the table of versions
    version_reader   the table of module versions, read
    version_table    the table of module versions, written
    versions         module versions: what is wanted, and what is carried
    withdrawn        withdrawn versions: what nobody is to be given any more (pure)
    withdrawn_table  the table of withdrawn versions
    zipfacts         licences, READMEs, what packages import, by their zip's h1
"""
