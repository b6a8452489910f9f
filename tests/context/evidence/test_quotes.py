"""What is quoted of a page or of code."""

import pytest

from assist_context.evidence.quotes import EXAMPLE, has_example, said_by_page

RST = """\
.. _proxies:

Proxies
=======

.. versionadded:: 2.0

Pass ``proxy`` to the client.
It is used for all of its requests.

There are more ways.

.. code-block:: python

    client = Client(proxy="http://localhost:8030")

Then send.
""".splitlines()


def test_a_section_says_its_first_paragraph_and_its_first_example() -> None:
    said = said_by_page(RST)
    assert said[:3] == ["Pass ``proxy`` to the client.", "It is used for all of its requests.", "..."]
    assert said[3] == ".. code-block:: python"
    assert '    client = Client(proxy="http://localhost:8030")' in said


def test_an_example_ends_with_its_fence_or_after_some_lines() -> None:
    short = ["Run it:", "", "```sh", "make run", "```", "", "And more."]
    assert said_by_page(short) == ["Run it:", "", "```sh", "make run", "```"]
    long = ["```sh", *(f"step {number}" for number in range(40)), "```"]
    assert said_by_page(long) == long[:EXAMPLE]


def test_without_an_example_it_says_what_comes_next() -> None:
    page = ["# Limits", "", "There are a few.", "", *(f"- `{number}`: of a form" for number in range(20))]
    assert said_by_page(page) == page[2 : 3 + EXAMPLE]


@pytest.mark.parametrize("lines", [[], [""], ["# A heading"], ["====="], ["# A", "", "[a](b)"]])
def test_a_section_without_text_says_nothing(lines: list[str]) -> None:
    assert said_by_page(lines) == []


def test_examples_are_seen_in_markdown_and_in_rst() -> None:
    assert has_example(RST)
    assert has_example(["For example::", "", "    run"])
    assert not has_example(["It uses ``make``.", "> quoted"])
