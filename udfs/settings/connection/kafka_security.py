"""Kafka connection settings in the words of the Java client, for Flink as they are and for kafka-python translated."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tideline.schemas.errors import ConfigError
from tideline.udfs.settings.connection.java_properties import parse_properties
from tideline.udfs.settings.connection.kafka_references import REFERENCE, provider_of, resolved
from tideline.udfs.settings.options import MASK, Refusal, table

_ENVIRONMENT = "TIDELINE_KAFKA_PROPERTIES"
_SECRET = re.compile(r"pass|jaas|\.key$|secret|token|credential|auth\.user|login")
_KAFKA_CLASS = re.compile(r"(?<![\w.])org\.apache\.kafka\.(?=[\w.]+ +(?:required|requisite|sufficient|optional)\b)")
_SHADED = "org.apache.flink.kafka.shaded.org.apache.kafka."
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_UNDOTTED = frozenset({"acks", "retries"})
_DIRECT = {
    "security.protocol": "security_protocol",
    "sasl.mechanism": "sasl_mechanism",
    "sasl.kerberos.service.name": "sasl_kerberos_service_name",
    "ssl.truststore.location": "ssl_cafile",
    "ssl.key.password": "ssl_password",
}
# These say how to read what is translated elsewhere, or tell the same in another way.
_UNDERSTOOD = {
    "sasl.jaas.config",
    "ssl.endpoint.identification.algorithm",
    "ssl.keystore.location",
    "ssl.keystore.type",
    "ssl.truststore.type",
}


def kafka_python_kwargs(properties: Mapping[str, str]) -> dict[str, Any]:
    """Keyword arguments of kafka-python's clients that connect as a Java client with these properties does.

    Only the connection's security is translated; fetch sizes and the like are the job's alone. References to secrets
    are resolved on this machine.

    Args:
        properties: Settings of the Java client, such as `security.protocol` and `sasl.jaas.config`.

    Raises:
        ConfigError: A security setting that kafka-python cannot follow, or a reference that leads nowhere.
    """
    properties = resolved(properties)
    found: dict[str, Any] = {name: properties[key] for key, name in _DIRECT.items() if key in properties}
    for store in ("truststore", "keystore"):
        store_type = properties.get(f"ssl.{store}.type", "JKS")
        if f"ssl.{store}.location" in properties and store_type != "PEM":
            raise ConfigError(f"kafka_properties.ssl.{store}.type", store_type, "PEM")
    if "ssl.keystore.location" in properties:
        found["ssl_certfile"] = found["ssl_keyfile"] = properties["ssl.keystore.location"]
    if "ssl.endpoint.identification.algorithm" in properties:
        found["ssl_check_hostname"] = bool(properties["ssl.endpoint.identification.algorithm"])
    if "sasl.jaas.config" in properties:
        found |= _login(properties["sasl.jaas.config"])
    for key in properties:
        if key.startswith(("ssl.", "sasl.")) and key not in _DIRECT and key not in _UNDERSTOOD:
            raise ConfigError(f"kafka_properties.{key}", MASK, f"leave it out; known are {_known()}")
    return found


def flink_properties(properties: Mapping[str, str]) -> dict[str, str]:
    """The properties as Flink's SQL connector takes them: in its jar, Kafka's classes have another name."""
    login = properties.get("sasl.jaas.config")
    shaded = {} if login is None else {"sasl.jaas.config": _KAFKA_CLASS.sub(_SHADED, login)}
    provider = provider_of(properties, _SHADED.removesuffix("org.apache.kafka."))
    return {f"properties.{key}": value for key, value in {**properties, **shaded, **provider}.items()}


def read_properties(text: str) -> dict[str, Any]:
    """Entries of a JSON object or of a Java properties file.

    Raises:
        ValueError: Neither of them.
    """
    if text.lstrip().startswith("{"):
        entries = json.loads(text)
        return dict(entries)
    return dict(parse_properties(text))


def check_properties(entries: dict[str, Any]) -> dict[str, str]:
    """The entries, all text.

    Raises:
        ValueError: A name is none of the Java client's, a value is a table or a list, or the job itself sets that
            property.
    """
    if entries.keys() & {"bootstrap.servers", "group.id", "isolation.level"}:
        raise ValueError
    if any(key.startswith("config.providers") for key in entries):
        raise Refusal("no config.providers: ${file:PATH:KEY} is understood without it")
    if any(isinstance(value, (dict, list)) or value is None for value in entries.values()):
        raise ValueError
    for number, key in enumerate(entries, 1):
        if not re.fullmatch(r"[a-z][a-z0-9._-]*", key) or not ("." in key or key in _UNDOTTED):
            raise Refusal(f"names of Kafka's Java client, such as security.protocol; {_told(number, key)} is none")
    found = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in entries.items()}
    if found.get("security.protocol", "SSL").upper() not in _PROTOCOLS:
        raise Refusal(f"security.protocol: {', '.join(_PROTOCOLS)}")
    try:
        kafka_python_kwargs(found)
    except ConfigError as error:
        raise Refusal(f"{error.key}: {error.allowed}") from error
    return found


KAFKA_PROPERTIES = table(
    "a table or .properties text of a Java client, without bootstrap.servers, group.id, isolation.level",
    read_properties,
    check_properties,
)


def chosen_properties(path: Path | None, environ: Mapping[str, str]) -> dict[str, str]:
    """The properties of a file, else those that the environment has for the job, else none: for use on this machine.

    Raises:
        ConfigError: The file cannot be read, or a setting, or a file that it names, cannot be used.
    """
    key, text = "--config", environ.get(_ENVIRONMENT, "")
    if path is None and f"{_ENVIRONMENT}_FILE" in environ:
        key, path = f"{_ENVIRONMENT}_FILE", Path(environ[f"{_ENVIRONMENT}_FILE"])
    try:
        text = text if path is None else path.read_text(encoding="utf-8-sig")
        properties: dict[str, str] = KAFKA_PROPERTIES.read(text)
    except OSError as error:
        raise ConfigError(key, str(path), f"a file that can be read ({error.strerror})") from error
    except (TypeError, ValueError) as error:
        allowed = error.allowed if isinstance(error, Refusal) else KAFKA_PROPERTIES.allowed
        raise ConfigError(_ENVIRONMENT if path is None else key, MASK if path is None else str(path), allowed) from None
    _check_stores(kafka_python_kwargs(properties))
    return properties


def _check_stores(login: Mapping[str, Any]) -> None:
    """The Kafka client would try again and again with a file that is not there."""
    try:
        context, path = ssl.create_default_context(), login.get("ssl_cafile")
        if path is not None:
            context.load_verify_locations(path)
    except OSError as error:  # also what is no certificate
        raise ConfigError("ssl.truststore.location", path, "a PEM file of certificates that can be read") from error
    try:
        path = login.get("ssl_certfile")
        if path is not None:
            context.load_cert_chain(path, password=login.get("ssl_password", ""))
    except OSError as error:
        raise ConfigError("ssl.keystore.location", path, "a PEM file of a key and its certificates") from error


def mask_properties(properties: Mapping[str, str]) -> str:
    """The properties as JSON with passwords, keys and logins hidden; a reference to one is none."""
    return json.dumps({key: MASK if _secret(key, value) else value for key, value in properties.items()})


def _secret(key: str, value: str) -> bool:
    if REFERENCE.fullmatch(value) or key.endswith(".location") or (key == "sasl.jaas.config" and _refers(value)):
        return False
    return bool(_SECRET.search(key) or re.search("password|secret|username", value, re.IGNORECASE))


def _refers(jaas: str) -> bool:
    """Whether a login has no password but a reference to one; any entry but username and password may be secret."""
    entries = dict(re.findall(r'(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"', jaas))
    return entries.keys() == {"username", "password"} and bool(REFERENCE.fullmatch(entries["password"]))


def _login(jaas: str) -> dict[str, str]:
    entries = dict(re.findall(r'(username|password)\s*=\s*"((?:[^"\\]|\\.)*)"', jaas))
    if entries.keys() != {"username", "password"}:
        raise ConfigError(
            "kafka_properties.sasl.jaas.config", MASK, 'a login module with username="..." password="..."'
        )
    return {f"sasl_plain_{name}": re.sub(r"\\(.)", r"\1", value) for name, value in entries.items()}


def _told(number: int, key: str) -> str:
    """A wrong name, said only where it is like a known one: a line that is broken in two begins with half a secret."""
    like = get_close_matches(key.lower().replace("_", "."), {*_DIRECT, *_UNDERSTOOD, *_UNDOTTED}, 1, 0.75)
    return f"{key!r} (did you mean {like[0]}?)" if like else f"the name of entry {number}, of {len(key)} characters,"


def _known() -> str:
    return ", ".join(sorted({*_DIRECT, *_UNDERSTOOD} - {"security.protocol"}))
