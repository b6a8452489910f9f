"""Which calls get their secrets back: only edits of files, by tools and servers that are known or named."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_escalation.policy.permissions import Author
from assist_gateway.dialects.edit_tools import EditRules, edit_tool, restore_arguments
from assist_gateway.proxy.proxy_inputs import ProxyInputs
from assist_server.config.config import load_lenient
from assist_server.config.layers import may_say

PLACE = "__SECRET_TOKEN_aa11bb22cc33_1__"
SECRET = "ghp_0123456789"
RULES = EditRules(lambda path: None if path.startswith(("/", "infra/")) or ".." in path else "", ("notes",))
WRITES = ("write", "write_file", "create", "create_file", "edit", "replace", "apply_diff", "str_replace")


def given_to(name: str, *, rules: EditRules = RULES, **arguments: Any) -> str:
    return restore_arguments(name, json.dumps(arguments), {PLACE: SECRET}, rules)


@pytest.mark.parametrize(
    ("name", "is_edit"),
    [
        ("write", True),
        ("Write", True),
        ("multi_edit", True),
        ("mcp__filesystem__write_file", True),
        ("filesystem__write_file", True),
        ("mcp__notes__create", True),  # as the user has named that server
        ("mcp__github__create", False),
        ("github__create", False),
        ("mcp__a__filesystem__write_file", False),
        ("mcp__filesystem__x__write_file", False),
        ("mcp____write_file", False),
        ("__write_file", False),
        ("mcp_github_create_file", False),
        ("github_create_file", False),
        ("github-create_file", False),
        ("mcp--github--create_file", False),
        ("E-d_i-T", False),
        ("bash", False),
    ],
)
def test_only_known_and_named_servers_edit(name: str, is_edit: bool) -> None:
    assert (edit_tool(name, RULES) is not None) == is_edit


OPENCODE = frozenset(("bash", "edit", "glob", "grep", "read", "todowrite", "webfetch", "write"))
COPILOT = frozenset(("bash", "create", "edit", "glob", "grep", "list_bash", "read_bash", "view"))


@pytest.mark.parametrize(
    ("offered", "name", "is_edit"),
    [
        (OPENCODE, "edit", True),
        (OPENCODE, "apply_patch", True),
        (OPENCODE, "filesystem_write_file", True),
        (OPENCODE, "notes_create", True),  # as the user has named that server
        (OPENCODE, "notebook_edit", False),  # `edit` of a server `notebook`
        (OPENCODE, "search_replace", False),
        (OPENCODE, "text_editor", False),
        (OPENCODE, "write_file", False),
        (OPENCODE, "github_filesystem_write_file", False),
        (OPENCODE, "mcp__filesystem__write_file", False),
        (OPENCODE, "todowrite", False),
        (COPILOT, "create", True),
        (COPILOT, "filesystem-write_file", True),
        (COPILOT, "notes-create", True),
        (COPILOT, "str-replace", False),
        (COPILOT, "github-create", False),
        (COPILOT, "filesystem_write_file", False),
    ],
)
def test_an_agent_that_joins_names_by_one_sign_has_its_own_tools(
    offered: frozenset[str], name: str, is_edit: bool
) -> None:
    assert (edit_tool(name, replace(RULES, offered=offered)) is not None) == is_edit


SERVERS = st.from_regex(r"[a-z][a-z0-9_-]{0,12}", fullmatch=True).filter(
    lambda name: name.strip("_") not in ("filesystem", "notes")
)


@given(SERVERS, st.sampled_from(WRITES), st.sampled_from(["mcp__{}__{}", "{}__{}", "MCP__{}__{}"]))
def test_a_server_that_no_one_named_gets_no_secret(server: str, tool: str, form: str) -> None:
    for text in ("content", "new_string", "new_str", "diff"):
        assert SECRET not in given_to(form.format(server, tool), path="a.py", **{text: PLACE})


@pytest.mark.parametrize(
    "paths",
    [
        {},
        {"path": ""},
        {"path": None},
        {"path": ["a.py"]},
        {"path": {"a": "a.py"}},
        {"path": "https://evil.example/a.py"},
        {"path": "file:///work/a.py"},
        {"path": " s3://bucket/a.py"},
        {"path": "mailto:me"},
        {"path": "me@evil.example:a.py"},
        {"path": "c://evil.example/a.py"},
        {"path": "//evil.example/a.py"},
        {"path": "\\\\evil.example\\share\\a.py"},
        {"path": "~/public/a.py"},
        {"path": "$HOME/public/a.py"},
        {"path": "infra/a.py"},
        {"path": "a.py", "file_path": "infra/a.py"},
        {"path": "a.py", "filePath": "/etc/x"},
        {"path": "a.py", "target_file": "/etc/x"},
        {"path": "a.py", "uri": "https://evil.example"},
        {"path": "a.py", "paths": ["b.py", "/etc/x"]},
        {"path": "a.py", "edits": [{"new_string": "x", "file_path": "/etc/x"}]},
        {"filepath": "b.py", "path": ["a.py", 1]},
        {"uri": "a.py"},
    ],
)
def test_every_path_has_to_be_a_file_that_may_change(paths: dict[str, Any]) -> None:
    for name, text in (
        ("write", "content"),
        ("mcp__filesystem__write_file", "content"),
        ("edit", "new_string"),
    ):
        assert SECRET not in given_to(name, **{text: PLACE, **paths})


@pytest.mark.parametrize(
    "paths",
    [
        {"path": "a.py"},
        {"path": "src/a:b.py"},
        {"path": "app/routes/$id.py"},
        {"path": "C:\\work\\a.py"},
        {"path": "a.py", "filePath": "b.py", "file_path": None},
    ],
)
def test_a_file_that_may_change_gets_them(paths: dict[str, Any]) -> None:
    assert json.loads(given_to("write", content=PLACE, **paths))["content"] == SECRET
    assert json.loads(given_to("mcp__notes__write", content=PLACE, **paths))["content"] == SECRET


def test_only_the_texts_of_an_edit_get_them() -> None:
    edits = [{"oldText": "a", "newText": f"k={PLACE}"}]
    given = json.loads(given_to("edit", path="a.py", edits=edits, instruction=f"Set {PLACE}"))
    assert given["edits"] == [{"oldText": "a", "newText": f"k={SECRET}"}]
    assert given["instruction"] == f"Set {PLACE}"


@pytest.mark.parametrize(
    "others",
    [
        {"url": "https://evil.example/up"},
        {"destination": "https://evil.example"},
        {"host": "evil.example"},
        {"host": 3232235777},
        {"dest": "/srv/x"},
        {"output": "x"},
        {"target": "infra/x.py"},
        {"cwd": "/srv/public"},
        {"workspace": "public"},
        {"root": "/"},
        {"base_dir": "https://evil"},
        {"owner": "evil", "repo": "x"},
        {"folderId": "x", "share": True},
        {"Path": "infra/x.py"},
        {"command": "up"},
        {"options": {"url": "x"}},
        {"options": [{"url": "x"}]},
        {"description": "https://evil.example/up"},
        {"description": "/srv/x y"},
        {"description": "evil.example"},
        {"description": ["evil:x"]},
        {"description": {"to": "evil"}},
    ],
)
def test_a_call_with_an_argument_that_may_lead_elsewhere_keeps_placeholders(others: dict[str, Any]) -> None:
    for name, text in (("write", "content"), ("mcp__notes__create_file", "content"), ("edit", "new_string")):
        assert SECRET not in given_to(name, path="a.py", **{text: PLACE, **others})
    edits = [{"old_string": "a", "new_string": PLACE, **others}]
    assert SECRET not in given_to("multiedit", file_path="a.py", edits=edits)
    patch = f"*** Begin Patch\n*** Add File: a.py\n+k={PLACE}\n*** End Patch"
    assert SECRET not in given_to("apply_patch", input=patch, **others)


REAL_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("Write", {"file_path": "a.py", "content": PLACE}),
    ("Edit", {"file_path": "a.py", "old_string": "a", "new_string": PLACE, "replace_all": False}),
    ("NotebookEdit", {"notebook_path": "a.py", "new_source": PLACE, "cell_id": "c1", "edit_mode": "insert"}),
    ("edit", {"filePath": "a.py", "oldString": "a", "newString": PLACE, "replaceAll": True}),
    ("replace", {"file_path": "a.py", "instruction": "In a.py: set it, see http://x/y.", "old_string": "a",
                 "new_string": PLACE, "expected_replacements": 1}),
    ("create_file", {"filePath": "a.py", "content": PLACE}),
    ("replace_string_in_file", {"explanation": "Set it.", "filePath": "a.py", "oldString": "a",
                                "newString": PLACE}),
    ("insert_edit_into_file", {"explanation": "Set the key", "filePath": "a.py", "code": PLACE}),
    ("edit_file", {"display_description": "Set the key", "path": "a.py", "mode": "edit",
                   "edits": [{"old_text": "a", "new_text": PLACE}]}),
    ("mcp__filesystem__edit_file", {"path": "a.py", "edits": [{"oldText": "a", "newText": PLACE}], "dryRun": True}),
    ("str_replace_based_edit_tool", {"command": "insert", "path": "a.py", "insert_line": 3, "insert_text": PLACE}),
    ("str_replace_editor", {"command": "create", "path": "a.py", "file_text": PLACE, "view_range": [1, -1],
                            "security_risk": "LOW"}),
    ("write_to_file", {"path": "a.py", "content": PLACE, "line_count": 1, "task_progress": "- [x] Set it"}),
    ("insert_content", {"path": "a.py", "line": "3", "content": PLACE}),
    ("apply_patch", {"input": f"*** Begin Patch\n*** Add File: a.py\n+{PLACE}\n*** End Patch",
                     "explanation": "Set it."}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), REAL_CALLS)
def test_calls_as_agents_write_them_get_them(name: str, arguments: dict[str, Any]) -> None:
    assert json.loads(given_to(name, **arguments)) == json.loads(json.dumps(arguments).replace(PLACE, SECRET))


@pytest.mark.parametrize(
    "head",
    [
        "*** Update File: infra/a.py",
        " *** Update File: infra/a.py",
        "\t***  Update  File : infra/a.py",
        "***Add File: /etc/x",
        "*** delete file: /etc/x",
        "*** Move to: /tmp/x",
        "*** Update File: https://evil.example/a.py",
        "*** Add File:",
        "+y\r*** Add File: /etc/x",
        "+y\u2028*** Add File: /etc/x",
        "*** Add File: b.py\u2028/../../x",
        "*** Create File: infra/a.py",
        "*** Add Files: infra/a.py",
        "\ufeff*** Add File: infra/a.py",
        "\u200b\ufeff*** Add File: infra/a.py",
        "--- a/infra/a.py\n+++ b/infra/a.py\n@@",
        "+y\r--- a/infra/a.py\r\n+++ b/infra/a.py\n@@",
        "--- /dev/null\n\ufeff+++ b/infra/a.py\n@@",
        "diff --git a/infra/a.py b/infra/a.py",
        "Index: infra/a.py",
        "*** infra/a.py\n--- infra/a.py\n***************",
    ],
)
def test_a_patch_names_no_other_file_in_any_reading(head: str) -> None:
    patch = f"*** Begin Patch\n*** Add File: a.py\n+k={PLACE}\n{head}\n+x\n*** End Patch"
    assert SECRET not in given_to("apply_patch", input=patch)
    assert SECRET not in restore_arguments("apply_patch", patch, {PLACE: SECRET}, RULES)
    alone = patch.replace(f"{head}\n", "")
    assert SECRET in restore_arguments("apply_patch", alone, {PLACE: SECRET}, RULES)
    assert SECRET not in given_to("apply_patch", input=alone, path="/etc/x")


def test_lines_of_text_in_a_patch_are_no_heads() -> None:
    lines = ["@@", " ***", "--- a comment of SQL", "+-- and its new text", "+*** Create File: x", " index.html",
             "*** End of File"]  # fmt: skip
    patch = "\n".join(["*** Begin Patch", "*** Update File: a.py", *lines, f"+k={PLACE}", "*** End Patch"])
    assert SECRET in given_to("apply_patch", input=patch)


def test_the_users_own_file_alone_names_servers(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[gateway]\nedit_servers = ["notes"]\n')
    environ = {"ASSIST_CONFIG_DIR": str(tmp_path), "ASSIST_DATA_DIR": str(tmp_path / "data")}
    inputs = ProxyInputs(load_lenient(environ, ()))
    assert inputs.parts().edit_servers == ("notes",)
    inputs.close()
    others: tuple[Author, ...] = ("organisation", "repository", "editor")
    assert not [author for author in others if may_say(author, ("gateway", "edit_servers"))]
