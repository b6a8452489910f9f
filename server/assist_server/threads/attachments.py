"""Files and folders that a user adds to a question by name, and what a prompt shows of them.

Short files are shown whole. Of a long file and of a folder these are the outlines, and the pieces that the
question's words find. A link that leads out of its repository is refused, as for the target of a question.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assist_context.documents import CHARS_PER_TOKEN, split_lines
from assist_context.evidence.search_results import search_words
from assist_context.files.blobs import blob_id
from assist_context.files.repository_top import find_top
from assist_context.index.search import Among
from assist_context.pages import page_lines
from assist_context.regular_files import read_regular
from assist_context.retrieval.candidates import Candidate, get_text, skeleton
from assist_context.retrieval.corpus import Corpus
from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.cut_pieces import hidden_parts
from assist_server.errors import UserError
from assist_server.workspace.folders import find_alias, refuse_named_link

MAX_BYTES = 4_000_000  # of a file, as for the target of a question


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file, or a `folder`, by its `path` in the folder `root`; the path of `root` itself is "".

    `alias` is the path in `root` by which a link led to it, "" for none.
    """

    root: str
    path: str
    folder: bool = False
    alias: str = ""

    @property
    def full(self) -> str:
        """The absolute path."""
        return os.path.join(self.root, self.path) if self.path else self.root

    @property
    def name(self) -> str:
        """The path for people."""
        return self.path or self.root


def read_attachment(name: str, base: Path, roots: Sequence[str]) -> Attachment:
    """Return what is at a path that may be relative to `base`; `UserError` if it can be no context.

    It belongs to the first of the folders `roots` that holds it, else to its own repository, whose files do
    not leave with a question about another one.
    """
    typed_name = os.path.expanduser(name)
    refuse_named_link(base, typed_name, [os.path.realpath(base), *roots])
    full = os.path.realpath(os.path.join(base, typed_name))
    if os.path.isdir(full):
        return _set_alias(_attachment(full, roots, folder=True), typed_name, base)
    if not os.path.exists(full):
        raise UserError(f"There is no file or folder {name}: check the path, or --workspace.")
    if not os.path.isfile(full):
        raise UserError(f"{name} is not a regular file: name a text file or a folder.")
    size = os.path.getsize(full)
    if size > MAX_BYTES:
        most = f"{MAX_BYTES / 1e6:.0f} MB"
        raise UserError(f"{name} is {size / 1e6:,.1f} MB long: add at most {most} a file, or pipe a part in.")
    return _set_alias(_attachment(full, roots, folder=False), typed_name, base)


def _set_alias(attachment: Attachment, name: str, base: Path) -> Attachment:
    """With the name that a link has: rules about that count as well."""
    at = os.path.join(os.path.realpath(base), name)
    return replace(attachment, alias=find_alias(attachment.root, at, str(base)))


def _attachment(full: str, roots: Sequence[str], *, folder: bool) -> Attachment:
    for root in roots:
        if full == root:
            return Attachment(root, "", folder)
        if full.startswith(os.path.join(root, "")):
            return Attachment(root, os.path.relpath(full, root).replace(os.sep, "/"), folder)
    own = full if folder else os.path.dirname(full)
    root = find_top(own) or own
    path = os.path.relpath(full, root).replace(os.sep, "/")
    return Attachment(root, "" if path == "." else path, folder)


HITS = 200  # of a search over the whole workspace, of which those in the file or folder are used
PIECES = 0.5  # the share of the room for pieces that the words find; outlines get the rest
PIECE_LINES = 60
PATH = 20  # characters that a piece costs in addition to its path and text


@dataclass(frozen=True, slots=True)
class AttachedSpans:
    """The attachments shown, and sentences about those not shown whole."""

    spans: tuple[Span, ...] = ()
    notes: tuple[str, ...] = ()


def attached_spans(
    corpora: Sequence[Corpus], attachments: Sequence[Attachment], words: str, tokens: int
) -> AttachedSpans:
    """Choose what is shown of all attachments, in about `tokens` tokens, which they share. `UserError`."""
    spans: list[Span] = []
    notes: list[str] = []
    budget = int(tokens * CHARS_PER_TOKEN)
    for at, attachment in enumerate(attachments):
        corpus = next((corpus for corpus in corpora if corpus.root == attachment.root), None)
        room = budget // (len(attachments) - at)
        read = _attach_folder if attachment.folder else _attach_file
        pieces = read(corpus, attachment, words, room)
        budget -= sum(len(span.text) for span in pieces.spans)
        spans += pieces.spans
        notes += pieces.notes
    return AttachedSpans(tuple(spans), tuple(notes))


