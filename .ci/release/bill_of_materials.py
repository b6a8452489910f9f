"""Writes the bill of materials: what a release consists of, with hashes and licences, as CycloneDX JSON.

uv says what the Python part needs, from the lock file; esbuild says what is bundled into the extension. This
adds the licences, and leaves out what differs from one build to the next.

Usage: uv export --format cyclonedx1.5 ... | python bill_of_materials.py EXTENSION SECONDS > FILE
"""

import base64
import json
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bundle import BundledPackage, bundled_packages
from licences import UNKNOWN, licence_of

Bill = dict[str, Any]


def complete(bill: Bill, packages: list[BundledPackage], made: datetime) -> Bill:
    """Return uv's bill with licences, with the packages in the extension, and with `made` as its time."""
    parts = [_with_licence(part, licence_of(part["name"])) for part in bill["components"]]
    in_extension = [_npm_part(package) for package in packages]
    root = _with_licence(bill["metadata"]["component"], "Apache-2.0")
    whole = {
        **bill,
        "metadata": {**bill["metadata"], "timestamp": f"{made:%Y-%m-%dT%H:%M:%SZ}", "component": root},
        "components": parts + in_extension,
    }
    for row in whole["dependencies"]:
        if row["ref"] == root["bom-ref"]:
            row["dependsOn"] += [part["bom-ref"] for part in in_extension]
    del whole["serialNumber"]  # a random one: ours says what is in the bill
    serial = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(whole, sort_keys=True))
    return {**whole, "serialNumber": f"urn:uuid:{serial}"}


def _npm_part(package: BundledPackage) -> Bill:
    algorithm, _, digest = package.integrity.partition("-")
    hashed = {"alg": algorithm.replace("sha", "SHA-"), "content": base64.b64decode(digest).hex()}
    part = {
        "type": "library",
        "bom-ref": f"npm-{package.name}@{package.version}",
        "name": package.name,
        "version": package.version,
        "purl": f"pkg:npm/{package.name.replace('@', '%40')}@{package.version}",
        "hashes": [hashed],
    }
    return _with_licence(part, package.licence)


def _with_licence(part: Bill, licence: str) -> Bill:
    said = {"license": {"name": UNKNOWN}} if licence == UNKNOWN else {"expression": licence}
    return {**part, "licenses": [said]}


if __name__ == "__main__":
    when = datetime.fromtimestamp(int(sys.argv[2]), UTC)
    json.dump(complete(json.load(sys.stdin), bundled_packages(Path(sys.argv[1])), when), sys.stdout, indent=2)
    sys.stdout.write("\n")
