"""Any edits of any texts: no offer is outside of a document, no chain overlaps, and the history stays small."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import rounds
from scenario import KEY, NothingOfferedError, PlaceError, Scenario, Session, applied, is_current, load, play
from situations import accept
from tree_edits import cursor

from assist_context.languages import language_of
from assist_context.next_edit.edit_history import MAX_CHARACTERS, MAX_HUNKS, EditHistory
from assist_context.next_edit.finder import document_before, find_offers
from assist_context.next_edit.offer import Offer, Report

SCENARIOS = load()
SAMPLES = sorted({(each.path, each.before) for each in SCENARIOS})
WORDS = ["x", "name", "rows", "order", "self", "import", "def", "fetch_user", "ключ", "class", "0", "30"]
PIECES = [*WORDS, "", "", *" \n\r\t\x0c\u2028(){}\"'é😀\ud800", "\n\n", "    ", "\r\n", '"""', "# ", "//"]
PIECES += [".a", ", b", "a(b)", "import os\n", "    x = 1\n", "\n@d\n"]


def check(offer: Offer, session: Session) -> None:
    """The changes are of one text, each changes something, and they can be made in any order."""
    assert offer.changes
    assert {each.path for each in offer.changes} == {offer.path}
    assert 0.0 <= offer.probability <= 1.0
    assert offer.words
    assert offer.pattern
    text = session.texts[offer.path]
    whole = applied(text, offer.changes)
    for each in offer.changes:
        assert applied(text, [each]) != text, f"{each} changes nothing"
    last = sorted(offer.changes, key=lambda each: (each.start.line, each.start.column), reverse=True)
    for each in last:
        text = applied(text, [each])
    assert text == whole


@st.composite
def edits(draw: st.DrawFn, text: str) -> tuple[int, int, str]:
    """The text between two offsets becomes another one; often it is a word that is there more than once."""
    if not text or draw(st.booleans()):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 0, 1, 2, 5, 40])))
        return start, end, draw(st.sampled_from(PIECES))
    old = draw(st.sampled_from(re.findall(r"\w+|\S", text) or [text]))
    places = list(find_all(text, old))
    start = draw(st.sampled_from(places))
    return start, start + len(old), draw(st.sampled_from([f"{old}_new", f"new({old})", *WORDS]))


def find_all(text: str, piece: str) -> Iterator[int]:
    at = text.find(piece)
    while at >= 0:
        yield at
        at = text.find(piece, at + 1)


def clock() -> float:
    return 0.0


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """A session with one or two texts, whole or cut anywhere."""
    texts = {}
    for path, text in draw(st.lists(st.sampled_from(SAMPLES), min_size=1, max_size=2, unique=True)):
        begin = draw(st.sampled_from([0, 0, 0, 7, 30]))
        end = draw(st.sampled_from([None, None, None, -1, -9, begin + 1]))
        texts[path] = text[begin:end].replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))
    ticks = count()
    return Session(texts, next(iter(texts)), EditHistory(lambda: next(ticks) * KEY))


@pytest.mark.slow
@given(sessions(), st.data())
@settings(max_examples=rounds(300))
def test_offers_are_within_their_documents(session: Session, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 5))):
        path = data.draw(st.sampled_from(sorted(session.texts)))
        session.replace(path, *data.draw(edits(session.texts[path])))
        situation = session.situation()
        if situation is None:
            continue
        offers = find_offers(situation)
        for offer in offers:
            check(offer, session)
        if offers and data.draw(st.booleans()):
            accept(session, offers[0])


@pytest.mark.slow
@given(st.sampled_from(SCENARIOS), st.sampled_from(["\n", "\n", "\r\n", "\r"]), st.data())
@settings(max_examples=rounds(600))
def test_scenarios_in_broken_texts_give_sound_offers(
    scenario: Scenario, newline: str, data: st.DataObject
) -> None:
    """As the scenarios, but with text that does not belong there, before, after or between the lines."""
    texts = {scenario.path: scenario.before, **scenario.files}
    for _ in range(data.draw(st.integers(0, 3))):
        path = data.draw(st.sampled_from(sorted(texts)))
        at = data.draw(
            st.sampled_from([0, len(texts[path]), *find_all(texts[path], "\n"), *find_all(texts[path], "(")])
        )
        texts[path] = texts[path][:at] + data.draw(st.sampled_from(PIECES)) + texts[path][at:]
    broken = replace(
        scenario, before=texts.pop(scenario.path), files=texts, newline=newline, edits=scenario.edits[:4]
    )
    try:
        session = play(broken)
    except (NothingOfferedError, PlaceError):
        return
    situation = session.situation()
    for offer in find_offers(situation) if situation else ():
        check(offer, session)


