"""Writes SHA256SUMS for a folder of built files, as `sha256sum --check` reads it, and says what is there.

Usage: python checksums.py FOLDER
"""

import hashlib
import sys
from pathlib import Path

SUMS = "SHA256SUMS"
INSTALL = """
To install the program:    uv tool install {wheel}
                       or  pipx install {wheel}
To install the extension:  code --install-extension {extension}
Neither needs a compiler. The extension needs no other file: it sets up the program itself.
docs/install.md says more.
"""


def write(folder: Path) -> list[str]:
    """Write the checksums of all files in the folder; return the lines."""
    built = sorted(path for path in folder.iterdir() if path.name != SUMS)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in built]
    (folder / SUMS).write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    return lines


def summary(folder: Path) -> str:
    """Say what the folder holds, with sizes, and how to install it."""
    sizes = [f"{path}  {path.stat().st_size / 1e3:,.0f} kB" for path in sorted(folder.iterdir())]
    [wheel] = folder.glob("*.whl")
    [extension] = folder.glob("*.vsix")
    return "\n".join(sizes) + "\n" + INSTALL.format(wheel=wheel, extension=extension)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    sys.stdout.write(summary(Path(sys.argv[1])))
