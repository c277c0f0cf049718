"""Whether a request to an address leaves this machine."""

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def leaves_machine(address: str) -> bool:
    """Whether requests to a URL go to another machine; in doubt they do.

    A name is this machine's only where it is `localhost`, which resolvers may not send elsewhere (RFC 6761). A proxy
    in the environment gets what is sent to this machine too, unless `NO_PROXY` says otherwise.
    """
    return not is_loopback(address) or _is_proxied(_host(address))


def is_loopback(address: str) -> bool:
    """Whether the host of a URL is this machine; 0.0.0.0 and :: are, when asked for."""
    host = _host(address)
    if host.casefold() == "localhost":
        return True
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return False
    return number.is_loopback or number.is_unspecified


def _host(address: str) -> str:
    return urlsplit(address if "//" in address else f"//{address}").hostname or ""


def _is_proxied(host: str) -> bool:
    return bool(getproxies().keys() & {"http", "https", "all"}) and not proxy_bypass(host)
