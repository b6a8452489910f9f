"""Globs match every spelling of a path, and a glob without effect is an error."""

import os
from dataclasses import replace
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policies import PATHS, USER, layer, prompt

from assist_escalation.errors import EscalationError
from assist_escalation.policy.path_globs import MAX_GLOBS, check_glob, check_globs, covers
from assist_escalation.policy.permissions import OPEN, Layer, permissions
from assist_escalation.policy.verdict import judge

TRICKS = [
    "infra/prod/main.tf",
    "./infra/prod/main.tf",
    "infra//prod/./main.tf",
    "INFRA/Prod/main.tf",
    "infra\\prod\\main.tf",
    "infra%2Fprod%2fmain.tf",
    "infra%252Fprod/main.tf",
    "%69nfra/prod/main.tf",
    "infra/prod/a/b/c.py",
    "infra/prod./main.tf",
    "infra /prod/main.tf",
    "infra/prod::$INDEX_ALLOCATION/main.tf",
    "in\u200bfra/prod/main.tf",
    "ｉｎｆｒａ/prod/main.tf",
]


@pytest.mark.parametrize("path", TRICKS)
def test_a_glob_covers_every_spelling(path: str) -> None:
    assert covers("infra/prod/**", path)
    assert covers("infra/", path)
    assert covers("/infra/prod", path)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("straße/*", "STRASSE/a"),
        ("caf\u00e9/", "cafe\u0301/menu.py"),
        ("cafe\u0301/", "caf\u00e9/menu.py"),
        ("*.tfstate", "a/b/x.TFSTATE"),
        ("**/*.tfstate", "x.tfstate"),
        ("src/[a-c]*.py", "src/b1.py"),
        ("secret name", "secret name/x"),
    ],
)
def test_case_and_accents_do_not_matter(glob: str, path: str) -> None:
    assert covers(glob, path)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("infra/prod/**", "infra/production/x"),
        ("infra/prod/**", "src/infra/prod/x"),
        ("/x", "a/x"),
        ("*.key", "keys.py"),
        ("docs/", "docs"),  # a file of that name
        ("src/*.py", "src/a/b.py"),
    ],
)
def test_what_is_not_meant_is_not_covered(glob: str, path: str) -> None:
    assert not covers(glob, path)


@pytest.mark.parametrize(
    ("glob", "why"),
    [
        ("", "it matches no file"),
        ("# infra", "it matches no file"),
        ("/", "it matches no file"),
        ("[open", "it matches no file"),
        ("./infra/**", "it matches no file"),
        ("../infra/**", "it matches no file"),
        ("a/../b", "it matches no file"),
        ("a//b", "it matches no file"),
        ("!infra/**", "`!` cannot negate another line"),
        ("infra\\prod", "write `/` between folders"),
        ("a\nb", "use visible characters"),
        ("a\0b", "use visible characters"),
        ("a\u200bb", "use visible characters"),
        ("\ud800", "use visible characters"),
        ("x" * 1001, "use visible characters"),
    ],
)
def test_a_glob_without_effect_is_an_error(glob: str, why: str) -> None:
    with pytest.raises(EscalationError, match=f"^deny holds the glob '.*': {why}"):
        check_glob("deny", glob)


@pytest.mark.parametrize(
    "glob", ["infra/prod/**", "**/*.tfstate", "*", "/x", "a/", "[ab].py", "\\#x", "...", "a b", "é/**"]
)
def test_an_ordinary_glob_is_none(glob: str) -> None:
    check_glob("deny", glob)


def test_too_many_globs_are_an_error() -> None:
    check_globs("deny", ["a/**"] * MAX_GLOBS)
    with pytest.raises(
        EscalationError, match=r"^deny holds 1,001 globs: use 1,000 at most, and name folders"
    ):
        check_globs("deny", ["a/**"] * (MAX_GLOBS + 1))


def _respell(name: str, choice: int) -> str:
    """Another spelling of a name, which some system takes for the same file."""
    spellings = (
        name,
        name.upper(),
        name.title(),
        f"{name}.",
        f"{name} ",
        f"{name}::$DATA",
        normalize("NFD", name),
        f"{name} . .",
        f"{name}. :x:$DATA",
        "".join(f"%{byte:02X}" for byte in name.encode()),
        f"{name[:-1]}\u200b{name[-1]}",
    )
    return spellings[choice]


@given(st.sampled_from(PATHS), st.lists(st.integers(0, 10), min_size=8, max_size=8), st.sampled_from("/\\"))
def test_a_rule_holds_for_every_spelling_that_a_system_takes_for_the_same_file(
    path: str, choices: list[int], slash: str
) -> None:
    names = path.split("/")
    spelling = slash.join(_respell(name, choice) for name, choice in zip(names, choices, strict=False))
    assert covers(path, spelling)
    assert covers(names[0], spelling)
    assert covers(path.upper(), spelling)


@given(st.sampled_from(PATHS), st.booleans())
def test_a_rule_of_a_folder_holds_whatever_case_the_folder_is_written_in(path: str, upper: bool) -> None:
    root = os.path.abspath("/no/such/Shop")
    base = root.upper() if upper else root.lower()
    rule = Layer("repository", "here", replace(OPEN, deny=(path.lower(),)), base)
    verdict = judge(prompt(root, path), permissions([layer("user", USER), rule], [root]), "eu")
    assert f"{path} never leaves: {path.lower()} is denied in here" in verdict.reasons
