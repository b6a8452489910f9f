"""The queries of the index, which never fail."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from stores import TEXTS, asked, build, entry, index, opened

from assist_context.code.imports import Import
from assist_context.index.database import IndexStatus
from assist_context.index.reader import IndexedDefinition, IndexReader, ReferenceSite
from assist_context.index.terms import terms


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return build(tmp_path / "a.db")


def test_a_definition_comes_with_its_file(path: Path) -> None:
    with asked(path) as reader:
        assert reader.definitions("weigh") == (
            IndexedDefinition("a.py", "weigh", "method", 5, 6, 1, "Parcel"),
        )
        assert reader.definitions("nothing") == reader.definitions("") == reader.definitions("\ud800") == ()


def test_definitions_are_limited_and_in_order_and_what_too_many_define_says_nothing(tmp_path: Path) -> None:
    texts = {f"f{at}.py": f"# {at}\ndef same():\n    pass\n" for at in range(9)}
    twice = {"twice.py": "def twice():\n    pass\n\n\nclass C:\n    def twice(self):\n        pass\n"}
    with asked(build(tmp_path / "a.db", texts | twice)) as reader:
        assert [each.path for each in reader.definitions("same")] == sorted(texts)
        assert len(reader.definitions("same", 4)) == 4
        assert reader.few_definitions("same", 9) == reader.definitions("same")
        assert reader.few_definitions("same", 8) is None
        assert reader.few_definitions("twice", 1) is None
        assert reader.few_definitions("nowhere", 1) == ()


def test_an_outline_is_in_order(path: Path) -> None:
    with asked(path) as reader:
        assert [(each.name, each.parent) for each in reader.outline("a.py")] == [
            ("Parcel", ""),
            ("weigh", "Parcel"),
        ]
        assert [each.name for each in reader.outline("a.py", parent="Parcel")] == ["weigh"]
        assert [each.name for each in reader.outline("a.py", parent="")] == ["Parcel"]
        assert [each.parent for each in reader.outline("a.py", name="weigh")] == ["Parcel"]
        assert reader.outline("a.py", name="weigh", parent="") == ()
        assert [each.kind for each in reader.outline("README.md")] == ["section"]
        assert reader.outline("nowhere.py") == reader.outline("\ud800") == ()


def test_mentions_are_the_files_that_define_a_name_or_refer_to_it(path: Path) -> None:
    with asked(path) as reader:
        assert set(reader.mentions("Parcel", 9)) == {"a.py", "lib/b.py"}
        assert len(reader.mentions("Parcel", 1)) == 1
        assert reader.mentions("nothing", 9) == reader.mentions("\ud800", 9) == ()


def test_holders_have_all_words_in_one_piece(tmp_path: Path) -> None:
    texts = {f"f{at}.py": f"wait = max_retries + {at}\n" for at in range(150)}
    apart = "def one():\n    return max\n\n\ndef two():\n    return retries\n"
    with asked(build(tmp_path / "a.db", {**texts, "apart.py": apart})) as reader:
        assert set(reader.holders(terms("MAX_RETRIES"), 200)) == set(texts)
        assert len(reader.holders(terms("wait"), 9)) == 9
        assert reader.holders(terms("_"), 9) == reader.holders(["no words"], 9) == ()


def test_references_tell_where_they_are(path: Path) -> None:
    with asked(path) as reader:
        assert reader.references("measure") == (ReferenceSite("a.py", 6, "Parcel.weigh"),)
        assert reader.references("Parcel") == (ReferenceSite("lib/b.py", 5, "measure"),)
        assert reader.references("nothing") == ()


def test_references_are_limited(tmp_path: Path) -> None:
    texts = {f"f{at}.py": f"call()\n# {at}\ncall()\n" for at in range(9)}
    with asked(build(tmp_path / "a.db", texts)) as reader:
        assert len(reader.references("call")) == 18
        assert reader.references("call", 3) == (
            ReferenceSite("f0.py", 1, ""),
            ReferenceSite("f0.py", 3, ""),
            ReferenceSite("f1.py", 1, ""),
        )


def test_imports_and_files(path: Path) -> None:
    with asked(path) as reader:
        assert reader.imports("lib/b.py") == (Import("a", ("Parcel",), 1, 0),)
        assert reader.imports("README.md") == reader.imports("nowhere") == ()
        assert reader.files() == ("README.md", "a.py", "lib/b.py")
        assert reader.file("a.py") == entry("a.py", TEXTS["a.py"])
        assert reader.file("nowhere") is None


def test_status_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    texts = {**TEXTS, "a.txt": "words\n", "b.txt": "more\n", "late.py": "x = 1\n"}
    with opened(path) as writer, asked(path) as reader:
        index(writer, {name: text for name, text in texts.items() if name != "late.py"})
        writer.apply_changes([entry("late.py", texts["late.py"]), entry("bad.py", "y = 1\n")], [])
        writer.quarantine(entry("bad.py", "y = 1\n").blob, "python", "it hung")
        writer.note("state", "going on")
        found = reader.status()
    assert (found.files, found.parsed, found.waiting) == (7, 5, 1)
    assert found.quarantined == (("bad.py", "it hung"),)
    assert found.outlines == (("plaintext", "there is no grammar for plaintext", 2),)
    assert (found.state, found.problem) == ("going on", "")
    assert found.bytes > 0


def test_a_generation_is_one_state(path: Path) -> None:
    with asked(path) as reader, opened(path) as writer:
        first = reader.generation()
        assert first == reader.generation() != 0
        files = reader.files()
        assert reader.files() is files
        writer.note("a", "b")
        assert reader.generation() != first
        writer.apply_changes([], ["a.py"])
        assert reader.files() == ("README.md", "lib/b.py")


def test_a_new_file_in_the_old_ones_place_is_noticed(path: Path) -> None:
    with asked(path) as reader:
        first = reader.generation()
        assert reader.definitions("Parcel")
        with opened(path, "2") as writer:
            assert reader.definitions("Parcel") == ()
            index(writer, {"z.py": "def fresh(): pass\n"})
            assert [each.path for each in reader.definitions("fresh")] == ["z.py"]
            assert reader.generation() != first


def nothing(reader: IndexReader) -> None:
    """Every query has an answer, and it is empty."""
    assert reader.generation() == reader.rarity("a") == 0
    assert reader.definitions("Parcel") == reader.outline("a.py") == reader.references("measure") == ()
    assert reader.imports("a.py") == reader.files() == reader.search(["parcel"]) == ()
    assert reader.latest([".py"], 3) == ()
    assert reader.file("a.py") is None


def test_without_a_file_there_is_nothing_until_there_is(tmp_path: Path) -> None:
    path = tmp_path / "later.db"
    with asked(path) as reader:
        nothing(reader)
        assert reader.status() == IndexStatus(problem=f"{path}: there is no index yet")
        build(path)
        assert reader.definitions("Parcel")
        assert reader.status().problem == ""
        for each in tmp_path.iterdir():
            each.unlink()
        nothing(reader)


CONTENTS = {"empty": b"", "words": b"no database " * 999, "head": b"SQLite format 3\0" + b"\xff" * 9_000}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_of_garbage_there_is_nothing_and_a_reason(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(content)
    with asked(path) as reader:
        nothing(reader)
        assert str(path) in reader.status().problem


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE mention SET places = 'text'", "UPDATE content SET imports = x'78'", "UPDATE content SET imports = '[1]'",
        "UPDATE blob SET hash = 'x' || id", "UPDATE file SET kind = 99", "UPDATE content SET outline = imports",
    ],
)  # fmt: skip
def test_rows_that_the_writer_never_writes_are_damage(path: Path, damage: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(damage)
    with asked(path) as reader:
        for ask in (reader.references, reader.definitions):
            ask("Parcel")
        reader.outline("a.py")
        reader.imports("lib/b.py")
        reader.file("a.py")
        assert reader.status().problem
    with opened(path) as writer:
        assert writer.fresh


def test_odd_questions_are_no_damage(path: Path) -> None:
    with asked(path) as reader:
        for odd in ("\ud800", "\0", '"', "' OR 1", "*", "a" * 100_000, "NEAR(a b)", "\u00b7"):
            reader.definitions(odd)
            reader.references(odd)
            reader.outline(odd)
            reader.file(odd)
            reader.search([odd, "parcel"])
            reader.rarity(odd)
        assert reader.definitions("Parcel")
        assert reader.status().problem == ""


def test_a_reader_goes_on_while_the_writer_writes(path: Path) -> None:
    with opened(path) as writer, asked(path) as reader:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("DELETE FROM file")
            assert reader.files() == ("README.md", "a.py", "lib/b.py")
            other.execute("ROLLBACK")
        writer.apply_changes([], ["a.py"])
        assert reader.files() == ("README.md", "lib/b.py")
