"""What code calls of installed libraries is shown with a question, and leaves only to who may see it."""

import os
from pathlib import Path

import pytest
from config_files import PROVIDER, write

from assist_context.code.symbols import symbols
from assist_server.config.config import Config, load_lenient
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.draft import Question
from assist_server.questions.targets import QuestionFolders, resolve_target
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.index_update import open_folder
from assist_server.workspace.members import library_folder, make_oracles
from assist_types.libraries.finders import Finders
from assist_types.libraries.import_walk import ImportWalk
from assist_types.libraries.library_file import write_outlines
from assist_types.libraries.outline_reader import read_module

CODE = """import lib
from lib import Client

def fetch(client: Client, url):
    own(url)
    found = client.get(url)
    return lib.make(found).get(url)

def own(url): ...
"""
LIB = '''class Client:
    def get(self, url: str, *, retries: int = 3) -> bytes:
        """Fetches a page. Then closes it."""
def make(text: bytes) -> Client: ...
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "work" / "repo"
    site = root / ".venv/lib/python3.11/site-packages"
    (site / "lib-1.5.dist-info").mkdir(parents=True)
    (site / "lib").mkdir()
    (site / "lib/__init__.py").write_text(LIB)
    (root / ".venv/pyvenv.cfg").write_text("")
    (root / "app.py").write_text(CODE)
    return root


def configured(root: Path, rules: str = "", residency: str = '"public", "internal", "library"') -> Config:
    own = root.parent / "own"
    own.mkdir(exist_ok=True)
    provider = PROVIDER.replace('"public", "internal"', residency)
    config = load_lenient({**os.environ, **write(own, f"{provider}[escalation]\nmode = 'auto'\n{rules}")}, ())
    document = resolve_target(open_corpus(open_folder(config, root)), "app.py:4-7").document
    walk = ImportWalk()
    finder = Finders({}).of(str(root / "app.py"), str(root), document.language)
    assert finder is not None
    walk.begin(symbols(document.language, CODE).imports, finder)
    while (wanted := walk.take()) is not None:
        write_outlines(str(library_folder(config)), [(wanted.module, *read_module(wanted.module))])
    return config


def decided(root: Path, config: Config, command: str = "explain") -> AnswerContext:
    corpus = open_corpus(open_folder(config, root))
    asked = Question(command, "use a loop", resolve_target(corpus, "app.py:4-7"), wish="frontier")
    folders = QuestionFolders(corpus, (), make_oracles(config))
    return decide(asked, folders, decision_inputs(config, [str(root)]), needs_answer=False)


def sent(found: AnswerContext) -> str:
    assert found.prepared is not None, found.decision.why
    return str(found.prepared.messages)


def test_signatures_of_what_is_called(root: Path) -> None:
    config = configured(root)
    corpus = open_corpus(open_folder(config, root))
    target = resolve_target(corpus, "app.py:4-7")
    oracle = make_oracles(config)(corpus)
    assert oracle is not None
    called = oracle.library_calls(target.document, target.lines.first, target.lines.last)
    assert list(called) == [
        "client.get: def get(self, url: str, *, retries: int = 3) -> bytes  (lib 1.5: Fetches a page.)",
        "lib.make: def make(text: bytes) -> Client  (lib 1.5)",
    ]


@pytest.mark.parametrize("command", ["explain", "refactor", "fix", "test"])
def test_a_provider_that_may_see_them_does(root: Path, command: str) -> None:
    text = sent(decided(root, configured(root), command))
    assert "retries: int = 3" in text
    assert "signatures of installed libraries" in text


@pytest.mark.parametrize(
    ("rules", "residency"),
    [
        ("", '"public", "internal"'),
        ("residency = ['public', 'internal']\n", '"public", "internal", "library"'),
        ("[context]\nlibraries = false\n", '"public", "internal", "library"'),
    ],
)
def test_nothing_of_a_library_leaves_where_it_is_forbidden(root: Path, rules: str, residency: str) -> None:
    found = decided(root, configured(root, rules, residency))
    assert "found = client.get(url)" in sent(found)
    assert "retries" not in sent(found)
    assert "Fetches a page" not in sent(found)


def test_an_organisation_can_forbid_it(root: Path) -> None:
    config = configured(root)
    policy = root.parent / "own" / "policy.toml"
    policy.write_text("[escalation]\nresidency = ['public', 'internal']\n")
    environ = {"ASSIST_CONFIG_DIR": str(config.paths.config), "ASSIST_DATA_DIR": str(config.paths.data)}
    forbidden = load_lenient({**os.environ, **environ, "OPENAI_API_KEY": "k"}, ())
    assert "retries" in sent(decided(root, config))
    assert "retries" not in sent(decided(root, forbidden))
