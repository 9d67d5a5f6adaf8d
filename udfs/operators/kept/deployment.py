"""Keeps in the ranker's state the options and formats that it was made with, and refuses what may not change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyflink.common import Types
from pyflink.datastream.state import MapStateDescriptor

from tideline.udfs.core.profiles.kept_profile import PROFILE_VERSION
from tideline.udfs.core.users.state_check import check_version
from tideline.udfs.core.users.user_state import STATE_VERSION
from tideline.udfs.settings.restart import kept_options, refuse_changes

if TYPE_CHECKING:
    from tideline.udfs.settings.job_config import JobConfig

DEPLOYMENT = MapStateDescriptor("deployment", Types.STRING(), Types.STRING())
"""Broadcast state, so that each subtask has it whatever it is keyed by: with other shards no key would find it."""


_FORMATS = {"user state": STATE_VERSION, "profiles in user state": PROFILE_VERSION}
"""Told beside the options: else a job went on until it met the first user who was there before."""
_FORMAT = "format of "


class Deployment:
    """What `restart.kept_options` says, looked at when the operator opens and kept with the first change."""

    def __init__(self, config: JobConfig) -> None:
        self._config = config
        self._kept = False

    def check(self, ctx: Any) -> None:
        """Compare options and formats with those of the state.

        Args:
            ctx: Gives the broadcast state, to read at least.

        Raises:
            ConfigError: One has changed that may not.
        """
        state = ctx.get_broadcast_state(DEPLOYMENT)
        for what, known in _FORMATS.items():
            if state.contains(_FORMAT + what):
                check_version(what, int(state.get(_FORMAT + what)), known)
        made_with = {key: state.get(key) for key in kept_options(self._config) if state.contains(key)}
        refuse_changes(made_with, self._config)

    def keep(self, ctx: Any) -> None:
        """Write the options down, once; only while a broadcast record is processed may that state be written."""
        if self._kept:
            return
        state = ctx.get_broadcast_state(DEPLOYMENT)
        formats = {_FORMAT + what: str(known) for what, known in _FORMATS.items()}
        for key, value in (kept_options(self._config) | formats).items():
            state.put(key, value)
        self._kept = True
