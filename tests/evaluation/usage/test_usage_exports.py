"""Exports of counts: what they hold, which files are refused, and that many of them add up exactly."""

import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from config_files import write

from assist_evaluation.usage.departures import DepartureKey
from assist_evaluation.usage.exports import (
    UsageExport,
    export_document,
    export_of,
    join_exports,
    read_export,
)
from assist_evaluation.usage.plain_names import plain_name
from assist_evaluation.usage.usage_rows import UsageKey
from assist_evaluation.usage.usage_sums import FirstDays, UsageSums
from assist_server.config.config import load
from assist_server.errors import UserError
from assist_server.records.answer_counts import AnswerKey, group, total

MADE = "2026-01-31T12:00:00Z"
DAYS = [f"2026-01-{day:02}" for day in range(1, 32)]


def random_sums(chance: random.Random) -> UsageSums:
    def counts(*names: str) -> Counter[str]:
        return Counter({name: chance.randrange(1, 10_000) for name in names})

    def rows(*words: Iterable[str]) -> list[tuple[str, ...]]:
        return [tuple(chance.choice(list(each)) for each in (DAYS, *words)) for _ in range(20)]

    models, languages = ("qwen", "big-7b", ""), ("python", "c++", "")
    repos, commands = ("0a1b", "ffee"), ("ask", "fix")
    return UsageSums(
        {
            UsageKey(*each): counts("requests", "shown", "ms<=50", "ms>2500")
            for each in rows(repos, models, languages)
        },
        {AnswerKey(*each): counts("asked", "good") for each in rows(repos, commands, models, languages)},
        {
            DepartureKey(*each): counts("requests", "cost_micro", "redacted-PASSWORD")
            for each in rows(commands, ("acme",), ("models.example", "gpu.example:8000"))
        },
    )


def save(folder: Path, name: str, export: UsageExport) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(export_document(export)))


def without_repos(rows: Mapping[Any, Counter[str]]) -> dict[Any, Counter[str]]:
    sums: dict[Any, Counter[str]] = {}
    for key, counts in rows.items():
        plain = replace(key, repo="") if hasattr(key, "repo") else key
        sums.setdefault(plain, Counter()).update(counts)
    return sums


