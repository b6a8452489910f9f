"""What `make dist` adds to the builders' work: the same bytes twice, licences, hashes and checksums."""

import hashlib
import json
import re
import tomllib
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bill_of_materials
import bundle
import checksums
import hashed_requirements
import pytest
import same_zip
from inline_snapshot import snapshot
from licences import licence_of
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).parents[2]
LOCKED = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
NOON = 1_800_014_400


def product() -> dict[str, list[str]]:
    """What an installation from the wheel brings, without extras, each with the addresses of its wheels."""
    found: dict[str, list[str]] = {}
    left = ["assist-lsp"]
    while left:
        name = left.pop()
        if name not in found:
            rows = [row for row in LOCKED if row["name"] == name]  # more than one: for different Pythons
            found[name] = [wheel["url"] for row in rows for wheel in row.get("wheels", ())]
            left += [needed["name"] for row in rows for needed in row.get("dependencies", ())]
    del found["assist-lsp"]
    return found


LINUX = ("2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5", "2014", "2010", "1")
SYSTEMS = {
    "Linux x64": [f"manylinux{'' if '_' not in age else '_'}{age}_x86_64" for age in LINUX],
    "Linux arm64": [f"manylinux{'' if '_' not in age else '_'}{age}_aarch64" for age in LINUX],
    "macOS arm64": list(mac_platforms((14, 0), "arm64")),
    "Windows x64": ["win_amd64"],
}


@pytest.mark.parametrize("minor", [11, 12, 13, 14])
@pytest.mark.parametrize("system", SYSTEMS)
def test_each_dependency_has_a_wheel(system: str, minor: int) -> None:
    fitting = {
        *cpython_tags((3, minor), platforms=SYSTEMS[system]),
        *compatible_tags((3, minor), platforms=SYSTEMS[system]),
    }
    without = {
        name for name, wheels in product().items() if not any(_tags(wheel) & fitting for wheel in wheels)
    }
    assert not without - {"httpx2-jsfetch"}  # which is for browsers


def _tags(url: str) -> frozenset[Tag]:
    return parse_wheel_filename(url.rsplit("/", 1)[-1])[3]


def test_each_dependency_has_a_licence() -> None:
    assert len(product()) > 40
    assert all(map(licence_of, product()))


def test_a_package_without_a_known_licence_is_named() -> None:
    with pytest.raises(LookupError, match="No licence is known for no-such-package"):
        licence_of("no-such-package")


def test_a_zip_file_has_the_same_bytes_whenever_and_in_whatever_order_it_was_written(tmp_path: Path) -> None:
    files = {"b/two.txt": b"two" * 99, "a.txt": b"one"}
    archives = [tmp_path / "first.zip", tmp_path / "second.zip"]
    for archive, names, year in zip(archives, (sorted(files), list(files)), (2026, 2031), strict=True):
        with zipfile.ZipFile(archive, "w") as new:
            for name in names:
                new.writestr(zipfile.ZipInfo(name, (year, 1, 2, 3, 4, 6)), files[name])
        same_zip.rewrite(archive, NOON)
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with zipfile.ZipFile(archives[0]) as made:
        assert {name: made.read(name) for name in made.namelist()} == files
        assert {entry.date_time for entry in made.infolist()} == {(2027, 1, 15, 12, 0, 0)}


@pytest.fixture
def extension(tmp_path: Path) -> Path:
    """An extension into which one npm package was bundled."""
    folder = tmp_path / "extension"
    (folder / "dist").mkdir(parents=True)
    inputs = {"src/main.ts": {}, "node_modules/semver/index.js": {}, "node_modules/semver/range.js": {}}
    (folder / "dist/bundle.json").write_text(json.dumps({"inputs": inputs}))
    locked = {"version": "7.8.6", "license": "ISC", "integrity": "sha512-AAECAw=="}
    (folder / "package-lock.json").write_text(json.dumps({"packages": {"node_modules/semver": locked}}))
    package = folder / "node_modules/semver"
    package.mkdir(parents=True)
    (package / "LICENSE-ISC.txt").write_text("May be used.\n")
    return folder


