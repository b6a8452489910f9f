"""Places in another file that follow the rename of something it imports.

Only places that the other file says come from the renamed file: what it imports from it by name, members of
what it imported, and in Go names of the same package. It asks no index.
"""

from collections.abc import Iterator

import tree_sitter

from assist_context.code.names.bindings import Binding
from assist_context.code.names.name_places import find_receiver
from assist_context.code.names.occurrences import NameReader, Occurrence
from assist_context.code.trees.parsed_text import node_text
from assist_context.documents import Document
from assist_context.next_edit.offer import Change, Situation
from assist_context.next_edit.renames.import_paths import is_same_package, names_module
from assist_context.next_edit.renames.rename_chain import RenameChain, describe_change

_STATEMENTS = frozenset({"import_from_statement", "import_statement", "export_statement", "use_declaration"})
_FAMILIES = {"tsx": "typescript", "javascript": "typescript", "cpp": "c"}


def follow_import(situation: Situation, document: Document, chain: RenameChain) -> tuple[Change, ...]:
    """The changes of another document, in its order; none if the new name already means something there."""
    origin = situation.document
    binding = chain.definition.binding
    if binding is None or not are_related(origin, document):
        return ()
    reader = NameReader(situation.parse(document))
    places = OtherText(reader, origin).places(chain.name.old, binding)
    bindings = [reader.bound(chain.name.new, place.start, place.end) for place in places]
    if any(meaning is not None for meaning in bindings):
        return ()
    return tuple(describe_change(document, place, chain.name.old, chain.name.new) for place in places)


def are_related(one: Document, other: Document) -> bool:
    """Return whether two documents are different ones whose languages can name each other's definitions."""
    families = {_FAMILIES.get(document.language.name, document.language.name) for document in (one, other)}
    return one.path != other.path and len(families) == 1


class OtherText:
    """A text that may import another one, which is at the path of `origin`."""

    def __init__(self, reader: NameReader, origin: Document) -> None:
        self._reader = reader
        self._document = reader.parsed.document
        self._origin = origin

    def places(self, name: str, binding: Binding) -> list[Occurrence]:
        """The places that mean a definition of the other file, in their order."""
        if binding.level == "member":
            return list(self.members(name, binding.owner.partition("@")[0], binding.space))
        return list(self.imports(name))

    def places_by_alias(self, name: str) -> Iterator[tuple[str, list[Occurrence]]]:
        """The places of a name of the other file that has another one here, after `import name as alias`."""
        for place in self._reader.occurrences(name):
            node = self._node(place) if self._is_import(place) else None
            alias = None if node is None else _find_alias(node)
            if alias is not None:
                places = self._reader.occurrences(node_text(alias))
                start = self._reader.parsed.cursor(alias.start_byte)
                meant = {place.binding for place in places if place.start == start} - {None}
                yield node_text(alias), [place for place in places if place.binding in meant]

    def imports(self, name: str) -> Iterator[Occurrence]:
        """The places that mean a name at the top of the other file."""
        occurrences = [place for place in self._reader.occurrences(name) if place.place == "code"]
        bindings = {
            place.binding
            for place in occurrences
            if place.defines and place.binding is not None and self._is_import(place)
        }
        go = self._document.language.name == "go"
        for place in occurrences:
            if place.binding is not None:
                follows = place.binding in bindings and place.shorthand != "key"
            elif self._is_import(place) or (go and self._is_of_package(place)):
                follows = True
            else:
                follows = place.member and self._is_of_module(place)
            if follows:
                yield place

    def members(self, name: str, owner: str, space: str) -> Iterator[Occurrence]:
        """The places that are a member of a class that comes from the other file."""
        go = self._document.language.name == "go"  # a package needs no imports of its own names
        if not owner or not any(go or place.what == "import" for place in self.imports(owner)):
            return
        yield from self._reader.find_members(name, owner, space)

    def _node(self, place: Occurrence) -> tree_sitter.Node | None:
        text = self._reader.parsed
        return text.node(text.byte(place.start), text.byte(place.end))

    def _is_import(self, place: Occurrence) -> bool:
        """Return whether a place is the name in an import from the other file, not what it is called here."""
        node = self._node(place)
        statement = None if node is None else _statement(node)
        if node is None or statement is None:
            return False
        around = _around_import(node)
        alias = _find_alias(node)
        if alias is not None and alias.start_byte == node.start_byte:
            return False
        if around is not None and around.type in ("import_clause", "namespace_import", "namespace_export"):
            return False
        module = _module(statement, node)
        return module is not None and names_module(module, self._document, self._origin)

    def _is_of_module(self, place: Occurrence) -> bool:
        """Return whether a member's object is the other file as a module."""
        front = self._front(place)
        if front is None or front.type != "identifier":
            return False
        for definition in self._definitions(front):
            node = self._node(definition)
            statement = None if node is None else _statement(node)
            if node is not None and statement is not None:
                module = _module_named(statement, node)
                if module is not None and names_module(module, self._document, self._origin):
                    return True
        return False

    def _is_of_package(self, place: Occurrence) -> bool:
        """Return whether a name of Go that this file does not define is the other file's."""
        if not place.member:
            return is_same_package(self._document, self._origin)
        front = self._front(place)
        package = self._origin.path.replace("\\", "/").split("/")[-2:-1]
        if front is None or not package or front.text != package[0].encode():
            return False
        return not list(self._definitions(front)) and f'/{package[0]}"' in self._document.text

    def _front(self, place: Occurrence) -> tree_sitter.Node | None:
        node = self._node(place)
        around = None if node is None else node.parent
        return None if around is None else find_receiver(self._reader.rules, around)

    def _definitions(self, node: tree_sitter.Node) -> Iterator[Occurrence]:
        name = node_text(node)
        text = self._reader.parsed
        start = text.cursor(node.start_byte)
        occurrences = self._reader.occurrences(name)
        own = next((place.binding for place in occurrences if place.start == start), None)
        return (place for place in occurrences if place.defines and place.binding == own and own is not None)


