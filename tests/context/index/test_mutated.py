"""A thousand broken files in real processes: none ends a process, and the sound files are found."""

import random
from pathlib import Path

import pytest
from indexing import indexer, names
from samples import SAMPLES
from workspaces import put

from assist_context.index.reader import IndexReader

FILES = 1_000


def mutated(text: str, chance: random.Random) -> bytes:
    """A text with a few parts cut, doubled or swapped, and some foreign bytes."""
    data = bytearray(text.encode())
    for _ in range(chance.randrange(1, 8)):
        at, other = chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)
        start, end = min(at, other), min(max(at, other), min(at, other) + 400)
        match chance.randrange(5):
            case 0:
                del data[start:end]
            case 1:
                data[start:start] = data[start:end]
            case 2:
                data[start:start] = bytes(chance.choices(b"{}()[]<>\"'`\\/*#:;,=\n\t ", k=20))
            case 3:
                data[start:start] = bytes(chance.randrange(1, 256) for _ in range(8))
            case _:
                data[start : start + 1] = chance.choice(
                    (b'"""', b"/*", b"<!--", b"\r", "é".encode(), b"\xff")
                )
    return bytes(data)


@pytest.mark.slow
def test_a_thousand_mutated_files(tmp_path: Path) -> None:
    chance, root, database = random.Random(7), tmp_path / "work", tmp_path / "data" / "index.db"
    languages = sorted(SAMPLES)
    for number in range(FILES):
        language = languages[number % len(languages)]
        path = root / f"d{number % 20}" / f"m{number}.{language}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(mutated(SAMPLES[language], chance))
    put(root, "sound.py", "def found_in_spite_of_it(): pass\n")
    with indexer(root, database) as live:
        ready = live.ready()
        assert (ready["files"], ready["quarantined"]) == (FILES + 1, 0)
        parser = live.children()
        put(root, "later.py", "def found_later(): pass\n")
        live.update(root / "later.py")
        assert live.process.poll() is None
        assert live.children() == parser
    assert {"found_in_spite_of_it", "found_later"} <= names(database)
    reader = IndexReader(str(database))
    status = reader.status()
    reader.close()
    assert (status.files, status.waiting, status.quarantined, status.problem) == (FILES + 2, 0, (), "")
