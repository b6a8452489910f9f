"""Lines of a printed file are found in any disguise that a tool gives them, and others are not."""

import difflib
import html
import json
import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import rounds

from assist_gateway.fingerprints.copied_spans import CopiedSpan, allowed_parts, copied_spans
from assist_gateway.fingerprints.letters import letters_of
from assist_gateway.fingerprints.plain_views import plain_view
from assist_gateway.fingerprints.print_index import PrintIndex, print_index, short_hashes, without
from assist_gateway.fingerprints.prints import all_hashes, file_prints, print_key

KEY = print_key(b"a secret of thirty-two characters")
SECRET = '''\
"""Rates that no customer sees."""

import os

LIMIT = int(os.environ.get("RATE_LIMIT", "12"))


def negotiated_rate(customer, volume):
    if customer.tier == "gold" and volume > LIMIT:
        return 0.37 * volume  # agreed in 2021\\n
    elif customer.name in {"acme", "größe"}:
        return 0.41
    return 0.5


def margin(rate, cost):
    return {"share": (rate - cost) / rate, "cost": cost, "path": "C:\\\\new\\\\table"}
'''
PROSE = "Please look at this and tell me why the result is wrong when nobody has ordered anything yet."
LINES = SECRET.splitlines()


def index_of(*texts: str, allowed: Sequence[str] = ()) -> PrintIndex:
    prints = [file_prints(letters_of(plain_view(text.encode())), KEY) for text in texts]
    known = [short_hashes(all_hashes(letters_of(plain_view(text.encode())), KEY)) for text in allowed]
    return without(print_index(prints), known)


INDEX = index_of(SECRET)


def numbered(form: str) -> Callable[[str], str]:
    return lambda text: "\n".join(form.format(n, line) for n, line in enumerate(text.split("\n"), 41))


def reindented(text: str) -> str:
    return "\n".join("\t" * 3 + line.replace("    ", "  ") for line in text.split("\n"))


def as_diff(sign: str) -> Callable[[str], str]:
    return lambda text: "@@ -1,9 +1,9 @@ def x():\n" + "\n".join(sign + line for line in text.split("\n"))


DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "re-indented": reindented,
    "cat -n": numbered("{:6}\t{}"),
    "bars": numbered("{}|{}"),
    "opencode's search": numbered("  Line {}: {}"),
    "arrows": numbered("{:5}→{}"),
    "colons": numbered("{}: {}"),
    "grep": numbered("src/rates/big-deal.py:{}:{}"),
    "grep -C": numbered("src/rates/big-deal.py-{}-{}"),
    "names alone": lambda text: "\n".join(f"src/rates.py:{line}" for line in text.split("\n")),
    "blame": numbered("1a2b3c4d (A. Author 2024-02-03 10:11:12 +0100 {}) {}"),
    "quoted": lambda text: "\n".join("> " + line for line in text.split("\n")),
    "quoted twice with numbers": lambda text: "\n".join(
        f"> > {n}| {line}" for n, line in enumerate(text.split("\n"), 1)
    ),
    "added": as_diff("+"),
    "removed": as_diff("-"),
    "context": as_diff(" "),
    "fence": lambda text: f"```python rates_copy.py\n{text}\n```",
    "json": json.dumps,
    "json twice": lambda text: json.dumps({"content": json.dumps({"text": text})}),
    "tags": lambda text: f'<file_content path="x.py">{text}</file_content>',
    "json in unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "numbered json": lambda text: json.dumps(numbered("{:6}\t{}")(text)),
    "repr": repr,
    "html": html.escape,
    "coloured": lambda text: "\n".join(f"\x1b[32m+{line}\x1b[m" for line in text.split("\n")),
    "coloured in json": lambda text: json.dumps(DISGUISES["coloured"](text)),
    "windows": lambda text: text.replace("\n", "\r\n"),
    "double spaced": lambda text: text.replace("\n", "\n\n"),
    "typographic": lambda text: text.replace('"', "“").replace("'", "’"),
    "capitals": str.upper,
}


