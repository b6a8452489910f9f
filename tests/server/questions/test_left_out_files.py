"""What rules keep here is left out of a prompt, under each of its names; only the file in question prevents it."""

import os
import subprocess
from pathlib import Path

import pytest
from config_files import PROVIDER, write

from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus
from assist_server.config.config import load_lenient
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.draft import Question
from assist_server.questions.targets import QuestionFolders, resolve_target
from assist_server.wording.requests import route_document, route_facts
from assist_server.workspace.index_update import open_folder, update_index

pytestmark = pytest.mark.slow

RATES = "def negotiated_rate(customer):\n    return 0.37\n"
ASKING = "def hello():\n    return negotiated_rate('acme')\n"
SHOWN = {"hello.py": ASKING, "rates.py": RATES}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = tmp_path / "repo"
    (repo / "sub" / "private").mkdir(parents=True)
    for name, text in SHOWN.items():
        (repo / "sub" / name).write_text(text)
    (repo / ".gitignore").write_text("private/\n")
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    return repo


def decided(root: Path, target: str = "", others: tuple[Path, ...] = (), rules: str = "") -> AnswerContext:
    """A question where two files are shown from the first of some folders. `rules` are the user's."""
    own = root.parents[1] / "own"
    own.mkdir(exist_ok=True)
    settings = write(own, f"{PROVIDER}[escalation]\nmode = 'auto'\n{rules}")
    config = load_lenient({**os.environ, **settings}, ())
    folder = open_folder(config, root)
    update_index(config, folder, lambda _done, _total: None)
    corpus = Corpus(folder.root, IndexReader(folder.database))
    around = tuple(Corpus(str(each), IndexReader(str(own / "none.sqlite"))) for each in others)
    about = resolve_target(corpus, target) if target else None
    inputs = decision_inputs(config, [str(root)])
    words = "what do `negotiated_rate` and `hello` do?"
    asked = Question("explain" if target else "ask", words, about, wish="frontier")
    return decide(asked, QuestionFolders(corpus, around), inputs)


def files(found: AnswerContext) -> tuple[str, ...]:
    assert found.prepared is not None, found.decision.why
    return tuple(sorted(found.prepared.files))


def test_a_file_whose_other_name_is_ignored_is_left_out_and_the_question_goes_on(repo: Path) -> None:
    assert files(decided(repo / "sub")) == ("hello.py", "rates.py")
    os.link(repo / "sub" / "rates.py", repo / "sub" / "private" / "rates.py")
    found = decided(repo / "sub")
    assert files(found) == ("hello.py",)
    assert found.frontier is not None
    assert [path for path, _ in found.frontier.left_out] == ["rates.py"]
    assert "0.37" not in str(found.prepared)
    assert files(decided(repo / "sub", "hello.py")) == ("hello.py",)
    (repo / "private").mkdir()
    os.rename(repo / "sub" / "private" / "rates.py", repo / "private" / "rates.py")  # next to the workspace
    assert files(decided(repo / "sub")) == ("hello.py",)
    refused = decided(repo / "sub", "rates.py")
    assert refused.prepared is None
    assert "private/rates.py is excluded" in refused.decision.why


def test_two_names_that_are_shown_share_the_rules_of_a_third(repo: Path) -> None:
    (repo / "sub" / "hello.py").unlink()
    for name in ("hello.py", "private/x.py"):
        os.link(repo / "sub" / "rates.py", repo / "sub" / name)
    found = decided(repo / "sub")
    assert found.prepared is not None
    assert found.prepared.files == ()


def test_the_rules_of_each_folder_around_a_file_hold(repo: Path) -> None:
    (repo / ".assistignore").write_text("rates.py\n")
    subprocess.run(["git", "init", "-q", str(repo / "sub")], check=True)
    assert "rates.py" in files(decided(repo / "sub"))
    assert files(decided(repo / "sub", others=(repo,))) == ("hello.py",)


RULES = (
    ("[egress]\ndeny = ['rates.*']\n", "rates.py never leaves: rates.* is denied"),
    ("[data_class]\n'rates.py' = 'restricted'\n", "openai may not see text of the class restricted"),
)


@pytest.mark.parametrize(("rules", "why"), RULES)
def test_a_piece_that_the_policy_keeps_is_left_out_and_named(repo: Path, rules: str, why: str) -> None:
    found = decided(repo / "sub", "hello.py", rules=rules)
    assert files(found) == ("hello.py",)
    assert "0.37" not in str(found.prepared.messages if found.prepared else "0.37")
    (left_out,) = [text for name, text in route_facts(found) if name == "Left out"]
    assert left_out.startswith("rates.py")
    assert why in left_out
    assert [each["path"] for each in route_document(found)["left_out"]] == ["rates.py"]


@pytest.mark.parametrize(("rules", "why"), RULES)
def test_the_code_in_question_is_never_left_out(repo: Path, rules: str, why: str) -> None:
    refused = decided(repo / "sub", "rates.py", rules=rules)
    assert refused.prepared is None
    assert why in refused.decision.why


def test_a_question_of_which_no_code_would_remain_is_refused(repo: Path) -> None:
    refused = decided(repo / "sub", rules="[egress]\ndeny = ['*.py']\n")
    assert refused.prepared is None
    assert "*.py is denied" in refused.decision.why


def test_a_piece_is_left_out_for_a_rule_about_its_other_name(repo: Path) -> None:
    (repo / "sub" / "kept").mkdir()
    os.link(repo / "sub" / "rates.py", repo / "sub" / "kept" / "rates.py")
    found = decided(repo / "sub", "hello.py", rules="[egress]\ndeny = ['kept/']\n")
    assert files(found) == ("hello.py",)
