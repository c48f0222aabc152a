# Varnish in front of `gosync serve`: what never changes stays in its cache, lists are
# asked anew in the background, and a server or an upstream that fails is covered by what
# is cached.
#
#   varnishd -a :80 -f /etc/varnish/gosync.vcl -s malloc,4G
#
# One module is dropped, all its files, with
#
#   curl -X BAN -H "Surrogate-Key: module:rsc.io/quote" http://127.0.0.1/
vcl 4.1;

backend gosync {
    .host = "127.0.0.1";
    .port = "8081";
    .first_byte_timeout = 660s;     # a zip is held for ten minutes
}

acl purgers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "BAN") {
        if (client.ip !~ purgers || req.http.Surrogate-Key !~ "^[A-Za-z0-9._~!/:+-]+$") {
            return (synth(403));
        }
        # The key as one whole word; a path's dots and pluses are no pattern.
        set req.http.X-Ban = regsuball(req.http.Surrogate-Key, "[.+]", "[\0]");
        ban("obj.http.Surrogate-Key ~ (^|\s)" + req.http.X-Ban + "(\s|$)");
        return (synth(200, "dropped"));
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (synth(405));
    }
    unset req.http.Cookie;
    set req.http.X-Forwarded-For = client.ip;
    if (req.url == "/healthz" || req.url == "/readyz" || req.url == "/metrics") {
        return (pass);
    }
    # Requests with a login are passed on, by Varnish's own rules.
}

sub vcl_backend_response {
    if (beresp.status >= 500 && bereq.is_bgfetch) {
        return (abandon);           # what is cached goes on being good
    }
    if (beresp.status != 200 && beresp.status != 404) {
        set beresp.uncacheable = true;
        set beresp.ttl = 0s;
        return (deliver);
    }
    if (beresp.http.Cache-Control ~ "stale-if-error") {
        set beresp.grace = 1d;
    }
}
