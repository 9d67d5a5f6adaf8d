"""Keys of shards, as Flink reads them."""

from __future__ import annotations

import pytest

from tideline.udfs.operators.kept.shard_keys import row_of_one

pytestmark = pytest.mark.flink


@pytest.mark.parametrize("shard", [0, 1, 1023, 2**31 - 1, -5])
def test_a_key_of_bytes_is_the_one_that_flink_makes_of_a_shard(shard: int) -> None:
    """Contract: equal to it and with its hash, so that state is found under either."""
    from pyflink.common import Types
    from pyflink.java_gateway import get_gateway

    java = get_gateway().jvm
    config = java.org.apache.flink.api.common.serialization.SerializerConfigImpl()
    serializer = Types.ROW([Types.INT()]).get_java_type_info().createSerializer(config)
    own = java.org.apache.flink.types.Row(1)
    own.setField(0, shard)
    read = serializer.deserialize(java.org.apache.flink.core.memory.DataInputDeserializer(row_of_one(shard)))
    assert read.equals(own)
    assert read.hashCode() == own.hashCode()
