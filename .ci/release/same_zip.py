"""Writes a zip file again so that the same files give the same bytes: in order, with one time and one mode.

It knows nothing of what is in it. The time is in UTC.

Usage: python same_zip.py FILE SECONDS
"""

import sys
import time
import zipfile
from pathlib import Path

OLDEST = 315532800  # 1980, before which a zip file cannot say a time
READABLE = 0o100644 << 16


def rewrite(archive: Path, epoch: int) -> None:
    """Write the archive again, with `epoch`, in seconds, as the time of all its files."""
    with zipfile.ZipFile(archive) as old:
        files = {name: old.read(name) for name in sorted(old.namelist())}
    made = time.gmtime(max(epoch, OLDEST))[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name, raw in files.items():
            entry = zipfile.ZipInfo(name, made)
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = READABLE
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, raw)


if __name__ == "__main__":
    rewrite(Path(sys.argv[1]), int(sys.argv[2]))
