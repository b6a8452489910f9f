"""Which calls get their secrets back: only edits of files, by tools and servers that are known or named."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_escalation.policy.permissions import Author
from assist_gateway.dialects.edit_tools import EditRules, edit_tool, restore_arguments
from assist_gateway.road.road_inputs import RoadInputs
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
    assert (edit_tool(name, RULES.servers) is not None) == is_edit


SERVERS = st.from_regex(r"[a-z][a-z0-9_-]{0,12}", fullmatch=True).filter(
    lambda name: name.strip("_") not in ("filesystem", "notes")
)


@given(SERVERS, st.sampled_from(WRITES), st.sampled_from(["mcp__{}__{}", "{}__{}", "MCP__{}__{}"]))
def test_a_server_that_no_one_named_gets_no_secret(server: str, tool: str, form: str) -> None:
    given = given_to(form.format(server, tool), path="a.py", content=PLACE, new_string=PLACE, diff=PLACE)
    assert SECRET not in given


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
    for name in ("write", "mcp__filesystem__write_file", "edit"):
        assert SECRET not in given_to(name, **{"content": PLACE, "new_string": PLACE, **paths})


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
    edits = [{"cmd": f"send {PLACE}", "oldText": "a", "newText": f"k={PLACE}"}]
    given = json.loads(given_to("edit", path="a.py", edits=edits, command=PLACE))
    assert given["edits"] == [{"cmd": f"send {PLACE}", "oldText": "a", "newText": f"k={SECRET}"}]
    assert given["command"] == PLACE


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
    ],
)
def test_a_patch_names_no_other_file_in_any_reading(head: str) -> None:
    patch = f"*** Begin Patch\n*** Add File: a.py\n+k={PLACE}\n{head}\n+x\n*** End Patch"
    assert SECRET not in given_to("apply_patch", input=patch)
    assert SECRET not in restore_arguments("apply_patch", patch, {PLACE: SECRET}, RULES)
    alone = patch.replace(f"{head}\n", "")
    assert SECRET in restore_arguments("apply_patch", alone, {PLACE: SECRET}, RULES)
    assert SECRET not in given_to("apply_patch", input=alone, path="/etc/x")


def test_the_users_own_file_alone_names_servers(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[gateway]\nedit_servers = ["notes"]\n')
    environ = {"ASSIST_CONFIG_DIR": str(tmp_path), "ASSIST_DATA_DIR": str(tmp_path / "data")}
    inputs = RoadInputs(load_lenient(environ, ()))
    assert inputs.parts().edit_servers == ("notes",)
    inputs.close()
    others: tuple[Author, ...] = ("organisation", "repository", "editor")
    assert not [author for author in others if may_say(author, ("gateway", "edit_servers"))]
