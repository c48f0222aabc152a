"""Go's vulnerability database: mirrored, published at ``vulndb/``, and asked.

Its layout is that of https://go.dev/security/vuln/database, so that a real
``govulncheck -db URL/vulndb ./...`` works behind a gap::

    index/db.json       {"modified": TIME}: the newest entry's
    index/modules.json  [{"path", "vulns": [{"id", "modified", "fixed"}]}], by path
    index/vulns.json    [{"id", "modified", "aliases"}], by id
    ID/GO-2024-0001.json  an entry in OSV's form

and beside each file its ``.gz``, a file of its own. The store has the plain files as
artifacts of the kind ``vulndb``; bundles carry those that changed.

    fixes     versions to select, so that what is carried is fixed
    keeping   a database's files brought into the store
    reading   databases in a folder, a zip, or the module golang.org/x/vulndb
    refreshing  the store's database brought up to its configured source
    remote    a database at a URL: what changed since the last time
    report    which carried versions are affected
"""
