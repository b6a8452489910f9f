"""Where new tests of a file go, by the conventions of its language and of the workspace.

It knows paths and names, not what files contain.
"""

from pathlib import Path, PurePosixPath

from assist_context.relations.path_index import PathIndex

FOLDERS = ("tests", "test", "spec", "__tests__")
# What comes before and after the name of what is tested. Other languages have "test_" before it.
_AFFIXES = {
    ".go": ("", "_test"),
    **dict.fromkeys((".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs"), ("", ".test")),
    **dict.fromkeys((".java", ".kt", ".scala", ".cs", ".swift", ".php"), ("", "Test")),
    ".rb": ("", "_test"),
}
# Languages whose tests are in the same folder as what they test.
_SAME_FOLDER = frozenset({".go", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs"})


def new_test_path(path: str, name: str, files: PathIndex, root: Path) -> str:
    """A path, not taken yet, for the tests of `name` ("" for all) in the file at `path`.

    >>> from assist_context.relations.path_index import path_index_of
    >>> files = path_index_of(["shop/cart.py", "tests/test_order.py"])
    >>> new_test_path("shop/cart.py", "Cart.total", files, Path("/nowhere"))
    'tests/test_cart.py'
    """
    source = PurePosixPath(path)
    suffix = source.suffix
    prefix, ending = _AFFIXES.get(suffix, ("test_", ""))
    folder = _folder(source, files)
    words = [source.stem, *(word for word in name.split(".") if word)]
    joined = "" if prefix + ending in ("Test",) else "_"
    stems = [source.stem, joined.join(words), *(f"{joined.join(words)}{joined}{n}" for n in range(2, 1000))]
    for stem in stems:
        found = str(folder / f"{prefix}{stem}{ending}{suffix}")
        if found not in files.paths and not (root / found).exists():
            return found
    return str(folder / f"{prefix}{source.stem}_assist{ending}{suffix}")


def _folder(source: PurePosixPath, files: PathIndex) -> PurePosixPath:
    """The nearest folder of tests to the source, else the source's own folder."""
    if source.suffix in _SAME_FOLDER:
        return source.parent
    parts = source.parts[:-1]
    if parts[:2] == ("src", "main"):
        return PurePosixPath("src", "test", *parts[2:])
    folders = {str(parent) for each in files.paths for parent in PurePosixPath(each).parents}
    for depth in range(len(parts), -1, -1):
        for name in FOLDERS:
            folder = PurePosixPath(*parts[:depth], name)
            if str(folder) in folders:
                return folder
    return source.parent
