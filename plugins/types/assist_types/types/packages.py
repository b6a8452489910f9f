"""The names and methods of a package of Go, which are in all files of its folder: by their text alone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TOP = re.compile(r"^(?:func|type|var|const)\s+(\w+)|^\t(\w+)(?:,\s*(\w+))*", re.MULTILINE)
_METHOD = re.compile(r"^func\s*\(\s*(?:\w+\s+)?\*?\s*(\w+)(?:\[[^\]]*\])?\s*\)\s*(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PackageNames:
    """The files in which names and methods are, by name, and by type and name.

    `names` has more than the top level: whatever a line begins with below a bracket.
    """

    names: Mapping[str, Sequence[str]]
    methods: Mapping[str, Mapping[str, str]]


def package_of(texts: Mapping[str, str]) -> PackageNames:
    """The package that some files make up.

    >>> found = package_of({"a.go": "type Cart struct {\\n}\\nfunc (c *Cart) Add(x int) {\\n}\\n"})
    >>> found.names["Cart"], found.methods
    (['a.go'], {'Cart': {'Add': 'a.go'}})
    """
    names: dict[str, list[str]] = {}
    methods: dict[str, dict[str, str]] = {}
    for path, text in texts.items():
        for match in _TOP.finditer(text):
            for name in match.groups():
                if name and path not in names.setdefault(name, []):
                    names[name].append(path)
        for owner, method in _METHOD.findall(text):
            methods.setdefault(owner, {}).setdefault(method, path)
    return PackageNames(names, methods)
