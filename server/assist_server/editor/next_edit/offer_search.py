"""The search for the next edit in a workspace: the situation of a request, and the offer for it.

It may take its time, because `offer_requests` calls it on a thread of its own. It knows no protocol, and not
whether an offer is shown.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Cursor, Document
from assist_context.next_edit.finder import PastOffers, choose, document_before, find_offers
from assist_context.next_edit.offer import Change, EditHunk, OtherFiles, Situation
from assist_context.next_edit.other_files import WorkspaceFiles
from assist_context.unseen_characters import hides, is_suspect
from assist_server.editor.next_edit.offer_requests import FoundOffer, OfferRequest, replaced_by
from assist_server.workspace.document_search import FolderFiles
from assist_server.workspace.documents import text_between
from assist_server.workspace.folders import WorkspaceFolder, find_folder

MAX_CHARACTERS = 1_000_000  # of a document, as for indexed files; more is data
MAX_KEPT = 500_000  # bytes of texts whose trees are kept, which take 40 times as much memory


class OfferSearch:
    """Owns the readers of the folders' indexes, and the trees of the last documents. One thread."""

    def __init__(self, folders: Sequence[WorkspaceFolder], *, with_index: bool = True) -> None:
        self._files = FolderFiles(folders, strict=True, with_index=with_index)
        self._trees: deque[ParsedText] = deque()  # the one that was used last at the end
        self._kept = 0  # bytes of their texts

    def refresh(self) -> None:
        """Files or rules may have changed: read the rule files again."""
        self._files.refresh()

    def close(self) -> None:
        """Close the indexes."""
        self._files.close()

    def find(self, request: OfferRequest) -> FoundOffer | None:
        """The offer for a request, if one is likely enough.

        What was edited last comes first: if that is another document, its offers in this one. Then what was
        edited in this one. A document that a rule excludes gets no offer, and its edits are not examples.
        """
        visible = {
            path: document
            for path, document in request.opened.items()
            if self._files.may_show(path) and sum(map(len, document.lines)) <= MAX_CHARACTERS
        }
        hunks = tuple(hunk for hunk in request.hunks if self._is_usable(hunk, visible))
        if request.path not in visible or not hunks:
            return None
        for path in dict.fromkeys((hunks[-1].path, request.path)):
            if path not in visible or all(hunk.path != path for hunk in hunks):
                continue
            others = self._others(visible[path], visible, hunks)
            situation = self._situation(request, visible[path], hunks, others)
            offers = find_offers(situation, request.past or PastOffers())
            tree = {**others.documents, **visible}
            usable = [
                offer
                for offer in offers
                if offer.path in tree
                and self._may_offer(request, offer.path, path)
                and not any(_hides(change, tree[offer.path]) for change in offer.changes)
                and replaced_by(offer.changes[0], tree[offer.path]) not in request.refused
            ]
            best = choose(usable, request.mode)
            if best is not None:
                name = self._name(best.path) if best.path != request.path else ""
                return FoundOffer(best, tree[best.path], name)
        return None

    def _is_usable(self, hunk: EditHunk, visible: Mapping[str, Document]) -> bool:
        """Say if a hunk is an example: what a user did, in a file that may be shown, and as it is there."""
        if not hunk.is_example or not self._files.may_show(hunk.path):
            return False
        document = visible.get(hunk.path)
        return document is None or document.lines[hunk.line : hunk.line + len(hunk.new)] == hunk.new

    def _situation(
        self, request: OfferRequest, document: Document, hunks: Sequence[EditHunk], others: OtherFiles
    ) -> Situation:
        own = [hunk for hunk in hunks if hunk.path == document.path]
        last = own[-1]
        is_asked = document.path == request.path
        return Situation(
            document,
            document_before(document, last),
            request.cursor if is_asked else Cursor(last.line, 0),
            (*(hunk for hunk in hunks if hunk is not last), last),
            self._parse,
            others,
            request.reports if is_asked else (),
        )

    def _others(
        self, document: Document, visible: Mapping[str, Document], hunks: Sequence[EditHunk]
    ) -> "_KnownFiles":
        """List the other documents: the open ones, the last edited first, and the rest."""
        folders = self._files.folders
        own = find_folder(folders, document.path)
        roots = (*([own.root] if own is not None else []), *(folder.root for folder in folders))
        corpora = [self._files.corpora[root] for root in dict.fromkeys(roots) if root in self._files.corpora]
        latest = dict.fromkeys((*(hunk.path for hunk in reversed(hunks)), *reversed(tuple(visible))))
        documents_open = [visible[path] for path in latest if path in visible and find_folder(folders, path)]
        return _KnownFiles(WorkspaceFiles(document, corpora, documents_open))

    def _may_offer(self, request: OfferRequest, path: str, edited_path: str) -> bool:
        """Say if an offer may be in a document: the document in question, or where that was edited, any
        in one of the folders that no rule excludes.
        """
        if path == request.path:
            return True
        ours = find_folder(self._files.folders, path) is not None and self._files.may_show(path)
        return edited_path == request.path and ours

    def _name(self, path: str) -> str:
        """Return how people call a file."""
        folder = find_folder(self._files.folders, path)
        return folder.prompt_path(path) if folder is not None else path

    def _parse(self, document: Document) -> ParsedText:
        """The tree of a document; the last ones are kept, since one may come again as an equal one.

        A document before the last edit often equals the one of the last request.
        """
        same = (tree for tree in self._trees if tree.document is document)
        tree_found = next(same, None) or next(
            (tree for tree in self._trees if tree.document == document), None
        )
        if tree_found is None:
            size = len(document.lines)  # a definition is also parsed alone, and is no help for its document
            alike = (tree for tree in self._trees if tree.document.path == document.path)
            near = min(alike, key=lambda tree: abs(len(tree.document.lines) - size), default=None)
            tree_found = ParsedText(document, near)
            self._kept += len(tree_found.source.data)
            while self._kept > MAX_KEPT and len(self._trees) > 1:
                self._kept -= len(self._trees.popleft().source.data)
        else:
            self._trees.remove(tree_found)
        self._trees.append(tree_found)
        return tree_found


def _hides(change: Change, document: Document) -> bool:
    """Return whether a change would bring something into a document that no one sees."""
    if not is_suspect(change.text):
        return False
    lines = document.lines
    last = (len(lines) - 1, len(lines[-1]))
    start, end = ((at.line, at.column) for at in (change.start, change.end))
    old_text = text_between(lines, start, end)
    after = text_between(lines, end, last)
    return hides(change.text, text_between(lines, (0, 0), start), f"{after}\n{old_text}")


@dataclass(frozen=True, slots=True)
class _KnownFiles:
    """The other files, and which were handed out, by their paths."""

    files: OtherFiles
    documents: dict[str, Document] = field(default_factory=dict)

    def using(self, name: str, limit: int) -> Sequence[Document]:
        tree = self.files.using(name, limit)
        self.documents.update((document.path, document) for document in tree)
        return tree
