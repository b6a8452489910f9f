"""Of a file that is recognized in a result, each line that says enough is cut, in whatever form it is shown."""

import html
import json
import quopri
import re
import time
from collections.abc import Callable, Iterator, Sequence
from html.entities import codepoint2name
from typing import Any
from unicodedata import normalize

import pytest
from fingerprints.result_formats import FORMATS

from assist_gateway.attribution import AttributedSpan, line_count, without_spans
from assist_gateway.fingerprints.copied_spans import compare, copied_spans
from assist_gateway.fingerprints.letters import letters_of
from assist_gateway.fingerprints.plain_views import plain_view
from assist_gateway.fingerprints.print_index import PrintIndex, print_index, short_hashes, without
from assist_gateway.fingerprints.prints import LINE, all_hashes, file_prints, print_key

KEY = print_key(b"a secret of thirty-two characters")
DESK = '''\
"""Offers that no customer sees before the desk agrees."""

import os
from decimal import Decimal as Money

LOWEST_MARGIN = 0.17
GRACE_DAYS = {"gold": 45, "tin": 7}


class OfferDesk:
    def __init__(self, clerk, ledger):
        self.clerk = clerk
        self.ledger_of_offers = ledger

    def first_offer(self, customer, volume):
        base = self.ledger_of_offers.list_price(customer.region, volume)
        if customer.owes > 9000:
            return None
        if volume > 1200 and customer.tier == "gold":
            return base * Money("0.61")
        days = GRACE_DAYS.get(customer.tier, 3)
        return base * (1 - LOWEST_MARGIN) + days

    def second_offer(self, offer, answer):
        # "never" below <half> & told to nobody
        floor = max(offer * Money("0.83"), self.clerk.floor_of(offer))
        for step in (3, 5, 8):
            if answer.wants < floor - step:
                raise OfferRefused(step, "größer")
        return floor
'''
MEMO = """\
The harbour warehouse closes in the third week of may.
Seven of the nine cranes go to the northern yard,
two are sold for scrap.
Nobody on the quay is told before the ninth.
The union gets a letter on the tenth.
"""
ALLOWED = '''\
import os
from decimal import Decimal as Money


def monthly_report(orders, printer):
    """What the shop sold in a month, by its regions."""
    totals = {}
    for order in orders:
        totals[order.region] = totals.get(order.region, 0) + order.amount
    printer.write_table(sorted(totals.items()))
    return "done", len(totals) < 12 and orders[0]
'''
LINES = DESK.splitlines()


def index_of(*texts: str, allowed: Sequence[str] = ()) -> PrintIndex:
    prints = [file_prints(letters_of(plain_view(text.encode())), KEY) for text in texts]
    known = [short_hashes(all_hashes(letters_of(plain_view(text.encode())), KEY)) for text in allowed]
    return without(print_index(prints), known)


INDEX = index_of(DESK, MEMO, allowed=[ALLOWED])


def letters(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalnum())


def long_lines(text: str, allowed: str = ALLOWED) -> list[str]:
    """The lines that have to be cut: long enough, and in no allowed file."""
    known = {letters(line) for line in allowed.splitlines()}
    return [line for line in text.splitlines() if len(letters(line)) >= LINE and letters(line) not in known]


def cut(text: str, index: PrintIndex = INDEX) -> tuple[str, int]:
    """What is left of a text, and how many lines the notices in it tell of."""
    spans = [
        AttributedSpan(span.start, span.end, f"file{span.file}", "is denied")
        for span in copied_spans(text, index, KEY)
    ]
    return without_spans(text, spans), sum(line_count(text, span) for span in spans)


def readings(text: str) -> Iterator[str]:
    """What a reader could make of a text: as it is, without tags and colours, escapes undone."""
    plain = re.sub(r"\\+u00([0-9a-f]{2})", lambda sign: chr(int(sign[1], 16)), text)
    for once in (plain, re.sub(r"</?[A-Za-z].*?>", "", plain)):
        plain = re.sub(
            r"\x1b\[[0-9;]*m|\x1b\].*?(?:\x07|\x1b\\)|\^\[\[[0-9;]*m|\^I|.\x08", "", html.unescape(once)
        )
        plain = plain.replace("\\xc3\\xb6", "ö").replace("\\xc3\\x9f", "ß")
        for side in (r"\[-.*?-\]", r"\{\+.*?\+\}", r"$^"):
            yield letters(re.sub(r"\\+[nrt]", "\n", re.sub(side, "", plain)))


