"""What a provider receives of a private key when a question shows a piece of it, by the command line."""

from pathlib import Path

import pytest
from asked_shop import KEY
from command_runs import Assist, runner
from key_texts import KeyFile, key_files
from repositories import git, make_repository
from vendor import provider, scripted_answer

FILES = key_files()
TO_PROVIDER = ("--frontier", "--yes")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = make_repository(tmp_path / "repo")
    for file in FILES.values():
        (root / file.path).write_bytes(file.text.encode())
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Keys")
    return root


@pytest.fixture
def assist(repo: Path, home: dict[str, str]) -> Assist:
    return runner(repo, {**home, "ACME_KEY": KEY})


def first_line(file: KeyFile) -> int:
    """The number of the first line with a part of the key, from 1."""
    return next(at for at, line in enumerate(file.lines, 1) if file.left(line))


def test_of_questions_about_lines(assist: Assist, tmp_path: Path) -> None:
    with provider(tmp_path, scripted_answer("fine")) as acme:
        for file in FILES.values():
            first = first_line(file)
            for last in (first, min(first + 3, len(file.lines))):
                assert assist("explain", f"{file.path}:{first}-{last}", *TO_PROVIDER).code == 0
        sent = [request.body.decode() for request in acme.requests]
    assert len(sent) == 2 * len(FILES)
    assert not [file.path for file in FILES.values() for body in sent if file.left(body)]


def test_of_a_further_question_in_the_conversation(assist: Assist, tmp_path: Path, repo: Path) -> None:
    file = FILES["hex"]
    first = first_line(file)
    with provider(tmp_path, scripted_answer("fine")) as acme:
        assert assist("explain", f"{file.path}:{first}-{first}", *TO_PROVIDER).code == 0
        (repo / file.path).unlink()
        assert assist("ask", "--continue", "and what is that?", *TO_PROVIDER).code == 0
        body = acme.requests[-1].body.decode()
    assert file.path in body
    assert not file.left(body)


def test_of_a_diff(assist: Assist, tmp_path: Path, repo: Path) -> None:
    for file in FILES.values():
        lines = file.lines
        at = first_line(file)
        changed = lines[at].replace(lines[at].strip(" \"'+\\\n")[:9], "Changed+9", 1)
        (repo / file.path).write_bytes("".join([*lines[:at], changed, *lines[at + 2 :]]).encode())
    with provider(tmp_path, scripted_answer("fine")) as acme:
        assert assist("review", *TO_PROVIDER).code == 0
        git(repo, "add", "-A")
        assert assist("commit", *TO_PROVIDER).code == 0
        sent = [request.body.decode() for request in acme.requests]
    ends = [line[9:] for file in FILES.values() for line in file.body if len(line) > 40]
    assert not [end for end in ends for body in sent if end in body]


def test_of_attached_and_piped_texts_and_pages(assist: Assist, tmp_path: Path) -> None:
    page = FILES["openssh"]
    piece = "".join(page.lines[4:8])
    with provider(tmp_path, scripted_answer("fine")) as acme:
        assert assist("ask", "what is this?", "-", *TO_PROVIDER, stdin=piece).code == 0
        assert assist("ask", "-f", page.path, "what is this?", *TO_PROVIDER).code == 0
        assert assist("ask", "what do the notes say about the Key?", *TO_PROVIDER).code == 0
        sent = [request.body.decode() for request in acme.requests]
    assert page.path in sent[1]
    assert not [body for body in sent if page.left(body)]
