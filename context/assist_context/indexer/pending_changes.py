"""What changed in a folder since it was last looked at, and when it is time to look again.

This module reads no file and knows no index: it only keeps paths and a due time.
"""

from assist_context.files.listing import moves_others

DEBOUNCE_S = 0.3  # editors write a file in several steps, and formatters follow
MOST_TOUCHED = 200  # paths; above it, listing the folder is cheaper than a look at each path


class PendingChanges:
    """The changes that the index does not have yet: single paths, or possibly anything in the folder.

    `due` is a time of `time.monotonic`; 0: at once.
    """

    def __init__(self) -> None:
        self.anything = True
        self.due = 0.0
        self._paths: set[str] = set()

    def add_path(self, path: str, now: float) -> None:
        """A path relative to the folder was saved, created or deleted; "" is the folder itself."""
        if not path or moves_others(path) or len(self._paths) >= MOST_TOUCHED:
            self.anything = True
        else:
            self._paths.add(path)
        self.due = self.due or now + DEBOUNCE_S

    def add_anything(self) -> None:
        """Anything in the folder may have changed: the next look is a listing."""
        self.anything = True

    def look_at_once(self) -> None:
        """Waits for no further changes."""
        self.due = 0.0

    def listing_is_due(self, now: float) -> bool:
        """Whether it is time to list the whole folder."""
        return self.anything and now >= self.due

    def paths_are_due(self, now: float) -> bool:
        """Whether it is time to look at single paths, and these are enough."""
        return bool(self._paths) and not self.anything and now >= self.due

    def take_all(self) -> list[str]:
        """Returns the single paths, sorted, and starts from nothing. A listing calls this too."""
        paths = sorted(self._paths)
        self._paths.clear()
        self.anything = False
        self.due = 0.0
        return paths
