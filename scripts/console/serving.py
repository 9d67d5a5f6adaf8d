"""Runs a console: its tokens, its address, and the server."""

from __future__ import annotations

import json
import secrets
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

import uvicorn

from tideline.schemas.errors import ConfigError
from tideline.scripts.console.sessions import LEAST_TOKEN, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tideline.scripts.console.guard import Guarded

_FORM = f'{{"viewer": TOKEN, "operator": TOKEN}}, one of them at least, each of {LEAST_TOKEN} characters or more'
_OTHERS = 0o077
_END_WITHIN_S = 1


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine alone.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "console.shop")]
    [True, True, True, False, False]
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def tokens_of(path: Path | None, host: str, writes: bool, behind_proxy: bool = False) -> dict[str, Role]:
    """Return what each token opens: those of a file, or one made now, of an operator where the console writes.

    Without a file none is made behind a proxy, which lets people in.

    Raises:
        ConfigError: the file cannot be used, others can read it, or other machines reach the console without one.
    """
    if path is None and behind_proxy:
        return {}
    if path is None:
        if not is_loopback(host):
            raise ConfigError("--host", host, "127.0.0.1, or with --token-file FILE or --trust-header NAME")
        return {secrets.token_urlsafe(32): Role.OPERATOR if writes else Role.VIEWER}
    try:
        if path.stat().st_mode & _OTHERS:
            raise ConfigError("--token-file", str(path), "a file that its owner alone can read (chmod 600)")
        stated = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError("--token-file", str(path), f"JSON: {_FORM} ({type(error).__name__})") from error
    if not isinstance(stated, dict) or not stated or stated.keys() - set(map(str, Role)):
        raise ConfigError("--token-file", str(path), _FORM)
    if any(not isinstance(token, str) or len(token) < LEAST_TOKEN for token in stated.values()):
        raise ConfigError("--token-file", str(path), _FORM)
    found = {token: Role(role) for role, token in stated.items()}
    if len(found) < len(stated):
        raise ConfigError("--token-file", str(path), "tokens that differ")
    return found


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0 is any free one.

    Raises:
        ConfigError: the address cannot be used.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
            found.listen(128)
        except BaseException:
            found.close()
            raise
    except OSError as error:
        raise ConfigError("--host, --port", f"{host}:{port}", f"an address that is free here ({error})") from error
    return found


def hosts_of(host: str, port: int, more: Iterable[str]) -> frozenset[str]:
    """Return the values of the header Host that mean a console at that address, and those that are allowed beside."""
    local = ("127.0.0.1", "localhost", "[::1]") if is_loopback(host) else (f"[{host}]" if ":" in host else host,)
    return frozenset([f"{each}:{port}" for each in local] + [each.lower() for each in more])


def address_of(host: str, port: int, tokens: Mapping[str, Role]) -> str:
    """Return where a browser begins: the token is behind the #, so it is in no request line and no log."""
    shown = "127.0.0.1" if is_loopback(host) else host
    token = next((token for token, role in tokens.items() if role is Role.OPERATOR), next(iter(tokens), None))
    return f"http://{shown}:{port}/#/health{f'?token={token}' if token else ''}"


def serve(application: Guarded, listening: socket.socket) -> None:
    """Serve until the process is told to end."""
    server_of(application).run(sockets=[listening])


def server_of(application: Guarded) -> uvicorn.Server:
    """Return a server that says nothing of itself and logs no request."""
    config = uvicorn.Config(
        application,
        log_config=None,  # its lines go where all go, in the form that is asked for
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_END_WITHIN_S,
        ws="none",
        lifespan="on",
    )
    return uvicorn.Server(config)
