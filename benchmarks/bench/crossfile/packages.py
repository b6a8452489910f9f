"""The packages that cross-file holes are taken from: pinned, hashed, with permissive licences.

Each is installed into its own folder. They are not part of this repository and are never imported: their
files are only read as text. All are pure wheels, so every machine gets the same files. It knows no hole and
no model.
"""

import email
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PERMISSIVE = {"MIT", "APACHE-2.0", "BSD-2-CLAUSE", "BSD-3-CLAUSE", "ISC", "0BSD"}
CLASSIFIERS = ("MIT License", "Apache Software License", "BSD License", "ISC License (ISCL)")
_PREFIX = "License :: OSI Approved :: "


@dataclass(frozen=True, slots=True)
class Package:
    """A release and its wheel's sha256. `folder` is the package's own folder in the wheel.

    `young`: first published after the training data of Qwen2.5-Coder were collected (spring of 2024).
    """

    name: str
    version: str
    folder: str
    sha256: str
    young: bool = False


PACKAGES = (
    Package("httpx", "0.28.1", "httpx", "d909fcccc110f8c7faf814ca82a9a4d816bc5a6dbfea25d6591d6985b8ba59ad"),
    Package("llm", "0.36", "llm", "801263d046854d15e3f45ee8da5024c23c313d129f67c7c93961649c531bb050"),
    Package("pygls", "2.1.1", "pygls", "510a6dea2476177230c7d851125e5948efdf3fdb9ebfd8543fc434972f8faed4"),
    Package(
        "starlette",
        "1.10.0",
        "starlette",
        "478c0ab3b4ced6e82719849c118fa406f0278a3499c1a898cd15cd31bdc38ce4",
    ),
    Package(
        "structlog",
        "26.1.0",
        "structlog",
        "e081a26d6c373e6d201eca24eede26d8ffab07f88f477822e679183428d3d91e",
    ),
    Package(
        "inline-snapshot",
        "0.36.1",
        "inline_snapshot",
        "9d795198efcf956670a8ed588c85708dd3575a08341c63e2b34745a2ba0c6245",
    ),
    Package(
        "cyclopts",
        "5.5.2",
        "cyclopts",
        "4fbe863ebace1c65dafc6520c82217915b103d27fbd1d8fcd168f2abcca3a12a",
    ),
    Package(
        "dbos", "3.4.0", "dbos", "78f6015dbcfffb1a981a371a37a46b1991949b3bf9b5f03d1588f53475081912", True
    ),
    Package("mcp", "2.3.0", "mcp", "dd0c44c089d16453e8ae31a3877a0054d7a2314caaa81f5e0541b9b1734b2377", True),
    Package(
        "openai-agents",
        "0.24.0",
        "agents",
        "18d4ac34e84ed937333ec8ce46395ed3521ffcbb0a521780a4c2eaa451467f49",
        True,
    ),
    Package(
        "a2a-sdk", "1.3.0", "a2a", "b94a73b5dc7ff1afe5f11d324480f83386a64d02b8a6b719baf013595284cc6c", True
    ),
    Package(
        "strands-agents",
        "1.62.0",
        "strands",
        "331c94c61a5ddf2c4f06dfd877551bdd1d0bfee5ea89b76d6c546b65ea2104e1",
        True,
    ),
    Package(
        "deepagents",
        "0.7.32",
        "deepagents",
        "366bd66c786a66c8d639e40f99614d9e5d37236adf4c5b158f0b2cb27956e28b",
        True,
    ),
    Package(
        "fastapi-cloud-cli",
        "0.28.0",
        "fastapi_cloud_cli",
        "e1409bc42017a86f8092fdf1dd64ead129698936cfeb151a6c3e023f611fd620",
        True,
    ),
)


class NotAllowedError(Exception):
    """A package cannot be used; the message says why."""


def install(package: Package, data: Path) -> Path:
    """Return the folder that holds `package.folder`, and install it if needed. Raises `NotAllowedError`.

    pip checks the hash. Dependencies are left out, because nothing is run.
    """
    root = data / f"{package.name}-{package.version}"
    if not (root / package.folder).is_dir():
        root.mkdir(parents=True, exist_ok=True)
        pinned = root / "requirements.txt"
        pinned.write_text(
            f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8"
        )
        quiet = ["--quiet", "--disable-pip-version-check", "--no-compile"]
        exact = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", str(pinned)]
        command = [sys.executable, "-m", "pip", "install", *quiet, *exact, "--target", str(root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        pinned.unlink()
        if done.returncode:
            raise NotAllowedError(f"{package.name} {package.version}: {done.stderr.strip()}")
    metadata = next(root.glob("*.dist-info/METADATA"), None)
    if metadata is None or not is_permissive(metadata.read_text(encoding="utf-8")):
        raise NotAllowedError(
            f"{package.name} {package.version} does not say that its licence is permissive."
        )
    return root


def is_permissive(metadata: str) -> bool:
    """Return whether a wheel's METADATA names permissive licences and no others.

    >>> is_permissive("License-Expression: MIT OR Apache-2.0\\n\\n")
    True
    >>> is_permissive("License-Expression: MIT AND GPL-3.0-only\\n\\n")
    False
    """
    fields = email.message_from_string(metadata)
    expression = fields["License-Expression"] or _short(fields["License"])
    if expression:
        return {name.upper() for name in re.findall(r"[\w.+-]+", expression)} <= {*PERMISSIVE, "OR", "AND"}
    named = [each for each in fields.get_all("Classifier", []) if each.startswith("License ::")]
    return bool(named) and all(each.removeprefix(_PREFIX) in CLASSIFIERS for each in named)


def _short(text: str | None) -> str:
    """Return the old License field, unless it holds the whole text of a licence."""
    return text.strip() if text and "\n" not in text.strip() and len(text) < 40 else ""


def packages_named(names: Iterable[str]) -> list[Package]:
    """Return the packages with these names, or all without names.

    Raises `NotAllowedError` for an unknown name.
    """
    known = {package.name: package for package in PACKAGES}
    for name in names:
        if name not in known:
            raise NotAllowedError(f"{name}: use one of {', '.join(known)}")
    return [known[name] for name in names] or list(PACKAGES)