def _around_import(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The node around a name in an import, and around the path that it is."""
    above = node.parent
    return above.parent if above is not None and above.type == "dotted_name" else above


def _find_alias(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return what the import of a name calls it, if it says so."""
    around = _around_import(node)
    return None if around is None else around.child_by_field_name("alias")


def _statement(node: tree_sitter.Node) -> tree_sitter.Node | None:
    at: tree_sitter.Node | None = node
    for _ in range(8):  # lists of imports are not nested deeper
        if at is None or at.type in _STATEMENTS:
            return at
        at = at.parent
    return None


def _module(statement: tree_sitter.Node, node: tree_sitter.Node) -> str | None:
    """The module that a statement takes a name from, as it is written."""
    if statement.type == "use_declaration":
        return _rust_path(node)
    module = statement.child_by_field_name("module_name") or statement.child_by_field_name("source")
    if module is None or module.start_byte <= node.start_byte < module.end_byte:
        return None
    return node_text(module).strip("\"'`")


def _module_named(statement: tree_sitter.Node, node: tree_sitter.Node) -> str | None:
    """The module that a name means after an import of the module itself."""
    source = statement.child_by_field_name("source")
    if source is not None:
        own = node.parent is not None and node.parent.type == "namespace_import"
        return node_text(source).strip("\"'`") if own else None
    around = node.parent
    if around is not None and around.type == "dotted_name" and around.parent is not None:
        around = around if around.parent.type != "aliased_import" else around.parent
    path = around
    if around is not None and around.type == "aliased_import":
        path = around.child_by_field_name("name")
    text = node_text(path)
    module = statement.child_by_field_name("module_name")
    if module is None:
        return text if around is not None and (around.type == "aliased_import" or "." not in text) else None
    front = node_text(module)
    return front + text if front.endswith(".") else f"{front}.{text}"


def _rust_path(node: tree_sitter.Node) -> str | None:
    """The path before a name in a `use` of Rust, through its lists."""
    words: list[str] = []
    at: tree_sitter.Node | None = node
    while at is not None and at.type != "use_declaration":
        above = at.parent
        path = None if above is None else above.child_by_field_name("path")
        if above is not None and path is not None:
            if above.type == "scoped_identifier" and path.start_byte == at.start_byte:
                return None  # the name is itself a part of a path
            if above.type in ("scoped_identifier", "scoped_use_list") and path.start_byte != at.start_byte:
                words.insert(0, node_text(path))
        at = above
    return "::".join(words)
