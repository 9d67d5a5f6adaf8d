from tests.support.command_lines import taken


def test_a_console_reads_only_and_is_for_this_machine_unless_it_is_told() -> None:
    arguments = taken("console", "--stack demo")
    assert (arguments.host, arguments.allow_writes, arguments.show_ids, arguments.token_file) == (
        "127.0.0.1",
        None,
        False,
        None,
    )


def test_several_processes_can_be_named() -> None:
    assert taken("console", "--metrics http://a --metrics http://b").metrics == ["http://a", "http://b"]
