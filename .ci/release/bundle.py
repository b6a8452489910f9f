"""What esbuild took into the extension from npm packages. It knows no bill of materials.

Usage: python bundle.py EXTENSION > FILE. It writes the licences of these packages: each asks to come along.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = re.compile(r"node_modules/(?:@[^/]+/)?[^/]+")


@dataclass(frozen=True, slots=True)
class BundledPackage:
    """An npm package in the extension. `integrity` is npm's: an algorithm, and a digest in base64."""

    name: str
    version: str
    licence: str
    integrity: str
    folder: Path


def bundled_packages(extension: Path) -> list[BundledPackage]:
    """Return the packages that the built extension holds, by name."""
    inputs = json.loads((extension / "dist/bundle.json").read_text(encoding="utf-8"))["inputs"]
    locked = json.loads((extension / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    folders = {found[0] for found in map(FOLDER.match, inputs) if found}
    return [
        BundledPackage(
            folder.removeprefix("node_modules/"),
            locked[folder]["version"],
            locked[folder]["license"],
            locked[folder]["integrity"],
            extension / folder,
        )
        for folder in sorted(folders)
    ]


def notices(packages: list[BundledPackage]) -> str:
    """Return the licence texts. Raises `LookupError` for a package without one."""
    return "\n".join(
        f"{package.name} {package.version}\n\n{_text(package).strip()}\n" for package in packages
    )


def _text(package: BundledPackage) -> str:
    for path in sorted(package.folder.iterdir()):
        if path.name.casefold().startswith(("license", "licence")) and path.is_file():
            return path.read_text(encoding="utf-8")
    raise LookupError(f"{package.name} has no file with its licence.")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(notices(bundled_packages(Path(sys.argv[1]))))
