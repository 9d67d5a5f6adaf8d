"""Whom a reverse proxy has let in: it names them in a header, which counts from its own address alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError
from tideline.scripts.console.sessions import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
# Neither a comma nor a blank: a header that came twice, one of them from a visitor, names nobody.
_NAME = re.compile(r"[!-+\--~]{1,128}")
_OWN = ("host", "cookie", "origin", "content-type", "content-length")


@dataclass(frozen=True)
class Proxy:
    """What stands before the console and has asked its visitors who they are.

    Attributes:
        header: Name of the header that says it, in small letters.
        networks: Where the proxy's connections come from.
        operators: Names of those who may write where the console does; all others are viewers.
    """

    header: str
    networks: tuple[IPv4Network | IPv6Network, ...]
    operators: frozenset[str]

    def person(self, headers: Mapping[str, str], address: str | None) -> str | None:
        """Return who sends a request from an address; None where the proxy does not say, or somebody else does."""
        name = headers.get(self.header, "")
        if _NAME.fullmatch(name) is None or not self._is_own(address):
            return None
        return name

    def role(self, name: str) -> Role:
        """Return what somebody may do."""
        return Role.OPERATOR if name in self.operators else Role.VIEWER

    def _is_own(self, address: str | None) -> bool:
        try:
            found = ip_address(address or "")
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self.networks)


def proxy_of(header: str | None, networks: Sequence[str], operators: Sequence[str]) -> Proxy | None:
    """Return the proxy that a command line describes, None where it describes none.

    Raises:
        ConfigError: one part is there without the others, or cannot be used.
    """
    if header is None:
        for option, given in (("--proxy", networks), ("--operator", operators)):
            if given:
                raise ConfigError(option, given[0], "only with --trust-header NAME")
        return None
    if _HEADER.fullmatch(header) is None or header.lower() in _OWN:
        raise ConfigError("--trust-header", header, "the name of a header of the proxy's own, such as X-Forwarded-User")
    if not networks:
        raise ConfigError("--trust-header", header, "with --proxy ADDRESS, where the proxy's connections come from")
    for name in operators:
        if _NAME.fullmatch(name) is None:
            raise ConfigError("--operator", name, "a name as the proxy writes it: no blank, no comma, 128 at most")
    return Proxy(header.lower(), tuple(map(_network, networks)), frozenset(operators))


def _network(text: str) -> IPv4Network | IPv6Network:
    allowed = "an address or a network, such as 10.1.2.3 or 10.1.0.0/16, and not everybody's"
    try:
        found = ip_network(text)
    except ValueError as error:
        raise ConfigError("--proxy", text, allowed) from error
    if found.prefixlen == 0:
        raise ConfigError("--proxy", text, allowed)
    return found
