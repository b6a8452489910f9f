"""The keys of VS Code's extension: a key of a next edit is what it was while something else has it."""

import json
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "vscode-extension" / "package.json"
BINDINGS = {
    (binding["command"], binding["key"], binding["when"].partition(" ")[0]): set(
        binding["when"].split(" && ")
    )
    for binding in json.loads(PACKAGE.read_text())["contributes"]["keybindings"]
    if binding["command"].startswith("assist.nextEdit.")
}
GO = ("assist.nextEdit.go", "tab", "assist.nextEdit")
DISMISS = ("assist.nextEdit.dismiss", "escape", "assist.nextEdit")
DISMISS_GHOST = ("assist.nextEdit.dismiss", "escape", "assist.nextEditGhost")
CHAIN = ("assist.nextEdit.chain", "ctrl+alt+enter", "assist.nextEditChain")


def test_each_key_needs_an_offer() -> None:
    assert set(BINDINGS) == {GO, DISMISS, DISMISS_GHOST, CHAIN}


@pytest.mark.parametrize(
    ("others", "keys"),
    [
        ("suggestWidgetVisible", [GO, DISMISS, DISMISS_GHOST]),  # an open list
        ("inlineSuggestionVisible", [GO, DISMISS]),  # ghost text
        ("inSnippetMode", [GO, DISMISS]),
        ("editorHasSelection", [GO, DISMISS]),
        ("editorHasMultipleSelections", [GO, DISMISS]),
        ("editorTabMovesFocus", [GO]),
        ("editorReadonly", [GO, CHAIN]),
        ("findWidgetVisible", [DISMISS, CHAIN]),
        ("editorHoverVisible", [DISMISS]),
        ("renameInputVisible", [DISMISS]),
    ],
)
def test_what_has_the_key_first(others: str, keys: list[tuple[str, str, str]]) -> None:
    assert [key for key in BINDINGS if f"!{others}" in BINDINGS[key]] == keys


def test_escape_dismisses_what_is_shown_as_ghost_text() -> None:
    assert "inlineSuggestionVisible" in BINDINGS[DISMISS_GHOST]
