"""The generated reference is that of the code as it stands."""

import pytest

from reference import HOME, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_page_is_current(name: str) -> None:
    assert (HOME / name).read_text("utf-8") == PAGES[name](), "run: make reference"
