"""The readers of the families of languages."""

from collections.abc import Mapping

from assist_types.types import go_names, python_classes, python_names, rust_names, script_classes
from assist_types.types.declarations import LanguageReader

READERS: Mapping[str, LanguageReader] = {
    "python": LanguageReader(
        python_names.declarations,
        python_classes.outline,
        python_classes.member,
        python_classes.module_outline,
    ),
    "script": LanguageReader(
        script_classes.declarations,
        script_classes.outline,
        script_classes.member,
        script_classes.module_outline,
    ),
    "go": LanguageReader(go_names.declarations, go_names.outline, go_names.member, go_names.module_outline),
    "rust": LanguageReader(
        rust_names.declarations, rust_names.outline, rust_names.member, rust_names.module_outline
    ),
}
