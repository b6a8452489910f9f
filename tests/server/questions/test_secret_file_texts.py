"""Which files of a workspace are read for the values of secrets, and which of their values are known."""

import base64
import json
import os
from pathlib import Path

import pytest

from assist_escalation.policy.permissions import Glob
from assist_escalation.redaction.known_secrets import known_values
from assist_server.questions.secret_file_texts import MAX_FILES, are_current, secret_texts

VALUE = "plainwords-and-more"


def values(workspace: Path, globs: list[Glob] | None = None) -> tuple[str, ...]:
    texts = secret_texts((str(workspace),), globs or [])
    return known_values(texts.denied, {}, texts.user_denied).values


ENCODED = base64.b64encode(f"bob:{VALUE}".encode()).decode()
FILES = [
    (".env", f"A={VALUE}\n".encode("utf-8-sig")),
    (".env", f"A={VALUE}\r\n".encode("utf-16")),
    (".env", f"A={VALUE}\r\n".encode("utf-16-le")),
    (".env", f"A={VALUE}\r\n".encode("utf-16-be")),
    (".env", b"B=x\n" * 17_500 + f"A={VALUE}\n".encode()),
    ("dist/.env", f"A={VALUE}\n".encode()),
    ("target/debug/.env", f"A={VALUE}\n".encode()),
    (".pgpass", f"h:5432:d:u:{VALUE}\n".encode()),
    (".netrc", f"machine h\n  login bob\n  password {VALUE}\n".encode()),
    (".git-credentials", f"https://bob:{VALUE}@example.com\n".encode()),
    (".my.cnf", f"[client]\npassword = {VALUE}\n".encode()),
    (".docker/config.json", json.dumps({"auths": {"x.org": {"auth": ENCODED}}}).encode()),
    ("credentials.json", json.dumps({"a": {"b": VALUE}}).encode()),
    (".env", f'A="first line\n{VALUE}\nlast"\n'.encode()),
]


@pytest.mark.parametrize(
    ("name", "data"), FILES, ids=[f"{index} {name}" for index, (name, _) in enumerate(FILES)]
)
def test_the_value_in_a_secret_file_is_known(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / ".git").mkdir()
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    assert VALUE in values(tmp_path)


def test_more_than_a_hundred_files(tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / f".env.{number:03}").write_text(f"A=value-number-{number:03}\n")
    assert len(values(tmp_path)) == 120


def test_long_files_leave_room_for_the_values_of_the_others() -> None:
    long = {f"{number}.pem": "".join(f"{number}{line:060}\n" for line in range(5_000)) for number in range(9)}
    known = known_values({**long, ".env": "WIKI=plumtree-orchard-77"}, {"WIKI_PASSWORD": "quince-hedge-12"})
    assert {"plumtree-orchard-77", "quince-hedge-12"} <= set(known.values)


def test_a_bound_that_is_reached_is_told(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 1):
        (tmp_path / f".env.{number:04}").write_text("A=b\n")
    assert secret_texts((str(tmp_path),)).incomplete == "more than 1,000 secret files"


def test_a_file_of_data_that_the_user_denies_is_a_source(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/prod.yml").write_text(f"a: {VALUE}\nenvironment: production\n")
    (tmp_path / "config/code.py").write_text('x = "ordinary-words-of-code"\n')
    assert values(tmp_path) == ()
    assert values(tmp_path, [Glob("config/")]) == (VALUE,)
    assert values(tmp_path, [Glob("prod.yml", str(tmp_path / "config"))]) == (VALUE,)


def test_a_binary_file_has_no_text(tmp_path: Path) -> None:
    (tmp_path / "id_rsa").write_bytes(bytes(range(256)) * 40)
    assert secret_texts((str(tmp_path),)).denied == {}


def age(folder: Path) -> None:
    """Make all look as if it was written long ago, by the times that programs can set."""
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (1, 1))


def change(folder: Path, what: str) -> None:
    env = folder / "app/.env"
    if what == "saved":
        env.write_text("KEY=efgh\n")
    elif what == "replaced":
        (folder / "new").write_text("KEY=efgh\n")
        (folder / "new").replace(env)
        age(folder)
    elif what == "made":
        (folder / "app/.pgpass").write_text("h:5432:d:u:efgh\n")
    elif what == "removed":
        env.unlink()
    elif what == "moved":
        (folder / "app").rename(folder / "other")


@pytest.mark.parametrize("what", ["nothing", "saved", "replaced", "made", "removed", "moved"])
def test_each_change_of_a_secret_file_is_seen(tmp_path: Path, what: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/.env").write_text("KEY=abcd\n")
    age(tmp_path)
    texts = secret_texts((str(tmp_path),))
    change(tmp_path, what)
    assert are_current(texts) is (what == "nothing")


def test_a_file_of_a_moment_ago_may_change_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEY=abcd\n")
    assert not are_current(secret_texts((str(tmp_path),)))