def _attach_file(corpus: Corpus | None, file: Attachment, words: str, room: int) -> AttachedSpans:
    text = _text(corpus, file)
    lines = split_lines(text)
    count = len(lines) - (lines[-1] == "")
    blob = blob_id(text.encode("utf-8", "surrogatepass"))
    if len(text) <= room:
        return AttachedSpans((Span(text, Origin("file", file.path, file.root, 1, max(1, count), blob)),))
    pieces = list(_pieces(corpus, [file.path], words, room, blob)) if corpus else []
    if pieces:
        note = f"{file.name} has {count:,} lines: the model sees its outline and the pieces that fit best."
        return AttachedSpans(tuple(pieces), (note,))
    lines_shown = _head(lines, room)
    origin = Origin("file", file.path, file.root, 1, len(lines_shown), blob)
    note = f"{file.name} has {count:,} lines: the model sees the first {len(lines_shown):,}."
    head = "".join(lines_shown)
    hidden = hidden_parts(head, file.path, lines, ((1, len(lines_shown)),))
    return AttachedSpans((Span(head, origin, hidden),) if lines_shown else (), (note,))


def _attach_folder(corpus: Corpus | None, folder: Attachment, words: str, room: int) -> AttachedSpans:
    if corpus is None:
        raise UserError(f"{folder.name} is not in this workspace: name files in it, or change --workspace.")
    start = f"{folder.path}/" if folder.path else ""
    paths = [path for path in sorted(corpus.files().paths) if path.startswith(start)]
    if not paths:
        raise UserError(f"There is no indexed file in {folder.name}: run `assist index`, or name a file.")
    pieces = tuple(_pieces(corpus, paths, words, room))
    count = len({span.origin.path for span in pieces})
    if not pieces:
        raise UserError(f"No file in {folder.name} has an outline: name a file in it.")
    note = f"{folder.name} has {len(paths):,} files: outlines and pieces of {count:,} are shown."
    return AttachedSpans(pieces, (note,))


def _text(corpus: Corpus | None, file: Attachment) -> str:
    """The file's text; what the editor has open counts."""
    if corpus is not None and (document := corpus.opened.get(file.path)):
        return document.document.text
    try:
        data = read_regular(file.full)
    except OSError as error:
        raise UserError(f"{file.name} cannot be read ({error.strerror}): check its permissions.") from error
    if b"\0" in data:
        raise UserError(f"{file.name} is a binary file: add text files.")
    return data.decode("utf-8-sig", "replace")


def _head(lines: Sequence[str], room: int) -> list[str]:
    count: list[str] = []
    for line in lines:
        room -= len(line)
        if room < 0:
            break
        count.append(line)
    return count


def _pieces(corpus: Corpus, paths: Sequence[str], words: str, room: int, blob: str = "") -> Iterator[Span]:
    """Pieces that the words find in these files, and then the files' outlines, the found files first."""
    among = frozenset(paths)
    attachment = [piece for piece in _hits(corpus, words) if piece.path in among]
    size = 0
    for piece in attachment:
        text = get_text(piece)
        if text and size + len(text) + len(piece.path) + PATH <= room * PIECES:
            size += len(text) + len(piece.path) + PATH
            yield _span(piece, text, blob)
    for path in dict.fromkeys((*(piece.path for piece in attachment), *paths)):
        outline = skeleton(corpus, path, "attached")
        text = get_text(outline) if outline else ""
        if outline and text and size + len(text) + len(path) + PATH <= room:
            size += len(text) + len(path) + PATH
            yield _span(outline, text, blob)


def _hits(corpus: Corpus, words: str) -> Iterator[Candidate]:
    query = search_words(words)
    kinds: tuple[Among, ...] = ("pages", "code")
    for hit in (hit for kind in kinds for hit in corpus.search_for_question(query, HITS, kind)):
        last = min(hit.end_line, hit.start_line + PIECE_LINES - 1)
        if hit.path not in corpus.opened:  # in an open document the lines may have moved
            yield Candidate(hit.path, ((hit.start_line, last),), "attached", corpus)


def _span(piece: Candidate, text: str, blob: str) -> Span:
    entry = piece.corpus.entry(piece.path)
    lines = sum(last - first + 1 for first, last in piece.spans)
    whole = len(piece.spans) == 1 and text.count("\n") == lines
    sha256 = blob or (entry.blob if entry else "")
    origin = Origin("file", piece.path, piece.corpus.root, piece.first, piece.last, sha256, outline=not whole)
    lines_in_file = page_lines(piece.path, piece.corpus.lines(piece.path))
    return Span(text, origin, hidden_parts(text, piece.path, lines_in_file, piece.spans))
