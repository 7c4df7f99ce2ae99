"""Pages that lead through a session in a shell are true from the first line to the last."""

from pathlib import Path

import pytest

from tests.docs.shell import Shell

DOCS = Path(__file__).parents[2] / "docs"


def follow(page: str, folder: Path) -> None:
    with Shell(folder) as shell:
        shell.follow(page)


def test_reconcile(tmp_path: Path) -> None:
    """The tutorial, as a reader does it in an empty folder."""
    follow((DOCS / "reconcile.md").read_text("utf-8"), tmp_path)


SESSION = """\
Save this as `rows.csv`:

```csv
a,b
1,2
```

```shellsession
$ cat rows.csv
a,b
1,…
$ false
$ echo $?
1
$ name=value; printf '%s\\n' \\
>     "$name"
value
$ seq 9
1
…
9
```
"""


def test_a_session(tmp_path: Path) -> None:
    """Files, commands that go on, what they print, exit codes, and variables that stay."""
    follow(SESSION, tmp_path)


@pytest.mark.parametrize(
    ("said", "instead"),
    [("1,…", "1,3"), ("…\n9", "…\n8"), ("$ echo $?\n1\n", ""), ("value\n$ seq", "value\nmore\n$ seq")],
)
def test_twin_a_page_that_lies(said: str, instead: str, tmp_path: Path) -> None:
    """Sabotaged: another output, one line more, or a failure that is not told, and the page is not followed."""
    assert said in SESSION
    with pytest.raises(AssertionError):
        follow(SESSION.replace(said, instead), tmp_path)
