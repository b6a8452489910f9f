"""Random prompts: if one text may not leave, under any name, nothing of the prompt does."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from gates import allowed, parts, request
from hypothesis import example, given
from hypothesis import settings as run
from hypothesis import strategies as st
from rounds import rounds

from assist_escalation.errors import EscalationError
from assist_escalation.gate.prepare import GateParts, prepare
from assist_escalation.policy.permissions import Permissions
from assist_escalation.prompts import Origin, Span, TextSource

DENIED = (
    *("private/card.py", "private/deep/notes.txt", "café/menu.py", "schema.sql", ".env"),
    *("certs/host.pem", ".ssh/config"),
)
OTHER_CLASS = "restricted/plan.py"
OPEN = ("src/app.py", "src/menü.py", "README.md", "deep/er/x.py")
LINKS = {
    "src/link.py": "../private/card.py",
    "src/folder": "../private",
    "src/plan.py": "../restricted/plan.py",
    "src/env.py": "../.env",
    "src/out.py": "../../outside.py",
}
BEHIND = ("src/link.py", "src/folder/card.py", "src/plan.py", "src/env.py", "src/out.py")
# Other spellings of a path that some system, library or person takes for the same file.
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.swapcase,
    lambda path: unicodedata.normalize("NFD", path),
    lambda path: path.replace("p", "\uff50").replace("e", "\uff45"),  # full width
    lambda path: f"./{path}",
    lambda path: path.replace("/", "/./"),
    lambda path: path.replace("/", "//"),
    lambda path: f"src/../{path}",
    lambda path: f"src/%2e%2e/{path}",
    lambda path: path.replace("/", "%2F").replace(".", "%2e"),
    lambda path: path.replace("/", "\\"),
    lambda path: "/".join(f"{part}. ." for part in path.split("/")),
    lambda path: f"{path}::$DATA",
    lambda path: f"{path[:2]}\u200b{path[2:]}",
    lambda path: f"{path[:2]}\u00ad{path[2:]}",
)
UNSURE = (  # origins that cannot be verified; {} is the folder
    Origin("clipboard", "src/app.py", "{}"),  # type: ignore[arg-type]
    Origin("", "", ""),  # type: ignore[arg-type]
    Origin("file", "", "{}"),
    Origin("file", "src/app.py", ""),
    Origin("file", "src/app.py", "src"),
    Origin("file", "src/app.py", "/"),
    Origin("file", "{}/src/app.py", "{}"),
    Origin("file", "app.py", "{}/src"),
    Origin("file", "../space/src/app.py", "{}"),
    Origin("editor", "x\0.py", "{}"),
)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files that may leave, files that may not, and links from the first to the others."""
    root = tmp_path_factory.mktemp("policy") / "space"
    for path in (*DENIED, OTHER_CLASS, *OPEN, "../outside.py"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x = 1\n")
    for path, target in LINKS.items():
        (root / path).symlink_to(target)
    return root


@pytest.fixture(scope="module")
def policed(space: Path) -> tuple[Permissions, GateParts]:
    """The permissions of the folder, and a gate whose ledger has entries."""
    rules = {"deny": ("private/", "café/**", "*.sql"), "data_class": {"restricted/**": "restricted"}}
    return allowed("http://127.0.0.1:9/v1", space, **rules), parts(space.parent)


@st.composite
def origins(draw: st.DrawFn) -> tuple[bool, Origin]:
    """Whether a text of this origin may leave, and the origin."""
    kind = draw(st.sampled_from(("fine", "fine", "fine", "fine", "fine", "denied", "linked", "unsure")))
    source: TextSource = draw(st.sampled_from(("file", "editor")))
    if kind == "unsure":
        return False, draw(st.sampled_from(UNSURE))
    if kind == "linked":
        return False, Origin(source, draw(st.sampled_from(BEHIND)), "{}")
    if kind == "denied":
        path = draw(st.sampled_from((*DENIED, OTHER_CLASS)))
        for spelt in draw(st.lists(st.sampled_from(SPELLINGS), max_size=3, unique=True)):
            path = spelt(path)
        return False, Origin(draw(st.sampled_from(("file", "editor", "user", "assist"))), path, "{}")
    path = draw(st.sampled_from(("", *OPEN)))
    return True, Origin(source, path, "{}") if path else Origin(draw(st.sampled_from(("user", "editor"))))


def spans_of(root: Path, found: list[tuple[bool, Origin]]) -> Iterator[Span]:
    for number, (may, origin) in enumerate(found):
        text = f"{'open' if may else 'closed'}_{number} = {number}\n"
        there = {name: getattr(origin, name).replace("{}", str(root)) for name in ("path", "root")}
        yield Span(text, replace(origin, **there))


@run(max_examples=rounds(300))
@example(found=[(False, Origin("file", "src. ./... ./RESTRICTED. ./PLAN.PY. .", "{}"))])
@example(found=[(False, Origin("file", "%2\u200beENV", "{}"))])
@given(found=st.lists(origins(), min_size=1, max_size=6))
def test_no_payload_holds_what_the_policy_keeps(
    space: Path, policed: tuple[Permissions, GateParts], found: list[tuple[bool, Origin]]
) -> None:
    permissions, made = policed
    asked = request(permissions, tuple(spans_of(space, found)))
    if all(may for may, _ in found):
        payload = prepare(asked, made).messages.user
        assert all(span.text in payload for span in asked.prompt.spans), "what may leave is not kept"
        return
    with pytest.raises(EscalationError):
        prepare(asked, made)
