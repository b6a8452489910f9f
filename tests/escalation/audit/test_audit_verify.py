"""What `verify` finds with each protection, what it cannot find, and that it needs little memory."""

import random
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from audit_logs import KEY, fill, intent, outcome, put, sealed, ticking, whole_lines

from assist_escalation.audit.chain import unseal
from assist_escalation.audit.log import AuditLog
from assist_escalation.audit.verifier import verify

Lines = list[bytes]
EVENTS = 50
PROTECTIONS = ("nothing", "checkpoint", "key", "both")


def _anew(line: bytes, rng: random.Random) -> dict[str, object]:
    """The event of a line, with another value."""
    return {**unseal(line).event, "actor": f"mallory-{rng.random()}"}


def _again(lines: Lines, at: int, events: list[dict[str, object]]) -> Lines:
    """The log up to line `at`, then these events, chained without the key."""
    return [*lines[:at], *sealed(events, after=lines[at - 1] if at else b"").splitlines(keepends=True)]


def flip(lines: Lines, rng: random.Random) -> Lines:
    data = bytearray(b"".join(lines))
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return [bytes(data)]


def delete(lines: Lines, rng: random.Random) -> Lines:
    at = rng.randrange(len(lines) - 1)
    return lines[:at] + lines[at + 1 :]


def swap(lines: Lines, rng: random.Random) -> Lines:
    one, other = rng.sample(range(len(lines)), 2)
    changed = list(lines)
    changed[one], changed[other] = lines[other], lines[one]
    return changed


def insert(lines: Lines, rng: random.Random) -> Lines:
    at = rng.randrange(len(lines))
    good = _again(lines, at, [_anew(lines[at], rng)])[at]  # the next line names another
    made = rng.choice([b"\n", b" \n", b"{}\n", b"\x00", b"x" * 2_000_000, b"x" * 2_000_000 + b"\n", good])
    return [*lines[:at], made, *lines[at:]]


def duplicate(lines: Lines, rng: random.Random) -> Lines:
    line, at = rng.choice(lines), rng.randrange(len(lines) + 1)
    return [*lines[:at], line, *lines[at:]]


def cut_inside(lines: Lines, rng: random.Random) -> Lines:
    at = rng.randrange(len(lines))
    return [*lines[:at], lines[at][: rng.randrange(1, len(lines[at]))]]


def edit_one(lines: Lines, rng: random.Random) -> Lines:
    at = rng.randrange(len(lines) - 1)
    return _again(lines, at, [_anew(lines[at], rng)]) + lines[at + 1 :]


def edit_last(lines: Lines, rng: random.Random) -> Lines:
    return _again(lines, len(lines) - 1, [_anew(lines[-1], rng)])


def rewrite(lines: Lines, rng: random.Random) -> Lines:
    at = rng.randrange(len(lines))
    return _again(lines, at, [_anew(line, rng) for line in lines[at:]])


def add(lines: Lines, rng: random.Random) -> Lines:
    return _again(lines, len(lines), [_anew(lines[-1], rng)] * rng.randrange(1, 4))


def cut_lines(lines: Lines, rng: random.Random) -> Lines:
    return lines[: rng.randrange(len(lines))]


ALWAYS, WHERE_KEPT = set(PROTECTIONS), {"checkpoint", "key", "both"}
FOUND: Mapping[Callable[[Lines, random.Random], Lines], set[str]] = {
    flip: ALWAYS,
    delete: ALWAYS,
    swap: ALWAYS,
    insert: ALWAYS,
    duplicate: ALWAYS,
    cut_inside: ALWAYS,
    edit_one: ALWAYS,
    edit_last: WHERE_KEPT,
    rewrite: WHERE_KEPT,
    add: {"key", "both"},
    cut_lines: {"checkpoint", "both"},
}


