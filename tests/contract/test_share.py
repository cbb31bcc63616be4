"""What the documentation says of how much the local stack tries."""

from tests.world.share import ACTS, END, PAGE, START, STORED, shares, table


def test_the_page_says_what_the_local_stack_tries() -> None:
    """The table of docs/deployment.md is that of the template; `make share` writes it."""
    assert PAGE.read_text().partition(START)[2].partition(END)[0] == table()


def test_each_type_is_of_one_kind() -> None:
    """No type is said to act and to do nothing, and none that the template has no more."""
    assert not ACTS & STORED
    found = shares()
    assert set(found["act"]) == ACTS
    assert set(found["stored"]) == STORED
