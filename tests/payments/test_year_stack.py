"""A year of a business on the deployed stack: each request arrives at a time of that year."""

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from portal.rules.days import midnight_in_paris, months_after, noon_in_paris
from tests.payments.test_payments_stack import LACKS, PAYS, signed
from tests.world.businesses import BUSINESS
from tests.world.client import Client
from tests.world.direct import Direct
from tests.world.journey import logged_in
from tests.world.mailbox import CONFIRMED, Mailbox
from tools.stack import bank

if TYPE_CHECKING:
    from tools.stack.stack import Stack

pytestmark = pytest.mark.stack
DAY = timedelta(days=1)


class Year:
    """A business that started fourteen months ago, and the requests of its holder at any time."""

    def __init__(self, stack: "Stack", client: Client, mailbox: Mailbox, direct: Direct) -> None:
        self._stack, self._client, self._direct = stack, client, direct
        person = logged_in(client, mailbox)
        self.id = client.me().json["id"]
        self.first = months_after(date.today().replace(day=1), -14)  # noqa: DTZ011
        business = BUSINESS | {"started_on": self.first.isoformat(), "acre": False}
        direct.decide("AffiliationConfirmed", self.id, business=business)
        mailbox.wait_titled(person.email, CONFIRMED)
        (stored,) = (each for each in self._rows() if each["sk"]["S"] == "BUSINESS")
        direct.change(stored, affiliated_at=midnight_in_paris(self.first))  # as if it were then

    def ask(
        self, function: str, method: str, path: str, at: int, body: Any = None, key: str = ""
    ) -> Any:
        """Send a request that arrives at a time; return what is answered."""
        cookie = self._client.cookies
        answer = self._direct.invoke(function, method, path, body, at=at, cookie=cookie, key=key)
        assert answer.status in {200, 201, 204}, answer.text
        return answer.json

    def code(self, months: int) -> str:
        """Return the code of the month so many months after the first."""
        return f"{months_after(self.first, months):%Y-%m}"

    def period(self, months: int, at: int) -> Any:
        """Return a period as it is at a time."""
        return self.ask("Declare", "GET", f"/api/me/periods/{self.code(months)}", at)

    def due_on(self, months: int) -> date:
        """Return the due day of a period."""
        return date.fromisoformat(self.period(months, midnight_in_paris(self.first))["due_on"])

    def declare(self, months: int, sales: int) -> int:
        """Declare a period five days before it is due; return what is due, in cents."""
        body = {"turnover": {"sales": sales, "commercial_services": 0}, "expected_version": 0}
        path = f"/api/me/periods/{self.code(months)}/declaration"
        at = noon_in_paris(self.due_on(months) - 5 * DAY)
        return self.ask("Declare", "PUT", path, at, body)["amounts"]["total"] * 100

    def pay(self, code: str, rum: str, cents: int, at: int, *, ends: dict[str, int]) -> Any:
        """Order a debit at a time, have it filed and answered; return the payment.

        ``ends`` are the times at which the bank is to have answered: the clock of the stack is not
        that of the year.
        """
        body, path = {"rum": rum, "amount_cents": cents}, f"/api/me/periods/{code}/payments"
        ordered = self.ask("Payments", "POST", path, at, body, key=f"{code} {at}")
        assert ordered["state"] == "ordered"
        bank.make_files(self._stack)
        bank.answer(self._stack)
        wanted = "returned" if "ended_at" in ends else "settled"
        self._direct.until(lambda: self._payment(ordered["id"])["stage"]["S"] == wanted)
        self._direct.change(self._payment(ordered["id"]), **ends)
        return ordered

    def balance(self, at: int) -> Any:
        """Return the balance at a time: what is due now, and what a plan puts off."""
        found = self.ask("Payments", "GET", "/api/me/balance", at)
        put_off = [each for each in found["upcoming"] if each["period"].startswith("PLAN-")]
        owed = sum(each["total_cents"] for each in (*found["due"], *put_off))
        assert found["balance_cents"] == owed
        return found

    def check(self) -> Any:
        """Have an operator compute the account again."""
        asked = {"action": "check-balance", "operator": "essai", "reason": "une année"}
        return self._direct.hand("Ops", {**asked, "account_id": self.id})

    def _rows(self) -> list[Any]:
        return list(self._direct.items(f"DECLARATION#{self.id}"))

    def _payment(self, id_: str) -> Any:
        return next(each for each in self._rows() if each.get("id", {}).get("S") == id_)


def test_a_year_of_a_business(
    stack: "Stack", client: Client, mailbox: Mailbox, direct: Direct
) -> None:
    """Declare, debit, return, majoration, plan, settle: the balance is right at each step."""
    year = Year(stack, client, mailbox, direct)
    pays, lacks = signed(client, PAYS), signed(client, LACKS)
    for months in range(4):  # the first ones, due together
        assert year.declare(months, 0) == 0
    assert year.balance(noon_in_paris(year.due_on(3)))["balance_cents"] == 0

    # A month that is declared and paid in time.
    due, due_on = year.declare(4, 1000), year.due_on(4)
    before = year.balance(noon_in_paris(due_on - DAY))
    assert (before["balance_cents"], before["upcoming"][0]["total_cents"]) == (0, due)
    settled = {"settled_at": noon_in_paris(due_on)}
    year.pay(year.code(4), pays, due, noon_in_paris(due_on - 4 * DAY), ends=settled)
    assert year.balance(noon_in_paris(due_on + DAY))["balance_cents"] == 0
    assert year.period(4, noon_in_paris(due_on + DAY))["state"] == "settled"

    # A month whose debit comes back: 5 % and 0.2 % a month are added.
    due, due_on = year.declare(5, 2000), year.due_on(5)
    returned = {"ended_at": noon_in_paris(due_on + 2 * DAY)}
    year.pay(year.code(5), lacks, due, noon_in_paris(due_on - 4 * DAY), ends=returned)
    after = noon_in_paris(due_on + 3 * DAY)
    assert year.period(5, after)["state"] == "payment-returned"
    found = year.balance(after)
    added = {each["rule"]: each["amount_cents"] for each in found["entries"] if each["rule"]}
    assert added == {"P4": round(due * 5 / 100), "P5": round(due * 2 / 1000)}
    owed = due + sum(added.values())
    assert found["balance_cents"] == owed

    # A plan in two instalments, the month after declared: nothing more is added.
    year.declare(6, 0)
    asked_at = noon_in_paris(due_on + 10 * DAY)
    first_on = due_on + 20 * DAY
    form = {"instalments": 2, "first_on": first_on.isoformat(), "reason": "Un client paie tard."}
    plan = year.ask("Payments", "POST", "/api/me/plans", asked_at, form)
    assert (plan["state"], plan["total_cents"] + plan["remitted_cents"]) == ("running", owed)
    assert year.period(5, asked_at + 1)["state"] == "in-plan"
    left, at = plan["total_cents"], asked_at
    for each in plan["instalments"]:
        day = date.fromisoformat(each["due_on"])
        settled = {"settled_at": noon_in_paris(day) - 60}
        at = noon_in_paris(day - 4 * DAY)
        year.pay(each["period"], pays, each["amount_cents"], at, ends=settled)
        left -= each["amount_cents"]
        at = noon_in_paris(day)
        assert year.balance(at)["balance_cents"] == left, json.dumps(year.balance(at))
    assert left == 0
    kept = year.ask("Payments", "GET", "/api/me/plans", at)["plans"]
    assert [each["state"] for each in kept] == ["kept"]
    assert year.period(5, at)["state"] == "settled"
    checked = year.check()
    assert (checked["is_balanced"], checked["differences"]) == (True, {})