@pytest.mark.parametrize("seed", range(3))
def test_fifty_exports_add_up_to_the_count(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    parts = [random_sums(chance) for _ in range(50)]
    for number, sums in enumerate(parts):
        name = "heron" if number in (7, 8) else ""  # one person with two machines
        save(tmp_path / "in", f"{number:02}", UsageExport(f"{number:016x}", name, "", MADE, sums))
    found = join_exports(tmp_path / "in")
    for table in ("ghost_text", "answers", "left"):
        expected: dict[Any, Counter[str]] = {}
        for sums in parts:
            for key, counts in without_repos(getattr(sums, table)).items():
                expected.setdefault(key, Counter()).update(counts)
        assert getattr(found.sums, table) == expected
        assert total(expected) == sum((getattr(each, table) for each in found.people), Counter())
    assert (found.files, found.repeated, len(found.people)) == (50, 0, 49)
    heron = next(each for each in found.people if each.name == "heron")
    assert heron.answers == total(parts[7].answers) + total(parts[8].answers)


def test_a_day_of_one_machine_counts_once_whatever_its_exports_overlap(tmp_path: Path) -> None:
    def sums(**shown: int) -> UsageSums:
        return UsageSums(
            {UsageKey(f"2026-01-{day[1:]}"): Counter(shown=count) for day, count in shown.items()}, {}, {}
        )

    early = UsageExport("a" * 16, "", "", "2026-01-20T12:00:00Z", sums(d10=5, d20=2))
    late = UsageExport("a" * 16, "heron", "2026-01-15", "2026-01-31T12:00:00Z", sums(d20=9, d25=4))
    other = UsageExport("b" * 16, "", "", MADE, sums(d10=100))
    for name, export in {"1": early, "2": late, "copy of 2": late, "3": other}.items():
        save(tmp_path / "in", name, export)
    found = join_exports(tmp_path / "in")
    shown = {day: counts["shown"] for day, counts in group(found.sums.ghost_text, "day").items()}
    assert shown == {"2026-01-10": 105, "2026-01-20": 9, "2026-01-25": 4}
    assert {each.name: each.ghost_text["shown"] for each in found.people} == {"heron": 18, "person 1": 100}
    assert (found.files, found.repeated) == (4, 2)
    assert total(join_exports(tmp_path / "in", "2026-01-21").sums.ghost_text) == Counter(shown=4)


def answered(**asked: int) -> dict[AnswerKey, Counter[str]]:
    return {AnswerKey(f"2026-01-{day[1:]}"): Counter(asked=count) for day, count in asked.items()}


def test_days_that_made_room_in_a_later_export_are_from_an_earlier_one(tmp_path: Path) -> None:
    ghost = {UsageKey("2026-01-05"): Counter(shown=7)}
    early = UsageSums(ghost, answered(d05=3, d20=2), {})
    late = UsageSums(ghost, answered(d19=1, d20=4, d25=5), {}, FirstDays("", "2026-01-20", ""))
    save(tmp_path, "1", UsageExport("a" * 16, "", "", "2026-01-20T12:00:00Z", early))
    save(tmp_path, "2", UsageExport("a" * 16, "", "", "2026-01-31T12:00:00Z", late))
    assert read_export(tmp_path / "2.json").sums.first == FirstDays("", "2026-01-20", "")
    found = join_exports(tmp_path)
    days = {day: counts["asked"] for day, counts in group(found.sums.answers, "day").items()}
    assert days == {"2026-01-05": 3, "2026-01-20": 4, "2026-01-25": 5}, "the 19th is whole in the first alone"
    assert total(found.sums.ghost_text) == Counter(shown=7)
    assert found.sums.first.answers == ""
    (tmp_path / "1.json").unlink()
    found = join_exports(tmp_path)
    assert total(found.sums.answers)["asked"] == 10, "a day that no export has in full is better than none"
    assert found.sums.first.answers == "2026-01-20"


def test_an_export_of_an_older_version_covers_the_days_that_it_says(tmp_path: Path) -> None:
    document = export_document(
        UsageExport("a" * 16, "", "2026-01-10", MADE, UsageSums({}, answered(d12=1), {}))
    )
    assert document["first"] == dict.fromkeys(("ghost_text", "questions", "left"), "2026-01-10")
    del document["first"]
    (tmp_path / "old.json").write_text(json.dumps(document))
    assert read_export(tmp_path / "old.json").sums.first.answers == "2026-01-10"


def test_two_machines_under_one_name_are_said(tmp_path: Path) -> None:
    for number in range(3):
        name = "heron" if number < 2 else ""
        save(tmp_path, str(number), UsageExport(f"{number:016x}", name, "", MADE, UsageSums({}, {}, {})))
    assert {each.name: each.machines for each in join_exports(tmp_path).people} == {"heron": 2, "person 1": 1}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("models/mine.bin", "mine.bin"),
        ("a/../../home/ann", "ann"),
        ("/data/models/qwen", "qwen"),
        ("org/model-7b", "model-7b"),
        ("C:\\models\\m.gguf", "m"),
        ("~/models/", "models"),
        ("//", "?"),
        ("http://ann:secret@gpu.example:8000/v1", "gpu.example:8000"),
        ("qwen2.5-coder", "qwen2.5-coder"),
        ("", ""),
    ],
)
def test_of_a_path_only_the_last_part_is_a_name(text: str, name: str) -> None:
    assert plain_name(text) == name


def test_an_export_comes_back_without_paths_and_names_of_repositories(tmp_path: Path) -> None:
    key = UsageKey("2026-01-31", "0a1b2c", "/home/ann/models/mine.gguf", "python")
    other = UsageKey("2026-01-31", "0a1b2c", "~/other/mine.gguf", "python")
    answers = {AnswerKey("2026-01-31", "0a1b2c", "fix", "org/big", "python"): Counter(asked=1)}
    left = {DepartureKey("2026-01-31", "fix", "acme", "https://models.example"): Counter(requests=1)}
    sums = UsageSums({key: Counter(shown=1), other: Counter(shown=2)}, answers, left)
    save(tmp_path, "a", UsageExport("a" * 16, "heron", "2026-01-01", MADE, sums))
    text = (tmp_path / "a.json").read_text()
    assert not [word for word in ("/home", "ann", "0a1b2c", "://", "~") if word in text]
    assert '"repo": "repository 1"' in text
    found = read_export(tmp_path / "a.json")
    assert found.sums.ghost_text == {
        UsageKey("2026-01-31", "repository 1", "mine", "python"): Counter(shown=3)
    }
    assert (found.id, found.name, found.since, found.made) == ("a" * 16, "heron", "2026-01-01", MADE)


