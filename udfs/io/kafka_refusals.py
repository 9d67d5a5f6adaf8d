"""Why a Kafka cluster cannot be used, in one line that says what to do and holds no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka import errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PROTOCOL = "security.protocol"
_NOT_ALLOWED = "AuthorizationFailedError"
"""How the client names a right that it lacks in the text of another error: where a producer asks for its number."""
# By what is told first: an error of the login says more than the connection that is lost thereafter.
_BY_KIND: tuple[tuple[type[BaseException], str], ...] = (
    (errors.SaslAuthenticationFailedError, "the login is refused; check user and password in sasl.jaas.config"),
    (errors.UnsupportedSaslMechanismError, "the brokers do not take this sasl.mechanism; ask which one they take"),
    (errors.UnknownTopicOrPartitionError, "there is no such topic; make it with scripts/topics"),
)
_BY_TEXT = (
    ("mismatch", "the certificate is for another name; give --bootstrap a name that it is for"),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "no CA in ssl.truststore.location signed the certificate; put the cluster's CA there",
    ),
    ("certificate required", "a certificate of the client is wanted; give ssl.keystore.location"),
    ("Handshake failed", "this port does not speak TLS; check the port and security.protocol"),
    ("DNS", "the name of the host is not known; check it"),
    ("ECONNREFUSED", "nothing listens there; check host and port, and that the broker runs"),
)
_ENDED = {
    "PLAINTEXT": "the brokers end the connection; does the port want TLS or a login? Set security.protocol",
    "SSL": "the brokers end the connection after the TLS handshake; does the port want a login? Set security.protocol",
    "SASL_PLAINTEXT": "the brokers end the connection at the login; check user and password in sasl.jaas.config, "
    "sasl.mechanism, and whether the port wants TLS (security.protocol)",
    "SASL_SSL": "the brokers end the connection at the login; check user and password in sasl.jaas.config, and "
    "sasl.mechanism",
}


def explain(error: BaseException, overheard: Sequence[BaseException], properties: Mapping[str, str], needs: str) -> str:
    """Return what is wrong and what to do.

    Args:
        error: What the client raised.
        overheard: What it told its log before, the newest last.
        properties: The settings it was made with; only the protocol is looked at.
        needs: The rights that it needs.
    """
    heard = [error, *reversed(overheard)]
    if any(isinstance(each, errors.AuthorizationError) or _NOT_ALLOWED in str(each) for each in heard):
        return f"the login may not do that; it needs {needs} (docs/operate.md, Rights in Kafka)"
    for kind, advice in _BY_KIND:
        if any(isinstance(each, kind) for each in heard):
            return advice
    told = "\n".join(str(each) for each in overheard)
    for text, advice in _BY_TEXT:
        if text in told:
            return advice
    if "disconnected" in told:
        return _ENDED.get(properties.get(_PROTOCOL, "PLAINTEXT").upper(), _ENDED["SASL_SSL"])
    if "update metadata" in str(error):
        return "the brokers do not know the topic; make it with scripts/topics"
    if isinstance(error, errors.KafkaTimeoutError):
        return f"no answer in time ({_first_line(error)}); check host and port, and that nothing blocks the way"
    return _first_line(error)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
