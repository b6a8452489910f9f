"""The counts of one session by day, repository, model and language. It knows no file and no text."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache

from assist_completion.suggestion import Suggestion
from assist_context.files.repository_top import top_of
from assist_context.languages import language_of
from assist_server.records.usage_rows import UsageKey, bucket
from assist_server.workspace.documents import OpenDocument
from assist_server.workspace.folders import WorkspaceFolder, folder_of, key_of

# Ends of requests for which nothing was computed, since the settings say so: their time says nothing.
UNASKED = ("manual-only",)


class UsageTable:
    """Owns the counts. `folders` gives the workspace's folders, `now` the time of what is counted."""

    def __init__(
        self,
        folders: Callable[[], Sequence[WorkspaceFolder]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.rows: dict[UsageKey, Counter[str]] = {}
        self._folders = folders
        self._now = now

    def key(self, document: OpenDocument, model: str) -> UsageKey:
        """What a suggestion of this model in this document counts for, now."""
        folder = folder_of(self._folders(), document.real_path) if document.real_path else None
        return UsageKey(
            self._now().strftime("%Y-%m-%d"),
            repository_key(folder.root) if folder is not None else "",
            model,
            language_of(document.path, document.language_id).name,
        )

    def count(self, key: UsageKey, *names: str) -> None:
        """Count each of the names once."""
        self.rows.setdefault(key, Counter()).update(names)

    def count_answer(self, key: UsageKey, answer: Suggestion, *, shown: bool, served: bool) -> None:
        """Count the answer to a request: how long it took, and, if the editor gets it, where it is from.

        `served`: a team's server wrote it.
        """
        if answer.reason in UNASKED:
            return
        source = "server" if served and answer.source == "model" else answer.source
        self.count(
            key, "requests", bucket(answer.ms.total), *(("shown", f"source-{source}") if shown else ())
        )


@cache
def repository_key(root: str) -> str:
    """The key of the repository that a resolved folder is in, or of the folder outside of one.

    It looks for the repository's top once for each folder.
    """
    return key_of(top_of(root) or root)
