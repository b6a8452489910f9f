"""Names of secret files are denied in every spelling; names that only look similar are not."""

import re
import unicodedata
from fnmatch import fnmatchcase

import pytest
from denied_names import SECRET
from hypothesis import given
from hypothesis import strategies as st

from assist_context.files.denylist import DIRECTORIES, NAMES, PATHS, denied_by

HARMLESS = [
    "env.py", "environment.py", "src/env/index.ts", "key.py", "keys.go", "monkey", "primary_key.sql", "pem.c", "id_generator.py",
    "id_rsagen.go", "credentials.py", "src/credentials/index.ts", "secrets.py", "secret/main.go", "auth.ts", "npmrc.md",
    "config.json", "docker/config.json", "settings.xml", "kubeconfig_test.go.txt", "tfstate.go", ".gitignore",
    ".gitattributes", ".github/workflows/ci.yml", ".assistignore", ".awsome/config", "hosts.yml", "history.py",
    "password_reset.py", "secrets.go", "credentials.ts", "docs/secrets.md", "password_reset_subject.txt",
    "secretlint.json", "tokenizer.json", "external-secret.yaml", "api_keys.proto", "passwords.html", "keyboard.json",
    "secrets/app.json", "password/index.ts", "passwords/a.txt", "access.log", "reset-password.txt", "UserSecrets.cs",
    "a/b/c.txt", "README.md", "certificate.crt", "", "é.py", "password.py", "openrc.md", "~", "...", "#",
]  # fmt: skip


@pytest.mark.parametrize("path", SECRET)
def test_secret(path: str) -> None:
    for spelling in (path, "a/b/" + path, "/abs/" + path, path.upper(), path.replace("/", "\\")):
        assert denied_by(spelling), spelling


@pytest.mark.parametrize(
    "name", ["logins.csv", "creds.txt", "token.txt", "storageState.json", "zugangsdaten.txt"]
)
def test_exports_and_notes_of_secrets_are_secret(name: str) -> None:
    assert denied_by(f"a/{name}")


@pytest.mark.parametrize("path", [path for path in HARMLESS if path != "kubeconfig_test.go.txt"])
def test_harmless(path: str) -> None:
    assert denied_by(path) is None
    assert denied_by("a/b/" + path) is None


@pytest.mark.parametrize(
    "path",
    [
        ".env~", ".env.bak", "#.env#", ".#.env", ".env.swp", ".server.key.swp", ".id_rsa.swp", "server.key.old",
        "id_rsa.bak", "kubeconfig~", "tls.pem.~2~", "tls.key (1)", "tls copy.key", "id_rsa copy", "id_rsa_backup",
    ],
)  # fmt: skip
def test_backups_of_secrets(path: str) -> None:
    assert denied_by(path)


@pytest.mark.parametrize(
    "path",
    [
        ".g\u200cit/config", ".GIT\u200d", "git~1/config", ".git./config", ".git ", ".env::$DATA", "secring.", "tls.key:x", "tls.key. ",
        "\uff0eenv", "tls.\u212aey", ".en\u200bv", "i\u0064_rsa", "tls.\uff4bey", "a/../.env", "a/./.ssh/../x",
    ],
)  # fmt: skip
def test_spellings_that_a_file_system_takes_for_the_same(path: str) -> None:
    assert denied_by(path)


def test_it_says_which_pattern() -> None:
    assert denied_by("x/.git/HEAD") == ".git"
    assert denied_by("deploy/TLS.KEY.bak") == "*.key"
    assert denied_by("home/.aws/credentials") == "credentials"
    assert denied_by("home/.aws/config") == "*/.aws/config"


def test_a_word_denies_files_and_no_directories() -> None:
    assert denied_by("src/my-secrets") == "*secret*"
    assert denied_by("src/my-secrets", directory=True) is None
    assert denied_by("src/my-secrets/app.py") is None
    assert denied_by("src/.ssh", directory=True) == ".ssh"


def test_patterns_are_written_as_they_are_compared() -> None:
    assert all(
        pattern == pattern.casefold() and pattern.isascii() for pattern in (*DIRECTORIES, *NAMES, *PATHS)
    )
    assert len(set(NAMES)) == len(NAMES)


# The parts of the patterns: in a new order they look like a secret's name, and often are not.
PIECES = sorted({piece for pattern in NAMES for piece in re.split(r"[*?]|\[.*?\]", pattern) if piece})


@given(
    st.lists(st.sampled_from([*PIECES, "x", "-", "_", ".", "1", ".py"]), min_size=1, max_size=4).map("".join)
)
def test_whatever_a_pattern_matches_is_denied(name: str) -> None:
    if any(fnmatchcase(name, pattern) for pattern in (*NAMES, *DIRECTORIES)):
        assert denied_by(name)


PARTS = st.text(st.characters(exclude_characters="/\0", exclude_categories=()), min_size=1, max_size=8)


@given(st.lists(PARTS, max_size=4), st.sampled_from(SECRET), st.data())
def test_no_place_case_or_form_hides_a_secret(above: list[str], secret: str, data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
    cased = "".join(data.draw(st.sampled_from([char, char.upper()])) for char in secret)
    path = unicodedata.normalize(form, "/".join([*above, cased]))
    assert denied_by(path)


def _written(name: str, data: st.DataObject) -> str:
    """A name as Windows also takes it: any case, final dots and spaces, a stream, in any order that it allows."""
    cased = "".join(data.draw(st.sampled_from([char, char.upper()])) for char in name)
    after = data.draw(st.text(". ", max_size=3))
    return cased + after + data.draw(st.sampled_from(["", "::$DATA", ":$DATA", ":x", "::$INDEX_ALLOCATION"]))


ABOVE = st.lists(st.sampled_from(["a", "CON", "nul.txt", "C:", "x" * 255, "A~1", "."]), max_size=3)
STARTS = st.sampled_from(
    ["", "/", "C:\\", "c:/", "\\\\?\\C:\\", "//?/UNC/server/share/", "\\\\server\\share\\"]
)


@given(STARTS, ABOVE, st.sampled_from(SECRET), st.data())
def test_no_spelling_of_windows_hides_a_secret(
    start: str, above: list[str], secret: str, data: st.DataObject
) -> None:
    names = [_written(name, data) for name in secret.split("/")]
    path = start + data.draw(st.sampled_from("/\\")).join([*above, *names])
    assert denied_by(path), path


@pytest.mark.parametrize(
    "name", ["ENV~1", "env~2", "SSH~1/x", "NPMRC~1", "TERRAF~1.TFS", "CREDEN~1", "X~1.KDB", "git~3"]
)
def test_a_short_name_that_windows_gives_to_a_secret_is_denied(name: str) -> None:
    assert denied_by(f"a/{name}")


@pytest.mark.parametrize("name", ["main~1.py", "READM~1.MD", "a~b", "PROGRA~1/x.c", "INDEX~1.HTM"])
def test_other_short_names_are_not(name: str) -> None:
    assert denied_by(name) is None


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_text_is_a_path(path: str) -> None:
    assert denied_by(path) is None or isinstance(denied_by(path), str)
