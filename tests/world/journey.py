"""The steps of the guide's journey, for tests that start after them."""

from tests.world.client import Client
from tests.world.mailbox import EMAIL_CHANGE, EMAIL_CHANGED, Mailbox
from tests.world.people import PASSWORD, Person, new_person


def signed_up(client: Client, mailbox: Mailbox) -> tuple[Person, str]:
    """Return somebody who signed up, and the token of the mail."""
    person = new_person()
    answer = client.sign_up(person)
    assert answer.status == 202, answer.text
    return person, mailbox.token(person.email)


def account_holder(client: Client, mailbox: Mailbox) -> Person:
    """Return somebody who has an account with the password ``PASSWORD``."""
    person, token = signed_up(client, mailbox)
    answer = client.set_password(token, PASSWORD)
    assert answer.status == 204, answer.text
    return person


def logged_in(client: Client, mailbox: Mailbox) -> Person:
    """Return somebody with an account, as whom the client is logged in."""
    person = account_holder(client, mailbox)
    answer = client.log_in(person.email)
    assert answer.status == 200, answer.text
    return person


def another_device(client: Client, person: Person, password: str = PASSWORD) -> Client:
    """Return a second device on which somebody is logged in."""
    other = client.another()
    answer = other.log_in(person.email, password)
    assert answer.status == 200, answer.text
    return other


def moved_email(client: Client, mailbox: Mailbox, person: Person) -> tuple[str, str]:
    """Change somebody's address; return it, and the token that undoes the change."""
    email = new_person().email
    assert client.change_email(email).status == 202
    token = mailbox.token_titled(email, EMAIL_CHANGE)
    assert client.confirm_email(token).status == 204
    return email, mailbox.token_titled(person.email, EMAIL_CHANGED)