def bill(serial: str, when: str) -> dict[str, Any]:
    """What uv exports, for a program with one dependency."""
    root = {"type": "library", "bom-ref": "assist-lsp-1@0.1.0", "name": "assist-lsp"}
    return {
        "bomFormat": "CycloneDX",
        "serialNumber": serial,
        "metadata": {"timestamp": when, "component": root},
        "components": [{"bom-ref": "typer-2@0.29.2", "name": "typer"}],
        "dependencies": [{"ref": "assist-lsp-1@0.1.0", "dependsOn": ["typer-2@0.29.2"]}],
    }


def test_the_bill_of_materials_has_both_parts_with_licences_and_is_the_same_twice(extension: Path) -> None:
    made = datetime.fromtimestamp(NOON, UTC)
    whole, again = (
        bill_of_materials.complete(bill(serial, when), bundle.bundled_packages(extension), made)
        for serial, when in (("urn:uuid:1", "now"), ("urn:uuid:2", "later"))
    )
    assert whole == again
    assert whole["metadata"]["timestamp"] == "2027-01-15T12:00:00Z"
    assert [part["licenses"] for part in whole["components"]] == [
        [{"expression": "MIT"}],
        [{"expression": "ISC"}],
    ]
    assert whole["components"][1] == snapshot(
        {
            "type": "library",
            "bom-ref": "npm-semver@7.8.6",
            "name": "semver",
            "version": "7.8.6",
            "purl": "pkg:npm/semver@7.8.6",
            "hashes": [{"alg": "SHA-512", "content": "00010203"}],
            "licenses": [{"expression": "ISC"}],
        }
    )
    assert whole["dependencies"][0]["dependsOn"] == ["typer-2@0.29.2", "npm-semver@7.8.6"]


def test_the_extension_brings_the_licences_of_what_is_bundled_into_it(extension: Path) -> None:
    assert bundle.notices(bundle.bundled_packages(extension)) == "semver 7.8.6\n\nMay be used.\n"
    (extension / "node_modules/semver/LICENSE-ISC.txt").unlink()
    with pytest.raises(LookupError, match="semver has no file with its licence"):
        bundle.notices(bundle.bundled_packages(extension))


def test_the_extension_installs_wheels_only_and_each_by_its_hash(tmp_path: Path) -> None:
    (tmp_path / "assist_lsp-0.1.0-py3-none-any.whl").write_bytes(b"wheel")
    exported = f"typer==0.29.2 \\\n    --hash=sha256:{'0' * 64}\n"
    hashed_requirements.write(exported, tmp_path)
    lines = (tmp_path / "requirements.txt").read_text().splitlines()
    digest = hashlib.sha256(b"wheel").hexdigest()
    assert lines[0] == "--only-binary :all:"
    assert lines[-1] == f"./assist_lsp-0.1.0-py3-none-any.whl --hash=sha256:{digest}"
    with pytest.raises(ValueError, match="packages are missing"):
        hashed_requirements.write("", tmp_path)


def test_checksums_name_each_built_file(tmp_path: Path) -> None:
    for name in ("assist.vsix", "assist_lsp-0.1.0-py3-none-any.whl"):
        (tmp_path / name).write_bytes(name.encode())
    checksums.write(tmp_path)
    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ") for line in lines] == [
        [hashlib.sha256(name.encode()).hexdigest(), name]
        for name in ("assist.vsix", "assist_lsp-0.1.0-py3-none-any.whl")
    ]
    assert checksums.write(tmp_path) == lines  # not of itself
    assert "uv tool install" in checksums.summary(tmp_path)


def test_workflows_run_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    workflows = "".join(path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml"))
    called = set(re.findall(r"^ *- run: make ([a-z-]+)$", workflows, re.MULTILINE))
    assert called == {"check", "test", "test-plugins", "dist"}
    assert called <= targets
