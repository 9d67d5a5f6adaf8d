"""Contract: a login may do what it was made for; with prefixes, to every topic whose name begins so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.secure_broker import SecureBroker
from tideline.schemas.errors import Unavailable
from tideline.scripts.localstack.secure_kafka import OPERATOR, Logins
from tideline.scripts.localstack.secured import Secured, let_in
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.kafka_rights import Right, refuse_missing
from tideline.udfs.settings.connection.kafka_security import chosen_properties

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_logins_have_their_rights_and_no_other(tmp_path: Path) -> None:
    """Contract: the operator makes topics; the job's login reads and writes what the docs say, of any suffix."""
    broker = SecureBroker(tmp_path)
    try:
        (tmp_path / "password").write_text("word-of-the-stack")
        (tmp_path / "kafka-ca.pem").write_bytes(broker.ca.read_bytes())
        secured = Secured(str(tmp_path), broker.outside, 0)
        let_in(secured, broker.inside)
        job, operator = (
            KafkaCluster(broker.outside, chosen_properties(path, {}))
            for path in (secured.job_properties, secured.operator_properties)
        )
        assert "word-of-the-stack" not in secured.job_properties.read_text()
        with operator.admin("making topics", "Create") as admin:
            admin.create_topics(["clickstream-x", "policy-x", "foreign"])
        refuse_missing(job, [Right("Read", "topic", "clickstream-x"), Right("Write", "topic", "policy-x")])
        for more in (Right("Write", "topic", "clickstream-x"), Right("Read", "topic", "foreign")):
            with pytest.raises(Unavailable, match=f"the login lacks {more}"):
                refuse_missing(job, [more])
        by_reference = Logins(broker.inside, tmp_path, broker.ca)
        path = by_reference.file_by_reference("again.properties", OPERATOR, "word-of-the-stack")
        with KafkaCluster(broker.outside, chosen_properties(path, {})).admin("asking", "Describe") as admin:
            assert "foreign" in admin.list_topics()
    finally:
        broker.stop()
