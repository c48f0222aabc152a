"""Upstreams: proxies, the module index and the checksum database, over HTTP.

This room alone speaks HTTP (httpx). It knows Go's protocols, limits and rules
for fall-back, and decides nothing about trust: what it hands over is whatever
the other side served, with evidence of when and from where.

===============  ==============================================================
``options``      time-outs, retries, and other knobs of requests
``http``         ``Fetcher``: one answer, within limits, or one of our errors
``exchange``     one request and its redirects
``connections``  one connection a request, kept warm, shared contexts
``dialing``      TCP connections: every address of a host tried, the first taken
``tcpstream``    one TCP connection, and TLS over it, as httpcore uses them
``names``        ``HostNames``: addresses of hosts, kept and asked for again
``download``     ``Download``: bodies to a sink, over all tries
``rate``         how many bytes a second may come, all together (pure)
``windows``      rates of the hours of a day (pure)
``volume``       how much may come in a month
``resume``       when only the rest of a body is asked for (pure)
``traffic``      what a fetcher has asked and got, and how fast it may get more
``lanes``        ``Lanes``: how many requests one host is sent at once
``turn``         whether a request waits in line, and where
``limit``        that number: up with answers, down with refusals (pure)
``budget``       how many retries and hedges there may be (pure)
``patience``     how long a download's next bytes are waited for
``hanging``      sources whose zips do not come
``hedge``        a second request where the first takes long
``answer``       what was served: status, headers, body, evidence
``refusal``      a status that is not 200, made into the right error
``causes``       which class of failures an exception on the way is of
``tlscontext``   whom TLS believes, and who we are
``peercert``     who issued a certificate that is not believed
``failures``     httpx's exceptions, made into ours
``encoding``     Content-Encoding undone under a limit
``redirects``    which redirects are followed
``retry``        back-off arithmetic, and the loop that uses it
``urls``         joining, escaping and stripping secrets
``credentials``  netrc and user names in URLs: who sees them
``environment``  HTTP_PROXY, HTTPS_PROXY, NO_PROXY
``files``        file:// answers
``goproxy``      GOPROXY lists, parsed
``route``        which entries of a list are asked, in which order
``manners``      how a source wants to be asked: as go asks
``forbidden``    what a source's 403 mean: that it may not, or that it has not
``source``       ``Source``: a proxy or a folder that answers module questions
``sources``      ``Sources``: those of a list, asked in turn: "," and "|"
``health``       how a source's last requests ended (pure)
``breaker``      whether a source is asked now (pure)
``kept``         what of an upstream is kept from run to run, and shown of it
``circuit``      ``Circuit``: a breaker at work among requests side by side
``reading``      what is large is parsed apart from the event loop
``proxy``        ``ProxyClient``: list, @latest, .info, .mod, .zip
``proxyanswers``  what it answers, as values
``targets``      paths of the questions that it asks
``folderlist``   versions that a web server's folder listing shows (pure)
``revisits``     ``Revisits``: one proxy asked again, conditionally
``index``        ``IndexClient``: pages of index events, one after the other
``indexpage``    ``IndexEvent``, ``IndexPage``: what one page says
``sumdb``        ``SumDBRemote``: how the checksum database is reached
``address``      an upstream's URL, taken apart: where it is
``webhook``      telling somebody by HTTP: one POST of JSON, no redirects, no retries
===============  ==============================================================

Of HTTP, only status 200 is a yes, and only 404 and 410 are a definite no;
everything else is "don't know", which must never be taken for a no.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast

# httpx imports its own command line, with rich and pygments, where these are installed,
# which takes longer than the rest of it. Barred, it does as where they are not.
sys.modules.setdefault("httpx._main", cast("ModuleType", None))
