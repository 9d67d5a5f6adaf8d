"""Options of the job's own kinds: what is refused before anything is submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.serving.past.some_users import SomeUsers
from tideline.udfs.settings.option_kinds import ARCHIVE, LIFTED, OFFSETS, POLICY, TOKEN_KEYS, USERS, mask_token_keys

if TYPE_CHECKING:
    from pathlib import Path


def test_users_are_named_or_a_sample_of_them(tmp_path: Path) -> None:
    """Contract: ids with commas, a file with any id but an empty one in a line, one of so many; none is printed."""
    path = tmp_path / "ids"
    path.write_bytes("anna\r\nx,y\n1/16\n é \n\n".encode())
    assert USERS.read(f"@{path}").named == {"anna", "x,y", "1/16", " é "}
    assert (USERS.read("anna,ben").named, USERS.read("1/16")) == ({"anna", "ben"}, SomeUsers(16))
    assert (str(USERS.read("anna,ben")), str(USERS.read("1/999999"))) == ("2 by name", "1/999999")


@pytest.mark.parametrize("raw", ["", ",", "@", "@nowhere", 16, None, ["anna"]])
def test_what_names_nobody_is_refused(raw: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        USERS.read(raw)


@pytest.mark.parametrize("raw", ["", "cap", "caps,", "exploration", "caps,budget x", 3, None])
def test_what_is_no_class_of_rules_is_refused(raw: Any) -> None:
    """Contract: the names are those of the report; exploration has an option of its own, which the words name."""
    with pytest.raises((TypeError, ValueError)):
        LIFTED.read(raw)
    assert LIFTED.allowed.startswith("caps, stops, prices, offsets, list_rules, several with commas")


def test_an_archive_is_a_folder_with_topics(tmp_path: Path) -> None:
    """Contract: absolute, for a worker runs elsewhere; what has no topic is none."""
    for none in (str(tmp_path), str(tmp_path / "absent"), 7):
        with pytest.raises(ValueError):
            ARCHIVE.read(none)
    (tmp_path / "topic=clickstream").mkdir()
    assert ARCHIVE.read(str(tmp_path)) == tmp_path.resolve()


@pytest.mark.parametrize("odd", ['{"1": "00"}', "{}", '{"256": "' + "ab" * 32 + '"}', "[]", "x"])
def test_secrets_that_are_none_are_refused(odd: str) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        TOKEN_KEYS.read(odd)


def test_secrets_are_told_by_their_ids() -> None:
    assert mask_token_keys({3: b"k" * 32}) == '{"3": "***"}'


@pytest.mark.parametrize(("kind", "good", "odd"), [(OFFSETS, '{"0": 3}', '{"0": -1}'), (POLICY, "linucb", "none such")])
def test_what_a_table_or_a_policy_says_is_checked(kind: Any, good: str, odd: str) -> None:
    assert kind.read(good)
    with pytest.raises((ValueError, ConfigError)):
        kind.read(odd)
