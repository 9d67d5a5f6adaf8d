"""Contract: a header lets somebody in where the proxy sent it, once and well-formed, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.console_world import Browser, MemoryDeployment, console_of
from tests.support.core_world import KEYS, NOON_MS
from tideline.schemas.errors import ConfigError
from tideline.scripts.console.audit import Audit
from tideline.scripts.console.guard import Guarded
from tideline.scripts.console.proxy import Proxy, proxy_of
from tideline.scripts.console.sessions import Role

if TYPE_CHECKING:
    from pathlib import Path

_PROXY = proxy_of("X-Forwarded-User", ["10.1.0.0/16", "fd00::7"], ["ann"])
_VIEW = {"user": "u1", "type": "view"}


def _behind(address: str | None, audit: Audit | None = None) -> Browser:
    console = console_of(MemoryDeployment(), writes="*", audit=audit)
    guarded = console.application()
    return Browser(Guarded(guarded._inner, replace(console.guard, proxy=_PROXY)), address)


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::7"])
def test_whom_the_proxy_names_is_in_with_no_token(address: str) -> None:
    """Contract: with the role that was stated, and no cookie."""
    browser = _behind(address)
    for person, role in (("ann", "operator"), ("bob@shop.example", "viewer")):
        answer = browser.ask("GET", "/api/session", x_forwarded_user=person)
        assert (answer.status, answer.json()["role"]) == (200, role)
        assert "set-cookie" not in answer.headers


def test_only_stated_operators_write() -> None:
    browser = _behind("10.1.2.3")
    assert browser.ask("POST", "/api/events", _VIEW, x_forwarded_user="bob").status == 403
    assert browser.ask("POST", "/api/events", _VIEW, x_forwarded_user="ann").status == 202


@pytest.mark.parametrize("address", ["10.2.0.1", "127.0.0.1", "fd00::8", "::1", "a socket", None])
def test_the_header_of_anybody_else_lets_nobody_in(address: str | None) -> None:
    """Contract: an address that is not the proxy's, be it this machine's own."""
    assert _behind(address).ask("GET", "/api/health", x_forwarded_user="ann").status == 401


@pytest.mark.parametrize("name", [None, "", " ", "eve, ann", "ann,", "ann\t", "ann smith", "\xc3\xa4nn", "a" * 129])
def test_a_name_that_is_none_lets_nobody_in(name: str | None) -> None:
    """Contract: a header that came twice reads as two names, and is none."""
    assert _behind("10.1.2.3").ask("GET", "/api/health", x_forwarded_user=name).status == 401


def test_a_header_that_a_visitor_added_before_the_proxys_own_is_seen() -> None:
    """Contract: two lines of the header are one value with a comma, whichever came first, in whatever letters."""
    for first, second in ((b"ann", b"eve"), (b"eve", b"ann")):
        lines = [(b"X-Forwarded-User", first), (b"x-forwarded-user", second)]
        assert _answer_to(_behind("10.1.2.3"), lines) == 401
    assert _answer_to(_behind("10.1.2.3"), [(b"X-Forwarded-User", b"ann")]) == 200


def test_other_sites_are_refused_behind_a_proxy_too() -> None:
    """Contract: a proxy names whoever's browser it is, also where another site makes it ask."""
    browser = _behind("10.1.2.3")
    evil = {"sec_fetch_site": "cross-site", "origin": "https://evil.example"}
    assert browser.ask("POST", "/api/events", _VIEW, x_forwarded_user="ann", **evil).status == 403
    assert browser.ask("GET", "/api/health", x_forwarded_user="ann", **evil).status == 403
    assert browser.ask("GET", "/api/health", x_forwarded_user="ann", host="evil.example").status == 403


def test_a_look_is_written_down_with_the_name(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "looks", KEYS, lambda: NOON_MS)
    _behind("10.1.2.3", audit).ask("GET", "/api/users/u1", x_forwarded_user="bob")
    audit.close()
    line = json.loads((tmp_path / "looks").read_text())
    assert (line["person"], line["role"]) == ("bob", "viewer")


@pytest.mark.parametrize(
    ("header", "networks", "operators", "key"),
    [
        (None, ["10.0.0.0/8"], [], "--proxy"),
        (None, [], ["ann"], "--operator"),
        ("X-User", [], [], "--trust-header"),
        ("X User", ["10.0.0.1"], [], "--trust-header"),
        ("", ["10.0.0.1"], [], "--trust-header"),
        ("Host", ["10.0.0.1"], [], "--trust-header"),
        ("cookie", ["10.0.0.1"], [], "--trust-header"),
        ("X-User", ["0.0.0.0/0"], [], "--proxy"),
        ("X-User", ["::/0"], [], "--proxy"),
        ("X-User", ["10.0.0.1/8"], [], "--proxy"),
        ("X-User", ["proxy.shop"], [], "--proxy"),
        ("X-User", ["10.0.0.1"], ["ann smith"], "--operator"),
        ("X-User", ["10.0.0.1"], ["ann,bob"], "--operator"),
    ],
)
def test_a_proxy_that_is_half_described_is_refused_by_name(
    header: str | None, networks: list[str], operators: list[str], key: str
) -> None:
    with pytest.raises(ConfigError, match=key):
        proxy_of(header, networks, operators)


def test_without_a_header_there_is_no_proxy() -> None:
    assert proxy_of(None, [], []) is None
    assert isinstance(_PROXY, Proxy)
    assert [_PROXY.role(name) for name in ("ann", "Ann", "")] == [Role.OPERATOR, Role.VIEWER, Role.VIEWER]


def _answer_to(browser: Browser, lines: list[tuple[bytes, bytes]]) -> int:
    """Return the status of a request with header lines that a mapping could not hold."""
    inner = browser._application

    async def with_lines(scope: dict[str, object], receive: object, send: object) -> None:
        await inner({**scope, "headers": [*scope["headers"], *lines]}, receive, send)  # type: ignore[arg-type,misc]

    return Browser(with_lines, "10.1.2.3").ask("GET", "/api/health").status  # type: ignore[arg-type]
