"""Turns an answer into a plan: the new text of each file, tried out in memory, all of it or nothing.

Only files that the caller names are edited or created. The whole answer is refused if a block is for another
file or fits no place or several, or if `sanity_checks` finds a defect in the result. This module does not
read the disk: `apply` checks whether the files are still what the model saw.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from assist_context.files.denylist import denied_by
from assist_escalation.edits.edit_paths import protected_by
from assist_escalation.edits.formats.search_replace import (
    ReplaceBlock,
    fence_for,
    find_path,
    has_marker,
    parse_blocks,
)
from assist_escalation.edits.formats.shown_ranges import RangeEdit, find_piece, parse_pieces
from assist_escalation.edits.formats.whole_block import find_whole
from assist_escalation.edits.matcher import Match, Wanted, check_indented, find, splice
from assist_escalation.edits.plan import (
    MARK,
    Base,
    EditError,
    EditPlan,
    EditTarget,
    FileChange,
    Hunk,
    UnchangedError,
    hash_text,
)
from assist_escalation.edits.sanity_checks import find_defect, find_removals, is_unchecked
from assist_escalation.prompts import Span

_NOTED = {
    "space": "matched except for white space at the ends of lines",
    "indent": "matched except for the indentation; the file's is used",
    "symbol": "matched within the named definition; the lines are elsewhere too",
}


def plan(
    answer: str,
    scope: Mapping[str, Base],
    whole: EditTarget | None = None,
    create: AbstractSet[str] = frozenset(),
    spans: Sequence[Span] = (),
) -> EditPlan:
    """The plan for the files in `scope`, and for those in `create`, which do not exist yet.

    With `whole` the answer is one fenced block for these lines, else it is SEARCH/REPLACE blocks. Without
    such blocks it may be new versions of pieces shown as `spans`, from the same folder as `scope`.
    `EditError` says what does not fit and where; then nothing of the answer is used.

    >>> answer = "a.py\\n<<<<<<< SEARCH\\nx = 1\\n=======\\nx = 2\\n>>>>>>> REPLACE\\n"
    >>> plan(answer, {"a.py": Base("a.py", "x = 1\\n", hash_text("x = 1\\n"))}).changes[0].after
    'x = 2\\n'
    """
    for path, base in scope.items():
        if base.path != path or base.sha256 != hash_text(base.text):
            raise EditError(f"{path}: the text does not match its sha256: read the file again")
    if whole is not None:
        changes, notes = _from_whole(answer, scope, whole, create)
    elif spans and not has_marker(answer) and (pieces := parse_pieces(answer, spans)):
        changes, notes = _from_pieces(pieces, scope, spans)
    else:
        changes, notes = _from_blocks(answer, scope, create)
    return _check_plan(changes, notes)


def plan_of_texts(texts: Mapping[str, str], scope: Mapping[str, Base]) -> EditPlan:
    """The plan that gives files in `scope` new texts, which no model wrote. Raises `EditError`."""
    changes = [
        FileChange(path, scope[path].sha256, scope[path].version, scope[path].text, text)
        for path, text in texts.items()
    ]
    return _check_plan(changes, [])


def _check_plan(changes: Sequence[FileChange], notes: list[str]) -> EditPlan:
    """The plan of some changes, after the checks that refuse one."""
    edits = [change for change in changes if change.before != change.after or not change.base_sha256]
    for change in edits:
        if denial := denied_by(change.path):
            raise EditError(f"assist never edits {change.path} (built-in rule {denial}): edit it by hand")
        if defect := find_defect(change):
            raise EditError(f"{change.path}: {defect}")
    if not edits:
        raise UnchangedError("the answer changes nothing: the files are already as it has them")
    notes = [
        *notes,
        *(f"{change.path}: no parser checked the result" for change in edits if is_unchecked(change)),
    ]
    protected_paths = tuple(change.path for change in edits if protected_by(change.path))
    removals = tuple(removal for change in edits for removal in find_removals(change))
    return EditPlan(tuple(edits), tuple(notes), protected_paths, removals)


def _from_blocks(
    answer: str, scope: Mapping[str, Base], create: AbstractSet[str]
) -> tuple[list[FileChange], list[str]]:
    width = len(fence_for(base.text for base in scope.values()))
    by_path: dict[str, list[tuple[int, ReplaceBlock]]] = {}
    for number, block in enumerate(parse_blocks(answer, width), 1):
        path = find_path(block.path, [*scope, *create])
        if path is None:
            raise EditError(
                f"block {number}, line {block.line} of the answer, is not for a file of this request "
                f"({', '.join(sorted({*scope, *create})[:8]) or 'it has none'}): ask again"
            )
        by_path.setdefault(path, []).append((number, block))
    changes, notes = [], []
    for path, blocks in by_path.items():
        change = _edit_file(scope[path], blocks) if path in scope else _create_file(path, blocks)
        changes.append(change)
        notes += _notes(change)
    return changes, notes


def _from_pieces(
    pieces: Sequence[RangeEdit], scope: Mapping[str, Base], spans: Sequence[Span]
) -> tuple[list[FileChange], list[str]]:
    by_path: dict[str, list[Match]] = {}
    for piece in pieces:
        path = find_path(piece.path, scope)
        if path is None:
            raise EditError(f"line {piece.line} of the answer is not for a file of this request: ask again")
        if match := find_piece(piece, spans, scope[path].text):
            by_path.setdefault(path, []).append(match)
    changes = [_splice_matches(scope[path], matches) for path, matches in by_path.items()]
    return changes, [note for change in changes for note in _notes(change)]


def _notes(change: FileChange) -> list[str]:
    return [f"{change.path}:{hunk.first}: {_NOTED[hunk.how]}" for hunk in change.hunks if hunk.how in _NOTED]


def _edit_file(base: Base, blocks: Sequence[tuple[int, ReplaceBlock]]) -> FileChange:
    if base.text.removeprefix(MARK):
        searches = [
            Wanted(f"block {number}", base.path, block.symbol, block.search, block.replace)
            for number, block in blocks
        ]
        matches = [find(block, base.text) for block in searches]
        check_indented(searches, matches, base.text)
    else:
        matches = [_fill(number, block, base) for number, block in blocks]
    return _splice_matches(base, matches)


def _splice_matches(base: Base, matches: Sequence[Match]) -> FileChange:
    after = splice(base.text, matches)
    hunks = tuple(sorted((match.hunk for match in matches), key=lambda hunk: hunk.first))
    return FileChange(base.path, base.sha256, base.version, base.text, after, hunks)


def _fill(number: int, block: ReplaceBlock, base: Base) -> Match:
    """The match of a block for an empty file."""
    if any(line.strip() for line in block.search):
        raise EditError(f"block {number}: {base.path} is empty, so its search occurs 0 times: ask again")
    return Match(Hunk(1, 0, "new"), (), block.replace)


def _create_file(path: str, blocks: Sequence[tuple[int, ReplaceBlock]]) -> FileChange:
    number, block = blocks[0]
    if len(blocks) > 1:
        raise EditError(f"{path} is new and has {len(blocks)} blocks, 1 at most: ask again")
    if any(line.strip() for line in block.search):
        raise EditError(f"block {number}: its search part is not empty, but {path} does not exist: ask again")
    return FileChange(
        path, "", None, "", "".join(line + "\n" for line in block.replace), (Hunk(1, 0, "new"),)
    )


def _from_whole(
    answer: str, scope: Mapping[str, Base], whole: EditTarget, create: AbstractSet[str]
) -> tuple[list[FileChange], list[str]]:
    base = scope.get(whole.path)
    if base is None and whole.path not in create:
        raise EditError(f"{whole.path} is not a file of this request: ask again")
    text = base.text if base else ""
    matches, notes = find_whole(answer, whole, text)
    after = splice(text, matches)
    sha256, version = (base.sha256, base.version) if base else ("", None)
    hunks = tuple(match.hunk for match in matches)
    return [FileChange(whole.path, sha256, version, text, after, hunks)], list(notes)
