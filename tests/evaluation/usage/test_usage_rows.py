"""Rows of counts: they add up, survive torn lines, many writers and compaction, and hold no path."""

import json
import math
import stat
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from assist_evaluation.usage.usage_rows import (
    BUCKETS,
    FILE,
    MAX_BYTES,
    MS_BOUNDS,
    UsageKey,
    _compact,
    bucket,
    kept_from,
    read,
    record,
)

TODAY = datetime.now(UTC).date()
DAY = TODAY.isoformat()
KEY = UsageKey(DAY, "0a1b", "qwen", "python")


def test_rows_of_a_key_add_up_and_only_the_owner_can_read_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    record(data, {KEY: Counter({"shown": 2, "requests": 5}), UsageKey(DAY): Counter({"requests": 1})})
    record(data, {KEY: Counter({"shown": 1}), UsageKey(DAY, "0a1b"): Counter()})
    assert read(data) == {KEY: Counter({"shown": 3, "requests": 5}), UsageKey(DAY): Counter({"requests": 1})}
    assert stat.S_IMODE((data / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_nothing_to_count_makes_no_file(tmp_path: Path) -> None:
    record(tmp_path / "data", {})
    record(tmp_path / "data", {KEY: Counter({"shown": 0})})
    assert not (tmp_path / "data").exists()
    assert read(tmp_path / "data") == {}


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b"[1]",
        b"[" * 100_000,
        b'{"day": "2026-01-31"}',
        b'{"day": "yesterday", "counts": {"shown": 1}}',
        b'{"day": 20260131, "counts": {"shown": 1}}',
        b'{"day": "2026-01-31", "model": 7, "counts": {"shown": 1}}',
        b'{"day": "2026-01-31", "counts": {"shown": "many"}}',
        b'{"day": "2026-01-31", "counts": {"shown": true}}',
        b'{"day": "2026-01-31", "counts": {"shown": -1}}',
    ],
)
def test_a_foreign_line_is_passed_over(tmp_path: Path, line: bytes) -> None:
    (tmp_path / FILE).write_bytes(line + b"\n")
    record(tmp_path, {KEY: Counter({"shown": 1})})
    assert read(tmp_path) == {KEY: Counter({"shown": 1})}


def test_a_line_that_a_crash_tore_costs_itself_alone(tmp_path: Path) -> None:
    record(tmp_path, {KEY: Counter({"shown": 1})})
    with (tmp_path / FILE).open("ab") as stream:
        stream.write(b'{"day": "2026-01-')
    record(tmp_path, {KEY: Counter({"shown": 1})})
    assert read(tmp_path) == {KEY: Counter({"shown": 2})}


def test_a_large_file_becomes_small_keeps_its_sums_and_loses_old_days(tmp_path: Path) -> None:
    first = (TODAY - timedelta(days=400)).isoformat()
    old = (TODAY - timedelta(days=401)).isoformat()
    keys = [UsageKey(day, "0a1b", "qwen", "python") for day in (DAY, first, old)]
    lines = [
        json.dumps(
            {
                "day": key.day,
                "repo": key.repo,
                "model": key.model,
                "language": key.language,
                "counts": {"shown": 1},
            }
        )
        for key in keys
    ]
    times = MAX_BYTES // sum(len(line) + 1 for line in lines) + 1
    (tmp_path / FILE).write_text("\n".join(lines * times) + "\n")
    before = read(tmp_path)
    record(tmp_path, {keys[0]: Counter({"accepted": 3})})
    found = read(tmp_path)
    assert (tmp_path / FILE).stat().st_size < 1_000
    assert found == {keys[0]: before[keys[0]] + Counter({"accepted": 3}), keys[1]: before[keys[1]]}
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    record(tmp_path, {keys[0]: Counter({"accepted": 1})})
    assert read(tmp_path)[keys[0]]["accepted"] == 4


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="only Linux has such a file")
def test_what_cannot_be_read_is_not_made_compact(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.symlink_to("/proc/self/mem")  # it opens, and its first byte cannot be read
    with pytest.raises(OSError):
        _compact(path)
    assert path.is_symlink()
    assert read(tmp_path) == {}


def test_days_are_complete_until_the_oldest_are_dropped(tmp_path: Path) -> None:
    assert kept_from(tmp_path) == ""
    record(tmp_path, {KEY: Counter({"shown": 1})})
    assert kept_from(tmp_path) == ""
    line = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(line * (MAX_BYTES // len(line) + 1))
    record(tmp_path, {KEY: Counter({"shown": 1})})
    assert kept_from(tmp_path) == (TODAY - timedelta(days=400)).isoformat()


def test_a_large_file_of_distinct_keys_is_not_written_again_at_each_record(tmp_path: Path) -> None:
    rows = {UsageKey(DAY, "0a1b", f"model {number:060}"): Counter({"shown": 1}) for number in range(16_000)}
    record(tmp_path, rows)
    written = (tmp_path / FILE).stat()
    assert written.st_size > MAX_BYTES
    record(tmp_path, {KEY: Counter({"shown": 1})})
    assert (tmp_path / FILE).stat().st_ino == written.st_ino
    assert len(read(tmp_path)) == 16_001


@pytest.mark.slow
def test_many_processes_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from collections import Counter; from pathlib import Path\n"
        "from assist_evaluation.usage.usage_rows import UsageKey, record\n"
        f"for _ in range(50): record(Path(sys.argv[1]), {{UsageKey({DAY!r}): Counter(shown=1)}})"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    assert read(tmp_path) == {UsageKey(DAY): Counter({"shown": 150})}


@pytest.mark.slow
def test_counts_that_cannot_be_written_are_lost_and_no_one_fails(tmp_path: Path) -> None:
    record(tmp_path, {KEY: Counter({"shown": 1})})
    code = (
        "import sys; from collections import Counter; from pathlib import Path\n"
        "from assist_evaluation.usage.usage_rows import UsageKey, record\n"
        f"record(Path(sys.argv[1]), {{UsageKey({DAY!r}): Counter(shown=1)}})"
    )
    with FileLock(tmp_path / f"{FILE}.lock"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    record(tmp_path / FILE / "below", {KEY: Counter({"shown": 1})})
    assert read(tmp_path) == {KEY: Counter({"shown": 1})}


def test_each_time_has_the_first_bucket_that_it_fits() -> None:
    found = [bucket(ms) for ms in (0, 1, 1.01, 50, 2500, 2500.1, math.inf)]
    assert found == ["ms<=1", "ms<=1", "ms<=5", "ms<=50", "ms<=2500", "ms>2500", "ms>2500"]
    assert [bucket(bound) for bound in MS_BOUNDS] == list(BUCKETS[:-1])
