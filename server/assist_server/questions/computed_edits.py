"""Edits that were made without a model: what a way to answer found, and an editor may make better.

Who makes one is a plugin (`session`); a rename is made by an editor's language server where it can be.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from assist_escalation.edits.plan import MARK, Base, EditError, EditPlan, hash_text


@dataclass(frozen=True, slots=True)
class NameToRename:
    """A name that a language server could rename too: where it is, from line and column 0, and to what."""

    path: str
    line: int
    column: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RefactoringEdit:
    """An edit that was made without a model. `reading` says in words how the wish was understood.

    `texts` are the new texts by path. `left` are places that may belong to it and stay as they are, and
    `notes` what else is good to know, in words. `renames` is the name if the edit is a rename.
    """

    reading: str
    texts: Mapping[str, str]
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    renames: NameToRename | None = None


@dataclass(frozen=True, slots=True)
class RefactoringProblem:
    """A wish that was understood and cannot be made: how it was understood, and why, with what to do.

    `renames` is the name if it is a rename that a language server, which knows types, could make.
    """

    reading: str
    reason: str
    renames: NameToRename | None = None


@dataclass(frozen=True, slots=True)
class MadeEdit:
    """An edit without a model, and the whole files that it starts from, by path; or why there is none.

    `why` says in words who makes it.
    """

    edit: RefactoringEdit | RefactoringProblem
    before: Mapping[str, str] = field(repr=False)
    why: str

    def plan(self, versions: Callable[[str], int | None]) -> EditPlan:
        """The edit as a plan. What was left asks, whatever the settings say. Raises `EditError`."""
        from assist_escalation.edits.planner import plan_of_texts  # noqa: PLC0415  (much, for few)

        if isinstance(self.edit, RefactoringProblem):
            raise EditError(f"This edit cannot be made: {self.edit.reason}.")
        scope = {
            path: Base(path, text, hash_text(text), versions(path)) for path, text in self.before.items()
        }
        texts = {
            path: MARK + text if self.before[path].startswith(MARK) else text
            for path, text in self.edit.texts.items()
        }
        own = plan_of_texts(texts, scope)
        return replace(own, notes=(*own.notes, *self.edit.notes), unsure=(*own.unsure, *self.edit.left))


def count_words(number: int, thing: str) -> str:
    """A number of things in words.

    >>> count_words(1, "use"), count_words(2, "use")
    ('1 use', '2 uses')
    """
    return f"{number} {thing}{'' if number == 1 else 's'}"


def places_in_words(places: Iterable[tuple[str, int]], most: int = 4) -> str:
    """Some places, each a path and a line from 1, on one line.

    >>> places_in_words([("a.py", 3), ("a.py", 9)])
    'a.py:3, a.py:9'
    """
    places_found = [f"{path}:{line}" for path, line in dict.fromkeys(places)]
    more = len(places_found) - most
    return ", ".join(places_found[:most]) + (f" and {more} more" if more > 0 else "")
