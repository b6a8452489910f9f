"""A writer that is killed leaves the index as it was before or after a transaction."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from rounds import rounds
from stores import VERSION, rows
from workspaces import posix

from assist_context.index.encoding import CHUNK, unpack_outline
from assist_context.index.writer import IndexWriter

pytestmark = pytest.mark.slow

HERE = Path(__file__).parents[1]
ROUNDS = rounds(20, 6)
WRITE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from stores import listing, many, opened
from assist_context.index.extraction import parse
with opened(Path(sys.argv[2])) as writer:
    print("ready", flush=True)
    for turn in range(1_000):
        texts = {**many(20, "keep"), **many(20, f"t{turn}_")}
        for one in writer.apply_listing(listing(texts)).wanted:
            writer.add([(one.blob, parse(one.path, texts[one.path]))])
        if turn % 3 == 2:
            writer.forget(lambda name: name.startswith(f"t{turn - 1}_"))
"""


@posix
@pytest.mark.timeout(300)
def test_killed_at_any_point_every_content_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    chance = random.Random(7)
    for _ in range(ROUNDS):
        child = subprocess.Popen([sys.executable, "-c", WRITE, HERE, path], stdout=subprocess.PIPE)
        with child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 0.4))
            child.send_signal(signal.SIGKILL)
        with closing(IndexWriter(str(path), VERSION)):  # the next writer opens it
            check_whole(path)
    assert rows(path, "blob") > 20  # it was not killed before it began


def check_whole(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.execute("INSERT INTO words(words) VALUES ('integrity-check')")
        states = dict(db.execute("SELECT id, state FROM blob"))
        counts = dict(db.execute("SELECT blob, COUNT(*) FROM mention WHERE role = 0 GROUP BY 1"))
        assert counts == {blob: 60 for blob, state in states.items() if state == 1}
        outlines = db.execute("SELECT blob, outline, length(chunks) FROM content").fetchall()
        assert {blob: len(unpack_outline(packed).names) for blob, packed, _ in outlines} == counts
        terms = db.execute("SELECT COUNT(*) FROM words WHERE words MATCH 'def'").fetchone()
        assert terms == (sum(length // CHUNK.size for *_, length in outlines),)
        assert db.execute("SELECT COUNT(*) FROM file WHERE blob NOT IN (SELECT id FROM blob)").fetchone() == (
            0,
        )
