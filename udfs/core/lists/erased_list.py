"""What stands in the place of an erased user's list: no entries, no token, and up to when he was erased.

{"v":[g,t,s],"x":erased_ms,"m":0,"i":[],"e":[],"k":""}. Readers take it for an empty list. `udfs/io/write_lists.lua`
replaces by it whatever is not newer than `x`, keeps out what comes later and is not newer, and carries `x` on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.udfs.core.lists.list_version import ListVersion


def erased_list(version: ListVersion) -> bytes:
    """Return the list of a user who was erased up to the version's `as_of_ms`.

    >>> from tideline.udfs.core.lists.list_version import ListVersion
    >>> erased_list(ListVersion(1, 1700000000000, 7))
    b'{"v":[1,1700000000000,7],"x":1700000000000,"m":0,"i":[],"e":[],"k":""}'
    """
    generation, erased_ms, seq = version
    return b'{"v":[%d,%d,%d],"x":%d,"m":0,"i":[],"e":[],"k":""}' % (generation, erased_ms, seq, erased_ms)
