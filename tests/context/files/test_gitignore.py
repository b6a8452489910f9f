"""Rule files mean the same as for git, and no file can include what another one excludes."""

import codecs
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rounds import rounds

from assist_context.files.denylist import denied_by
from assist_context.files.gitignore import OWN, PEERS, RULE_FILES, UNREADABLE, IgnoreRules, parse_rules

ENVIRON = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "LC_ALL": "C",
}


def rules(files: Mapping[str, str], fold: bool = False) -> IgnoreRules:
    def read(directory: str, name: str) -> bytes | None:
        text = files.get(f"{directory}/{name}" if directory else name)
        return None if text is None else text.encode("utf-8", "surrogateescape")

    return IgnoreRules(read, RULE_FILES, fold)


@pytest.mark.parametrize(
    ("lines", "excluded", "kept"),
    [
        ("*.log", ["a.log", "b/c.log"], ["a.log.txt", "alog"]),
        ("/*.log", ["a.log"], ["b/a.log"]),
        ("build/", ["build/a", "x/build/b"], ["build", "x/build"]),
        ("a/b", ["a/b", "a/b/c"], ["x/a/b"]),
        ("**/a/b", ["a/b", "x/y/a/b"], ["a/x/b"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "x/a/b"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["b", "a/bb"]),
        ("a/**\n!a/keep", ["a/x"], ["a/keep"]),
        ("a/*\n!a/keep/", ["a/x"], ["a/keep/x"]),
        ("a\n!a/keep", ["a/keep", "a"], []),
        ("*\n!*.py\n!*/", ["a.txt", "b/a.txt"], ["a.py", "b/c.py"]),
        ("foo**/bar", ["foo/bar", "fooz/bar", "fooz/x/bar"], ["bar"]),
        ("[a-c]x", ["ax", "cx"], ["dx"]),
        ("[!a-c]x", ["dx"], ["ax"]),
        ("[^a]x", ["bx"], ["ax"]),
        ("[]x]y", ["]y", "xy"], ["ay"]),
        ("[[:digit:][:upper:]]", ["1", "A"], ["a"]),
        ("[[:nonsense:]]", [], ["a", "n"]),
        ("[z-a]", ["z"], ["a", "-"]),
        ("[a\\-c]", ["a", "-", "c"], ["b"]),
        ("a[/]b", [], ["a/b"]),
        ("never[closed", [], ["never[closed", "neverc"]),
        ("a\\", [], ["a", "a\\"]),
        ("\\#a\n\\!b\n#c", ["#a", "!b"], ["c", "#c"]),
        ("a \nb\\ \nc\t", ["a", "b ", "c\t"], ["a ", "b", "c"]),
        ("a\r\nb\r\n", ["a", "b"], ["c"]),
        ("\ufeffa", ["a"], ["\ufeffa"]),
        ("a\x0cb\u2028c", ["a\x0cb\u2028c"], ["a", "b", "c"]),
        ("/\n!\n//\n \n", [], ["a", "a/b"]),
        ("?.md", ["a.md", "é.md"], [".md", "ab.md"]),
        ("é", ["é", "e\u0301", "x/e\u0301/y"], ["e"]),
    ],
)
def test_patterns(lines: str, excluded: list[str], kept: list[str]) -> None:
    found = rules({OWN: lines})
    assert {path: found.excludes(path) for path in excluded} == dict.fromkeys(excluded, OWN)
    assert {path: found.excludes(path) for path in kept} == dict.fromkeys(kept)


def test_nested_files_go_before_outer_ones() -> None:
    found = rules({OWN: "*.log\n!b.log", "a/" + OWN: "!*.log\nb.log", "a/c/" + OWN: "/x"})
    assert [found.excludes(path) for path in ("x.log", "b.log", "a/x.log", "a/b.log")] == [
        OWN,
        None,
        None,
        OWN,
    ]
    assert [found.excludes(path) for path in ("a/c/x", "a/c/d/x", "x", "a/x")] == [OWN, None, None, None]


def test_an_excluded_directory_is_not_asked() -> None:
    found = rules({OWN: "a/", "a/" + OWN: "!*", "a/b/" + OWN: "!*"})
    assert found.excludes("a/x") == OWN
    assert found.excludes("a/b/c/d") == OWN


@pytest.mark.parametrize("peer", PEERS)
def test_a_peers_file_only_denies(peer: str) -> None:
    found = rules({OWN: "own\n!peers", peer: "*\n!src/\n!src/**\n!own\n!.env\n!a.key"})
    assert found.excludes("own") == OWN
    assert found.excludes("peers") == peer
    assert found.excludes("src/a.py") is None
    assert found.excludes(".env") == "denied"
    assert found.excludes("a.key") == "denied"


def test_no_negation_reaches_the_built_in_list() -> None:
    found = rules({OWN: "!.env\n!*.pem\n!**\n!*", "a/" + OWN: "!.env"})
    assert {found.excludes(path) for path in (".env", "a/.env", "x.pem", "a/.git/config")} == {"denied"}


def test_a_rule_file_that_cannot_be_read_excludes_its_directory() -> None:
    def read(directory: str, name: str) -> bytes | None:
        if directory == "a" and name == PEERS[0]:
            raise PermissionError
        return None

    found = IgnoreRules(read)
    assert found.excludes("a/b/c") == found.excludes("a/b") == UNREADABLE
    assert found.excludes("b") is None


def test_case_counts_only_where_the_file_system_says_so() -> None:
    assert rules({OWN: "Shared"}).excludes("sHARED") is None
    assert rules({OWN: "Shared"}, fold=True).excludes("a/sHARED/b") == OWN


def test_names_that_are_no_unicode() -> None:
    raw = os.fsdecode(b"caf\xe9")
    assert rules({OWN: raw}).excludes(f"a/{raw}/b") == UNREADABLE  # a rule without effect excludes everything
    assert rules({OWN: raw}).excludes("other") == UNREADABLE
    assert rules({OWN: "caf?"}).excludes(raw) == OWN
    assert rules({OWN: "*"}).excludes(raw) == OWN


WRITTEN = [
    "a.py\r\n".encode("utf-16"),
    codecs.BOM_UTF16_BE + "a.py\n".encode("utf-16-be"),
    "a.py\n".encode("utf-32"),
    "a.py\r\nb.py".encode("utf-16-le"),
    "a.py\n".encode("utf-16-be"),
    b"b.py\ra.py\r# c\r",
    b"\xef\xbb\xbfa.py\rb.py\n",
]


@pytest.mark.parametrize("data", WRITTEN)
def test_rules_are_read_however_they_were_saved(data: bytes) -> None:
    for name in (OWN, ".clineignore"):
        found = IgnoreRules(lambda _, each, name=name: data if each == name else None)
        assert (found.excludes("a.py"), found.excludes("c.py"), found.unreadable) == (name, None, [])


UNREADABLE_DATA = [
    b"a.py\0\n",
    b"\0",
    b"\xff",
    b"caf\xe9.py\n",
    codecs.BOM_UTF16_LE + b"a",
    b"a\0b.py",
    "é\n".encode("latin-1"),
]


@pytest.mark.parametrize("data", UNREADABLE_DATA)
def test_what_is_no_text_excludes_its_directory_and_is_named(data: bytes) -> None:
    found = IgnoreRules(lambda at, each: data if (at, each) == ("sub", OWN) else None)
    assert (found.excludes("sub/any.py"), found.excludes("a.py")) == (UNREADABLE, None)
    assert found.unreadable == [f"sub/{OWN}"]


def test_deep_paths_and_hostile_patterns_end() -> None:
    """Backtracking would take longer than the universe exists."""
    found = rules({OWN: "\n".join(["*a" * 60 + "b", "**/" + "a*/**/" * 60 + "b", "[" * 5000, "\\" * 5001])})
    assert found.excludes("a" * 255) is None
    assert found.excludes("/".join("a" * 2000)) is None
    assert found.excludes("/".join("a" * 1000) + "/b") == OWN


def test_comments_cost_nothing() -> None:
    assert parse_rules(b"# a\n\n#b\r\n\r\n!\n/\n") == ()


NAME = st.sampled_from(["a", "b", "ab", "abc", "a.c", "b.c", "[a]", "a b", "!a", "#a", "x-y"])
PATH = st.lists(NAME, min_size=1, max_size=4).map("/".join)
PIECE = st.sampled_from(
    ["a", "b", "c", "ab", ".c", "*", "**", "?", "/", "/**/", "**/", "/**", "/*", "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[[:alpha:]]",
     "\\a", "\\*", "\\[", "[", "]", "-", " ", "\\ ", "!", "#", "\\", "***"]
)  # fmt: skip
LINE = st.tuples(
    st.sampled_from(["", "", "!", "/", "!/"]),
    st.lists(PIECE, max_size=6).map("".join),
    st.sampled_from(["", "", "/"]),
)
FILE = st.lists(LINE.map("".join), min_size=1, max_size=5).map("\n".join)


@pytest.mark.slow
@settings(max_examples=rounds(150), suppress_health_check=list(HealthCheck))
@given(
    st.sets(PATH, min_size=1, max_size=12), st.dictionaries(PATH | st.just(""), FILE, min_size=1, max_size=3)
)
def test_git_says_the_same(paths: set[str], files: dict[str, str]) -> None:
    """git reads the same rule files with `--exclude-per-directory`, for any tree and any rules."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        command = ["git", "init", "-q", "."]
        subprocess.run(command, cwd=root, env=ENVIRON, check=True)
        taken: set[str] = set()
        for path in sorted(paths, key=len, reverse=True):
            if not any(path == each or each.startswith(path + "/") for each in taken):
                taken.add(path)
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text("")
        texts = {}
        for directory, text in files.items():
            if (root / directory).is_dir():
                (root / directory / OWN).write_text(text)
                texts[f"{directory}/{OWN}" if directory else OWN] = text
        command = ["git", "ls-files", "-o", "-z", f"--exclude-per-directory={OWN}"]
        listed = subprocess.run(command, cwd=root, env=ENVIRON, check=True, capture_output=True).stdout
        kept = {os.fsdecode(path) for path in listed.split(b"\0") if path}
        found = rules(texts)
        assert {path for path in taken | set(texts) if not found.excludes(path)} == kept


@given(
    st.lists(st.text(max_size=12), min_size=1, max_size=5), st.sampled_from(RULE_FILES), st.text(max_size=30)
)
def test_any_text_is_a_rule_file(lines: list[str], name: str, path: str) -> None:
    found = rules({name: "\n".join(lines).encode("utf-8", "replace").decode()})
    assert found.excludes(path.strip("/") or "a") in (None, name, "denied", UNREADABLE)


@given(st.lists(FILE, min_size=len(RULE_FILES), max_size=len(RULE_FILES)), PATH)
def test_each_file_only_adds(texts: list[str], path: str) -> None:
    """What one file name excludes stays excluded whatever other files exist; the built-in list too."""
    files = dict(zip(RULE_FILES, texts, strict=True))
    together = rules(files)
    alone = [name for name in files if rules({name: files[name]}).excludes(path)]
    assert bool(together.excludes(path)) == bool(alone)
    assert together.excludes(path + "/.env")
    assert denied_by(path + "/.env")
