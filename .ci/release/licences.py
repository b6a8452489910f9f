"""The licence of a package, as an SPDX expression. It knows no bill of materials and no network.

Packages say their licence in three ways, of which only the newest is exact: an expression, the name of a
class ("Apache Software License"), or any text. `licences.toml` has what none of them says.
"""

import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

UNKNOWN = "NOASSERTION"  # SPDX's word for a licence that its package does not declare
KNOWN = tomllib.loads(Path(__file__).with_name("licences.toml").read_text(encoding="utf-8"))
NAMES = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


def licence_of(package: str) -> str:
    """Return a package's licence as an SPDX expression. Raises `LookupError` if neither it nor we say one."""
    if said := next(filter(None, map(_expression, _statements(package))), KNOWN.get(package)):
        return str(said)
    raise LookupError(
        f"No licence is known for {package}: read its files, and add it to .ci/release/licences.toml."
    )


def _statements(package: str) -> list[str]:
    """What the package says, the most exact first; nothing if it is not installed."""
    try:
        said = metadata(package)
    except PackageNotFoundError:
        return []
    classes = [
        name.split(" :: ")[-1] for name in said.get_all("Classifier") or () if name.startswith("License")
    ]
    first_line = (said.get("License") or "").strip().partition("\n")[0].strip()
    return [said.get("License-Expression") or "", first_line, *classes]


def _expression(words: str) -> str:
    """The words as an SPDX expression; "" if they are none."""
    try:
        return str(canonicalize_license_expression(NAMES.get(words, words)))
    except InvalidLicenseExpression:
        return ""
