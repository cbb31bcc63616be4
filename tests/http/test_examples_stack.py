"""Every example of the OpenAPI document, sent to the deployed portal."""

from urllib.parse import urlencode, urlsplit

import pytest

from tests.world.client import Client
from tests.world.described import Operation, operations, resolved, validate
from tests.world.journey import logged_in
from tests.world.mailbox import Mailbox
from tools.stack.stack import DOMAIN

pytestmark = pytest.mark.stack


# The start of a login with a provider needs one: `identity/test_sso_stack.py`.
CLOSED = {
    *("read_mandates", "sign_mandate", "order_payment", "read_payments", "read_balance"),
    *("read_plans", "propose_plan", "sign_plan"),
}
OPERATIONS = [each for each in operations() if each.name != "start_sso"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_the_example_is_answered_as_described(
    operation: Operation, client: Client, mailbox: Mailbox
) -> None:
    """The example succeeds, or is refused for what nobody has; the answer is as documented."""
    if operation.needs_session:
        logged_in(client, mailbox)
    path = operation.path.format(**operation.example("path"))
    query = urlencode(operation.example("query"))
    answer = client.call(
        operation.method.upper(),
        f"{path}?{query}" if query else path,
        operation.body,
        headers=operation.headers,
    )
    # What is open depends on the day: tests/functions/test_examples.py stops the clock.
    closed = operation.function == "declare" or operation.name in CLOSED
    expected = 403 if closed else None
    operation.check(answer.status, answer.headers, answer.text, expected)


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


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/me", None),
        ("GET", "/api/nowhere", None),
        ("POST", "/api/me", {}),
        ("POST", "/api/login", b"{"),
        ("POST", "/api/login", {}),
        ("POST", "/api/login", b"x" * 200_000),
    ],
)
def test_the_type_of_a_problem_leads_to_its_page(
    client: Client, method: str, path: str, body: object
) -> None:
    """Whoever opens the `type` of a problem reads what it means and what to do."""
    refused = client.call(method, path, body)
    page = client.call("GET", urlsplit(refused.json["type"]).path)
    assert page.status == 200
    assert page.header("content-type").startswith("text/html")
    assert f"<code>{refused.slug}</code>" in page.text
    assert client.call("GET", "/problems/no-such-problem").status == 404


def test_the_reference_is_served(client: Client) -> None:
    """The reference of the API is a page of the portal, with its own address in the examples."""
    page = client.call("GET", "/api/docs")
    assert page.status == 200
    assert page.header("content-type").startswith("text/html")
    assert f"curl -sS \\\n  http://{DOMAIN}:{client.port}/api/login" in page.text
