"""A folder of documentation next to a workspace: its best page has a place among what is found."""

from pathlib import Path

import pytest
from indexing import corpus_of

from assist_context.evidence.for_question import gather_evidence
from assist_context.retrieval.corpus import Corpus

HANDBOOK = """\
# Ship it

We ship on Tuesdays and Thursdays, with two approvals.
Run `make ship ENV=prod`.

## Undo

`make unship` brings the last version back.
"""
WORKSPACE = {
    "docs/deploy.md": "# Deploy to production\n\nDeploy with a command of your platform, such as `gunicorn`.\n",
    "docs/days.md": "# Days\n\nA day has a date.\n\n## Weekdays\n\nOn which day a week begins is a setting.\n",
    **{
        f"src/deploy{at}.py": f"def deploy_command_{at}(day):\n    '''Deploy on a day with a command.'''\n    return day\n"
        for at in range(40)
    },
    **{f"docs/page{at}.md": f"# Part {at}\n\nA command of part {at}, on a day.\n" for at in range(40)},
}


@pytest.fixture
def workspace(tmp_path: Path) -> Corpus:
    return corpus_of(tmp_path / "w", WORKSPACE)


@pytest.fixture
def handbook(tmp_path: Path) -> Corpus:
    texts = {"ship.md": HANDBOOK, "tool.py": "def approvals():\n    return 'Tuesdays'\n"}
    there = corpus_of(tmp_path / "handbook", texts)
    return Corpus(there.root, there.reader, "handbook", pages=True)


@pytest.mark.parametrize(
    "question",
    [
        "docs: on which day do we ship and with which command?",
        "ship ENV=prod approvals Tuesdays",
        "How many approvals do I need?",
    ],
)
def test_the_page_that_alone_has_the_rare_words_is_first(
    workspace: Corpus, handbook: Corpus, question: str
) -> None:
    found = gather_evidence(workspace, question, None, 700, (handbook,))
    assert found.snippets[0].path == "handbook/ship.md"
    assert "Tuesdays" in found.snippets[0].text


def test_a_page_with_a_good_part_of_the_words_has_a_place_after_a_better_one(
    workspace: Corpus, handbook: Corpus
) -> None:
    asked = "Where is `deploy_command_7` called, and with how many approvals?"
    found = gather_evidence(workspace, asked, None, 700, (handbook,))
    assert found.snippets[0].path == "src/deploy7.py"
    assert "handbook/ship.md" in {snippet.path for snippet in found.snippets}


def test_a_question_about_the_workspace_is_answered_from_it(workspace: Corpus, handbook: Corpus) -> None:
    found = gather_evidence(workspace, "docs: how do I deploy to production?", None, 700, (handbook,))
    assert [snippet.path for snippet in found.snippets][:1] == ["docs/deploy.md"]
    assert "handbook/ship.md" not in {snippet.path for snippet in found.snippets}


def test_nothing_but_pages_of_it_is_found(workspace: Corpus, handbook: Corpus) -> None:
    found = gather_evidence(workspace, "Which function returns Tuesdays approvals?", None, 700, (handbook,))
    assert "handbook/tool.py" not in {snippet.path for snippet in found.snippets}
