"""A made-up agent in a workspace with rules, whose history grows with each turn. It opens no connection."""

import json
import random
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assist_gateway.tool_tokens import ToolToken, add_tool
from assist_server.config.config import Config, load

SETTINGS = """
[escalation]
mode = "auto"
max_cost_usd_per_request = 100
max_cost_usd_per_day = 100000
[gateway]
max_cost_usd_per_session = 100000
[egress]
deny = ["http/**", "xml/**"]
[providers.acme]
base_url = "{url}"
model = "m"
residency = ["internal"]
context_tokens = 10000000
price = {{ input_usd_per_mtok = 3.0, output_usd_per_mtok = 15.0 }}
"""
_FOLDERS = ("asyncio", "email", "encodings", "http", "importlib", "json", "logging", "unittest", "xml")


def workspace(folder: Path, url: str) -> tuple[Config, ToolToken, str]:
    """Settings, a tool and its token, for a repository with a part of Python's library, some of it denied."""
    shop = folder / "shop"
    library = Path(sysconfig.get_path("stdlib"))
    for name in _FOLDERS:
        shutil.copytree(library / name, shop / name, ignore=shutil.ignore_patterns("__pycache__", "test*"))
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(shop))
    for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "first")):
        subprocess.run([*git, *command], check=True)
    for name in ("config", "data"):
        (folder / name).mkdir()
    (folder / "config/config.toml").write_text(SETTINGS.format(url=url), encoding="utf-8")
    config = load(environ(folder))
    tool = ToolToken("agent", (shop.resolve(),), unattributed=True)
    return config, tool, add_tool(config.paths.data, tool)


def environ(folder: Path) -> dict[str, str]:
    """The variables with which `assist` uses the workspace's settings."""
    return {"ASSIST_CONFIG_DIR": str(folder / "config"), "ASSIST_DATA_DIR": str(folder / "data")}


def session(shop: Path, turns: int, tokens: int, seed: int = 1) -> Iterator[list[dict[str, Any]]]:
    """The messages of each turn of an agent that reads files, until its history has so many tokens.

    Every seventh text has a password, and every tenth is from a file that is denied.
    """
    chance = random.Random(seed)
    files = sorted(path for path in shop.rglob("*.py") if path.stat().st_size > 4_000)
    denied = [path for path in files if path.parts[len(shop.parts)] in ("http", "xml")]
    allowed = [path for path in files if path not in denied]
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "You are an agent. " * 200},
        {"role": "user", "content": "Change the settings of the shop."},
    ]
    size = tokens * 4 // turns  # characters that a turn adds
    for turn in range(turns):
        path = chance.choice(denied if turn % 10 == 4 else allowed)
        text = path.read_text(encoding="utf-8", errors="replace")
        start = chance.randrange(max(1, len(text) - size))
        lines = (text + "\n" + Path(random.__file__).read_text(encoding="utf-8"))[start : start + size].split(
            "\n"
        )
        if turn % 7 == 3:
            lines.insert(2, f'password = "{chance.getrandbits(60):x}Ab!"')
        arguments = json.dumps({"filePath": str(path.relative_to(shop))})
        function = {"name": "read", "arguments": arguments}
        messages += [
            {"role": "assistant", "content": f"I read file {turn}.",
             "tool_calls": [{"id": f"call_{turn}", "type": "function", "function": function}]},
            {"role": "tool", "tool_call_id": f"call_{turn}", "content": "\n".join(lines)},
        ]  # fmt: skip
        yield messages
