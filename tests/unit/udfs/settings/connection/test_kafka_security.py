"""Contract: our own Kafka clients connect as Flink's Java clients do, or refuse to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.schemas.errors import ConfigError
from tideline.udfs.settings.connection.kafka_security import (
    chosen_properties,
    flink_properties,
    kafka_python_kwargs,
    read_properties,
)

JAAS = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="job" password="a\\"b;c";'


def test_no_properties_are_a_plain_connection() -> None:
    assert kafka_python_kwargs({"fetch.min.bytes": "1"}) == {}


def test_a_login_over_tls_is_translated() -> None:
    assert kafka_python_kwargs(
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.jaas.config": JAAS,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": "/etc/ca.pem",
            "ssl.endpoint.identification.algorithm": "",
        }
    ) == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "job",
        "sasl_plain_password": 'a"b;c',
        "ssl_cafile": "/etc/ca.pem",
        "ssl_check_hostname": False,
    }


def test_a_client_certificate_is_translated() -> None:
    """Contract: Java's PEM key store holds key and certificates in one file, kafka-python asks for both."""
    assert kafka_python_kwargs(
        {"ssl.keystore.type": "PEM", "ssl.keystore.location": "/etc/job.pem", "ssl.key.password": "p"}
    ) == {"ssl_certfile": "/etc/job.pem", "ssl_keyfile": "/etc/job.pem", "ssl_password": "p"}


@pytest.mark.parametrize(
    ("properties", "key"),
    [
        ({"ssl.truststore.location": "/etc/ca.jks"}, "ssl.truststore.type"),
        ({"ssl.keystore.location": "/etc/ca.p12", "ssl.keystore.type": "PKCS12"}, "ssl.keystore.type"),
        ({"sasl.jaas.config": "Krb5LoginModule required hidden;"}, "sasl.jaas.config"),
        ({"ssl.truststore.password": "hidden"}, "ssl.truststore.password"),
        ({"sasl.login.callback.handler.class": "a.B"}, "sasl.login.callback.handler.class"),
    ],
)
def test_what_cannot_be_followed_is_refused(properties: dict[str, str], key: str) -> None:
    """Contract: a security setting is never silently dropped."""
    with pytest.raises(ConfigError) as refused:
        kafka_python_kwargs(properties)

    assert refused.value.key == f"kafka_properties.{key}"
    assert "hidden" not in str(refused.value)


def test_a_properties_file_may_continue_lines() -> None:
    text = '! old style comment\n\nsasl.jaas.config=Module required \\\n   username="u";\n security.protocol = SSL\n'

    assert read_properties(text) == {
        "sasl.jaas.config": 'Module required username="u";',
        "security.protocol": "SSL",
    }


def test_a_file_of_javas_words_is_read_before_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    path.write_text("security.protocol=SASL_PLAINTEXT\n")
    environ = {"TIDELINE_KAFKA_PROPERTIES": "security.protocol=SSL"}
    assert chosen_properties(path, environ) == {"security.protocol": "SASL_PLAINTEXT"}
    assert chosen_properties(None, environ) == {"security.protocol": "SSL"}
    assert chosen_properties(None, {"TIDELINE_KAFKA_PROPERTIES_FILE": str(path)}) == chosen_properties(path, {})
    assert chosen_properties(None, {}) == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("security.protocol=HIDDEN", "security.protocol: PLAINTEXT, SSL"),
        ("group.id=hidden", "without bootstrap.servers, group.id"),
        ("acks=1\nsecurity_protocol=hidden", "'security_protocol' (did you mean security.protocol?) is none"),
        ("Retries=hidden", "'Retries' (did you mean retries?) is none"),
        ("acks=1\nhidden", "the name of entry 2, of 6 characters, is none"),
        ("sasl.jaas.config=hidden", r'sasl.jaas.config: a login module with username="..."'),
        ("ssl.truststore.type=PEM\nssl.truststore.location=/nowhere.pem", "a PEM file of certificates"),
        ("ssl.truststore.type=PEM\nssl.truststore.location=FOLDER/bad.pem", "a PEM file of certificates"),
        ("ssl.keystore.type=PEM\nssl.keystore.location=FOLDER/bad.pem", "a PEM file of a key"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_without_what_is_in_it(text: str, told: str, tmp_path: Path) -> None:
    """Contract: also a file of certificates that is none: a Kafka client would only say that time is up."""
    path = tmp_path / "client.properties"
    (tmp_path / "bad.pem").write_text("no certificate")
    path.write_text(text.replace("FOLDER", str(tmp_path)))
    with pytest.raises(ConfigError) as refused:
        chosen_properties(path, {})
    assert told in str(refused.value)
    assert "hidden" not in str(refused.value).lower()


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"--config='/nowhere.properties'.*a file that can be read"):
        chosen_properties(Path("/nowhere.properties"), {})


def test_flink_gets_the_login_module_by_the_name_it_has_in_its_jar() -> None:
    """Contract: one file serves the job and Kafka's own tools; what was written for the jar stays."""
    found = flink_properties({"security.protocol": "SASL_SSL", "sasl.jaas.config": JAAS})
    shaded = f"org.apache.flink.kafka.shaded.{JAAS}"
    assert found == {"properties.security.protocol": "SASL_SSL", "properties.sasl.jaas.config": shaded}
    assert flink_properties({"sasl.jaas.config": shaded})["properties.sasl.jaas.config"] == shaded
    assert flink_properties({}) == {}
    secret = JAAS.replace('a\\"b;c', "org.apache.kafka.x")
    assert "org.apache.kafka.x" in flink_properties({"sasl.jaas.config": secret})["properties.sasl.jaas.config"]
    assert flink_properties({"sasl.jaas.config": secret})["properties.sasl.jaas.config"].count("shaded") == 1
