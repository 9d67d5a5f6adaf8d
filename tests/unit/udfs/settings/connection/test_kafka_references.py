"""Contract: `${file:PATH:KEY}` in Kafka properties is what Kafka's FileConfigProvider makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.schemas.errors import ConfigError
from tideline.udfs.settings.connection.kafka_references import provider_of, resolved
from tideline.udfs.settings.connection.kafka_security import (
    KAFKA_PROPERTIES,
    flink_properties,
    kafka_python_kwargs,
    mask_properties,
)
from tideline.udfs.settings.options import Refusal

_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"


def _login(path: Path, key: str = "password") -> dict[str, str]:
    reference = f"${{file:{path}:{key}}}"
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": f'{_MODULE} required username="job" password="{reference}";',
    }


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "kafka-secret.properties"
    path.write_text("# of the job\npassword = hidden\\u0021\nkey=other\n")
    return path


def test_our_clients_log_in_with_what_the_file_holds(secret: Path) -> None:
    """Contract: read as Java reads .properties, escapes and all, at the moment of the connection."""
    assert kafka_python_kwargs(_login(secret))["sasl_plain_password"] == "hidden!"
    secret.write_text("password=new")
    assert kafka_python_kwargs(_login(secret))["sasl_plain_password"] == "new"


def test_flink_gets_the_reference_and_the_provider_that_resolves_it(secret: Path) -> None:
    """Contract: no secret in a table's options; Kafka's class under its name in the connector; one folder allowed."""
    given = flink_properties(_login(secret) | {"ssl.key.password": f"${{file:{secret}:key}}"})
    assert not any("hidden" in value or "other" in value for value in given.values())
    shaded = "org.apache.flink.kafka.shaded.org.apache.kafka.common"
    assert given["properties.config.providers"] == "file"
    assert given["properties.config.providers.file.class"] == f"{shaded}.config.provider.FileConfigProvider"
    assert given["properties.config.providers.file.param.allowed.paths"] == str(secret.parent)
    assert given["properties.sasl.jaas.config"].startswith(f"{shaded}.security.scram.ScramLoginModule required ")


def test_without_references_nothing_is_added() -> None:
    """Contract: the properties of today stay as they are."""
    assert provider_of({"ssl.key.password": "$file:/a:b", "sasl.mechanism": "PLAIN"}, "shaded.") == {}
    assert resolved({"a.b": "${other:/a:b}"}) == {"a.b": "${other:/a:b}"}


@pytest.mark.parametrize(
    ("reference", "allowed"),
    [
        ("${file:kafka.properties:password}", "a path from /"),
        ("${file:/nowhere/kafka.properties:password}", r"can be read here \(.*No such file"),
        ("${file:/SECRET:user}", "a key of .*, which has 2"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(secret: Path, reference: str, allowed: str) -> None:
    """Contract: found before submission; the message has the reference, never what the file holds."""
    reference = reference.replace("/SECRET", str(secret))
    with pytest.raises(ConfigError, match=allowed) as refused:
        resolved({"ssl.key.password": reference})
    assert reference in str(refused.value)
    assert "hidden" not in str(refused.value)
    with pytest.raises(Refusal):
        KAFKA_PROPERTIES.read({"ssl.key.password": reference})


def test_only_a_reference_is_no_secret(secret: Path) -> None:
    """Contract: what names a secret may be printed and shared; what holds one beside it may not."""
    login = _login(secret)
    assert "***" not in mask_properties(login | {"ssl.key.password": f"${{file:{secret}:key}}"})
    assert "***" not in mask_properties({"ssl.truststore.location": "/etc/secret/ca.pem"}), "a path is no secret"
    for jaas in (
        login["sasl.jaas.config"].replace('password="', 'password="hidden'),
        login["sasl.jaas.config"].replace(";", ' token="hidden";'),
        f'{_MODULE} required username="job" password="hidden"; # ${{file:{secret}:password}}',
    ):
        assert "hidden" not in mask_properties({"sasl.jaas.config": jaas})
    assert "hidden" not in mask_properties({"ssl.key.password": f"hidden${{file:{secret}:key}}"})


def test_the_provider_is_not_set_by_hand() -> None:
    """Contract: another provider would be resolved by Java and not by our own clients."""
    with pytest.raises(Refusal, match="understood without it"):
        KAFKA_PROPERTIES.read({"config.providers": "env"})
