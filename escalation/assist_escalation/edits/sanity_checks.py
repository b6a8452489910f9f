"""Checks that refuse a changed text even if all blocks fitted. Each compares it with the old text.

A check returns what is wrong in words, or "". An edit is not blamed for what was wrong before: a file with a
conflict in it may be edited elsewhere. One check finds lines that say that code was left out, such as
"# ... rest of the code", since such an edit would delete that code.

A definition that would lose most of its statements is shown to a person, and not refused: an edit may be
meant to shorten code. An edit that would copy a secret is refused: a placeholder in an answer becomes the
secret again, and a model, or a text that the model read, may put it elsewhere. This module knows no disk and
no answer, and no message names a secret.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from assist_context.code.symbols import symbols
from assist_context.code.trees.fragments import errors, statement_lines
from assist_context.documents import split_lines
from assist_context.languages import Language, language_of
from assist_context.unseen_characters import hidden_characters, list_names
from assist_escalation.edits.plan import MARK, EditPlan, FileChange, encode, split_text
from assist_escalation.prompts import BEGINNING

LONGEST = 300  # characters of a line that is checked: longer lines are data

# A comment begins.
_LEAD = r"(?:^|(?<=\s))(?:[#]+|//+|--+|/\*+|<!--|;+|%+|\{/\*|\*)[ \t]*"
_FILLED = r"[(\[.… \t]*(?:the[ ]|your[ ])?"
_THINGS = r"""
(?:
    code|file|function|method|class|module|body|implementation|import|logic|content|script|component
  | test|field|handler|route|line|definition|stuff|part|propert(?:y|ie)|case
)s?
"""
# Words that may follow without making it a sentence about something else.
_TAIL = r"""
[ \t]*
(?:
  (?:
      is|are|goes?|stays?|remains?|continues?|here|below|above|unchanged|the|same|as|before|omitted
    | for|brevity
  )
  \b[ \t]*
)*
[ \t.…()\[\]*/}>-]*$
"""
_ELISION = re.compile(
    rf"""
      # // ...
      {_LEAD}[(\[]?(?:\.{{3,}}|…)
      # ... rest of the code
    | (?:{_LEAD}|^\s*){_FILLED}(?:rest|remainder)
      (?:[ ]of[ ](?:the[ ]|this[ ]|your[ ])?(?:\w+[ ])?{_THINGS})?{_TAIL}
      # // all other methods remain unchanged
    | {_LEAD}{_FILLED}(?:all[ ])?(?:existing|previous|original|other|remaining|same)(?:[ ]\w+)?[ ]
      {_THINGS}{_TAIL}
      # // the loop is unchanged
    | {_LEAD}.*\b(?:unchanged|no[ ]changes?|same[ ]as[ ](?:before|above|original)|omitted|snip(?:ped)?)
      {_TAIL}
      # (unchanged)
    | [(\[](?:unchanged|omitted|snip|no[ ]changes?)[)\]]{_TAIL}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DOTS = re.compile(r"[ \t]*(?:\.{3,}|…)[ \t]*")
_PROSE = frozenset({"markdown", "plaintext", "html"})  # where dots and "the rest" are words


def elisions(path: str, text: str) -> list[str]:
    """The lines that say that code was left out.

    >>> elisions("a.py", "def f():\\n    # ... rest of the code\\n    ...\\n")
    ['    # ... rest of the code', '    ...']
    >>> elisions("a.py", "def f(): ...\\n\\n\\ndef g():\\n    ...\\n")
    []
    """
    language = language_of(path).name
    lines = re.split(r"\r\n|\n|\r", text)
    if language in _PROSE:
        return []
    marks = [line for line in lines if len(line) <= LONGEST and _ELISION.search(line)]
    dots = (place for place, line in enumerate(lines) if _DOTS.fullmatch(line))
    return marks + [lines[place] for place in dots if language != "python" or not _body(lines, place)]


def _body(lines: list[str], place: int) -> bool:
    """Return whether a line of dots is a whole body, as in an empty Python function."""
    above = next((line for line in reversed(lines[:place]) if line.strip()), "").rstrip()
    below = next((line for line in lines[place + 1 :] if line.strip()), "")
    indent = len(lines[place]) - len(lines[place].lstrip())
    return above.endswith((":", '"""', "'''")) and (not below or len(below) - len(below.lstrip()) < indent)


MAX_BYTES = 1_000_000  # as for indexed files: a larger file is data, or a model that repeats itself

CONFLICT = re.compile(
    r"""
      ^[ \t]*(?:<{7,}|>{7,}|\|{7,})(?:[ ].*)?$             # of git
    | ^[ \t]*(?:<{5,}[ ]?SEARCH|>{5,}[ ]?REPLACE)\b.*$     # of an answer's blocks
    """,
    re.MULTILINE | re.VERBOSE,
)


def find_defect(change: FileChange) -> str:
    """Return what is wrong with a change, in words with a remedy, or ""."""
    return next((problem for gate in _GATES if (problem := gate(change))), "")


def is_unchecked(change: FileChange) -> bool:
    """Return whether no parser checked the change, so that only a person can."""
    language = language_of(change.path)
    return not change.removes and errors(language, change.after.removeprefix(MARK)) is None


def _mark(change: FileChange) -> str:
    before, after = (text.removeprefix(MARK).count(MARK) for text in (change.before, change.after))
    gone = change.before.startswith(MARK) != change.after.startswith(MARK)
    return "the byte order mark would move: ask again" if gone or after > before else ""


def _size(change: FileChange) -> str:
    size, old = (len(encode(change.path, text)) for text in (change.after, change.before))
    return (
        f"it would have {size} bytes, {MAX_BYTES} at most: ask for less" if size > max(old, MAX_BYTES) else ""
    )


def _unseen(change: FileChange) -> str:
    """Each unseen character may occur as often as before, for those that are there may have a reason."""
    new = hidden_characters(change.after) - hidden_characters(change.before)
    if not new:
        return ""
    return (
        f"{new.total()} invisible characters would be added to it ({list_names(new)}): ask again, or write "
        "them as escapes, by hand"
    )


def _conflict(change: FileChange) -> str:
    new = _new(change, lambda text: [match[0] for match in CONFLICT.finditer(text)])
    return f"{new} lines of it would be conflict markers: ask again" if new else ""


def _placeholder(change: FileChange) -> str:
    new = _new(change, BEGINNING.findall)
    return f"{new} placeholders for a secret would stay in it, altered by the model: ask again" if new else ""


def _elision(change: FileChange) -> str:
    new = _new(change, lambda text: elisions(change.path, text))
    return f"{new} of its new lines say that code was left out: ask for all of it" if new else ""


def _parse(change: FileChange) -> str:
    language = language_of(change.path)
    before, after = (errors(language, text.removeprefix(MARK)) for text in (change.before, change.after))
    if before is None or after is None or after <= before:
        return ""
    count = "one syntax error" if after == 1 else f"{after} syntax errors"
    return f"it would have {count}, but now has {before or 'none'}: ask again"


def _new(change: FileChange, finder: Callable[[str], list[str]]) -> int:
    """Return how many of the things that `finder` finds are new."""
    before, after = (Counter(item.strip() for item in finder(text)) for text in (change.before, change.after))
    return (after - before).total()


_GATES: tuple[Callable[[FileChange], str], ...] = (
    _mark,
    _size,
    _unseen,
    _conflict,
    _placeholder,
    _elision,
    _parse,
)


LEAST = 3  # statements that are gone: to lose one of two is an everyday change
WHOLE = "the file"
MAX_SHARE = 0.5
MAX_COMPARED = 1_000  # lines between the common head and tail, which takes 0.6 s at most; more are one piece

Opcode = tuple[str, int, int, int, int]


def find_removals(change: FileChange) -> tuple[str, ...]:
    """Return what would lose more than half of its statements, in words: the outermost ones only.

    In a language without a grammar each line that is not blank counts. Nothing is said of a new file, and of
    a file that is removed.
    """
    language = language_of(change.path)
    before, after = (text.removeprefix(MARK) for text in (change.before, change.after))
    if not change.base_sha256 or change.removes:
        return ()
    old, new = _counted_lines(language, before), _counted_lines(language, after)
    opcodes = _opcodes(before, after)
    places = {**_places(language, before), WHOLE: (1, len(split_lines(before)))}
    after_spans = {**_places(language, after), WHOLE: (1, len(split_lines(after)))}
    removals = []
    end_seen = 0
    for name, (first, last) in sorted(places.items(), key=lambda place: (place[1][0], -place[1][1])):
        start, end = _new_place(opcodes, first - 1, last)
        were = _count(old, first, last)
        # What has the same name now counts too: equal lines elsewhere may be taken for those of this one.
        are = min(
            _count(new, *place) for place in ((start + 1, end), after_spans.get(name, (start + 1, end)))
        )
        if last > end_seen and were - are >= LEAST and were - are > MAX_SHARE * were:
            what = change.path if name == WHOLE else f"{name} of {change.path}"
            removals.append(f"{what} would have {are} of its {were} statements")
            end_seen = last
    return tuple(removals)


def _counted_lines(language: Language, text: str) -> Sequence[int]:
    lines = statement_lines(language, text)
    if lines is not None:
        return lines
    return [number for number, line in enumerate(split_lines(text), 1) if line.strip()]


def _places(language: Language, text: str) -> dict[str, tuple[int, int]]:
    """The first and last lines of definitions by their names, with a number after the first of equal ones."""
    times: Counter[str] = Counter()
    places = {}
    for definition in symbols(language, text).definitions:
        times[definition.qualified] += 1
        number = times[definition.qualified]
        name = definition.qualified if number == 1 else f"{definition.qualified} ({number})"
        places[name] = definition.start_line, definition.end_line
    return places


def _count(lines: Sequence[int], first: int, last: int) -> int:
    return bisect_left(lines, last + 1) - bisect_left(lines, first)


def _opcodes(before: str, after: str) -> list[Opcode]:
    old, new = split_lines(before), split_lines(after)
    least = min(len(old), len(new))
    head = next((at for at in range(least) if old[at] != new[at]), least)
    tail = next((at for at in range(least - head) if old[-1 - at] != new[-1 - at]), least - head)
    return list(_shifted_opcodes(head, tail, old[head : len(old) - tail], new[head : len(new) - tail]))


def _shifted_opcodes(head: int, tail: int, old: Sequence[str], new: Sequence[str]) -> Iterator[Opcode]:
    yield "equal", 0, head, 0, head
    if max(len(old), len(new)) > MAX_COMPARED:
        yield "replace", head, head + len(old), head, head + len(new)
    else:
        for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            yield kind, head + first, head + last, head + start, head + end
    yield "equal", head + len(old), head + len(old) + tail, head + len(new), head + len(new) + tail


def _new_place(opcodes: Sequence[Opcode], first: int, last: int) -> tuple[int, int]:
    """The new lines of the old lines `first` up to but without `last`, counted from 0."""
    starts = [
        start + first - old_first if kind == "equal" else start
        for kind, old_first, old_last, start, _ in opcodes
        if old_first <= first < old_last
    ]
    ends = [
        start + last - old_first if kind == "equal" else end
        for kind, old_first, old_last, start, end in opcodes
        if old_first < last <= old_last
    ]
    start = starts[0] if starts else 0
    return start, max(start, ends[0] if ends else start)


_ADDRESS = re.compile(r"\w://|\bwww\.|\]\(")
# A name with its kind and type before "=" or ":", as in `export const KEY: string = `.
_NAMED = re.compile(
    r"""
    [\w\s."'$@\[\]<>?-]*+                  # words and the name
    (?::[\w\s.\[\]<>?]*+(?=[:=]))?         # its type
    (?::=|=>?|:)\s*+
    """,
    re.VERBOSE,
)
# What languages put between the parts of one text: quotes, signs that join, brackets, white space, "\\".
_JOINTS = re.compile(r"[\s\"'`+.,&(){}\\]+|\bf(?=[\"'])")


def copied_secret(edit: EditPlan, secrets: Iterable[str]) -> str:
    """Return why an edit cannot be made because of the secrets that were taken out of the request, or "".

    A secret may be in a file as often as before, also in parts that the code joins, and on lines with an
    address as often as before. Its line may be moved, and the name that it is assigned to may change; any
    other line could send it somewhere.
    """
    values = tuple(dict.fromkeys(secret for secret in secrets if secret.strip()))
    return next((problem for change in edit.changes if (problem := _find_copied(change, values))), "")


def _find_copied(change: FileChange, secrets: tuple[str, ...]) -> str:
    before, after = change.before, change.after
    bare_before, bare_after = _drop_joints(before), _drop_joints(after)
    addressed_before, addressed_after = _addressed_lines(before), _addressed_lines(after)
    for secret in secrets:
        bare = _drop_joints(secret)
        more = after.count(secret) > before.count(secret)
        if more or (bare and bare_after.count(bare) > bare_before.count(bare)):
            return f"the answer would write a secret into {change.path} once more: do that by hand"
        if addressed_after.count(secret) > addressed_before.count(secret):
            return f"the answer would write a secret into an address in {change.path}: do that by hand"
        if _uses(after, secret) - _uses(before, secret):
            return f"the answer would use a secret in {change.path} in another way: do that by hand"
    return ""


def _uses(text: str, secret: str) -> set[str]:
    """The lines that hold a secret: trimmed, and without the name if they do no more than give it one."""
    return (
        {_use(line.strip()) for line in split_text(text) if secret in line} if "\n" not in secret else set()
    )


def _use(line: str) -> str:
    match = _NAMED.match(line)
    return line[match.end() :] if match else line


def _drop_joints(text: str) -> str:
    return _JOINTS.sub("", text)


def _addressed_lines(text: str) -> str:
    """The lines that hold an address, and the ones after them, where a long call goes on."""
    lines = split_text(text)
    places = {at for at, line in enumerate(lines) if _ADDRESS.search(line)}
    return "".join(line for at, line in enumerate(lines) if at in places or at - 1 in places)
