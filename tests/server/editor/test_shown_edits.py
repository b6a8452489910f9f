"""Answers that are edits, as users see them while they stream, however the stream is cut."""

import random

import pytest
from asked_shop import RENAMED

from assist_server.wording.edit_previews import EditPreview

SHOWN = """\
Both files change.

shop/prices.py
```diff
-def gross(net):
+def with_tax(net):
```

shop/cart.py
```diff
-from shop.prices import gross
+from shop.prices import with_tax
```

shop/cart.py
```diff
-        return sum(gross(item) for item in self.items)
+        return sum(with_tax(item) for item in self.items)
```
"""
FENCED = "```python\na.py\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n```\nDone.\n"
ROWS = [
    (RENAMED, SHOWN),
    (FENCED, "```python\na.py\n-x\n+y\n```\nDone.\n"),
    ("A word.\n", "A word.\n"),
    ("a == b\n=======\n>>> print()\n", "a == b\n=======\n>>> print()\n"),
    ("a.md\n<<<<<<< SEARCH\n```\n\n=======\n>>>>>>> REPLACE\n", "a.md\n```diff\n-```\n-\n```\n"),
    ("a.py\n<<<<<<< SEARCH\nx = 1", "a.py\n```diff\n-x = 1\n```\n"),
    (
        "So \x1b]:\na.py\n<<<<<<< SEARCH\nx\u202e \r\n=======\n<U+202E>\r\x1b]\n>>>>>>> REPLACE\n\x07\n",
        "So <U+001B>]:\na.py\n```diff\n-x<U+202E><U+0020>\n+<U+003C>U+202E>\n+<U+001B>]\n```\n<U+0007>\n",
    ),
    ("```python\nx = 1\x0cy\u2028\n```\n", "```python\nx = 1<U+000C>y<U+2028>\n```\n"),
    (
        "a.py\n<<<<<<<< SEARCH\n=====\n========\n>>>>>>>> REPLACE",
        "a.py\n```diff\n-=====\n```\n",
    ),
]


@pytest.mark.parametrize(("written", "shown"), ROWS)
def test_blocks_become_diffs_wherever_the_stream_is_cut(written: str, shown: str) -> None:
    for seed in range(20):
        cuts = random.Random(seed)
        edits, text, at = EditPreview(), "", 0
        while at < len(written):
            end = at + cuts.randint(1, 9)
            text += edits.feed(written[at:end])
            at = end
        assert text + edits.end() == shown
