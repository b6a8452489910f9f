"""What the scripted model asks an agent to do: reads, searches, edits and commands over a workspace.

It also plants files: made-up secrets, and texts that the rules of the replay keep.
"""

import random
from dataclasses import dataclass
from pathlib import Path

from bench.sessions.workspace_states import git

PER_PROMPT = 15  # requests of the agent before it answers its user
_LINE = 2_400  # characters of the long line, more than agents show of one
_LARGEST = 60_000


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call: `read` (a file, or `count` lines from `first`), `search`, `edit`, `write` or `run`."""

    kind: str
    path: str = ""
    text: str = ""
    first: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class PlantedFiles:
    """The files that were added, and the paths that a data class keeps."""

    secrets: tuple[str, ...]
    secret_files: tuple[str, ...]
    restricted: tuple[str, ...]
    log: str
    late: str


def plant(root: Path, chance: random.Random) -> PlantedFiles:
    """Add files with secrets to a workspace, one of which a log has too, a denied file and two restricted."""
    late = f"tulip-harbor-{chance.randrange(1000, 9999)}"
    token = f"{chance.getrandbits(160):040x}"
    passwords = [f"{chance.getrandbits(60):x}{end}" for end in ("Zz?", "Pp#")]
    client = f"{chance.getrandbits(150):x}"
    key = f"sk_live_{chance.getrandbits(120):x}"
    rates = "\n".join(
        f"    ('{chance.getrandbits(32):08x}', {chance.random():.6f}),  # tariff {row} of region {row % 7}"
        for row in range(180)
    )
    long_line = ",".join(f'"{chance.getrandbits(48):x}"' for _ in range(_LINE // 15))
    log = "\n".join(
        f"2026-03-0{1 + number % 9} 10:{number % 60:02}:00 worker {number}: opened the shop as "
        f"{late if number == 7 else 'guest' + str(number)}"
        for number in range(40)
    )
    texts = {
        "deploy/settings.py": f'HOST = "db.internal"\nDATABASE_PASSWORD = "{passwords[0]}"\n',
        "deploy/ci.yaml": f"deploy:\n  script: ./deploy.sh\n  api_token: {token}\n  retries: 3\n",
        "docs/operations.md": f"# Operations\n\nLog in with the password `{passwords[1]}`.\n",
        "tests/accounts.json": f'{{"user": "ada", "client_secret": "{client}"}}\n',
        "deploy/app.log": log + "\n",
        "deploy/late.py": f'SHOP_PASSWORD = "{late}"\nRETRIES = 5\n',
        ".env": f"STRIPE_KEY={key}\nREGION=eu-central-1\nQUEUE=orders-blue\n",
        "billing/rates.py": f"RATES = [\n{rates}\n]\n",
        "billing/table.js": f"export const table = [{long_line}];\nexport const version = 7;\n",
    }
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with (root / ".gitignore").open("a", encoding="utf-8") as rules:
        rules.write("\n.env\n")
    for name, value in (("user.name", "bench"), ("user.email", "bench@example.org")):
        git(root, "config", name, value)
    git(root, "add", "-A", own_index=False)
    git(root, "commit", "-qm", "Add a deployment", own_index=False)
    secret_files = ("deploy/settings.py", "deploy/ci.yaml", "docs/operations.md", "tests/accounts.json")
    own = committed_sources(root)
    restricted = ("billing/rates.py", "billing/table.js", *chance.sample(own, 2))
    found = (late, *passwords, token, client, key)
    return PlantedFiles(found, secret_files, restricted, "deploy/app.log", "deploy/late.py")


def committed_sources(root: Path) -> list[str]:
    """The repository's own source files of 2 to 60 KB."""
    listed = git(root, "ls-files", "-z", own_index=False)
    found = [name for name in listed.split("\0") if name.endswith((".py", ".ts", ".go", ".rs"))]
    return [
        name
        for name in found
        if 2_000 < (root / name).stat().st_size < _LARGEST
        and not name.startswith(("deploy/", "billing/"))
        and not (root / name).is_symlink()
    ]


