"""A diff with the whole texts of its files: what is certain about it, and which names its files define.

The plugin `diffs` finds what is certain; without it nothing is. No model is asked, and nothing is shown here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from assist_context.facts.compared_files import ComparedFile, DiffFacts, defines
from assist_context.files.git_repository import Git
from assist_context.plugins import plugin
from assist_context.retrieval.corpus import Corpus
from assist_server.workspace.folder_diff import FolderDiff, compared_files

_DiffFactFinder = Callable[[Corpus | None, tuple[ComparedFile, ...]], DiffFacts]


@dataclass(frozen=True, slots=True)
class ComparedDiff:
    """A diff, the texts of its files, and its facts."""

    diff: FolderDiff
    files: tuple[ComparedFile, ...] = ()
    facts: DiffFacts = field(default_factory=DiffFacts)

    def defines(self, path: str, name: str) -> bool:
        """Return whether a file of the diff defines or imports a name."""
        return any(file.path == path and defines(file, name) for file in self.files)


def add_texts(git: Git, diff: FolderDiff) -> ComparedDiff:
    """A diff with the texts of its files, without facts."""
    return ComparedDiff(diff, tuple(compared_files(git, diff)))


def compare(git: Git, diff: FolderDiff, corpus: Corpus | None) -> ComparedDiff:
    """Compare the texts of a diff. Callers are looked up in `corpus`, where that has its new side."""
    files = tuple(compared_files(git, diff))
    diff_facts = cast("_DiffFactFinder | None", plugin("assist.diff_facts"))
    facts = diff_facts(corpus if has_tree(diff) else None, files) if diff_facts is not None else DiffFacts()
    return ComparedDiff(diff, files, facts)


def has_tree(diff: FolderDiff) -> bool:
    """Return whether the new side of a diff is in the working tree, which is what is indexed."""
    return not any(".." in part for part in diff.compared)
