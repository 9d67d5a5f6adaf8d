"""Contract: whatever is wrong with a Kafka is one line that says what to do and repeats no secret."""

from __future__ import annotations

import pytest
from kafka import errors

from tideline.udfs.io.kafka_refusals import explain

TIME_IS_UP = errors.KafkaTimeoutError("Unable to bootstrap from h:1")


@pytest.mark.parametrize(
    ("heard", "protocol", "told"),
    [
        (errors.SaslAuthenticationFailedError("no such user"), "SASL_SSL", "check user and password"),
        (errors.UnsupportedSaslMechanismError(), "SASL_SSL", "do not take this sasl.mechanism"),
        (errors.TopicAuthorizationFailedError("clicks"), "SASL_SSL", "it needs Read on topic clicks"),
        (
            errors.KafkaConnectionError("Handshake failed: [SSL: CERTIFICATE_VERIFY_FAILED] unable to get issuer"),
            "SASL_SSL",
            "no CA in ssl.truststore.location",
        ),
        (
            errors.KafkaConnectionError("Handshake failed: [SSL: CERTIFICATE_VERIFY_FAILED] IP address mismatch"),
            "SASL_SSL",
            "the certificate is for another name",
        ),
        (errors.KafkaConnectionError("Handshake failed: EOF"), "SSL", "does not speak TLS"),
        (errors.KafkaConnectionError("111 ECONNREFUSED"), "PLAINTEXT", "nothing listens there"),
        (errors.KafkaConnectionError("DNS Resolution failure"), "PLAINTEXT", "the name of the host is not known"),
        (errors.KafkaConnectionError("socket disconnected"), "PLAINTEXT", "does the port want TLS or a login"),
        (errors.KafkaConnectionError("socket disconnected"), "SASL_SSL", "end the connection at the login"),
        (TIME_IS_UP, "PLAINTEXT", "no answer in time"),
    ],
)
def test_what_the_client_told_its_log_becomes_advice(heard: Exception, protocol: str, told: str) -> None:
    found = explain(TIME_IS_UP, [heard, TIME_IS_UP], {"security.protocol": protocol}, "Read on topic clicks")
    assert told in found
    assert "\n" not in found


@pytest.mark.parametrize(
    "error",
    [
        errors.TopicAuthorizationFailedError("clicks"),
        errors.KafkaError("Unexpected error in InitProducerIdResponse: [Error 31] ClusterAuthorizationFailedError"),
    ],
)
def test_a_right_that_is_missing_is_named(error: errors.KafkaError) -> None:
    """Contract: also where a login that may read a topic, and write none, is refused a producer's number."""
    found = explain(error, [], {}, "Write on topic clicks")
    assert found == "the login may not do that; it needs Write on topic clicks (docs/operate.md, Rights in Kafka)"


def test_an_unknown_error_is_told_by_its_first_line() -> None:
    assert explain(errors.KafkaError("odd\nmore"), [], {}, "") == "KafkaError: odd"
