"""How each agent's tools are called for what the script asks."""

import json
from pathlib import Path
from typing import Any

from bench.sessions.script import ToolUse

Call = tuple[str, Any]  # the name of a tool and its arguments; text for a tool that takes text


def calls_for(use: ToolUse, tools: set[str], root: Path) -> Call:
    """The call of one of the agent's `tools`; a path in it is absolute."""
    if "Read" in tools:
        return _claude(use, root)
    if "read" in tools:
        return _opencode(use, root)
    return _codex(use, tools, root)


def _claude(use: ToolUse, root: Path) -> Call:
    full = str(root / use.path)
    match use.kind:
        case "read":
            part = {"offset": use.first, "limit": use.count} if use.count else {}
            return "Read", {"file_path": full, **part}
        case "search":
            return "Bash", {"command": _search_command(use.text), "description": "Search the code"}
        case "edit":
            old, new = line_edit(root / use.path, use.text)
            return "Edit", {"file_path": full, "old_string": old, "new_string": new}
        case "write":
            return "Write", {"file_path": full, "content": use.text}
    return "Bash", {"command": use.text, "description": "Run a command"}


def _opencode(use: ToolUse, root: Path) -> Call:
    full = str(root / use.path)
    match use.kind:
        case "read":
            part = {"offset": use.first, "limit": use.count} if use.count else {}
            return "read", {"filePath": full, **part}
        case "search":
            return "grep", {"pattern": use.text, "path": str(root)}
        case "edit":
            old, new = line_edit(root / use.path, use.text)
            return "edit", {"filePath": full, "oldString": old, "newString": new}
        case "write":
            return "write", {"filePath": full, "content": use.text}
    return "bash", {"command": use.text, "description": "Runs a command"}


def _codex(use: ToolUse, tools: set[str], root: Path) -> Call:
    if use.kind in ("edit", "write") and "apply_patch" in tools:
        return "apply_patch", _patch(use, root)
    first = max(1, use.first)
    command = {
        "read": f"sed -n '{first},{first + use.count - 1}p' {use.path}" if use.count else f"cat {use.path}",
        "search": _search_command(use.text),
        "run": use.text,
    }.get(use.kind, "true")
    if "exec_command" in tools:
        return "exec_command", {"cmd": command}
    if "shell_command" in tools:
        return "shell_command", {"command": command}
    return "shell", {"command": ["bash", "-lc", command]}


def _search_command(pattern: str) -> str:
    return f"grep -rnE -C2 --exclude-dir=.git -e {json.dumps(pattern)} . | head -n 120"


def _patch(use: ToolUse, root: Path) -> str:
    if use.kind == "write":
        added = "\n".join(f"+{line}" for line in use.text.rstrip("\n").split("\n"))
        return f"*** Begin Patch\n*** Add File: {use.path}\n{added}\n*** End Patch"
    old, new = line_edit(root / use.path, use.text)
    lines = [f"-{line}" for line in old.split("\n")] + [f"+{line}" for line in new.split("\n")]
    return "\n".join(("*** Begin Patch", f"*** Update File: {use.path}", "@@", *lines, "*** End Patch"))


def line_edit(path: Path, said: str) -> tuple[str, str]:
    """A line that the file has once, and the same with a comment in a line after it."""
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    single = (line for line in lines[len(lines) // 3 :] if len(line.strip()) > 12 and text.count(line) == 1)
    old = next(single, lines[0])
    mark = "//" if path.suffix in (".go", ".rs", ".ts") else "#"
    return old, f"{old}\n{mark} {said}"
