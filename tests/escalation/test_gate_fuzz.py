"""The gate under what no test thinks of: killed at any moment, prompts made up by chance, vendors gone wild."""

import asyncio
import json
import os
import random
import sqlite3
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import gate_child
import pytest
from gates import allowed, parts, request
from hostile import DONE, HANG, RESET, Hostile, Part, Seen, answer, chunk, event, head, refusal, usage
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate import Parts, payload_sha256, prepare
from assist_escalation.layers import Permissions
from assist_escalation.model import Messages, Origin, Span
from assist_escalation.records import Outcome
from assist_escalation.sending import send
from assist_escalation.transport import Times, TransportError
from assist_escalation.verifying import verify

ROUNDS, SEED = 24, 5


def events(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of the log, without those in which it speaks of itself."""
    lines = (folder / "audit.jsonl").read_bytes().split(b"\n")[:-1]
    return [each["event"] for each in map(json.loads, lines) if each["event"].get("request_id")]


def ledger_rows(folder: Path) -> dict[str, tuple[str, int, int]]:
    """State, what was set aside, and what counts, of each request of a ledger that is whole."""
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT id, state, reserved, micro FROM request").fetchall()
    return {number: (state, reserved, micro) for number, state, reserved, micro in rows}


def digest(seen: Seen) -> str:
    """Of what arrived, as the log has it of what was to be sent."""
    body = seen.json
    system, user = (each["content"] for each in body["messages"])
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    return payload_sha256(body["model"], Messages(system, user), limit)


async def killed(folder: Path, vendor: Hostile) -> None:
    """Run `gate_child` against the vendor, to its end."""
    script = [gate_child.__file__, str(folder), vendor.url, str(ROUNDS), str(SEED)]
    path = os.pathsep.join(each for each in sys.path if each)
    child = await asyncio.create_subprocess_exec(
        sys.executable, *script, env={**os.environ, "PYTHONPATH": path}
    )
    assert await child.wait() == 0


async def test_nothing_is_sent_without_an_intent_and_money_whenever_it_is_killed(tmp_path: Path) -> None:
    act = [head(), chunk("It "), 0.01, chunk("adds."), 0.01, chunk(finish="stop"), usage(), DONE]
    async with Hostile(act) as vendor:
        await killed(tmp_path, vendor)
    found, rows = events(tmp_path), ledger_rows(tmp_path)
    intents = {each["request_id"]: each for each in found if each["kind"] == "intent"}
    outcomes = {each["request_id"]: each for each in found if each["kind"] == "outcome"}

    for seen in vendor.requests:
        number = seen.json["messages"][1]["content"].removeprefix("This is ").removesuffix(".")
        assert intents[number]["payload_sha256"] == digest(seen)
    for number, intent in intents.items():
        state, reserved, micro = rows[number]
        assert reserved == intent["upper_micro"] > 0
        assert (state, micro) in (("reserved", reserved), ("settled", 30 * 3 + 5 * 15))
    for number, outcome in outcomes.items():
        assert number in intents
        assert rows[number][0] == "settled"
        assert rows[number][2] == outcome["cost_micro"]
    report = verify(tmp_path / "audit.jsonl")
    assert (report.problem, report.orphan_count) == ("", len(intents) - len(outcomes))

    states = Counter(state for state, _, _ in rows.values())
    assert states["reserved"] >= ROUNDS // 4, "kills hit requests under way"
    assert states["settled"] >= ROUNDS // 4, "and let others end"
    made = parts(tmp_path)
    assert made.ledger.reconcile() == states["reserved"]
    assert sum(row.micro for row in made.ledger.spending("model")) == sum(row[2] for row in rows.values())


DENIED = (
    *("private/card.py", "private/deep/notes.txt", "café/menu.py", "schema.sql", ".env"),
    *("certs/host.pem", ".ssh/config"),
)
OTHER_CLASS = "restricted/plan.py"
OPEN = ("src/app.py", "src/menü.py", "README.md", "deep/er/x.py")
LINKS = {
    "src/link.py": "../private/card.py",
    "src/folder": "../private",
    "src/plan.py": "../restricted/plan.py",
    "src/out.py": "../../outside.py",
}
BEHIND = ("src/link.py", "src/folder/card.py", "src/plan.py", "src/out.py")
# Other spellings of a path that some system, library or person takes for the same file.
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.swapcase,
    lambda path: unicodedata.normalize("NFD", path),
    lambda path: path.replace("p", "\uff50").replace("e", "\uff45"),  # full width
    lambda path: f"./{path}",
    lambda path: path.replace("/", "/./"),
    lambda path: path.replace("/", "//"),
    lambda path: f"src/../{path}",
    lambda path: f"src/%2e%2e/{path}",
    lambda path: path.replace("/", "%2F").replace(".", "%2e"),
    lambda path: path.replace("/", "\\"),
    lambda path: "/".join(f"{part}. ." for part in path.split("/")),
    lambda path: f"{path}::$DATA",
    lambda path: f"{path[:2]}\u200b{path[2:]}",
    lambda path: f"{path[:2]}\u00ad{path[2:]}",
)
UNSURE = (  # origins that nobody can vouch for; {} is the folder
    Origin("clipboard", "src/app.py", "{}"),  # type: ignore[arg-type]
    Origin("", "", ""),  # type: ignore[arg-type]
    Origin("file", "", "{}"),
    Origin("file", "src/app.py", ""),
    Origin("file", "src/app.py", "src"),
    Origin("file", "src/app.py", "/"),
    Origin("file", "{}/src/app.py", "{}"),
    Origin("file", "app.py", "{}/src"),
    Origin("file", "../space/src/app.py", "{}"),
    Origin("editor", "x\0.py", "{}"),
)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files that may leave, files that may not, and links from the ones to the others."""
    root = tmp_path_factory.mktemp("policy") / "space"
    for path in (*DENIED, OTHER_CLASS, *OPEN, "../outside.py"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x = 1\n")
    for path, target in LINKS.items():
        (root / path).symlink_to(target)
    return root


@pytest.fixture(scope="module")
def policed(space: Path) -> tuple[Permissions, Parts]:
    """What may leave the folder, and a gate whose ledger is used."""
    rules = {"deny": ("private/", "café/**", "*.sql"), "data_class": {"restricted/**": "restricted"}}
    return allowed("http://127.0.0.1:9/v1", space, **rules), parts(space.parent)


@st.composite
def origins(draw: st.DrawFn) -> tuple[bool, Origin]:
    """Whether a text of this origin may leave, and the origin."""
    kind = draw(st.sampled_from(("fine", "fine", "fine", "fine", "fine", "denied", "linked", "unsure")))
    source = draw(st.sampled_from(("file", "editor")))
    if kind == "unsure":
        return False, draw(st.sampled_from(UNSURE))
    if kind == "linked":
        return False, Origin(source, draw(st.sampled_from(BEHIND)), "{}")
    if kind == "denied":
        path = draw(st.sampled_from((*DENIED, OTHER_CLASS)))
        for spelt in draw(st.lists(st.sampled_from(SPELLINGS), max_size=3, unique=True)):
            path = spelt(path)
        return False, Origin(draw(st.sampled_from(("file", "editor", "user", "assist"))), path, "{}")
    path = draw(st.sampled_from(("", *OPEN)))
    return True, Origin(source, path, "{}") if path else Origin(draw(st.sampled_from(("user", "editor"))))


def spans_of(root: Path, found: list[tuple[bool, Origin]]) -> Iterator[Span]:
    for number, (may, origin) in enumerate(found):
        text = f"{'open' if may else 'closed'}_{number} = {number}\n"
        there = {name: getattr(origin, name).replace("{}", str(root)) for name in ("path", "root")}
        yield Span(text, replace(origin, **there))


@run(max_examples=300, deadline=None)
@given(found=st.lists(origins(), min_size=1, max_size=6))
def test_no_payload_holds_what_the_policy_keeps(
    space: Path, policed: tuple[Permissions, Parts], found: list[tuple[bool, Origin]]
) -> None:
    permissions, made = policed
    asked = request(permissions, tuple(spans_of(space, found)))
    if all(may for may, _ in found):
        payload = prepare(asked, made).messages.user
        assert all(span.text in payload for span in asked.prompt.spans), "what may leave is not kept"
        return
    with pytest.raises(EscalationError):
        payload = prepare(asked, made).messages
        pytest.fail(f"sent: {payload}")