@pytest.mark.parametrize("disguise", DISGUISES)
@settings(max_examples=rounds(200, 12))
@given(first=st.integers(0, len(LINES) - 2), count=st.integers(2, 8), around=st.booleans())
def test_two_lines_in_a_row_are_found_in_every_disguise(
    disguise: str, first: int, count: int, around: bool
) -> None:
    taken = LINES[first : first + count]
    counted = [line for line in taken if len(re.sub(r"\W", "", line)) >= 4]
    if len(counted) < 2 or sum(len(re.sub(r"[\W_]", "", line)) for line in counted) < 18:
        return
    text = DISGUISES[disguise]("\n".join(taken))
    whole = f"{PROSE}\n{text}\n{PROSE}" if around else text
    spans = copied_spans(whole, INDEX, KEY)
    starts, ends = [*(span.start for span in spans), len(whole)], [0, *(span.end for span in spans)]
    left = "".join(whole[end:start] for end, start in zip(ends, starts, strict=True))
    for line in counted:
        for word in re.findall(r"[a-z]{5,}", line):
            assert word not in left.replace(PROSE, "").replace("rates", ""), (line, whole, spans)
    if around and taken[0]:  # before an empty line that is quoted and numbered, the prose is cut too
        assert (left.startswith(PROSE), left.endswith(PROSE)) == (True, True)


@settings(max_examples=rounds(200, 30))
@given(at=st.integers(0, 300), size=st.integers(90, 200))
def test_a_run_of_letters_is_found_whatever_the_lines_are(at: int, size: int) -> None:
    joined = " ".join(SECRET.split())
    piece = joined[at : at + size]
    if len(re.sub(r"[\W_]", "", piece)) < 50:
        return
    assert copied_spans(f"{PROSE} {piece} {PROSE}", INDEX, KEY)
    assert copied_spans(piece.replace(" ", ""), INDEX, KEY), "minified"
    if "\\" in piece:
        return
    wrapped = "\n".join(piece[start : start + 30] for start in range(0, len(piece), 30))
    assert copied_spans(wrapped, INDEX, KEY), "wrapped at 30 characters"


def test_each_side_of_a_diff_is_read_alone() -> None:
    new = [line.replace("0.", "1.") + "  # changed now" for line in LINES]
    woven = "\n".join(f"-{old}\n+{line}" for old, line in zip(LINES, new, strict=True))
    removed_lines = copied_spans(woven, INDEX, KEY)
    assert removed_lines[0].start == 0
    assert removed_lines[-1].end > woven.index("share")
    real = "\n".join(difflib.unified_diff(LINES, [*LINES[:8], "    audit()", *LINES[8:]], lineterm=""))
    assert copied_spans(real, INDEX, KEY)


@given(words=st.lists(st.sampled_from(sorted(set(SECRET.split()))), max_size=60))
def test_single_words_and_single_short_lines_are_not_attributed(words: list[str]) -> None:
    shuffled = "\n".join(
        f"{word} is a word of some other sentence {n * 7919}" for n, word in enumerate(words)
    )
    assert copied_spans(shuffled, INDEX, KEY) == ()
    for line in ("import os", "return 0.5", "}", "def margin(rate, cost):"):
        assert copied_spans(f"{PROSE}\n{line}\n{PROSE}", INDEX, KEY) == ()


def test_what_allowed_files_have_is_not_attributed_but_what_follows_is() -> None:
    index = index_of(SECRET, allowed=["\n".join(LINES[:9])])
    assert copied_spans("\n".join(LINES[:9]), index, KEY) == ()
    (span,) = copied_spans("\n".join(LINES[:12]), index, KEY)
    assert "\n".join(LINES[:12])[span.start :].startswith(LINES[8]), "from the pair that no allowed file has"


def test_what_allowed_files_say_in_other_lines_is_not_attributed() -> None:
    columns = ["headline", "slug and title", "created", "score of it"]
    allowed = f"The articles can be sorted by {', '.join(columns)}, and by nothing else."
    file = SECRET + "\n".join(columns)
    index = index_of(file, allowed=[allowed])
    wrapped = allowed.replace(", ", ",\n").replace("by headline", "by\nheadline")
    assert copied_spans(wrapped, index_of(file), KEY), "two lines of the file, if nothing is allowed"
    assert copied_spans(wrapped, index, KEY) == ()
    assert copied_spans("\n".join(columns), index, KEY), "too short to be known from the allowed file"
    both = copied_spans(f"{wrapped}\n{PROSE}\n{SECRET}", index, KEY)
    assert both[0].end < len(wrapped), "with more of the file, this is taken along"
    other = wrapped.replace("score of it", "score of 31")
    assert copied_spans(other, index_of(file.replace("of it", "of 31"), allowed=[allowed]), KEY)


