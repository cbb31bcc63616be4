"""Balance and plans of payment, over HTTP: from a debt to a decision, and many at once."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.world.businesses import affiliated
from tests.world.client import Client, in_parallel, outcomes
from tests.world.described import operations, validate
from tests.world.direct import Direct
from tests.world.mailbox import Mailbox

pytestmark = pytest.mark.stack

PATH = "/api/me/plans"
WHY = "Un client important paie en retard, voilà."


def form(instalments: int = 3) -> dict[str, Any]:
    """Return what asks for a plan that begins in ten days."""
    first_on = date.today() + timedelta(days=10)  # noqa: DTZ011 - of whoever asks
    return {"instalments": instalments, "first_on": first_on.isoformat(), "reason": WHY}


def indebted(client: Client, sales: int) -> list[str]:
    """Declare what is overdue, the oldest with a turnover; return the periods."""
    found = client.call("GET", "/api/me/periods?state=overdue-undeclared").json["periods"]
    codes = [each["code"] for each in found]
    for code in codes:
        turnover = {"sales": sales if code == codes[0] else 0, "commercial_services": 0}
        sent = {"turnover": turnover, "expected_version": 0}
        assert client.call("PUT", f"/api/me/periods/{code}/declaration", sent).status == 200
    return codes


def described(client: Client, name: str, path: str) -> Any:
    """Return an answer that was checked against the document."""
    answer = client.call("GET", path)
    assert answer.status == 200, answer.text
    (operation,) = (each for each in operations() if each.name == name)
    content = operation.described["responses"]["200"]["content"]["application/json"]
    validate(content["schema"], answer.json)
    return answer.json


def test_from_a_debt_to_a_decision(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """What is missing is named; declared late it is due; a large plan waits for its decision."""
    person = affiliated(client, mailbox, direct, months=8)
    missing = client.call("POST", f"{PATH}/proposals", form())
    assert (missing.status, missing.slug) == (409, "declaration-missing")
    codes = indebted(client, 100_000)
    assert missing.json["periods"] == codes
    balance = described(client, "read_balance", "/api/me/balance")
    assert [each["period"] for each in balance["due"]] == codes[:1]
    assert balance["balance_cents"] == balance["due"][0]["principal_cents"] > 400_000
    signed = client.call("POST", PATH, form())
    assert (signed.status, signed.json["state"]) == (201, "submitted"), signed.text
    mailbox.wait_titled(person.email, "Votre demande de délai de paiement est transmise")
    direct.decide("PlanDecided", client.me().json["id"], plan=1, decision="accepted")
    mailbox.wait_titled(person.email, "Votre délai de paiement est accordé")
    (plan,) = described(client, "read_plans", PATH)["plans"]
    assert plan["state"] == "running"
    assert sum(each["amount_cents"] for each in plan["instalments"]) == balance["balance_cents"]
    period = client.call("GET", f"/api/me/periods/{codes[0]}").json
    assert period["state"] == "in-plan"
    assert client.call("GET", "/api/me/export").json["plans"][0]["reason"] == WHY
    assert WHY not in "\n".join(direct.logged())


def test_many_plans_at_once(client: Client, mailbox: Mailbox, direct: Direct) -> None:
    """Of several that are signed in one moment one is, and nothing gives a 5xx but busy."""
    affiliated(client, mailbox, direct, months=8)
    indebted(client, 10_000)
    answers = in_parallel(lambda n: client.call("POST", PATH, form(n + 1)), 6)
    assert set(outcomes(answers)) <= {(201, ""), (409, "plan-running"), (503, "unavailable")}
    assert outcomes(answers)[201, ""] == 1
    assert len(client.call("GET", PATH).json["plans"]) == 1
    thief = client.another()
    affiliated(thief, mailbox, direct, months=8)
    assert thief.call("GET", PATH).json == {"plans": []}
    assert thief.call("GET", "/api/me/balance").json["balance_cents"] == 0
