"""Contract: a .properties file says to the job what it says to a Java client."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.udfs.settings.connection.java_properties import parse_properties

CASES = Path(__file__).parents[4] / "golden" / "properties"


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        (
            "bom",
            {
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "PLAIN",
                "sasl.jaas.config": 'x required username="a" password="b";',
            },
        ),
        (
            "colon",
            {
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "PLAIN",
                "sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required "
                'username="app" password="hunter2";',
            },
        ),
        (
            "escape",
            {
                "security.protocol": "SSL",
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": "/etc/certs:v2/ca.pem",
            },
        ),
    ],
)
def test_files_of_other_people_are_read_as_they_meant_them(name: str, entries: dict[str, str]) -> None:
    assert parse_properties((CASES / f"kafka_{name}.properties").read_text()) == entries


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("a.b=c", {"a.b": "c"}),
        ("a.b : c", {"a.b": "c"}),
        ("a.b   c d", {"a.b": "c d"}),
        ("a.b", {"a.b": ""}),
        ("a.b==c", {"a.b": "=c"}),
        ("a\\=b\\ c=d", {"a=b c": "d"}),
        ("a.b=c \r\n! no\r# no\r\n\r\na.c=d", {"a.b": "c ", "a.c": "d"}),
        ("a.b=c\\\n   d\\\n  # e", {"a.b": "cd# e"}),
        ("a.b=c\\\\\nd=e", {"a.b": "c\\", "d": "e"}),
        ("a.b=\\u00e9\\t\\q\\ud83d\\ude00", {"a.b": "é\tq😀"}),
        ("a.b=\\\\u00", {"a.b": "\\u00"}),
        ("a=1\na=2", {"a": "2"}),
        ("# comment \\\na=1", {"a": "1"}),
    ],
)
def test_text_is_read_by_java_s_rules(text: str, entries: dict[str, str]) -> None:
    """Contract: separators, escapes, comments and joined lines are those of java.util.Properties."""
    assert parse_properties(text) == entries


@pytest.mark.parametrize("text", ["a=\\u12", "a=\\uzzzz", "a=\\ud83d"])
def test_half_an_escape_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"|"):
        parse_properties(text)
