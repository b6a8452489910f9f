"""One file of HTML from a template in `templates` and values. All values are escaped; nothing is fetched.

`base.html.j2` has the head, the style and the macros that pages share.
"""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_PACKAGE = "assist_evaluation"


def render(template: str, **values: Any) -> str:
    """The page of a template, such as "usage.html.j2". A value that is missing raises an error of Jinja."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
