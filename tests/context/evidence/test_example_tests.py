"""New tests are written like the nearest one: of the module's own file, with the most alike name."""

from pathlib import Path

from indexing import corpus_of

from assist_context.documents import Snippet
from assist_context.evidence.call_graph import TargetLines
from assist_context.evidence.example_tests import most_alike
from assist_context.evidence.for_question import gather_evidence
from assist_context.retrieval.corpus import Corpus

HELPERS = """\
import os


def get_debug_flag():
    return os.environ.get("DEBUG") == "1"


def get_load_dotenv(default=True):
    val = os.environ.get("SKIP_DOTENV")
    return default if not val else val == "0"
"""
OTHER = "".join(
    f"    def test_stream_{at}(self, app):\n        assert app.send({at}) == {at}\n\n" for at in range(40)
)
TESTS = f"""\
import io
import os

import pytest

import shop


class TestSending:
{OTHER}

class TestHelpers:
    @pytest.mark.parametrize(("debug", "expect"), [("", False), ("1", True)])
    def test_get_debug_flag(self, monkeypatch, debug, expect):
        monkeypatch.setenv("DEBUG", debug)
        assert shop.helpers.get_debug_flag() == expect

    def test_make_response(self):
        assert True
"""
APP = (
    "from shop import security\n\n\ndef main(app):\n    app.get('/')\n    return security.scheme_of('a b')\n"
)
TEXTS = {
    "shop/__init__.py": "",
    "shop/helpers.py": HELPERS,
    "shop/security.py": "def scheme_of(header):\n    return header.partition(' ')[0]\n",
    "tests/test_helpers.py": TESTS,
    "tests/main.py": APP,
}


def examples_shown(corpus: Corpus, target: TargetLines, tokens: int) -> list[Snippet]:
    found = gather_evidence(corpus, "", target, tokens, (), "test")
    return [snippet for snippet in found.snippets if snippet.signal == "test"]


def test_the_twin_in_the_modules_own_file_is_the_example(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "w", TEXTS)
    for tokens in (500, 4_000):
        first = examples_shown(corpus, TargetLines("shop/helpers.py", 8, 10), tokens)[0]
        assert first.path == "tests/test_helpers.py"
        assert 'monkeypatch.setenv("DEBUG", debug)' in first.text
        assert "@pytest.mark.parametrize" in first.text
        assert "class TestHelpers:" in first.text


def test_an_application_among_the_tests_is_no_example(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "w", TEXTS)
    shown = examples_shown(corpus, TargetLines("shop/security.py", 1, 2), 2_000)
    assert [snippet.path for snippet in shown] == ["tests/test_helpers.py"]
    del_tests = {path: text for path, text in TEXTS.items() if path != "tests/test_helpers.py"}
    alone = corpus_of(tmp_path / "v", del_tests)
    assert examples_shown(alone, TargetLines("shop/security.py", 1, 2), 2_000) == []


RUST = {
    "Cargo.toml": "[package]\nname = 'lines'\n",
    "lib/src/lib.rs": "mod tests;\n\npub struct Index { newlines: Vec<u32> }\n\nimpl Index {\n"
    "    pub fn line(&self, at: u32) -> Option<u32> {\n        self.newlines.get(at as usize).copied()\n    }\n}\n",
    "lib/src/tests.rs": "use super::Index;\n\n#[test]\nfn line_of_an_empty_text() {\n    assert_eq!(index(\"\").line(0), None);\n}\n",
    "test-utils/src/minicore.rs": "pub enum Option<T> {\n    Some(T),\n    None,\n}\n",
    "other/src/tests.rs": "#[test]\nfn other() {\n    assert!(true);\n}\n",
}  # fmt: skip


def test_in_rust_the_tests_of_the_module_are_and_no_mock_is_a_definition(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "r", RUST)
    found = gather_evidence(corpus, "", TargetLines("lib/src/lib.rs", 6, 8), 2_000, (), "test")
    shown = [(snippet.signal, snippet.path) for snippet in found.snippets]
    assert ("test", "lib/src/tests.rs") in shown
    assert "test-utils/src/minicore.rs" not in {path for _, path in shown}


def test_tests_in_the_file_itself_are_examples_in_rust(tmp_path: Path) -> None:
    text = "pub fn two() -> i32 {\n    2\n}\n\npub fn one() -> i32 {\n    1\n}\n\n#[cfg(test)]\nmod tests {\n"
    text += "    use super::*;\n\n    #[test]\n    fn is_one() {\n        assert_eq!(one(), 1);\n    }\n}\n"
    corpus = corpus_of(tmp_path / "r", {"src/lib.rs": text})
    (example,) = examples_shown(corpus, TargetLines("src/lib.rs", 1, 3), 2_000)
    assert "fn is_one()" in example.text


def test_a_test_is_as_alike_as_its_name() -> None:
    script = 'test("adds", () => {\n  add(1);\n});\n\ntest("merges two headers", () => {\n  merge();\n});\n'
    lines = script.splitlines(keepends=True)
    assert most_alike(lines, ["mergeHeaders"]) == [{5, 6, 7}, {1, 2, 3}]
    rust = "#[test]\nfn parses() {}\n\n/// Rounds.\n#[test]\n#[ignore]\nfn rounds_up() {}\n"
    assert most_alike(rust.splitlines(keepends=True), ["round"])[0] == {4, 5, 6, 7}