def test_a_part_is_allowed_only_if_each_letter_of_it_is_in_a_row_of_allowed_files() -> None:
    sample = "# Write this into a file of your own:\nDEBUG=True\nHOST=db.example.com\nKEY=nobody-knows\n"
    index = index_of(SECRET, allowed=[sample])
    at = sample.index("DEBUG")
    assert allowed_parts(sample, [(at, len(sample)), (0, 9)], index, KEY) == (True, True)
    assert allowed_parts("größer\n" + sample, [(at + 7, len(sample) + 7), (0, at)], index, KEY) == (
        True,
        False,
    )
    for old, new in (("True", "False"), ("db.", "db7."), ("nobody", "none"), ("KEY", "MORE=1\nKEY")):
        other = sample.replace(old, new)
        assert allowed_parts(other, [(at, len(other))], index, KEY) == (False,), new
    assert allowed_parts("DEBUG=True\n", [(0, 11)], index, KEY) == (False,), "too short to be known"
    assert allowed_parts(sample, [(at, len(sample))], index_of(SECRET), KEY) == (False,)
    two = sample * 2
    assert allowed_parts(two, [(at, len(two))], index, KEY) == (False,), "two rows are not one"


def test_spans_are_in_characters_of_the_text_and_name_the_file() -> None:
    other = "\n".join(f"the {n}th line of the other file says {n * n}" for n in range(9))
    text = f"größer 😀 → {PROSE}\n{SECRET}{PROSE} 😀\n\n{PROSE}\n{other}"
    first, second = copied_spans(text, index_of(SECRET, other), KEY)
    assert text[first.start : first.end].strip() == SECRET.strip()
    assert text[second.start : second.end] == other
    assert (first.file, second.file) == (0, 1)


def test_signs_of_other_scripts_are_the_same_escaped_or_not() -> None:
    text = "// （比如 `useUserStore`，`useCartStore`）把所有内容放在一起\n// “größer” als … und „kleiner“ → fertig"
    latin = "// (`useUserStore`, `useCartStore`)\n// grosser als und kleiner, fertig"
    index = index_of(text)
    for shown in (text, json.dumps(text), json.dumps(text, ensure_ascii=False), json.dumps(json.dumps(text))):
        assert copied_spans(shown, index, KEY), shown
    assert copied_spans(json.dumps(text), index_of(latin), KEY) == ()


def test_a_long_line_is_cut_only_where_it_matches() -> None:
    line = f"const before = '{'x1y2' * 200}';{SECRET.replace(chr(10), ' ')}const after = '{'z3w4' * 200}'"
    (span,) = copied_spans(line, INDEX, KEY)
    assert line.index('"""Rates') - 30 < span.start <= line.index('"""Rates')
    assert line.index("const after") - 30 < span.end < line.index("const after") + 30


def test_a_text_longer_than_a_piece_is_read_to_its_end() -> None:
    filler = "\n".join(f"line {n} of a long log says {n * 31}" for n in range(40_000))
    text = f"{filler}\n{SECRET}"
    (span,) = copied_spans(text, INDEX, KEY)
    assert text[span.start : span.end].strip() == SECRET.strip()


@given(text=st.text())
def test_any_text_is_normal_input(text: str) -> None:
    assert all(isinstance(span, CopiedSpan) for span in copied_spans(text, INDEX, KEY))
    file_prints(letters_of(plain_view(text.encode("utf-8", "surrogatepass"))), KEY)
    assert len(plain_view(text.encode("utf-8", "surrogatepass"))) == len(
        text.encode("utf-8", "surrogatepass")
    )


def test_prints_of_one_key_say_nothing_to_another() -> None:
    assert copied_spans(SECRET, INDEX, print_key(b"another secret")) == ()
    assert copied_spans(SECRET, index_of(), KEY) == ()