def left_in(shown: str, lines: Sequence[str]) -> list[str]:
    read = list(readings(shown))
    return [line for line in lines if any(letters(line) in one for one in read)]


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", FORMATS)
def test_no_line_that_says_enough_is_left_in_any_form(name: str) -> None:
    for source in (DESK, MEMO):
        shown = FORMATS[name](source.splitlines())
        lines = long_lines(source)
        assert left_in(shown, lines) == lines, "the test reads all of them before the cut"
        assert left_in(cut(shown)[0], lines) == []


LOHN = """\
Der Zuschlag für Überstunden beträgt höchstens zwölf Prozent.
Die Prämie der Geschäftsführung wird jährlich geprüft,
auch für Grenzgänger gemäß der Sondervereinbarung.
Größere Abschläge = 12 Tage beschließt der Aufsichtsrat übrigens selbst.
"""
PREMIA = """\
Премия директора начисляется отдельно от зарплаты.
Секретный договор поставщика: скидка двенадцать процентов,
комиссия банка удержана с клиента.
"""
OTHER_LETTERS: dict[str, Callable[[str], str]] = {
    "capitals": str.upper,
    "marks of their own": lambda text: normalize("NFD", text),
    "numbers of HTML": lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
    "names of HTML": lambda text: "".join(
        f"&{codepoint2name[ord(sign)]};" if ord(sign) in codepoint2name else sign for sign in text
    ),
    "page in ASCII": lambda text: f"<pre>{text.encode('ascii', 'xmlcharrefreplace').decode()}</pre>",
    "bytes of Python": lambda text: repr(text.encode()),
    "ascii() of Python": ascii,
    "octal bytes": lambda text: "".join(
        sign if sign.isascii() else "".join(f"\\{byte:03o}" for byte in sign.encode()) for sign in text
    ),
    "code points of JavaScript": lambda text: "".join(
        sign if sign.isascii() else f"\\u{{{ord(sign):x}}}" for sign in text
    ),
    "quoted for mail": lambda text: quopri.encodestring(text.encode()).decode(),
}


@pytest.mark.parametrize("name", OTHER_LETTERS)
def test_letters_beyond_ascii_are_the_same_however_they_are_written(name: str) -> None:
    index = index_of(LOHN, PREMIA)
    for source in (LOHN, PREMIA):
        (span,) = copied_spans(f"Look:\n\n{OTHER_LETTERS[name](source)}\n\nWhat is this?", index, KEY)
        shown = OTHER_LETTERS[name](source).rstrip("\n")
        assert span.end - span.start >= len(shown) - 12, (name, source)


AROUND_WORDS: dict[str, Callable[[str], str]] = {
    "end of colours by tput": lambda line: re.sub(r"(\w+)", "\x1b[32m\\1\x1b(B\x1b[m", line),
    "colours with colons": lambda line: re.sub(r"(\w+)", "\x1b[38:2::10:20:30m\\1\x1b[0m", line),
    "sets of signs": lambda line: re.sub(r"(\w+)", "\x1b(0\\1\x1b(B", line),
    "soft hyphens of HTML": lambda line: re.sub(r"(\w{5})", r"\1&shy;", html.escape(line)),
    "wide blanks": lambda line: line.replace(" ", "\u3000"),
    "places to break": lambda line: html.escape(line).replace("_", "_<wbr>"),
    "unseen blanks by name": lambda line: html.escape(line).replace("_", "_&ZeroWidthSpace;"),
    "signs by name": lambda line: html.escape(line).replace("_", "&lowbar;").replace("(", "&lpar;"),
}


@pytest.mark.parametrize("name", AROUND_WORDS)
def test_what_terminals_and_pages_put_around_words_is_no_letter(name: str) -> None:
    lines = long_lines(DESK)
    shown = "\n".join(AROUND_WORDS[name](line) for line in lines)
    assert cut(shown)[1] == len(lines)
    (span,) = copied_spans(shown, INDEX, KEY)
    assert (span.start, shown[span.end :].strip("\x1b[(Bm")) == (0, "")


@pytest.mark.parametrize("name", FORMATS)
def test_allowed_text_stays_whole_in_each_form(name: str) -> None:
    assert copied_spans(FORMATS[name](ALLOWED.splitlines()), INDEX, KEY) == ()


@pytest.mark.parametrize("name", FORMATS)
def test_json_is_json_after_a_cut(name: str) -> None:
    shown = FORMATS[name](LINES)
    left = cut(shown)[0]
    assert is_json(left) == is_json(shown)
    for before, after in zip(shown.splitlines(), left.splitlines(), strict=False):
        if is_json(shown) or not is_json(before):
            break
        assert is_json(after), after


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def test_the_json_in_a_string_of_json_is_json_after_a_cut() -> None:
    for name in ("text block with objects", "text block with lines of JSON", "three times in JSON"):
        texts = list(strings(json.loads(cut(FORMATS[name](LINES))[0])))
        inner = [line for text in texts for line in text.splitlines() if line.startswith(("{", "["))]
        assert inner
        assert not [line for line in inner if "kept here" not in line[:20] and not is_json(line)], name