@pytest.mark.slow
@given(sessions(), st.data())
@settings(max_examples=rounds(200))
def test_reports_anywhere_raise_nothing(session: Session, data: st.DataObject) -> None:
    text = session.texts[session.path]
    session.replace(session.path, *data.draw(edits(text)))
    text = session.texts[session.path]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    word = text[start:end]
    message = data.draw(
        st.sampled_from(
            [
                f"Cannot find name '{word}'. Did you mean 'other'?",
                f'no attribute "{word}"; maybe "other"?',
                "",
                word,
            ]
        )
    )
    session.reports = (Report(cursor(text, start), cursor(text, end), message, "ts"),)
    situation = session.situation()
    for offer in find_offers(situation) if situation else ():
        check(offer, session)


@given(st.sampled_from(SAMPLES), st.sampled_from(["\n", "\r\n", "\r"]), st.data())
@settings(max_examples=rounds(150))
def test_hunks_taken_back_from_the_end_give_the_first_text(
    sample: tuple[str, str], newline: str, data: st.DataObject
) -> None:
    path, text = sample[0], sample[1].replace("\n", newline)
    session = Session({path: text}, path, EditHistory(clock))
    for _ in range(data.draw(st.integers(1, 12))):
        session.replace(path, *data.draw(edits(session.texts[path])))
        if any(each.origin == "bulk" for each in session.history.hunks()):
            return  # it stays apart from the hunks that it covers, which are still examples
        document = session.document(path)
        for hunk in sorted(
            session.history.hunks(), key=lambda each: (each.line, each.new != ()), reverse=True
        ):
            assert is_current(hunk, document), hunk
            document = document_before(document, hunk)
        assert document.text == text


@given(st.sampled_from(SAMPLES), st.data())
def test_taking_all_edits_back_leaves_no_hunk(sample: tuple[str, str], data: st.DataObject) -> None:
    path, text = sample
    session = Session({path: text}, path, EditHistory(clock))
    back = []
    for _ in range(data.draw(st.integers(1, 6))):
        start, end, new = data.draw(edits(session.texts[path]))
        back.append((start, start + len(new), session.texts[path][start:end]))
        session.replace(path, start, end, new)
        hunks = session.history.hunks()
        if len(hunks) > 1 and any(each.origin == "bulk" for each in hunks):
            return  # where the hunks are that it covers is not known, even when it is taken back
    for each in reversed(back):
        session.replace(path, *each)
    if any(each.origin == "bulk" for each in session.history.hunks()):
        return
    assert session.texts[path] == text
    assert session.history.hunks() == ()


@pytest.mark.slow
def test_memory_is_bounded_over_thousands_of_edits() -> None:
    """The size of what is remembered, not of the process: that has caches of its own."""
    chance = random.Random(20)
    path, text = SAMPLES[0]
    texts = {path: text, "b.py": "", "c.rs": text}
    ticks = count()
    session = Session(texts, path, EditHistory(lambda: next(ticks) * 1.0))
    for number in range(rounds(20_000, 4_000)):
        path = chance.choice(sorted(texts))
        text = session.texts[path]
        start = chance.randint(0, len(text))
        length = chance.choice([0, 0, 1, 3, 20]) if len(text) < 4_000 else 2_000
        new = chance.choice(PIECES) * chance.choice([1, 1, 1, 2, 30])
        session.replace(path, start, min(len(text), start + length), new)
        if number % 500 == 0:
            hunks = session.history.hunks()
            assert len(hunks) <= MAX_HUNKS
            assert (
                sum(len(line) for each in hunks for line in (*each.old, *each.new))
                <= MAX_HUNKS * MAX_CHARACTERS
            )


@pytest.mark.parametrize("text", ["", "\n", "\r", "\r\n", "a", "a\r", "\ud800", "😀\n😀", "a\x0cb\u2028c\n"])
@pytest.mark.parametrize("path", ["a.py", "a.ts", "a.rs", "a.go", "a.java", "a.cpp", "a.md", "a.yaml", "a"])
def test_smallest_texts_raise_nothing(path: str, text: str) -> None:
    session = Session({path: text}, path, EditHistory(clock))
    for new in ("x", "def f(a):\n", "\r", "", "name"):
        session.replace(path, 0, min(1, len(session.texts[path])), new)
        situation = session.situation()
        for offer in find_offers(situation) if situation else ():
            check(offer, session)
    assert session.document(path).language == language_of(path)
