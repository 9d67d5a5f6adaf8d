"""What users are called on the console's pages: by names that tell nobody who they are, unless ids shall be shown."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict

_KNOWN = 10_000


class Pseudonyms:
    """Names of users. Without ids they are keyed hashes whose key ends with the process."""

    def __init__(self, show_ids: bool) -> None:
        self.show_ids = show_ids
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[str, str] = OrderedDict()

    def shown(self, user: str) -> str:
        """Return what a user is called; he can be asked for by it, unless 10,000 others were shown since."""
        if self.show_ids:
            return user
        digest = hashlib.blake2b(user.encode("utf-8", "surrogateescape"), key=self._key, digest_size=6)
        name = f"user-{digest.hexdigest()}"
        self._known[name] = user
        self._known.move_to_end(name)
        if len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        return name

    def meant(self, name: str) -> str:
        """Return the user id that is meant by a name that was shown, or by the id itself."""
        return self._known.get(name, name)

    def hidden(self, text: str, user: str) -> str:
        """Return a text in which a user's id is his name."""
        return text if self.show_ids or not user else text.replace(user, self.shown(user))
