"""The port to what knows the types of objects: which members they have, and how what they call is called.

The plugin `types` fills it from the workspace's texts and from outlines of installed libraries. What a source
does not know for certain it does not refute: how complete its lists are only the source itself can tell.
"""

from collections.abc import Callable, Collection
from typing import Protocol

from assist_context.code.trees.readable_text import ReadPlace
from assist_context.documents import Document, MemberAccess, WrittenCall
from assist_context.retrieval.corpus import Corpus


class MemberOracle(Protocol):
    """Members known in one workspace folder. It is used by one thread, one place after the other."""

    def members(self, place: ReadPlace, receiver: str) -> frozenset[str]:
        """The members that an expression is known to have; there may be more."""
        ...

    def refuted_accesses(
        self, place: ReadPlace, accesses: Collection[MemberAccess]
    ) -> frozenset[MemberAccess]:
        """The accesses to members that the type of their receiver certainly does not have, with its name."""
        ...

    def misfits(self, place: ReadPlace, calls: Collection[WrittenCall]) -> frozenset[WrittenCall]:
        """The calls that certainly fit no signature of what they call, each with one of these."""
        ...

    def library_calls(self, document: Document, first: int, last: int) -> tuple[str, ...]:
        """Return what lines of a file, from 1 and both ends included, call of installed libraries.

        A line of text for each: its signature, its package, and the first sentence of its documentation.
        """
        ...


OracleOf = Callable[[Corpus], MemberOracle | None]


def no_oracle(_: Corpus) -> None:
    """No index for any folder."""
