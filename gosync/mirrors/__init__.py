"""Mirrors: upstreams asked live, compared, and one of them recommended.

Bounded and polite: each mirror is asked some twenty small questions and for one zip,
one after the other; different mirrors side by side. No built-in address is asked but
by who calls this room.

``known``       the public mirrors that come with gosync, and an operator's own
``sightings``   what was seen of one mirror (structs)
``asking``      the questions to one mirror
``comparing``   all mirrors asked, and held against each other and the checksum database
``reach``       name, connection and TLS, by IPv4 and by IPv6
``newevents``   new events of an index
``indexlag``    how far behind it a mirror is, told by these (pure)
``health``      the configured upstreams asked a cheap question, and their lag
``standing``    lag, order, and what is recommended (pure)
``measuring``   seconds a module and failures, over a go.mod
``probing``     what answers at a first run: mirrors, index, relays of the log
``picking``     the first mirrors that answer within seconds
``goenv``       ``go env -w GOPROXY``, and back
"""
