"""Files with credentials: how they are read, that they win, and that they are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_async.cli.envfile import environment, exposure, parse_env, read_env_file
from wallet_async.engine.errors import InvalidInputError


def test_every_form_of_a_line() -> None:
    """Comments, blanks, export and one pair of quotes are taken off; everything else is the value."""
    text = "\n# keys\nA=1\n export B = two words \nC='#$x\\n'\nD=\"it's\"\nE=\nF=a=b#c\n"
    assert parse_env(text, name="f") == {
        "A": "1",
        "B": "two words",
        "C": "#$x\\n",
        "D": "it's",
        "E": "",
        "F": "a=b#c",
    }


_NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True)
_VALUES = st.text(st.characters(codec="ascii", min_codepoint=33))


@given(st.dictionaries(_NAMES, _VALUES))
def test_quoted_values_come_back(values: dict[str, str]) -> None:
    """Whatever printable text stands in quotes is the value, quotes and all inside it."""
    text = "".join(f"{name}='{value}'\n" for name, value in values.items())
    assert parse_env(text, name="f") == values


@pytest.mark.parametrize("line", ["hunter2", "A B=hunter2", "1A=hunter2", "=hunter2"])
def test_a_wrong_line_is_named_by_its_number_alone(line: str) -> None:
    """The error tells the line and nothing that stands in it, which may be a secret."""
    with pytest.raises(InvalidInputError, match="line 2: expected KEY=value") as caught:
        parse_env(f"A=1\n{line}\n", name="f")
    assert "hunter2" not in str(caught.value)


def test_the_file_wins_over_the_environment(tmp_path: Path) -> None:
    """A file is named on purpose, a variable may be left over."""
    path = tmp_path / "env"
    path.write_text("A=file\n")
    assert environment(path, {"A": "shell", "B": "shell"}) == {"A": "file", "B": "shell"}
    assert environment(None, {"A": "shell"}) == {"A": "shell"}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file and one that is no text give a clear error, a byte order mark none."""
    with pytest.raises(InvalidInputError, match="No such file"):
        read_env_file(tmp_path / "none")
    path = tmp_path / "env"
    path.write_bytes(b"A=\xff")
    with pytest.raises(InvalidInputError, match="UTF-8"):
        read_env_file(path)
    path.write_bytes(b"\xef\xbb\xbfA=1")
    assert read_env_file(path) == {"A": "1"}


@pytest.mark.parametrize(
    ("mode", "exposed"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o620, True)]
)
def test_a_file_that_others_can_use_is_reported(tmp_path: Path, mode: int, exposed: bool) -> None:
    """Any right of the group or of others is told, with what mends it."""
    path = tmp_path / "env"
    path.touch()
    path.chmod(mode)
    said = exposure(path)
    assert (said is not None) is exposed
    if said:
        assert f"chmod 600 {path}" in said


def test_a_pipe_has_no_readers_of_its_own(tmp_path: Path) -> None:
    """What is no file, such as <(pass show …), and what is not there are not complained of."""
    assert exposure(Path("/dev/null")) is None
    assert exposure(tmp_path / "none") is None
