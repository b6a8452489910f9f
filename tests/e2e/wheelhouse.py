"""llama.cpp as a wheel, so that a test of Set Up need not compile it again.

llama.cpp is compiled only once, for this checkout's own environment. Here its installed files are packed into
a wheel again. Set Up installs only files whose hash the extension carries, so that the test's extension gets the
hash of this wheel in addition. All else is installed as users install it.
"""

import base64
import hashlib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

LLAMA = "llama-cpp-python"
REQUIREMENTS = "extension/dist/python/requirements.txt"  # inside of a .vsix


def links_to(wheel: Path) -> Path:
    """A page for pip's `find-links` that gives the wheel's hash; without one pip prefers a package whose hash it knows."""
    page = wheel.with_name("links.html")
    page.write_text(f'<a href="{wheel.name}#sha256={_sha256(wheel)}">{wheel.name}</a>\n')
    return page


def allow(vsix: Path, wheel: Path, made: Path) -> Path:
    """Copy an extension to `made`; the copy allows this wheel of llama.cpp in addition to what the lock file has."""
    with zipfile.ZipFile(vsix) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.infolist():
            raw = old.read(each)
            if each.filename == REQUIREMENTS:
                raw = _with_hash(raw.decode(), _sha256(wheel)).encode()
            new.writestr(each, raw)
    return made


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _with_hash(requirements: str, digest: str) -> str:
    lines = requirements.split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith(f"{LLAMA}=="))
    return "\n".join([*lines[: at + 1], f"    --hash=sha256:{digest} \\", *lines[at + 1 :]])


def pack(name: str, folder: Path) -> Path:
    """Pack an installed distribution into a wheel."""
    found = distribution(name)
    tags = [
        line.removeprefix("Tag: ")
        for line in str(found.read_text("WHEEL")).splitlines()
        if line.startswith("Tag: ")
    ]
    stem = f"{name.replace('-', '_')}-{found.version}"
    folder.mkdir(parents=True, exist_ok=True)
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
