"""Contract: a token opens a session of its role, which ends."""

from __future__ import annotations

from tideline.scripts.console.sessions import Role, Sessions

_TOKENS = {"v" * 32: Role.VIEWER, "ö" * 32: Role.OPERATOR}


def test_each_token_opens_its_role() -> None:
    sessions = Sessions(_TOKENS)
    assert [sessions.role(sessions.enter(token)) for token in _TOKENS] == [Role.VIEWER, Role.OPERATOR]
    assert sessions.enter("v" * 31) is None
    assert sessions.enter("\ud800") is None


def test_a_session_ends_after_half_a_day_and_when_it_is_left() -> None:
    now_s = [0.0]
    sessions = Sessions(_TOKENS, lambda: now_s[0])
    first, second = (sessions.enter("v" * 32) for _ in range(2))
    assert first != second
    sessions.leave(second)
    assert (sessions.role(first), sessions.role(second)) == (Role.VIEWER, None)
    now_s[0] = 13 * 3600.0
    assert sessions.role(first) is None


def test_whom_a_proxy_lets_in_has_one_session_while_it_lasts() -> None:
    """Contract: one a person, of his name; a new one where it is over, and no token's session has a name."""
    now_s = [0.0]
    sessions = Sessions(_TOKENS, lambda: now_s[0])
    ann, bob = sessions.vouched("ann", Role.VIEWER), sessions.vouched("bob", Role.OPERATOR)
    assert [sessions.vouched("ann", Role.VIEWER), sessions.vouched("bob", Role.OPERATOR)] == [ann, bob]
    assert [sessions.person(each) for each in (ann, bob, sessions.enter("v" * 32) or "", "none")] == [
        "ann",
        "bob",
        None,
        None,
    ]
    now_s[0] = 13 * 3600.0
    again = sessions.vouched("ann", Role.VIEWER)
    assert again != ann
    sessions.leave(again)
    assert sessions.role(again) is None
    assert sessions.role(sessions.vouched("ann", Role.VIEWER)) is Role.VIEWER


def test_sessions_are_bounded() -> None:
    """Contract: of a thousand and one the oldest is over; who has a token cannot fill the memory."""
    sessions = Sessions(_TOKENS)
    opened = [sessions.enter("v" * 32) for _ in range(1_001)]
    assert sessions.role(opened[0]) is None
    assert sessions.role(opened[1]) is Role.VIEWER
    assert len(sessions._open) == 1_000
    for number in range(1_500):
        sessions.vouched(f"person-{number}", Role.VIEWER)
    assert len(sessions._open) == len(sessions._by_person) == 1_000
