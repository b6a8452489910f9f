"""A git repository with a history, written in one go: functions in three languages, tests, fixes, documentation."""

import os
import subprocess
from pathlib import Path

from assist_context.files.git_repository import Git

GIT = Git({"PATH": os.environ["PATH"], "HOME": "/nowhere"})

WORDS = ("total", "price", "count", "weight", "length", "margin", "amount", "volume", "factor", "height")


def python_module(number: int, *, fixed: bool, renamed: bool) -> str:
    """A module with two functions; the first one was wrong before its fix, and a name changes at two places."""
    word = WORDS[number % len(WORDS)]
    sign = "+" if fixed else "-"
    result = "result" if renamed else "value"
    return f'''"""What the shop knows about {word}."""


def add_{word}_{number}(first, second, bonus=0):
    """Add two numbers of {word} and then the bonus that belongs to number {number}."""
    {result} = first + second
    if bonus > {number}:
        {result} = {result} {sign} bonus
    return {result}


def scale_{word}_{number}(items, factor):
    """Multiply every item of a list of {word} with the same factor of this shop."""
    scaled_{word} = [item * factor for item in items if item is not None]
    return sorted(scaled_{word}, reverse=factor < 0)
'''


def python_test(number: int) -> str:
    """Tests that notice a wrong body."""
    word = WORDS[number % len(WORDS)]
    return f"""from shop.mod_{number} import add_{word}_{number}, scale_{word}_{number}


def test_add_{word}_{number}():
    assert add_{word}_{number}(2, 3) == 5
    assert add_{word}_{number}(2, 3, {number} + 1) == 6 + {number}


def test_scale_{word}_{number}():
    assert scale_{word}_{number}([3, None, 1], 2) == [2, 6]
    assert scale_{word}_{number}([3, 1], -2) == [-2, -6]
"""


def go_file(number: int) -> str:
    word = WORDS[number % len(WORDS)].capitalize()
    return f"""package shop

// Sum{word}{number} adds all numbers of a slice and returns what comes out in the end.
func Sum{word}{number}(items []int) int {{
	total := 0
	for _, item := range items {{
		total += item * {number}
	}}
	return total
}}
"""


def typescript_file(number: int) -> str:
    word = WORDS[number % len(WORDS)]
    return f"""// Joins the names of a list of {word} with the separator that the caller gives.
export function join{word}{number}(names: string[], separator: string): string {{
  const kept = names.filter((name) => name.length > {number});
  return kept.map((name) => name.trim()).join(separator);
}}
"""


def make_history(root: Path, modules: int = 12) -> Path:
    """A repository in `root` with about five commits for each module, the newest one checked out."""
    root.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True, capture_output=True)
    stream: list[bytes] = []
    when = 1_700_000_000

    def commit(subject: str, files: dict[str, str]) -> None:
        nonlocal when
        when += 86_400
        message = subject.encode()
        stream.append(
            b"commit refs/heads/main\ncommitter A <a@b.example> %d +0000\ndata %d\n%s\n"
            % (when, len(message), message)
        )
        for path, text in files.items():
            data = text.encode()
            stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data))

    commit("Begin", {"README.md": "# A shop\n\nWhat it sells.\n", "shop/__init__.py": "", "conftest.py": ""})
    for number in range(modules):
        word = WORDS[number % len(WORDS)]
        module = f"shop/mod_{number}.py"
        commit(f"Add the functions of {word}", {module: python_module(number, fixed=False, renamed=False)})
        commit(
            f"Fix the wrong sign of the bonus of {word}",
            {module: python_module(number, fixed=True, renamed=False)},
        )
        commit(
            f"Rename the value of {word} to what it is",
            {module: python_module(number, fixed=True, renamed=True)},
        )
        commit(f"Test {word}", {f"tests/test_mod_{number}.py": python_test(number)})
        page = (
            f"# The {word} of the shop\n\nText.\n\n## How {word} number {number} is counted\n\nMore text.\n"
        )
        more = {f"docs/{word}_{number}.md": page, f"web/join{number}.ts": typescript_file(number)}
        commit(f"Describe {word}", {**more, f"go/sum{number}.go": go_file(number)})
    done = subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=root, input=b"".join(stream), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    subprocess.run(["git", "checkout", "-q", "-f", "main"], cwd=root, check=True, capture_output=True)
    return root
