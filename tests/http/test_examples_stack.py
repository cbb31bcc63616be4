"""Every example of the OpenAPI document, sent to the deployed portal."""

from urllib.parse import urlencode

import pytest

from tests.world.client import Client
from tests.world.described import Operation, operations, resolved, validate
from tests.world.journey import logged_in
from tests.world.mailbox import Mailbox

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("operation", list(operations()), ids=lambda each: each.name)
def test_the_example_is_answered_as_described(
    operation: Operation, client: Client, mailbox: Mailbox
) -> None:
    """The example succeeds, or is refused for what nobody has; the answer is as documented."""
    if operation.needs_session:
        logged_in(client, mailbox)
    path = operation.path.format(**operation.example("path"))
    query = urlencode(operation.example("query"))
    answer = client.call(
        operation.method.upper(), f"{path}?{query}" if query else path, operation.body
    )
    operation.check(answer.status, answer.headers, answer.text)


def test_a_login_is_answered_as_described(client: Client, mailbox: Mailbox) -> None:
    """A login that succeeds has the body and the cookies that the document names."""
    person = logged_in(client, mailbox)
    answer = client.another().log_in(person.email)
    (log_in,) = (each for each in operations() if each.name == "log_in")
    documented = log_in.described["responses"]["200"]
    validate(documented["content"]["application/json"]["schema"], answer.json)
    log_in.check_headers(documented, answer.headers)
    assert len(answer.headers["set-cookie"]) == 2


def test_a_refusal_for_a_time_says_how_long(client: Client) -> None:
    """A login that must wait answers as the document says of 429: Retry-After, in seconds."""
    (log_in,) = (each for each in operations() if each.name == "log_in")
    nobody = "personne.du.tout@example.fr"
    statuses = [client.log_in(nobody, "Faux-mot-de-passe-1").status for _ in range(6)]
    assert statuses[-1] == 429
    answer = client.log_in(nobody, "Faux-mot-de-passe-1")
    documented = log_in.described["responses"]["429"]
    validate(documented["content"]["application/problem+json"]["schema"], answer.json)
    header = resolved(documented["headers"]["Retry-After"])
    validate(header["schema"], int(answer.header("retry-after")))
