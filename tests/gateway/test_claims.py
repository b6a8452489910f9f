"""Which files a request claims to quote, by the arguments of calls and by what is written around code."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_gateway.claims import ALL_IN, claimed_in_call, claimed_in_command, claims_in_text
from assist_gateway.dialects.bodies import BodyWalk, body_table, claimed_in_json


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        ({"path": "src/pay.py"}, ["src/pay.py"]),
        ({"file_path": "/home/me/shop/.env"}, ["/home/me/shop/.env"]),
        ({"filePath": "a.py", "offset": 3}, ["a.py"]),
        ({"target_file": "a.py:12-30"}, ["a.py:12-30", "a.py"]),
        ({"paths": ["a.py", "b.py"]}, ["a.py", "b.py"]),
        ({"files": [{"path": "a.py"}, {"path": "b.py"}]}, ["a.py", "b.py"]),
        ({"uri": "file:///home/me/a.py"}, ["/home/me/a.py"]),
        ({"command": "cat a.py"}, ["a.py"]),
        ({"command": ["bash", "-lc", "cd app && nl -ba src/pay.py | head"]}, ["app/src/pay.py"]),
        ({"cmd": "sed -n '1,200p' infra/prod/main.tf"}, ["infra/prod/main.tf"]),
        ({"command": "grep -n rate --include=x src/pay.py > out.txt"}, ["src/pay.py", "out.txt"]),
        ({"command": "cat 'my notes/a b.txt'; cat $(echo .env)"}, [".env"]),
        ({"command": "cat < .env"}, [".env"]),
        ({"location": "src/pay.py"}, ["src/pay.py"]),
        ({"input": json.dumps({"path": "a.py"})}, ["a.py"]),
        ({"path": "'src/pay.py'"}, ["src/pay.py"]),
        ({"command": "bash -lc 'cat src/pay.py'"}, ["src/pay.py"]),
        ({"command": "head -1 infra/prod/* && cat {a,b}"}, ["infra/prod/*"]),
        ({"command": "git show HEAD:src/pay.py"}, ["src/pay.py"]),
        ({"command": "F=src/pay.py; cat $F ${PWD}/app/b.py"}, ["src/pay.py", "app/b.py"]),
        ({"command": "Get-Content src\\pay.py"}, ["src/pay.py"]),
        ({"content": "the path of this is a.py", "query": "b.py"}, []),
    ],
)
def test_the_arguments_of_a_call_name_its_files(arguments: dict[str, Any], paths: list[str]) -> None:
    found = claimed_in_call(arguments)
    assert set(paths) <= set(found)
    assert paths or not found


@pytest.mark.parametrize(
    "command",
    [
        "grep -rn --exclude-dir=.git x",
        "grep -rn --exclude .git x",
        "find src -not -path ./.git",
        "find src ! -name .git",
        "find src -name .git -prune",
    ],
)
def test_what_a_command_leaves_out_is_not_named(command: str) -> None:
    assert not any(".git" in path for path in claimed_in_command(command))
    assert "./.git" in claimed_in_command("find ./.git"), "and what it shows is"


@pytest.mark.parametrize(
    "command",
    [
        "grep -rnE 'key|.env|token' src",
        'cd app && rg "key|.env" src | head -3',
        'grep -rn "key\\|.env" src',
        "X=1 git grep -n 'load;.env'",
        "cat a.py; rg -- '<.env>' && ls",
        "for f in *.py; do grep -c '(.env)' $f; done",
    ],
)
def test_a_part_of_a_pattern_is_no_file(command: str) -> None:
    assert ".env" not in {path.rpartition("/")[2] for path in claimed_in_command(command)}


@pytest.mark.parametrize(
    "command",
    [
        "sh -c 'cat<.env'",
        "bash -lc 'grep x a.py|cat .env'",
        "grep x 'a|b' .env",
        "grep -f .env 'a|b'",
        "grep 'a|b' a.py | cat .env",
        "grep 'a|b' a.py; cat<.env",
        'grep "a|$(cat .env)" a.py',
        'rg "a|`cat<.env`" a.py',
        "python -c \"print(open('.env').read())|'rg x'\"",
        "awk '/rg/|getline<\".env\"' a.py",
        "sudo grep 'a' a.py|cat<.env",
        "grep 'it''s' x; cat<.env # 'a|b'",
        "grep 'a|b x; cat<.env",
        "rg 'a|b' \x01; cat<.env",
        "git log --grep 'a|b';cat<.env",
        "cat <<'EOF' | grep 'a|b'\n$(cat .env)\nEOF\ncat<.env",
        "eval 'grep a b|cat<.env'",
    ],
)
def test_what_runs_in_quotes_or_beside_a_pattern_names_its_files(command: str) -> None:
    assert ".env" in claimed_in_command(command)


def test_a_name_with_signs_of_the_shell_is_named_whole() -> None:
    assert "app/(shop)/keys.ts" in claimed_in_command("grep -n total 'app/(shop)/keys.ts'")


@pytest.mark.parametrize(
    ("text", "path", "part"),
    [
        ("```python src/pay.py\nx = 1\n```\nend", "src/pay.py", "x = 1\n"),
        ("```src/pay.py:3-9\nx = 1\n```", "src/pay.py", "x = 1\n"),
        ("```py:src/pay.py\nx = 1\n```", "src/pay.py", "x = 1\n"),
        ('````ts title="src/pay.ts"\n```\nx\n````', "src/pay.ts", "```\nx\n"),
        ("src/pay.py\n```\nx = 1\n```", "src/pay.py", "x = 1\n"),
        ("### `src/pay.py` (lines 3-9)\n\n```py\nx = 1\n```", "src/pay.py", "x = 1\n"),
        ("**File: src/pay.py**\n~~~\nx = 1\n~~~", "src/pay.py", "x = 1\n"),
        ("Here is .env:\n```\nA=1\n", ".env", "A=1\n"),
        ('<file path="src/pay.py">\nx = 1\n</file>\nbye', "src/pay.py", "x = 1\n"),
        ("==> src/pay.py <==\nx = 1\n\n==> b.py <==\ny = 2", "src/pay.py", "x = 1\n\n"),
        (
            "diff --git a/src/pay.py b/src/pay.py\n@@ -1 +1 @@\n-x\n+y\n",
            "src/pay.py",
            "@@ -1 +1 @@\n-x\n+y\n",
        ),
        (
            "--- a/old.py\n+++ b/src/pay.py\t2026\n@@ -1 +1 @@\n-x\n+y\n",
            "src/pay.py",
            "@@ -1 +1 @@\n-x\n+y\n",
        ),
        ('<file_content path="src/pay.py">\nx = 1\n</file_content>', "src/pay.py", "x = 1\n"),
        ("<file><path>src/pay.py</path>\nx = 1\n", "src/pay.py", "x = 1\n"),
        ("// filepath: src/pay.py\nx = 1\n", "src/pay.py", "x = 1\n"),
        ("Look:\n```ts\n# src/pay.py\nx = 1\n```\n", "src/pay.py", "x = 1\n```\n"),
        ("*** Update File: src/pay.py\n@@\n-x\n+y\n", "src/pay.py", "@@\n-x\n+y\n"),
        ("$ cat src/pay.py\nx = 1\n", "src/pay.py", "x = 1\n"),
    ],
)
def test_what_is_around_code_names_its_file(text: str, path: str, part: str) -> None:
    claims = [claim for claim in claims_in_text(text) if claim.path == path]
    assert [text[claim.start : claim.end] for claim in claims] == [part]


def test_arguments_that_are_no_good_json_name_their_files() -> None:
    assert claimed_in_json('{"path": "src/pay.py",}') == ("path", "src/pay.py")
    assert set(claimed_in_json('{"path": "a.py", "path": "b.py"}')) == {"a.py", "b.py"}


def test_calls_of_one_id_count_both_until_a_result_comes() -> None:
    walk = BodyWalk(body_table("chat"))
    for path in ("a.py", "b.py"):
        walk.call("c1", {"path": path})
    assert walk.claims_of("c1") == ("a.py", "b.py")
    walk.call("c1", {"path": "c.py"})
    assert walk.claims_of("c1") == ("c.py",)


def test_a_key_in_a_patch_that_a_command_applies_is_no_file() -> None:
    found = claimed_in_command(
        "apply_patch <<'EOF'\n*** Update File: a.yaml\n-  password: 'x'\n+  password: 'y'\nEOF"
    )
    assert "a.yaml" in found
    assert "password:" not in found


def test_words_of_prose_name_no_file() -> None:
    assert (
        claims_in_text("Please read src/pay.py and .env, then run `cat .env`.\n\n## .env\nIt has keys.") == ()
    )


@given(
    arguments=st.recursive(
        st.text() | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["path", "command", "x"]), inner),
        max_leaves=20,
    )
)
def test_any_call_and_any_text_is_normal_input(arguments: Any) -> None:
    claimed_in_call({"arguments": arguments, "command": json.dumps(arguments)})
    text = json.dumps(arguments, ensure_ascii=False) + "\n```" + str(arguments)
    for claim in claims_in_text(text):
        assert 0 <= claim.start <= claim.end <= len(text)
    claimed_in_command(text)


@pytest.mark.parametrize(
    "arguments",
    [
        json.dumps({"paths": [f"a/{number}.py" for number in range(3000)]}),
        json.dumps({"command": "cat " + " ".join(f"a/{number}" for number in range(2500))}),
        json.dumps({"command": f"echo {'x ' * 10_000}; cat src/pay.py"}),
        "[" + " ".join(f'"a/{number}.py"' for number in range(3000)),
    ],
)
def test_more_paths_than_are_judged_may_be_any_file(arguments: str) -> None:
    assert f".{ALL_IN}" in claimed_in_json(arguments)


def test_a_command_that_writes_a_file_of_ten_kilobytes_names_no_more_than_its_words() -> None:
    words = " ".join(f"name{number}" for number in range(1000))
    assert f".{ALL_IN}" not in claimed_in_json(json.dumps({"command": f"cat > a.py <<E\n{words}\nE\n"}))
