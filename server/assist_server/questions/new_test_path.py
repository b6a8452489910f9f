"""Where new tests of a file go, by the customs of its language and of the workspace.

It knows paths and names, no file's content.
"""

from pathlib import Path, PurePosixPath

from assist_context.relations.path_index import PathIndex

FOLDERS = ("tests", "test", "spec", "__tests__")
# What stands around the name of what is tested. A language that is not here has "test_" ahead.
_AROUND = {
    ".go": ("", "_test"),
    **dict.fromkeys((".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs"), ("", ".test")),
    **dict.fromkeys((".java", ".kt", ".scala", ".cs", ".swift", ".php"), ("", "Test")),
    ".rb": ("", "_test"),
}
_BESIDE = frozenset({".go", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs"})  # tests stand beside their subject


def place_for_tests(path: str, name: str, files: PathIndex, root: Path) -> str:
    """A path for the tests of `name` ("" for all) in the file at `path`, where no file is yet.

    >>> from assist_context.relations.path_index import files_of
    >>> files = files_of(["shop/cart.py", "tests/test_order.py"])
    >>> place_for_tests("shop/cart.py", "Cart.total", files, Path("/nowhere"))
    'tests/test_cart.py'
    """
    source = PurePosixPath(path)
    suffix = source.suffix
    ahead, behind = _AROUND.get(suffix, ("test_", ""))
    folder = _folder(source, files)
    words = [source.stem, *(word for word in name.split(".") if word)]
    joined = "" if ahead + behind in ("Test",) else "_"
    stems = [source.stem, joined.join(words), *(f"{joined.join(words)}{joined}{n}" for n in range(2, 1000))]
    for stem in stems:
        found = str(folder / f"{ahead}{stem}{behind}{suffix}")
        if found not in files.paths and not (root / found).exists():
            return found
    return str(folder / f"{ahead}{source.stem}_assist{behind}{suffix}")


def _folder(source: PurePosixPath, files: PathIndex) -> PurePosixPath:
    """The folder of tests that is nearest to the source, else the source's own."""
    if source.suffix in _BESIDE:
        return source.parent
    parts = source.parts[:-1]
    if parts[:2] == ("src", "main"):
        return PurePosixPath("src", "test", *parts[2:])
    folders = {str(parent) for each in files.paths for parent in PurePosixPath(each).parents}
    for depth in range(len(parts), -1, -1):
        for name in FOLDERS:
            near = PurePosixPath(*parts[:depth], name)
            if str(near) in folders:
                return near
    return source.parent
