"""Refuses every request that is not allowed, before a route is looked for: a new route is closed until it is opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.scripts.console.sessions import Role, Sessions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tideline.scripts.console.proxy import Proxy

MAX_BODY = 64 * 1024
HEADER = "x-tideline"
_SAFE = ("GET", "HEAD")
_SESSION = "/api/session"
_STATIC = "/static/"
_OF_EVERYBODY = {("DELETE", _SESSION), ("POST", "/api/work"), ("DELETE", "/api/work")}
"""Of those with a session: nothing of the deployment changes."""
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Refused(NamedTuple):
    """A status of HTTP and why."""

    status: int
    why: str


@dataclass(frozen=True)
class Guard:
    """Who may take which route.

    Attributes:
        sessions: Who has shown a token.
        hosts: Values of the header Host that are meant for this server: a name that somebody else lets point here
            (DNS rebinding) is none of them.
        cookie: Name of the session's cookie; cookies know no ports.
        writes: Whether anything can be sent into the deployment.
        proxy: Who lets people in without a token, None for nobody.
    """

    sessions: Sessions
    hosts: frozenset[str]
    cookie: str
    writes: bool
    proxy: Proxy | None = None

    def session_of(self, headers: Mapping[str, str], address: str | None) -> str | None:
        """Return the id of the session that a request from an address is of."""
        person = None if self.proxy is None else self.proxy.person(headers, address)
        if self.proxy is not None and person is not None:
            return self.sessions.vouched(person, self.proxy.role(person))
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return None
        return found.value if found else None

    def judge(self, method: str, path: str, headers: Mapping[str, str], session: str | None) -> Refused | None:
        """Return why a request of a session is refused, None where it is allowed; `headers` as `joined` has them."""
        if headers.get("host", "").lower() not in self.hosts:
            return Refused(403, "the header Host names another server; --allow-host allows one more")
        is_safe = method in _SAFE
        refused = self._across_sites(path, headers) if is_safe else self._unsafe(headers)
        if refused:
            return refused
        if is_safe and (path == "/" or path.startswith(_STATIC)):
            return None
        if (method, path) == ("POST", _SESSION):
            return None
        role = self.sessions.role(session)
        if role is None:
            return Refused(401, "no session: enter with a token, or through the proxy that this console trusts")
        if is_safe or (method, path) in _OF_EVERYBODY:
            return None
        if not self.writes:
            return Refused(403, "this console only reads; it is started with --allow-writes where it shall write")
        return None if role is Role.OPERATOR else Refused(403, "viewers only read; enter with an operator's token")

    def _across_sites(self, path: str, headers: Mapping[str, str]) -> Refused | None:
        site = headers.get("sec-fetch-site", "none")
        if site in ("same-origin", "none") or (path == "/" and headers.get("sec-fetch-mode") == "navigate"):
            return None
        return Refused(403, "asked for by another site")

    def _unsafe(self, headers: Mapping[str, str]) -> Refused | None:
        """A browser adds neither the type nor the header of its own for another site without asking us first."""
        own = {f"{scheme}://{headers['host'].lower()}" for scheme in ("http", "https")}
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if (site is None and origin is None) or site not in (None, "same-origin"):
            return Refused(403, "sent by another site, or by nobody knows whom")
        if origin is not None and origin.lower() not in own:
            return Refused(403, "sent by another origin")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return Refused(415, "Content-Type must be application/json")
        if headers.get(HEADER) != "1":
            return Refused(403, f"the header {HEADER}: 1 is missing")
        length = headers.get("content-length")
        if length is not None and (not length.isdigit() or int(length) > MAX_BODY):
            return Refused(413, f"over {MAX_BODY:,} bytes")
        return None


class Guarded:
    """An application behind a guard: its answers carry the headers that keep a browser from doing more."""

    def __init__(self, inner: ASGIApp, guard: Guard) -> None:
        self._inner, self._guard = inner, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = joined(scope["headers"])
        address, _ = scope.get("client") or (None, 0)
        session = self._guard.session_of(headers, address)
        refused = self._guard.judge(scope["method"], scope["path"], headers, session)
        if refused is not None:
            await _refuse(refused, _with_headers(send))
            return
        scope["state"] = scope.get("state", {}) | {"session": session}
        await self._inner(scope, _bounded(receive), _with_headers(send))


def joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return values by names in small letters, those of one name joined by commas (RFC 9110, 5.3).

    >>> joined([(b"Host", b"a"), (b"X-User", b"eve"), (b"x-user", b"ann")])
    {'host': 'a', 'x-user': 'eve, ann'}
    """
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


async def _refuse(refused: Refused, send: Send) -> None:
    body = json.dumps({"error": refused.why}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(each for each in _HEADERS if each[0] not in own)]
        await send(message)

    return sent


def _bounded(receive: Receive) -> Receive:
    """Return what ends a body that is longer than it said, or never said how long it is."""
    taken = 0

    async def received() -> Any:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > MAX_BODY else message

    return received
