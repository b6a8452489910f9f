"""Content that an ignore rule or the deny list excludes appears nowhere: not in the bytes of the index, not
in an answer, not in a snippet, not in the indexer's output.

Every excluded file of a folder contains a unique word, and the tests search for that word.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import pytest
from denied_names import SECRET
from indexing import ready
from secret_words import bytes_of, text, traces, word
from workspaces import commit, put, run

from assist_context.documents import Cursor, Document, Snippet, split_lines
from assist_context.evidence.call_graph import TargetLines
from assist_context.evidence.for_question import gather_evidence
from assist_context.files.denylist import denied_by
from assist_context.files.gitignore import PEERS
from assist_context.index.reader import IndexReader
from assist_context.index.terms import terms
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.retriever import retrieve_once
from assist_server.workspace.background_search import SearchRequest
from assist_server.workspace.document_search import DocumentSearch
from assist_server.workspace.documents import get_path
from assist_server.workspace.folders import WorkspaceFolder

OUTSIDE = {"linked.py", "folder/a.py"}
NOT_A_FILE = {each for each in SECRET if each.split("/")[0] == ".git"}


def excluded(root: Path, names: Iterator[int]) -> dict[str, str]:
    """Writes files that are excluded, each in one way; returns their words by path."""
    found: dict[str, str] = {}

    def write(path: str) -> Path:
        found[path] = word(next(names))
        return put(root, path, text(found[path]))

    put(root, ".gitignore", "ignored.py\n/build/\n")
    put(root, "nested/.gitignore", "*_gen.py\n!kept_gen.py\n")
    put(
        root,
        ".assistignore",
        normalize("NFC", "own/*\n!own/kept.py\nüber.py\n") + normalize("NFD", "für.py\n"),
    )
    put(root, "deep/a/.assistignore", "b/\n")
    put(root, "own/kept.py", "def kept(): pass\n")
    put(root, "nested/kept_gen.py", "def kept_too(): pass\n")
    for path in ("ignored.py", "build/a.py", "nested/deep/a_gen.py", "own/a.py", "deep/a/b/c/d.py"):
        write(path)
    for peer in PEERS:
        put(root, peer, f"{peer[1:]}.py\n")
        write(f"{peer[1:]}.py")
    put(root, "brought/.cursorignore", "!*\n")  # no file can include what another excludes
    put(root, "brought/.gitignore", "by_git.py\n")
    put(root, "brought/.assistignore", "by_us.py\n!.env\n!by_git.py\n")
    for path in ("brought/by_git.py", "brought/by_us.py", "brought/.env"):
        write(path)
    for path in (normalize("NFD", "über.py"), normalize("NFC", "für.py")):
        write(path)
    for number, path in enumerate(sorted({*SECRET} - NOT_A_FILE)):
        write(f"denied{number}/{path}")
        write(f"upper{number}/{path.upper()}")
    for path in ("\uff0eenv", ".en\u200bv", ".env.bak", "#.env#", "a\\.env"):
        write(f"tricks/{path}")
    (root / "unreadable").mkdir()
    (root / "unreadable" / ".assistignore").symlink_to("nowhere")
    write("unreadable/a.py")
    return found


def links(root: Path, elsewhere: Path, names: Iterator[int]) -> dict[str, str]:
    """Links to excluded files, or out of the folder; returns the words they lead to."""
    found = {"linked.py": word(next(names)), "hard.py": word(next(names)), "folder/a.py": word(next(names))}
    put(elsewhere, "outside.py", text(found["linked.py"]))
    put(elsewhere, "folder/a.py", text(found["folder/a.py"]))
    (root / "linked.py").symlink_to(elsewhere / "outside.py")
    (root / "folder").symlink_to(elsewhere / "folder")
    (root / "inner.py").symlink_to("ignored.py")
    (root / "env.py").symlink_to("brought/.env")
    put(root, "own/hard.py", text(found["hard.py"]))
    os.link(root / "own/hard.py", root / "hard.py")
    return found


@dataclass(frozen=True)
class World:
    """An indexed folder, the words that must not appear, by path, and the output of its indexer."""

    root: Path
    database: Path
    words: dict[str, str]
    printed: str


@contextmanager
def printing(file: Path) -> Iterator[None]:
    """Redirects the stderr of this process and its children to a file."""
    kept = os.dup(2)
    with file.open("wb") as sink:
        os.dup2(sink.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@pytest.fixture(scope="module", params=["git", "tracked", "no git"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """In a repository, in a repository that tracks what our own rules exclude, and without git."""
    folder = tmp_path_factory.mktemp("excluded")
    root, database = folder / "w", folder / "index.sqlite"
    names = iter(range(1_000))
    words = excluded(root, names) | links(root, folder / "elsewhere", names)
    put(root, "visible.py", "def seen_by_all(a):\n    return a\n")
    if request.param != "no git":
        commit(root)
        words[".git/description"] = word(next(names))
        put(root, ".git/description", text(words[".git/description"]))
        words["private.py"] = word(next(names))
        put(root, ".git/info/exclude", "private.py\n")
        put(root, "private.py", text(words["private.py"]))
        words["inner/secret.py"] = word(next(names))
        put(root, "inner/a.py", "def inner(): pass\n")
        commit(root / "inner")
        put(root / "inner", ".gitignore", "secret.py\n")
        put(root, "inner/secret.py", text(words["inner/secret.py"]))
    if request.param == "tracked":
        own = [path for path in words if path.startswith(("denied", "upper", "own", "deep"))]
        run(root, "add", "-f", *own)
    words["tricks/.git./a.py"] = word(next(names))  # git accepts no such name
    put(root, "tricks/.git./a.py", text(words["tricks/.git./a.py"]))
    opening = {"environ": {"PATH": ""}} if request.param == "no git" else {}
    with printing(folder / "stderr"):
        last = ready(root, database, **opening)
    assert last["parsed"] > 3
    return World(root, database, words, json.dumps(last) + (folder / "stderr").read_text())


def test_it_is_not_in_the_bytes_of_the_index_nor_in_what_is_printed(world: World) -> None:
    data = bytes_of(world.database)
    assert b"seen_by_all" in data
    for path, secret in world.words.items():
        assert not traces(data, secret), path
        assert secret not in world.printed, path
        assert path not in world.printed


def test_what_is_negated_is_found(world: World) -> None:
    reader = IndexReader(str(world.database))
    assert [each.path for each in reader.definitions("kept")] == ["own/kept.py"]
    assert [each.path for each in reader.definitions("kept_too")] == ["nested/kept_gen.py"]
    reader.close()


def test_no_answer_of_the_index_has_it(world: World) -> None:
    reader = IndexReader(str(world.database))
    paths = set(reader.files())
    for path, secret in world.words.items():
        assert path not in paths
        assert reader.file(path) is None
        assert not [*reader.definitions(secret), *reader.references(secret), *reader.outline(path)], path
        assert not any(secret in hit.name for hit in reader.search(terms(secret))), path
        assert reader.rarity(secret) == 0
    assert not {"linked.py", "inner.py", "env.py", "hard.py"} & paths
    reader.close()


def test_no_snippet_has_it(world: World) -> None:
    corpus = Corpus(str(world.root), IndexReader(str(world.database)))
    for path, secret in world.words.items():
        asks = f"from {path.removesuffix('.py').replace('/', '.')} import {secret}\n\nx = {secret}("
        document = Document("visible.py", split_lines(asks), language_of("visible.py"))
        cursor = Cursor(2, len(f"x = {secret}("))
        shown = [*retrieve_once(corpus, document, cursor, 4_000, "visible.py").snippets]
        corpus.set_open({})
        for target in (
            None,
            TargetLines(path, 1, 3),
            TargetLines(f"own/../{path}", 1, 3),
            TargetLines("inner.py", 1, 3),
        ):
            shown += gather_evidence(corpus, f"What does `{secret}` of {path} do?", target, 4_000).snippets
        assert not any(secret in each.text for each in shown), path
        assert not any(each.path == path for each in shown)


def test_an_open_document_that_is_excluded_helps_no_other(world: World) -> None:
    finder = DocumentSearch([WorkspaceFolder(os.path.realpath(world.root), str(world.database))])
    current = "visible.py"
    for path, secret in world.words.items():
        if path in OUTSIDE:
            continue  # it is in no folder, and nothing excludes it: the user has opened it
        full = get_path((world.root / path).as_uri().replace(".", "%2E"))
        opened = {os.path.realpath(full): Document(path, split_lines(text(secret)), language_of("a.py"))}
        place = str(world.root / current)
        source = f"x = {secret}("
        opened[place] = Document(current, (source,), language_of(current))
        edits = [Snippet(path, 1, 3, text(secret), "recent-edit")]
        near = finder.search(SearchRequest(place, Cursor(0, len(source)), opened, edits, 4_000))
        assert not any(secret in each.text for each in near.snippets), path
    finder.close()


def test_every_denied_name_was_tried(world: World) -> None:
    assert sum(denied_by(path) is not None for path in world.words) > 100
