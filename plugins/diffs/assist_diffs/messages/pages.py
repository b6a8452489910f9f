"""The changes of a diff in documents: the entries of a change log, sections, and single words."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from assist_context.documents import split_lines
from assist_context.facts.compared_files import ComparedFile
from assist_context.languages import language_of
from assist_context.pages import sections
from assist_diffs.messages.things import WEIGHTS, ChangedThing, code

_LOG = re.compile(
    r"""
      (?:^|/)(?:change(?:s|_?log)|history|news|release[-_]?notes)[^/]*\.(?:md|rst|txt)$  # all in one file
    | (?:^|/)(?:\.changeset|change(?:s|log)|newsfragments|news)/(?!readme)[^/]+\.(?:md|rst|txt)$  # one a file
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BULLET = re.compile(r"\s{0,3}[-*+] +(\S.*)")
_MARKS: tuple[tuple[str, str], ...] = (
    (r"\(?\[#?\d+\]\([^)]*\)\)?", ""),  # a link to an issue
    (r"\[([^\]]+)\]\([^)]*\)", r"\1"),
    (r":(?:user|issue|pr|pull|gh|ghuser|commit):`[^`]*`", ""),
    (r":[\w:]+:`~?\.?([^`<]+?)(?:\s*<[^>]*>)?`", r"`\1`"),
    (r"``([^`]+)``", r"`\1`"),
    (r"\(?https?://\S+", ""),
    (r"[\s(]*(?:fixes |closes |see |by |thanks to )?@[\w-]+\)?", ""),
    (r"[\s(]*(?:fixes |closes |see )?(?:[\w-]+/[\w-]+)?#\d+\)?", ""),
    (r"\*\*([^*]+)\*\*", r"\1"),
    (r"\s*[-–]+\s*by\b.*$", ""),
    (r"\s+([.,;:])", r"\1"),
    (r"\s*\(\s*\)|[\s–-]+$", ""),
)
_MAX_ENTRIES = 3  # of one commit; more are a release
_FEWEST_WORDS = 3
_LONGEST = 240  # characters of an entry
_ALIKE = 0.6  # of two words, of which one corrects the other


def page_things(file: ComparedFile) -> Iterator[ChangedThing]:
    """Yield the changes in a document."""
    entries = log_entries(file)
    if entries:
        for line, text in entries:
            yield ChangedThing("entry", file.path, line, "", (text,), weight=WEIGHTS["entry"])
        return
    if words := _corrected_words(file):
        for line, old, new in words:
            names = (f"{code(old)} to {code(new)}",)
            yield ChangedThing(
                "docs", file.path, line, "Change", names, ("in", (code(file.path),)), weight=WEIGHTS["docs"]
            )
        return
    yield from _section_things(file)


def log_entries(file: ComparedFile) -> list[tuple[int, str]]:
    """The new entries of a change log, with their lines, without links; none if there are many."""
    if not _LOG.search(file.path):
        return []
    lines = file.new.split("\n")
    found = list[tuple[int, str]]()
    one = not re.search(
        r"change(?:s|_?log)[^/]*$|history|release", file.path.rpartition("/")[2], re.IGNORECASE
    )
    for _, _, start, end in file.runs:
        part = lines[start - 1 : end]
        if one and not file.old:
            part = [f"- {' '.join(_body(part))}"]
        at = 0
        while at < len(part):
            bullet = _BULLET.match(part[at])
            first = at
            at += 1
            if bullet is None:
                continue
            words = [bullet[1]]
            while at < len(part) and part[at].startswith("  ") and not _BULLET.match(part[at]):
                words.append(part[at].strip())
                at += 1
            text = plain_entry(" ".join(words))
            if text and text not in file.old:
                found.append((start + first, text))
    return found if len(found) <= _MAX_ENTRIES else []


def _body(lines: Sequence[str]) -> Iterator[str]:
    """The text of a file with one entry, without the metadata above it."""
    text = "\n".join(lines)
    if text.startswith("---"):
        text = text.partition("\n---")[2]
    yield from (line.strip() for line in text.strip().split("\n\n")[0].split("\n"))


def plain_entry(text: str) -> str:
    """The first sentence of an entry, without links, names of people and issues; "" if little is left.

    >>> plain_entry("Fix the [tilde](x.md) in links ([#12](https://x.example/12)) by @ann.")
    'Fix the tilde in links'
    """
    for pattern, by in _MARKS:
        text = re.sub(pattern, by, text, flags=re.IGNORECASE)
    text = re.split(r"(?<=[a-z`)])\.\s+(?=[A-Z`])", text.strip())[0].strip().rstrip(".").strip()
    text = re.sub(r"\s+(?:in|by|see|via|from)$", "", text)
    return text if len(text.split()) >= _FEWEST_WORDS and len(text) <= _LONGEST else ""


def _corrected_words(file: ComparedFile) -> list[tuple[int, str, str]]:
    """Single words of a page that became others like them, if nothing else changed."""
    old, new = file.old.split("\n"), file.new.split("\n")
    found = list[tuple[int, str, str]]()
    for low, high, start, end in file.runs:
        if high - low != end - start or high < low:
            return []
        for at in range(end - start + 1):
            told = corrected_word(old[low - 1 + at], new[start - 1 + at])
            if told is None:
                return []
            found.append((start + at, *told))
    return found if len(found) <= _MAX_ENTRIES else []


def corrected_word(old: str, new: str) -> tuple[str, str] | None:
    """The only word by which two lines differ, if both are alike; else None.

    >>> corrected_word("teh cart", "the cart"), corrected_word("a cart", "the cart")
    (('teh', 'the'), None)
    """
    words = re.findall(r"[\w'-]+|\S", old), re.findall(r"[\w'-]+|\S", new)
    if len(words[0]) != len(words[1]):
        return None
    pairs = [pair for pair in zip(*words, strict=True) if pair[0] != pair[1]]
    if len(pairs) != 1 or SequenceMatcher(None, *pairs[0]).ratio() < _ALIKE:
        return None
    return pairs[0]


def _section_things(file: ComparedFile) -> Iterator[ChangedThing]:
    """The sections that are new, and those with new lines."""
    markup = language_of(file.path).markup
    lines = split_lines(file.new)
    found = sections(markup, lines) if markup else ()
    titles = {one.name for one in sections(markup, split_lines(file.old))} if markup else set()
    place = ("in", (code(file.path),))
    new = [one for one in found if one.name not in titles]
    inner = [one for one in new if one.parent.rpartition(" > ")[2] not in {other.name for other in new}]
    for one in inner if file.old else ():
        yield _docs(file, one.start_line, "Document", f'"{one.name}"', place)
    touched = list[tuple[int, str]]()
    for _, _, start, end in file.runs:
        around = [one for one in found if one.start_line <= start and max(start, end) <= one.end_line]
        if around and around[-1] not in new and around[-1].parent:
            touched.append((start, around[-1].name))
        elif not (around and around[-1] in new):
            touched.append((start, ""))
    names = dict.fromkeys(name for _, name in touched)
    if "" in names or not names or len(names) > 2:
        if not inner or names:
            yield _docs(file, 1, "Update", code(file.path), ("", ()))
        return
    for name in names:
        line = next(line for line, title in touched if title == name)
        yield _docs(file, line, "Update", f'"{name}"', place)


def _docs(
    file: ComparedFile, line: int, verb: str, words: str, place: tuple[str, tuple[str, ...]]
) -> ChangedThing:
    return ChangedThing("docs", file.path, line, verb, (words,), place, weight=WEIGHTS["docs"])
