"""Contract: whoever has no session gets nothing, and no other site can make a browser do anything."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.routing import Mount, Route

from tests.support.console_world import HOST, Browser, MemoryDeployment, console_of
from tideline.scripts.console.guard import MAX_BODY
from tideline.scripts.console.sessions import Role

_CONSOLE = console_of(MemoryDeployment(), writes="*")
_OPEN = {("GET", "/"), ("HEAD", "/"), ("GET", "/static"), ("POST", "/api/session")}
_EVENT = {"user": "u1", "category": "TEA"}


def _routes() -> list[tuple[str, str]]:
    found = []
    for route in _CONSOLE.routed().routes:
        assert isinstance(route, Route | Mount)
        methods = sorted(route.methods or ()) if isinstance(route, Route) else ["GET"]
        found += [(method, route.path) for method in methods]
    return found


def test_every_route_is_asked() -> None:
    assert len(_routes()) >= 14


@pytest.mark.parametrize(("method", "path"), [each for each in _routes() if each not in _OPEN])
def test_a_route_refuses_without_a_session(method: str, path: str) -> None:
    """Contract: all of them, but the page, its assets and the way in."""
    filled = path.replace("{name:path}", "u1").replace("{name}", "TidelineNoJob")
    browser = Browser(_CONSOLE.application())
    for cookie in (None, f"{_CONSOLE.guard.cookie}=made-up", "garbage;;=", f"other={'x' * 5_000}"):
        answer = browser.ask(method, filled, _EVENT if method == "POST" else None, cookie=cookie)
        assert answer.status == 401
        assert b"u1" not in answer.body


@pytest.mark.parametrize("path", ["/api/none", "/docs", "/openapi.json", "/api/session/../health", "//api/health"])
def test_what_is_no_route_is_closed_too(path: str) -> None:
    assert Browser(_CONSOLE.application()).ask("GET", path).status == 401


def test_the_page_and_its_assets_are_for_everybody() -> None:
    browser = Browser(_CONSOLE.application())
    assert browser.ask("GET", "/").status == 200
    assert browser.ask("GET", "/static/app.js").status == 200
    assert browser.ask("GET", "/static/../app.py").status == 404
    assert browser.ask("GET", "/static/%2e%2e/app.py").status == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8900", "127.0.0.1:9999", "127.0.0.1", "", None])
@pytest.mark.parametrize("path", ["/", "/api/health", "/static/app.js"])
def test_a_name_that_somebody_else_points_here_is_refused(host: str | None, path: str) -> None:
    """Contract: DNS rebinding, with a session too."""
    browser = Browser(_CONSOLE.application()).enter()
    assert browser.ask("GET", path, host=host).status == 403


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"sec_fetch_site": "cross-site", "origin": "https://evil.example"}, 403),
        ({"sec_fetch_site": "same-site", "origin": "http://127.0.0.1:5000"}, 403),
        ({"sec_fetch_site": None, "origin": "https://evil.example"}, 403),
        ({"sec_fetch_site": None, "origin": "null"}, 403),
        ({"sec_fetch_site": None, "origin": f"http://{HOST}.evil.example"}, 403),
        ({"sec_fetch_site": None, "origin": None}, 403),
        ({"sec_fetch_site": "same-origin", "origin": "https://evil.example"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": None}, 415),
        ({"x_tideline": None}, 403),
        ({"content_length": str(MAX_BODY + 1)}, 413),
        ({"content_length": "-1"}, 413),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/events"), ("DELETE", "/api/session"), ("POST", "/api/session")]
)
def test_another_site_can_send_nothing(changes: dict[str, Any], status: int, method: str, path: str) -> None:
    """Contract: a form, a fetch and a request of nobody knows whom are refused, though the browser shows a session."""
    deployment = MemoryDeployment()
    browser = Browser(console_of(deployment, writes="*").application()).enter(Role.OPERATOR)
    assert browser.ask(method, path, _EVENT, **changes).status == status
    assert not deployment.sent
    assert browser.ask("GET", "/api/session").status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_reads_nothing(site: str) -> None:
    """Contract: nor embeds it; a link to the page works."""
    browser = Browser(_CONSOLE.application()).enter()
    for path in ("/api/health", "/api/live?topic=health", "/static/app.js", "/"):
        assert browser.ask("GET", path, sec_fetch_site=site, sec_fetch_mode="no-cors", origin=None).status == 403
    assert browser.ask("GET", "/", sec_fetch_site=site, sec_fetch_mode="navigate", origin=None).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_a_console_that_only_reads_takes_no_other_method(method: str) -> None:
    """Contract: 403 with how it is allowed, whatever the route."""
    browser = Browser(console_of(MemoryDeployment()).application()).enter(Role.OPERATOR)
    for path in ("/api/events", "/api/health", "/", "/static/app.js"):
        answer = browser.ask(method, path, {})
        assert (answer.status, "--allow-writes" in answer.json()["error"]) == (403, True)


def test_writes_are_refused_by_default_and_to_viewers() -> None:
    deployment = MemoryDeployment()
    refused = Browser(console_of(deployment).application()).enter(Role.OPERATOR).ask("POST", "/api/events", _EVENT)
    assert (refused.status, "--allow-writes" in refused.json()["error"]) == (403, True)
    viewer = Browser(console_of(deployment, writes="*").application()).enter(Role.VIEWER)
    assert viewer.ask("POST", "/api/events", _EVENT).status == 403
    assert not deployment.sent


@pytest.mark.parametrize("path", ["/api/events", "/api/session"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"user":"' + b"x" * (2 * MAX_BODY) + b'"}', 413),
        (b"[" * (MAX_BODY - 1), 422),
        (b"\xff\xfe{}", 422),
        (b"", 422),
        (b"{", 422),
    ],
)
def test_a_body_that_is_none_is_refused_in_a_line(path: str, body: bytes, status: int) -> None:
    """Contract: one that does not say how long it is ends at the bound; nothing is sent, and nothing is a traceback."""
    deployment = MemoryDeployment()
    browser = Browser(console_of(deployment, writes="*").application()).enter(Role.OPERATOR)
    answer = browser.ask("POST", path, body, content_length=None)
    assert answer.status in ({413} if status == 413 else {400, 422})
    assert set(answer.json()) == {"error"}
    assert not deployment.sent


def test_every_answer_keeps_a_browser_from_doing_more() -> None:
    """Contract: no script but ours, no frame, no referrer, nothing kept; refusals too."""
    browser = Browser(_CONSOLE.application())
    for path in ("/", "/static/app.js", "/api/health"):
        headers = browser.ask("GET", path).headers
        assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


def test_a_session_is_a_cookie_that_no_script_and_no_other_site_gets() -> None:
    browser = Browser(_CONSOLE.application())
    told = browser.ask("POST", "/api/session", {"token": "o" * 32}).headers["set-cookie"].lower()
    assert "httponly" in told
    assert "samesite=strict" in told
    assert "secure" not in told  # over http a browser would drop it


def test_who_leaves_is_out() -> None:
    browser = Browser(_CONSOLE.application()).enter()
    assert browser.ask("DELETE", "/api/session").status == 204
    assert browser.ask("GET", "/api/health").status == 401


@pytest.mark.parametrize("token", ["", "x", "v" * 31, "v" * 33, None, 7, ["v" * 32], {"v": 1}])
def test_another_token_opens_nothing(token: object) -> None:
    answer = Browser(_CONSOLE.application()).ask("POST", "/api/session", {"token": token})
    assert (answer.status, "set-cookie" in answer.headers) == (401, False)


def test_a_socket_of_the_web_is_closed() -> None:
    """Contract: what is neither a request nor the server's own start and end gets nowhere."""
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    asyncio.run(_CONSOLE.application()({"type": "websocket", "path": "/api/live", "headers": []}, receive, send))
    assert told == [{"type": "websocket.close", "code": 1008}]
