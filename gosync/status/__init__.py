"""How the mirror is, for people's monitors: facts of the catalog, in two formats.

    facts    what is known, gathered once
    mirror   status.json in the tree
    metrics  a text file for Prometheus
    files    writing how the mirror is: into the tree, and for Prometheus
    report   what ``gosync status`` tells, as one typed document
    late     what is older than a monitor lets it be: the last sync, lists, index

Freshness is the age of data, never of a run: how far the cursor is behind, and how
old the oldest list is. A pass that runs every minute and learns nothing is not fresh.
"""
