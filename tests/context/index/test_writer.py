"""Writing to the index, and removing from it again."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from stores import TEXTS, asked, build, entry, index, listing, opened, rows

from assist_context.code.imports import Import
from assist_context.index.encoding import pack_places
from assist_context.index.extraction import ChunkRow, DefinitionRow, ParsedFile, parse
from assist_context.index.writer import PathChanges

HERE = Path(__file__).parents[1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


def test_the_first_listing_wants_everything_by_path(path: Path) -> None:
    with opened(path) as writer:
        assert writer.fresh
        assert writer.listing() is None
        change = writer.apply_listing(listing(TEXTS))
    assert (change.added, change.changed, change.removed) == (3, 0, 0)
    assert [each.path for each in change.wanted] == ["README.md", "a.py", "lib/b.py"]


def test_a_listing_comes_back_as_it_was(path: Path) -> None:
    build(path)
    with opened(path) as writer:
        assert writer.listing() == listing(TEXTS)


def test_the_same_listing_changes_nothing(path: Path) -> None:
    build(path)
    with opened(path) as writer:
        assert writer.apply_listing(listing(TEXTS)) == PathChanges()


def test_a_rename_parses_nothing(path: Path) -> None:
    build(path)
    with opened(path) as writer:
        moved = {("new/" + name if name == "a.py" else name): text for name, text in TEXTS.items()}
        change = writer.apply_listing(listing(moved))
    assert (change.added, change.changed, change.removed, change.wanted) == (1, 0, 1, ())
    with asked(path) as reader:
        assert [each.path for each in reader.definitions("Parcel")] == ["new/a.py"]
        assert [each.path for each in reader.search(["new"])] == ["new/a.py"]


def test_a_branch_and_back_parses_only_what_is_new(path: Path) -> None:
    build(path)
    branch = {**TEXTS, "a.py": "class Other:\n    pass\n"}
    with opened(path) as writer:
        assert [each.path for each in index(writer, branch).wanted] == ["a.py"]
        assert writer.apply_listing(listing(TEXTS)) == PathChanges(changed=1)
        assert writer.apply_listing(listing(branch)) == PathChanges(changed=1)
    with asked(path) as reader:
        assert reader.definitions("Parcel") == ()
        assert len(reader.definitions("Other")) == 1


def test_one_content_in_two_languages_is_two(path: Path) -> None:
    text = "function f() {\n  return g()\n}\n"
    with opened(path) as writer:
        assert len(index(writer, {"a.js": text, "b.js": text, "c.ts": text}).wanted) == 3
    assert rows(path, "blob") == 2
    with asked(path) as reader:
        assert [each.path for each in reader.definitions("f")] == ["a.js", "b.js", "c.ts"]


def test_only_texts_and_large_files_are_wanted(path: Path) -> None:
    entries = [
        entry("a.bin", "x")._replace(kind="binary"),
        entry("b.txt", "y")._replace(kind="large"),
        entry("c.iso", "z")._replace(kind="large", blob=""),
    ]
    with opened(path) as writer:
        change = writer.apply_listing(replace(listing({}), entries=tuple(entries)))
        assert [each.path for each in change.wanted] == ["b.txt"]
        assert [each.path for each in writer.apply_changes(entries, []).wanted] == ["b.txt"]


def test_a_quarantined_content_is_not_wanted_again(path: Path) -> None:
    with opened(path) as writer:
        hung = entry("a.py", TEXTS["a.py"])
        writer.apply_listing(listing(TEXTS))
        writer.quarantine(hung.blob, "python", "it took \udcff 2 s")
        assert "a.py" not in [each.path for each in writer.apply_listing(listing(TEXTS)).wanted]
        assert writer.apply_listing(listing({"new.py": TEXTS["a.py"]})).wanted == ()
    with asked(path) as reader:
        assert reader.status().quarantined == (("new.py", "it took ? 2 s"),)


def test_some_files_change(path: Path) -> None:
    build(path)
    with opened(path) as writer:
        new, same = entry("c.py", "def third():\n    pass\n"), entry("a.py", TEXTS["a.py"])
        change = writer.apply_changes([new, same, same._replace(mtime_ns=9)], ["README.md", "nowhere"])
        assert change == PathChanges(added=1, changed=1, removed=1, wanted=(new,))
        kept = writer.listing()
    assert kept is not None
    assert [each.path for each in kept.entries] == ["a.py", "c.py", "lib/b.py"]
    assert kept.entries[0].mtime_ns == 9


def test_a_removed_folder_takes_only_what_is_below_it(path: Path) -> None:
    names = ["d", "d.py", "d/a.py", "d/e/b.py", "d0/a.py", "d-/a.py"]
    with opened(path) as writer:
        writer.apply_listing(listing(dict.fromkeys(names, "x = 1\n")))
        assert writer.apply_changes([], ["d"]).removed == 3
        found = writer.listing()
    assert found is not None
    assert [each.path for each in found.entries] == ["d-/a.py", "d.py", "d0/a.py"]


def test_paths_may_be_any_bytes(path: Path) -> None:
    names = ["caf\u00e9.py", "caf\udce9.py", "new\nline.py", "日本/\udcff\udcfe.py", "a'b\"c.py"]
    texts = {name: f"def f{at}():\n    pass\n" for at, name in enumerate(names)}
    with opened(path) as writer:
        index(writer, texts)
        found = writer.listing()
    assert found is not None
    assert sorted(each.path for each in found.entries) == sorted(names)
    with asked(path) as reader:
        assert sorted(reader.files()) == sorted(names)
        for at, name in enumerate(names):
            assert [each.path for each in reader.definitions(f"f{at}")] == [name]
            assert reader.file(name) is not None


def test_what_no_path_means_any_more_is_not_added(path: Path) -> None:
    with opened(path) as writer:
        gone = entry("a.py", TEXTS["a.py"])
        writer.add([(gone.blob, parse("a.py", TEXTS["a.py"]))])
        writer.quarantine(gone.blob, "python", "why")
    assert (rows(path, "blob"), rows(path, "content")) == (0, 0)


def test_the_same_content_twice_is_added_once(path: Path) -> None:
    build(path)
    before = [rows(path, table) for table in ("content", "mention", "words")]
    with opened(path) as writer:
        writer.add([(entry("a.py", TEXTS["a.py"]).blob, parse("a.py", TEXTS["a.py"]))] * 2)
    assert [rows(path, table) for table in ("content", "mention", "words")] == before


def test_odd_rows_are_kept(path: Path) -> None:
    odd = ParsedFile(
        "python",
        (DefinitionRow("na\ud800me", "class", 1, 3), DefinitionRow("x" * 500, "method", 2, 2, 1, "no.such.parent")),
        pack_places([("", 1, -1), ("r\0", 2, 1), ("r\0", 2, 0)]),
        (Import("m\ud800", ("\udcff",), 1, 0),),
        (ChunkRow(1, 3, "unknown", "a\ud800 b \"c*"),),
        "why\udcff",
    )  # fmt: skip
    with opened(path) as writer:
        one = entry("a.py", "text")
        writer.apply_changes([one], [])
        writer.add([(one.blob, odd)])
    with asked(path) as reader:
        assert [each.name for each in reader.outline("a.py")] == ["na?me", "x" * 500]
        assert [(each.line, each.inside) for each in reader.references("r\0")] == [
            (2, "na?me"), (2, "no.such.parent." + "x" * 500),
        ]  # fmt: skip
        assert reader.imports("a.py") == (Import("m\ud800", ("\udcff",), 1, 0),)


def test_notes_are_kept(path: Path) -> None:
    with opened(path) as writer:
        assert writer.status().state == ""
        writer.note("state", "done")
        writer.note("listing", "mine")
        assert writer.status().state == "done"
        assert writer.listing() is None


def test_facts_of_a_listing_are_plain(path: Path) -> None:
    build(path)
    with closing(sqlite3.connect(path)) as db:
        (value,) = db.execute("SELECT value FROM meta WHERE key = 'listing'").fetchone()
    assert json.loads(value) == ["/root", {"ignored": 2}, True, 7]
