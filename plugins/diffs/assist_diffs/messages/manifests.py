"""The changes of a diff in lists of dependencies and settings: names with their versions, and keys."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from assist_context.facts.compared_files import ComparedFile
from assist_diffs.messages.things import WEIGHTS, ChangedThing, ThingKind, code

# Files that a program writes.
LOCKS = re.compile(
    r"""
    (?:^|/)(?:
        package-lock\.json | yarn\.lock | pnpm-lock\.yaml | bun\.lockb?  # JavaScript
      | Cargo\.lock | go\.sum                                             # Rust, Go
      | uv\.lock | poetry\.lock                                           # Python
      | Gemfile\.lock | composer\.lock | flake\.lock
      | [\w.-]*\.snap                                                     # what a test framework recorded
    )$
    """,
    re.VERBOSE,
)
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(.*?)(?:\s*;.*)?$")
_MODULE = re.compile(r"^\s*(?:require\s+)?([\w.-]+\.[\w.-]+/\S+)\s+(v\S+)", re.MULTILINE)
_GO = re.compile(r"^go (\S+)", re.MULTILINE)
_KEY = re.compile(r"""^[\s-]*["']?([\w./@-]+)["']?\s*[:=]\s*(\S.*?),?\s*$""")
_LONGEST = 40  # characters of a value
_MAX_KEYS = 3  # of one file


def manifest_things(file: ComparedFile) -> Iterator[ChangedThing]:
    """Yield the changes in a list of dependencies or a file of settings, without mere reformatting."""
    try:
        old, new = versions(file.path, file.old), versions(file.path, file.new)
    except (ValueError, TypeError, AttributeError, RecursionError):
        old, new = None, None
    if old is not None and new is not None and old != new and file.old:
        yield from _version_things(file, old, new)
        return
    yield from _key_things(file)


def _version_things(
    file: ComparedFile, old: Mapping[str, str], new: Mapping[str, str]
) -> Iterator[ChangedThing]:
    def thing(verb: str, words: str, *, own: bool = False) -> ChangedThing:
        kind: ThingKind = "version" if own else "dependency"
        return ChangedThing(kind, file.path, 1, verb, (words,), weight=WEIGHTS[kind])

    for name in dict.fromkeys((*new, *old)):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        if not name:
            yield thing("Bump", f"version from {was} to {now}" if was and now else "version", own=True)
        elif was is None:
            yield thing("Add dependency", code(name))
        elif now is None:
            yield thing("Remove dependency", code(name))
        elif was and now:
            yield thing("Update", f"{code(name)} from {was} to {now}")
        else:
            yield thing("Change", f"the versions of {code(name)}")


def versions(path: str, text: str) -> dict[str, str] | None:
    """The dependencies of a manifest with their versions, and "" with its own; None for another file.

    >>> versions("requirements.txt", "rich>=13\\nclick\\n")
    {'rich': '>=13', 'click': ''}
    """
    name = path.rpartition("/")[2]
    if name == "package.json":
        data = json.loads(text or "{}")
        groups = [data.get(key, {}) for key in data if key.lower().endswith("dependencies")]
        own = {"": data["version"]} if "version" in data else {}
        return own | {
            key: str(value) for group in groups if isinstance(group, dict) for key, value in group.items()
        }
    if name == "Cargo.toml":
        return _cargo(tomllib.loads(text))
    if name == "pyproject.toml":
        return _pyproject(tomllib.loads(text))
    if name == "go.mod":
        return {f"go {found}"[:2]: found for found in _GO.findall(text)} | dict(_MODULE.findall(text))
    if re.fullmatch(r"(?:[\w-]*requirements[\w-]*|[\w-]*constraints)\.(?:txt|in)", name):
        return _requirements(text.splitlines())
    return None


def _requirements(lines: Any) -> dict[str, str]:
    found = [match for line in lines if isinstance(line, str) and (match := _REQUIREMENT.match(line.strip()))]
    return {match[1].lower(): match[2].split(" #")[0].strip() for match in found}


def _cargo(data: dict[str, Any]) -> dict[str, str]:
    own = {"": version} if isinstance(version := data.get("package", {}).get("version"), str) else {}
    groups = [data, data.get("workspace", {}), *data.get("target", {}).values()]
    rows = {
        name: value.get("version", "") if isinstance(value, dict) else str(value)
        for group in groups
        for key in group
        if key.endswith("dependencies")
        for name, value in group[key].items()
    }
    return own | rows


def _pyproject(data: dict[str, Any]) -> dict[str, str]:
    project = data.get("project", {})
    listed = [*project.get("dependencies", ()), *data.get("build-system", {}).get("requires", ())]
    for group in (
        *project.get("optional-dependencies", {}).values(),
        *data.get("dependency-groups", {}).values(),
    ):
        listed += group
    poetry = data.get("tool", {}).get("poetry", {})
    own = project.get("version") or poetry.get("version")
    rows = {
        name: value
        if isinstance(value, str)
        else str(value.get("version", ""))
        if isinstance(value, dict)
        else ""
        for name, value in poetry.get("dependencies", {}).items()
    }
    return ({"": own} if own else {}) | rows | _requirements(listed)


def _key_things(file: ComparedFile) -> Iterator[ChangedThing]:
    """The keys whose values changed, line by line; the file where something else did."""
    old, new = file.old.split("\n"), file.new.split("\n")
    found = list[ChangedThing]()
    place = ("in", (code(file.path),))
    weight = WEIGHTS["setting"]
    for low, high, start, end in file.runs if file.old else ():
        gone = [row for line in old[low - 1 : high] if (row := _KEY.match(line))]
        come = [row for line in new[start - 1 : end] if (row := _KEY.match(line))]
        if high - low == end - start and [row[1] for row in gone] == [row[1] for row in come]:
            for was, now in zip(gone, come, strict=True):
                if was[2] != now[2] and max(len(was[2]), len(now[2])) <= _LONGEST:
                    words = f"{code(was[1])} from {code(was[2])} to {code(now[2])}"
                    found.append(
                        ChangedThing("setting", file.path, start, "Change", (words,), place, "", weight)
                    )
        elif high < low and len(come) == end - start + 1 == 1 and len(come[0][2]) <= _LONGEST:
            words = f"{code(come[0][1])} to {code(come[0][2])}"
            found.append(ChangedThing("setting", file.path, start, "Set", (words,), place, "", weight))
    told = len(found) == sum(max(high - low, end - start) + 1 for low, high, start, end in file.runs)
    if told and len(found) <= _MAX_KEYS:
        yield from found
    else:
        yield ChangedThing("setting", file.path, 1, "Update", (code(file.path),), weight=weight)