def _log(folder: Path, protection: str) -> tuple[Path, bytes | None, Path | None]:
    path = folder / "log"
    key = KEY if protection in ("key", "both") else None
    checkpoint = folder / "checkpoint" if protection in ("checkpoint", "both") else None
    fill(AuditLog(path, key=key, checkpoint=checkpoint, clock=ticking()), range(EVENTS // 2))
    return path, key, checkpoint


@pytest.mark.parametrize("protection", PROTECTIONS)
@pytest.mark.parametrize("change", FOUND, ids=lambda change: change.__name__)
def test_each_protection_finds_what_it_can_and_no_more(
    tmp_path: Path, change: Callable[[Lines, random.Random], Lines], protection: str
) -> None:
    path, key, checkpoint = _log(tmp_path, protection)
    lines, rng = whole_lines(path), random.Random(2)
    for _ in range(10):
        put(path, b"".join(change(lines, rng)))
        report = verify(path, key=key, checkpoint=checkpoint)
        assert report.ok == (protection not in FOUND[change])


def test_every_byte_of_a_log_matters_to_everybody(tmp_path: Path) -> None:
    """A changed MAC is found even without the key, since the MAC is hashed too."""
    path = tmp_path / "log"
    whole = sealed([{"kind": "edit"}] * 2, key=KEY)
    for at in range(len(whole)):
        put(path, whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        assert not verify(path).ok


def test_a_log_is_not_made_anew_without_macs_by_halves(tmp_path: Path) -> None:
    path = tmp_path / "log"
    put(path, whole := sealed([{"kind": "edit"}] * 3, key=KEY))
    lines = whole.splitlines(keepends=True)
    for at in (1, 2):
        put(path, b"".join(_again(lines, at, [{"kind": "edit"}])))
        assert "no MAC, and others have one" in verify(path).problem
    put(path, whole)
    assert "not written with the given key" in verify(path, key=b"another").problem


def test_the_first_problem_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    fill(AuditLog(path), range(5))
    lines = whole_lines(path)
    put(path, b"".join([*lines[:3], *lines[4:7], b"\n", *lines[7:]]))
    report = verify(path)
    assert (report.ok, report.line, report.events) == (False, 4, 3)
    assert "does not follow the one before" in report.problem
    assert report.head == unseal(lines[2]).sha256


def test_orphans_are_intents_without_an_outcome(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = AuditLog(path)
    for number in range(5):
        log.append("intent", intent(f"r{number}"))
    for number in (3, 0):
        log.append("outcome", outcome(f"r{number}"))
    log.append("refused", {"request_id": "r9"})
    report = verify(path)
    assert (report.ok, report.orphans, report.orphan_count) == (True, ("r1", "r2", "r4"), 3)


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    report = verify(tmp_path / "log", checkpoint=tmp_path / "checkpoint")
    assert (report.ok, report.events, report.head) == (True, 0, "")
    AuditLog(tmp_path / "log", checkpoint=tmp_path / "checkpoint").append("edit", {})
    (tmp_path / "log").unlink()
    report = verify(tmp_path / "log", checkpoint=tmp_path / "checkpoint")
    assert (report.ok, report.problem) == (
        False,
        "The log ends at line 0, but the checkpoint records line 1: lines were removed.",
    )


@pytest.mark.parametrize(
    ("protection", "given", "said"),
    [
        ("nothing", {}, ["any line on", "removed from the end"]),
        ("key", {}, ["were not checked", "any line on", "removed from the end"]),
        ("key", {"key"}, ["removed from the end"]),
        ("checkpoint", {"checkpoint"}, ["after the checkpoint", "out of reach"]),
        ("both", {"key", "checkpoint"}, ["out of reach"]),
    ],
)
def test_what_cannot_be_proved_is_said(
    tmp_path: Path, protection: str, given: set[str], said: list[str]
) -> None:
    path, key, checkpoint = _log(tmp_path, protection)
    report = verify(
        path, key=key if "key" in given else None, checkpoint=checkpoint if "checkpoint" in given else None
    )
    assert report.ok
    assert len(report.limits) == len(said)
    for sentence, part in zip(report.limits, said, strict=True):
        assert part in sentence


@pytest.mark.slow
def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    path, count = tmp_path / "log", 60_000
    put(path, sealed({"kind": "intent", "request_id": f"r{number}"} for number in range(count)))
    tracemalloc.start()
    try:
        report = verify(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    found = (report.ok, report.events, report.orphan_count, len(report.orphans))
    assert found == (True, count, count, 1000)
    assert peak < 8_000_000  # bytes; the log has 15 million, and its events as objects 47
