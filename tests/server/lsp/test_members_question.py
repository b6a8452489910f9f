"""Which clients are asked what other language servers know, and how their lists are read."""

from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types

from assist_server.editor.editor_knowledge import EditorKnowledge
from assist_server.lsp.editor_knowledge import MOST, _member_list, ask_about_members


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (None, "none"),
        ({}, "none"),
        ({"assistEditorKnowledge": False}, "none"),
        ({"assistEditorKnowledge": True}, "on"),
    ],
)
def test_only_a_client_that_says_so_is_asked(said: Any, state: str) -> None:
    knowledge = EditorKnowledge(lambda: True)
    server: Any = SimpleNamespace(session=SimpleNamespace(context=SimpleNamespace(knowledge=knowledge)))
    ask_about_members(server, types.ClientCapabilities(experimental=said))
    assert knowledge.state == state


@pytest.mark.parametrize(
    ("item", "names"),
    [
        ({"label": "total"}, {"total"}),
        ({"label": "name?", "filterText": ".name"}, {"name"}),  # TypeScript, of a member that may be missing
        ({"label": "push(…)", "filterText": "push"}, {"push"}),  # rust-analyzer
        ({"label": " • add(item: Item)"}, {"add"}),
        ({"label": ""}, set()),
        ({"label": 1, "filterText": None}, set()),
        ("total", set()),
    ],
)
def test_an_item_is_read_for_its_name(item: Any, names: set[str]) -> None:
    listed = _member_list({"items": [item]})
    assert listed is not None
    assert listed.names == names


def test_a_list_is_as_long_as_was_asked_for() -> None:
    items = [{"label": f"a{number}", "kind": 2} for number in range(MOST + 1)]
    cut, whole = _member_list({"items": items}), _member_list({"items": items[:-1]})
    assert cut is not None
    assert whole is not None
    assert (len(cut.names), cut.missing, whole.missing) == (MOST, True, False)
