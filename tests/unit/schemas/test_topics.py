"""Contract: topic names and layout are one table."""

from tideline.schemas.topics import SPECS, Topics, apart


def test_every_topic_has_a_layout() -> None:
    assert Topics().by_role().keys() == SPECS.keys()


def test_suffix_gives_a_set_of_its_own() -> None:
    assert Topics().with_suffix("-x").dead_letters == "dead-letters-x"
    assert not set(Topics().by_role().values()) & set(Topics().with_suffix("-x").by_role().values())


def test_clickstream_time_is_the_broker_s() -> None:
    assert SPECS["clickstream"].config["message.timestamp.type"] == "LogAppendTime"


def test_only_topics_that_are_read_in_one_order_need_their_number_of_partitions() -> None:
    """Contract: six partitions of the clickstream are as good as four, if profiles have six as well."""
    assert {role for role, spec in SPECS.items() if spec.any_partitions} == {
        "clickstream",
        "profiles",
        "decisions",
        "push",
    }


def test_profiles_need_the_partitions_of_the_clickstream() -> None:
    """Contract: both counts are named where they differ; by default they are the same."""
    names = Topics().with_suffix("-x")
    assert not apart(names, {"clickstream-x": 6, "profiles-x": 6})
    assert apart(names, {"clickstream-x": 6, "profiles-x": 4}) == (
        "topic 'profiles-x' has 4 partitions and 'clickstream-x' has 6; both need as many"
    )
    assert SPECS["profiles"].partitions == SPECS["clickstream"].partitions
