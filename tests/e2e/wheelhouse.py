"""The packages that a machine without assist installs: this checkout's wheel, and llama.cpp's without compiling.

llama.cpp is compiled once, for this checkout's own environment; here its installed files are a wheel again.
"""

import base64
import hashlib
import shutil
import subprocess
import zipfile
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parents[2]


def filled(folder: Path) -> Path:
    """The folder with both wheels in it."""
    uv = shutil.which("uv") or ROOT / ".uv/bin/uv"  # as the Makefile finds it
    subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", str(folder)], cwd=ROOT, check=True)
    packed("llama-cpp-python", folder)
    return folder


def packed(name: str, folder: Path) -> Path:
    """An installed distribution as a wheel."""
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