@pytest.mark.parametrize(
    "path",
    [
        "/a/..x.y.gguf",
        "m.gguf.gguf",
        "C:\\models\\m.gguf",
        "./m.gguf",
        "<script>",
        "https://a.example/x",
        "x" * 300,
    ],
)
def test_a_plain_name_stays_as_it_is(path: str) -> None:
    name = plain_name(path)
    assert plain_name(name) == name
    assert not re.search(r"[\\<>]|://|^[/.]/|.{101}", name)


GOOD: dict[str, Any] = {
    "kind": "assist usage",
    "version": 1,
    "id": "a" * 16,
    "name": "",
    "since": "",
    "made": MADE,
    "ghost_text": [
        {"day": "2026-01-31", "repo": "repository 1", "model": "m", "language": "go", "counts": {"shown": 1}}
    ],
    "questions": [],
    "left": [],
}


def row(**more: Any) -> dict[str, Any]:
    return {"ghost_text": [{**GOOD["ghost_text"][0], **more}]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "other"}, "kind is missing or wrong"),
        ({"version": 2}, "its version is 2"),
        ({"id": "../../x"}, "its id"),
        ({"name": "<script>alert(1)</script>"}, "its name"),
        ({"name": ["heron"]}, "its name"),
        ({"since": "yesterday"}, "its since"),
        ({"made": "2026-01-31"}, "its made"),
        ({"left": None}, "no list 'left'"),
        ({"first": ["2026-01-01"]}, "first_days is not a table"),
        ({"first": {"questions": "later"}}, "its questions"),
        (row(model="models/mine.bin"), "its model"),
        ({"questions": [{}]}, "does not have its fields"),
        (row(path="/etc"), "does not have its fields"),
        (row(day="31 January"), "its day"),
        (row(model="https://evil.example"), "its model"),
        (row(repo="/home/ann/shop"), "its repo"),
        (row(counts={"shown": -1}), "'shown' is not a count"),
        (row(counts={"shown": 1.5}), "'shown' is not a count"),
        (row(counts={"shown": True}), "'shown' is not a count"),
        (row(counts={"shown": 2**60}), "'shown' is not a count"),
        (row(counts={"def total(items):": 1}), "is not a count"),
        (row(counts=[1]), "counts are not a table"),
    ],
)
def test_a_bad_file_is_named_and_refused(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    (tmp_path / "good.json").write_text(json.dumps(GOOD))
    assert total(join_exports(tmp_path).sums.ghost_text) == Counter(shown=1)
    (tmp_path / "bad.json").write_text(json.dumps({**GOOD, **change}))
    with pytest.raises(UserError, match=re.escape(says)) as refused:
        join_exports(tmp_path)
    assert str(tmp_path / "bad.json") in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_no_json_document_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.json").write_bytes(data)
    with pytest.raises(UserError, match=r"bad\.json is not an export"):
        join_exports(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(UserError, match="it is not a regular file"):
        join_exports(tmp_path)
    (tmp_path / "pipe.json").unlink()
    (tmp_path / "zeros.json").symlink_to("/dev/zero")
    with pytest.raises(UserError, match="it is not a regular file"):
        join_exports(tmp_path)


@pytest.mark.parametrize("folder", ["missing", "."])
def test_a_folder_without_exports_is_said(tmp_path: Path, folder: str) -> None:
    with pytest.raises(UserError, match="no export"):
        join_exports(tmp_path / folder)


def test_exports_of_a_machine_share_an_id_that_says_nothing(tmp_path: Path) -> None:
    config = load(write(tmp_path, ""))
    nothing = UsageSums({}, {}, {})
    first, second = export_of(config, nothing, "grey heron"), export_of(config, nothing, since="2026-01-01")
    assert first.id == second.id
    assert re.fullmatch("[0-9a-f]{16}", first.id)
    assert (first.name, second.name) == ("grey heron", "")
    for name in ("ann@example.com", "<b>", "/home/ann", "x" * 101):
        with pytest.raises(UserError, match="is not a pseudonym"):
            export_of(config, nothing, name)