def uses(root: Path, planted: PlantedFiles, turns: int, chance: random.Random) -> list[tuple[ToolUse, ...]]:
    """What is asked in each turn; () is the answer that ends a prompt."""
    own = [name for name in committed_sources(root) if name not in planted.restricted]
    chance.shuffle(own)
    fixed = _same_in_all(planted, turns)
    found: list[tuple[ToolUse, ...]] = []
    last = own[0]
    for turn in range(turns):
        if turn % PER_PROMPT == PER_PROMPT - 1 or turn == turns - 1:
            found.append(())
        elif turn in fixed:
            found.append(fixed[turn])
        elif turn % 3 == 0 or not found[-1]:
            last = own[turn % len(own)]
            found.append(_reads(last, own[(turn + 1) % len(own)], chance))
        elif turn % 3 == 1:
            found.append((ToolUse("edit", last, f"edited in turn {turn}"),))
        else:
            found.append((_search_or_run(last, turn, chance),))
    return found


def _same_in_all(planted: PlantedFiles, turns: int) -> dict[int, tuple[ToolUse, ...]]:
    """What each session has at the same share of its turns: secrets, kept files, and late secrets."""
    secrets = planted.secret_files
    kept = planted.restricted
    by_share = {
        0.03: (ToolUse("read", secrets[0]), ToolUse("read", secrets[1])),
        0.06: (ToolUse("run", text="head -n 3 deploy/settings.py deploy/ci.yaml"),),
        0.09: (ToolUse("read", ".env"),),
        0.13: (ToolUse("run", text="cat .env deploy/settings.py"),),
        0.17: (ToolUse("read", planted.log),),
        0.19: (ToolUse("run", text="cat .e*v"),),
        0.22: (ToolUse("read", kept[0]), ToolUse("read", kept[1])),
        0.28: (ToolUse("run", text=f"cat {kept[2]} | head -c 9000"),),
        0.33: (ToolUse("search", text="tariff"), ToolUse("search", text="client_secret|api_token")),
        0.38: (ToolUse("run", text="git log -p -2 | head -n 260"),),
        0.42: (ToolUse("run", text=f"awk '{{print NR\": \"$0}}' {kept[3]} | sed -n 20,90p"),),
        0.47: (ToolUse("run", text="for f in billing/*; do cat $f; done"),),
        0.52: (ToolUse("read", planted.late),),
        0.55: (ToolUse("read", kept[2]),),
        0.58: (ToolUse("edit", kept[2], "edited once, with a longer remark"),),
        0.60: (ToolUse("run", text="git grep -n -h -C3 'edited once'; cat $(git ls-files -m)"),),
        0.63: (ToolUse("run", text="cat $(git ls-files | grep -E 'py$|ts$|go$|rs$' | head -n 12)"),),
        0.65: (ToolUse("run", text="sed -i s/blue/green/ .env"),),
        0.68: (ToolUse("edit", secrets[0], "edited late"),),
        0.70: (ToolUse("run", text=f"sed -i 's/edited once, with a longer/changed by another/' {kept[2]}"),),
        0.78: (ToolUse("run", text="git diff --color=always"),),
        0.80: (ToolUse("write", "deploy/notes.md", "# Notes\n\nThe deployment reads its settings.\n"),),
        0.82: (ToolUse("run", text="git add -A && git commit -qm 'Change some functions'"),),
        0.85: (ToolUse("read", kept[2], first=30, count=60),),
        0.88: (ToolUse("read", secrets[2]), ToolUse("read", secrets[3])),
    }  # fmt: skip
    return {int(share * turns): calls for share, calls in by_share.items()}


def _reads(path: str, other: str, chance: random.Random) -> tuple[ToolUse, ...]:
    whole = ToolUse("read", path)
    if chance.random() < 0.5:
        return (whole,)
    return (whole, ToolUse("read", other, first=chance.randrange(1, 80), count=chance.choice([20, 60, 120])))


def _search_or_run(path: str, turn: int, chance: random.Random) -> ToolUse:
    commands = (
        "python -m pytest -q -x --color=yes 2>&1 | tail -n 40",
        f"sed -n '1,80p' {path}",
        f"nl -ba {path} | sed -n '10,60p'",
        f"git blame {path} | head -n 40",
        "git status --short && git diff --stat",
        f"grep -rn -C2 'return' {path} | head -n 80",
        "ls -la && find . -name '*.md' | head -n 20",
    )
    if turn % 2:
        return ToolUse("search", text=chance.choice(["def ", "import", "TODO", "raise", "version"]))
    return ToolUse("run", text=chance.choice(commands))
