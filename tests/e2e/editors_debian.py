"""The editors, drivers and tools that the tests in this folder need from Debian's packages.

`python tests/e2e/editors_debian.py` installs what is missing, as root. If nothing is missing, it does
nothing.
"""

import shutil
import subprocess
from pathlib import Path

# How to tell that a package is installed: a program, or files.
WANTED = {
    "chromium": ("chromium", ""),
    "fonts-dejavu-core": ("", "/usr/share/fonts/truetype/dejavu/*"),
    "fonts-noto-color-emoji": ("", "/usr/share/fonts/truetype/noto/NotoColorEmoji*"),
    "gcc": ("cc", ""),
    "libc6-dev": ("", "/usr/include/stdio.h"),
    "mesa-vulkan-drivers": ("", "/usr/share/vulkan/icd.d/lvp_icd*.json"),  # a graphics device in software
    "tmux": ("tmux", ""),
    "hx": ("hx", ""),
    "emacs-nox": ("emacs", ""),
    "elpa-lsp-mode": ("", "/usr/share/emacs/site-lisp/elpa/lsp-mode-*"),
    "elpa-company": ("", "/usr/share/emacs/site-lisp/elpa/company-*"),
}
PATIENCE = "DPkg::Lock::Timeout=300"  # seconds to wait for another apt


def install() -> None:
    """Install the missing editors. Raises `CalledProcessError` if apt-get fails."""
    missing = [package for package, (program, files) in WANTED.items() if not _there(program, files)]
    if missing:
        subprocess.run(["apt-get", "-o", PATIENCE, "update"], check=True)
        command = ["apt-get", "-o", PATIENCE, "install", "-y", "--no-install-recommends", *missing]
        subprocess.run(command, check=True)


def _there(program: str, files: str) -> bool:
    return bool(shutil.which(program) if program else list(Path("/").glob(files.lstrip("/"))))


if __name__ == "__main__":
    install()
