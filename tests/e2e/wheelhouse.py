"""The packages that a machine without assist installs: the wheel of this checkout, and llama.cpp's.

llama.cpp is compiled only once, for this checkout's own environment. Here its installed files are packed into
a wheel again, so that nothing is compiled.
"""

import base64
import hashlib
import shutil
import subprocess
import zipfile
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parents[2]


def build_wheels(folder: Path) -> Path:
    """Put both wheels into the folder, and return it."""
    uv = shutil.which("uv") or ROOT / ".uv/bin/uv"  # the same places as in the Makefile
    subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", str(folder)], cwd=ROOT, check=True)
    pack("llama-cpp-python", folder)
    return folder


def pack(name: str, folder: Path) -> Path:
    """Pack an installed distribution into a wheel."""
    found = distribution(name)
    tags = [
        line.removeprefix("Tag: ")
        for line in str(found.read_text("WHEEL")).splitlines()
        if line.startswith("Tag: ")
    ]
    stem = f"{name.replace('-', '_')}-{found.version}"
    path = folder / f"{stem}-{tags[0]}.whl"
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as wheel:
        for each in found.files or ():
            if ".." in each.parts or each.name in {
                "RECORD",
                "INSTALLER",
                "REQUESTED",
                "direct_url.json",
                "uv_cache.json",
            }:
                continue
            if each.suffix != ".pyc":
                raw = each.locate().read_bytes()
                digest = base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()
                record.append(f"{each},sha256={digest},{len(raw)}")
                wheel.writestr(str(each), raw)
        wheel.writestr(f"{stem}.dist-info/RECORD", "\n".join([*record, f"{stem}.dist-info/RECORD,,", ""]))
    return path