def test_as_many_lines_are_told_as_were_cut() -> None:
    lines = long_lines(DESK)
    for name in ("objects of JSON", "rg --json", "lines of JSON", "text block with objects", "notebook"):
        left, told = cut(FORMATS[name](lines))
        assert told == len(lines) == left.count("[kept here by assist: 1 line of"), name
    for name in ("rg --vimgrep", "docker compose", "log of Actions"):
        assert cut(FORMATS[name](lines))[1] == len(lines), name


def test_a_line_that_an_allowed_file_has_too_stays() -> None:
    shared = "from decimal import Decimal as Money"
    shown = FORMATS["docker compose"](LINES)
    left = cut(shown)[0]
    assert shared in left
    assert "self.ledger_of_offers = ledger" not in left
    assert shared not in cut(shown, index_of(DESK))[0]


def test_allowed_text_next_to_a_recognized_file_stays() -> None:
    both = [*LINES, *ALLOWED.splitlines()]
    for name in ("rg --json", "objects of JSON", "docker compose", "rg --vimgrep", "cells of a page"):
        left = cut(FORMATS[name](both))[0]
        assert left_in(left, long_lines(DESK)) == []
        own = [line for line in ALLOWED.splitlines() if len(letters(line)) >= LINE]
        assert left_in(left, own) == own, name


def test_single_lines_of_a_file_that_is_not_recognized_stay() -> None:
    lines = ["self.ledger_of_offers = ledger", "def __init__(self, clerk, ledger):"]
    for line in lines:
        assert cut(FORMATS["docker compose"](["nothing of a file is here", line, "or here, for all"]))[1] == 0


def test_a_file_with_only_short_lines_is_cut_where_two_are_in_a_row() -> None:
    short = "a7 = 12\nb_limit = 9\nrate_k = 31\nz_top = 4\nfloor_q = 8\n"
    index = index_of(short)
    assert cut(FORMATS["objects of JSON"](short.splitlines()), index)[1] == 5
    assert cut(FORMATS["docker compose"](short.splitlines()), index)[1] == 0, "one alone says nothing"


def test_of_two_files_in_one_text_both_are_cut_and_named() -> None:
    for name in FORMATS:
        left = cut(FORMATS[name]([*LINES, *MEMO.splitlines()]))[0]
        assert left_in(left, [*long_lines(DESK), *long_lines(MEMO)]) == [], name
    left = cut(
        FORMATS["docker compose"]([*LINES, "", "and then the memo says what follows:", *MEMO.splitlines()])
    )[0]
    assert ("of file0" in left, "of file1" in left) == (True, True)
    assert "and then the memo" in left


def test_only_the_recognized_file_gives_its_lines() -> None:
    shown = FORMATS["docker compose"]([*LINES, "nothing else here", "two are sold for scrap."])
    assert "sold for scrap" in cut(shown)[0], "one line of the memo is not enough for it"


def test_a_file_that_is_named_gives_its_lines_without_being_recognized() -> None:
    shown = FORMATS["docker compose"](["self.ledger_of_offers = ledger", "what no file says"])
    assert copied_spans(shown, INDEX, KEY) == ()
    (span,) = compare(shown, INDEX, KEY, named=[0]).spans
    assert shown[span.start : span.end].endswith("self.ledger_of_offers = ledger")


def test_very_many_lines_that_begin_alike_are_cut_in_a_moment() -> None:
    table = "\n".join("0 " * (16 + number) for number in range(900))
    index = index_of(DESK + table)
    shown = FORMATS["docker compose"]([*LINES, *table.splitlines()])
    assert left_in(cut(shown, index)[0], [*long_lines(DESK), *table.splitlines()]) == []
    start = time.process_time()
    copied_spans(f"{DESK}{'0 ' * 20_000}", index, KEY)
    assert time.process_time() - start < 5


def test_what_allowed_files_say_with_tags_is_not_another_file_without_them() -> None:
    page = "<summary>Example of the desk</summary>\n\nlet desk = open_desk(clerk)\n\n<b>Then it is closed again.</b>\n"
    plain = "Example of the desk\n\nlet desk = open_desk(clerk)\n\nThen it is closed again.\n"
    index = index_of(plain, allowed=[page])
    assert copied_spans(page, index_of(plain), KEY), "if nothing is allowed"
    assert copied_spans(page, index, KEY) == ()
    assert (
        copied_spans("\n".join(f"{n}| {line}" for n, line in enumerate(page.splitlines())), index, KEY) == ()
    )
    assert copied_spans(plain, index, KEY)
