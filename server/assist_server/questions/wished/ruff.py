"""What ruff says of a text: it gets the text on its stdin, and reads the settings that the team chose for it.

It runs no code of a project, writes nothing, and is never a program from inside of the workspace.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from assist_context.programs import find_program, system_variables
from assist_context.wished_edits.linter_edit import AskRuff, Findings

_CHECK = ("check", "--no-cache", "--no-fix", "--exit-zero", "--output-format=json", "--fixable=ALL")
_PATIENCE = 10.0  # seconds: a large file takes ruff 0.1


def ruff_for(file: str, roots: Sequence[str]) -> AskRuff | None:
    """The ruff of the PATH, or of this interpreter's folder, for texts of a file; `None` if there is none.

    One in a folder of the workspace, which `roots` are, is none.
    """
    own = str(Path(sys.executable).parent)
    ruff = find_program("ruff", outside=roots) or find_program("ruff", own, outside=roots)
    return partial(_ask, ruff, file) if ruff else None


def _ask(ruff: str, file: str, rules: str, text: str) -> Findings | None:
    try:
        done = subprocess.run(
            [ruff, *_CHECK, f"--select={rules}", f"--stdin-filename={file}", "-"],
            input=text.encode("utf-8", "surrogatepass"),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            cwd=os.path.dirname(ruff),
            env=system_variables(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return found if isinstance(found, list) else None
