"""The static tree: what any file server serves as a GOPROXY, sumdb included.

``publisher.Publisher`` is the way in. ``work`` compares the catalog with the
tree's own ``marker`` and says what is to be done; ``publication`` does it, in the
one order in which no reader sees half (I6). ``folder.routes`` says where each file
lies and ``contents`` what a module's folder says; ``pages`` and ``feed`` make what
people read. These decide and touch nothing. ``storage`` is where files are put, in a
folder or in a bucket; ``modules`` and ``sumdb`` write a module's and the checksum
database's folders with it, and ``stale`` says what may go.

Only what the catalog carries is published (I2), and nothing here asks a network.

    pages          pages of a tree, as people read them: from values to HTML
    storage        storage of a tree: a folder, or objects of a bucket

    aboutmodule    what a module's newest version says of itself, for its page
    belongings     what belongs into a tree that is published whole
    changelog      files of a tree that changed, noted until hooks were told
    claim          making a tree a store's own: its marker names the store from then on
    contents       what the tree says of one module (pure)
    indexing       the tree's index: what came in and when, as Go's module index has it
    dependents     which modules' dependents changed, as a publish goes over them
    feed           the tree's feed: what came in and what was found, newest first (pure)
    knownvulns     known vulnerabilities of a module, as its page tells them (pure)
    limit          how much may go at once before somebody is asked
    listing        the tree's list of modules: one page, or pages by their paths
    lookups        a module's lookups: which are written, and which are left
    marker         the tree's own memory: ``.gosync/tree.json``
    modulepublication  the publish of one module, by itself
    modulereader   what the tree is to say of a module, read from the catalog
    modules        one module's files in a tree: first what a version is
    newestvulns    which versions in a tree became known as affected last
    notfound       ``sumdb/NAME/404.txt`` (pure)
    oldheads       the tree's tiles for clients that remember an older head
    owner          whose a tree is: this store's, another one's, nobody's
    ownfiles       whether the files are there that a tree has once
    promise        which older heads a tree promises to serve, in its marker (pure)
    promised       what a tree promises to clients with older tree heads
    publication    one publish, in the order that no reader can see half of (I6)
    publisher      publishing a tree: what the rest of gosync calls
    report         what a publish did
    searchindex    the search index: what the front page's search looks through
    setting        what one publish of a tree works with
    showing        what a tree shows of each module, written down by a publish
    shown          what a tree shows, by its files
    shownheads     which tree heads may stay in lookups
    stale          which files of a tree are no longer wanted
    sumdb          the checksum database's part of a tree: ``sumdb/NAME/``
    survey         what stands in a tree beyond what the store carries: and what goes
    takeout        taking withdrawn versions out of a tree at once
    tilesneeded    which tiles of the checksum database a publish looks for
    treefacts      what the front page says of a tree
    deniedfile     what the policy denies, told by the tree as well
    listfile       JSON lists in the tree's .gosync/, like these two
    vulnreader     which modules' known vulnerabilities changed, by the database
    withdrawnfile  what is withdrawn, kept in the tree as well
    work           what a publish has to do
"""
