"""Real files, correct edits of them, and the errors that models make: cases for `plan`, from a seed.

Run as a script with a number of cases: `edit_corpus.py 5000 SEED`; it prints how they ended.
The expected result of an edit is computed here line by line, independently of the package.
"""

import json
import random
import sys
import sysconfig
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from assist_escalation.edits.formats.search_replace import fence_for
from assist_escalation.edits.plan import MARK, Base, EditError, hash_text
from assist_escalation.edits.planner import plan

PATH = "src/Module.py"


@dataclass
class Edit:
    """Lines `first` to `last` (from 0, without the last) become `new`. Lines have no line ends."""

    first: int
    last: int
    new: list[str]


@lru_cache
def sources() -> tuple[tuple[str, str], ...]:
    """The Python of the standard library, and the JavaScript that is installed: (suffix, text)."""
    folders = (Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib")))
    files = [each for each in sorted(folders[0].glob("*.py")) if 2_000 < each.stat().st_size < 60_000]
    scripts = [each for each in sorted(folders[1].glob("*/**/*.js")) if 1_000 < each.stat().st_size < 60_000]
    texts = [(each.suffix, each.read_text("utf-8", "replace")) for each in files[::2] + scripts]
    return tuple((suffix, text) for suffix, text in texts if "\r" not in text and "\f" not in text)


def dressed(rng: random.Random, text: str) -> str:
    """The text with the peculiarities of unusual files."""
    lines = text.split("\n")[:-1]
    kind = rng.choice(["\n", "\n", "\r\n", "mixed"])
    if rng.random() < 0.2:
        lines = [line.replace("    ", "\t") for line in lines]
    if rng.random() < 0.3:
        lines.insert(rng.randrange(len(lines) + 1), "🙂 é e\u0301 \u2028 ﬁ")
    ends = [rng.choice(["\n", "\r\n"]) if kind == "mixed" else kind for _ in lines]
    if rng.random() < 0.2:
        ends[-1] = ""
    return (MARK if rng.random() < 0.2 else "") + "".join(map("".join, zip(lines, ends, strict=True)))


def edits(rng: random.Random, lines: list[str]) -> list[Edit]:
    """One to three separate edits, of lines with other lines around them."""
    found: list[Edit] = []
    for _ in range(rng.randint(1, 3)):
        first = rng.randrange(len(lines))
        last = min(len(lines), first + rng.randint(1, 8))
        old = lines[first:last]
        apart = all(last + 9 < each.first or each.last + 9 < first for each in found)
        if not any(line.strip() for line in old) or not apart or len(set(old)) < len(old):
            continue
        at = rng.randrange(len(old))
        token, indent = f"token_{rng.randrange(10**9)}", old[at][: len(old[at]) - len(old[at].lstrip())]
        new = rng.choice(
            [
                [*old[:at], old[at] + " " + token, *old[at + 1 :]],
                [*old[: at + 1], indent + token, *old[at + 1 :]],
                [*old[:at], *old[at + 1 :]],
                [indent + token],
                [],
            ]
        )
        found.append(Edit(first, last, new))
    return sorted(found, key=lambda each: each.first)


def intended(text: str, found: list[Edit]) -> str:
    """The text with the edits. An unchanged line keeps its end, and a new one gets its neighbour's."""
    mark = MARK if text.startswith(MARK) else ""
    whole = text.removeprefix(MARK).replace("\r\n", "\n")
    ends = ["\r\n" if each.endswith("\r") else "\n" for each in text.removeprefix(MARK).split("\n")[:-1]]
    lines = whole.split("\n")
    if lines[-1] == "":
        lines.pop()
    else:
        ends.append("")
    for each in reversed(found):
        old, kept = lines[each.first : each.last], ends[each.first : each.last]
        head = next(
            (n for n, (a, b) in enumerate(zip(old, each.new, strict=False)) if a != b),
            min(len(old), len(each.new)),
        )
        tail = 0
        while tail < min(len(old), len(each.new)) - head and old[-1 - tail] == each.new[-1 - tail]:
            tail += 1
        removed, added = kept[head : len(old) - tail], len(each.new) - head - tail
        beside = removed or [(ends[: each.first + head] or ends)[-1]]
        fresh = [beside[min(n, len(beside) - 1)] or ends[0] for n in range(added)]
        after = kept[:head] + fresh + kept[len(old) - tail :]
        if each.last == len(lines) and ends[-1] == "" and after:
            after[:-1] = [end or ends[0] for end in after[:-1]]
            after[-1] = "" if added and not tail else after[-1]
        lines[each.first : each.last], ends[each.first : each.last] = each.new, after
    return mark + "".join(map("".join, zip(lines, ends, strict=True)))


def block(path: str, search: list[str], replace: list[str], width: int) -> str:
    parts = [path, "<" * width + " SEARCH", *search, "=" * width, *replace, ">" * width + " REPLACE", ""]
    return "\n".join(parts)


def count(search: list[str], text: str) -> int:
    """How often lines occur in a text, without regard to white space around them."""
    wanted, lines = (
        [each.strip() for each in side] for side in (search, text.removeprefix(MARK).split("\n"))
    )
    lines = lines if lines[-1] else lines[:-1]
    return sum(lines[at : at + len(wanted)] == wanted for at in range(len(lines)))


def exact(search: list[str], text: str) -> bool:
    whole = text.removeprefix(MARK).replace("\r\n", "\n").removesuffix("\n")
    return "\n" + "\n".join(search) + "\n" in f"\n{whole}\n"


def indented(lines: list[str]) -> list[str]:
    return ["  " + line if line.strip() else line for line in lines]


@dataclass
class Case:
    """`goal` is None if the answer must be refused. `pairs` are what the blocks search and insert."""

    path: str
    text: str
    lines: list[str]
    made: list[Edit]
    goal: str | None
    pairs: list[tuple[list[str], list[str]]]


def outcome(rng: random.Random) -> tuple[str, str]:
    """One case: (what was done to it, how it ended). "WRONG" must never happen."""
    suffix, source = rng.choice(sources())
    text = dressed(rng, source)
    lines = text.removeprefix(MARK).replace("\r\n", "\n").removesuffix("\n").split("\n")
    made, kind = edits(rng, lines), rng.choice(KINDS)
    if not made:
        return kind, "none"
    pairs = [(lines[each.first : each.last], list(each.new)) for each in made]
    case = Case(PATH.replace(".py", suffix), text, lines, made, intended(text, made), pairs)
    (spoil_answer if kind in ("spaces", "shifted", "slightly wrong", "overlap") else spoil_file)(
        rng, kind, case
    )
    if kind in EXPECTED and count(case.pairs[0][0], case.text) not in EXPECTED[kind]:
        return kind, "none"  # as if code occurs twice, and one place was changed
    if kind == "shifted" and all(exact(search, case.text) for search, _ in case.pairs):
        return kind, "none"  # shifted, it is a correct block for its twin at another depth
    answer = written(rng, kind, case)
    paths = (case.path, f"copy/{case.path}")
    scope = {each: Base(each, case.text, hash_text(case.text)) for each in paths}
    try:
        result = plan(answer, scope)
    except EditError:
        return kind, "refused"
    (change,) = result.changes
    return kind, "intended" if (change.path, change.after) == (case.path, case.goal) else "WRONG"


def spoil_answer(rng: random.Random, kind: str, case: Case) -> None:
    if kind == "spaces":
        case.pairs = [([line + rng.choice(["", " ", "\t"]) for line in one], two) for one, two in case.pairs]
    elif kind == "shifted":
        case.pairs = [(indented(one), indented(two)) for one, two in case.pairs]
    elif kind == "slightly wrong":
        case.goal, search = None, case.pairs[0][0]
        at = rng.choice([n for n, line in enumerate(search) if line.strip()])
        wrong = rng.choice([str.swapcase, "{}x".format, "x{}".format, lambda line: line.strip()[1:] or "y"])
        search[at] = wrong(search[at])
    else:
        case.goal = None
        case.pairs.append((case.pairs[0][0][:1], ["other"]))


def spoil_file(rng: random.Random, kind: str, case: Case) -> None:
    lines, first = case.lines, case.made[0]
    if kind == "stale":
        at = rng.randrange(first.first, first.last)
        case.text, case.goal = intended(case.text, [Edit(at, at + 1, [lines[at] + "  # meanwhile"])]), None
    elif kind == "moved" and first.first > 0:
        above = [Edit(0, 1, [lines[0], "# meanwhile", "# and more"])]
        case.text, case.goal = intended(case.text, above), intended(intended(case.text, case.made), above)
    elif kind == "twice":
        twin = lines[first.first : first.last]
        case.text, case.goal = (
            intended(case.text, [Edit(len(lines) - 1, len(lines), [lines[-1], *twin])]),
            None,
        )


def written(rng: random.Random, kind: str, case: Case) -> str:
    """The answer for this kind of case."""
    width, name = len(fence_for([case.text])), NAMES.get(kind, str)(case.path)
    blocks = [block(name, *pair, width) for pair in case.pairs]
    answer = "I changed this:\n\n" + "\nand\n\n".join(blocks) + "\nDone.\n"
    if kind in NAMES and kind not in ("dot", "backslash", "dressed"):
        case.goal = None
    if kind == "cut":
        answer, case.goal = answer[: answer.rindex(">" * width) - rng.randint(0, 20)], None
    return answer.replace("\n", "\r\n") if kind == "CRLF answer" else answer


# How often the searched lines must occur in the file for this kind of case.
EXPECTED = {"slightly wrong": {0}, "stale": {0}, "twice": {2, 3, 4}}
NAMES = {
    "dot": lambda path: "./" + path,
    "backslash": lambda path: path.replace("/", "\\"),
    "dressed": lambda path: f"**`{path}`**:",
    "case": lambda path: path.lower(),
    "other file": lambda path: path.replace("src/", "lib/"),
    "part": lambda path: path.partition("/")[2],
    "parent": lambda path: "src/../" + path,
}
KINDS = ("plain", "plain", "spaces", "shifted", "slightly wrong", "stale", "moved", "twice", "overlap", "cut", "CRLF answer", *NAMES)  # fmt: skip


def run(cases: int, seed: int) -> Counter[tuple[str, str]]:
    rng = random.Random(seed)
    return Counter(outcome(rng) for _ in range(cases))


if __name__ == "__main__":
    counts = run(int(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps({" / ".join(key): count for key, count in sorted(counts.items())}, indent=1))
