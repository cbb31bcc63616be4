"""A person with a business, a declaration and a mandate, who orders payments."""

from dataclasses import dataclass
from itertools import cycle
from typing import Any

from portal.core.session import Proof, new_session
from portal.core.writes import put
from portal.payments.records import Payment
from tests.world.declarant import Declarant
from tests.world.functions import Answer
from tests.world.ibans import french
from tests.world.world import NOW, World

CODE = "2026-08"
"""The period that is declared: due on Wednesday 30 September 2026."""
CENTS = 25700
"""What is due for it."""
_PLACES = cycle(range(1, 9))
"""Of sessions: two requests at once are of two sessions."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Who orders payments, at any time, in a session that was just opened."""

    declarant: Declarant
    rum: str

    @property
    def world(self) -> World:
        """The world that they are in."""
        return self.declarant.world

    @property
    def account_id(self) -> str:
        """Their account."""
        return self.declarant.account_id

    def ask(
        self, method: str, path: str, body: Any = None, *, at: float = NOW, **options: Any
    ) -> Answer:
        """Send a request to the function of payments, that arrives at a time."""
        proof = Proof(self.account_id, ("password",), int(at))
        place = next(_PLACES)
        session, cookie = new_session(proof, place, previous_login_at=None, device="")
        self.world.table.write(put(session))
        headers = {
            "Content-Type": ["application/json"],
            "Cookie": [f"__Host-session={cookie}"],
            **options.pop("headers", {}),
        }
        return self.declarant.gateway.ask(
            "payments", method, path, body, now=at, headers=headers, **options
        )

    def order(
        self,
        cents: Any = CENTS,
        key: str = "1",
        *,
        code: str = CODE,
        rum: str = "",
        at: float = NOW,
    ) -> Answer:
        """Order a payment."""
        return self.ask(
            "POST",
            f"/api/me/periods/{code}/payments",
            {"rum": rum or self.rum, "amount_cents": cents},
            at=at,
            headers={"Idempotency-Key": [key]},
        )

    def ordered(self, cents: int = CENTS, key: str = "1", **options: Any) -> str:
        """Order a payment; return its id."""
        answer = self.order(cents, key, **options)
        assert answer.status == 201, answer.text
        return str(answer.json["id"])

    def cancel(self, payment_id: str, at: float = NOW) -> Answer:
        """Cancel a payment."""
        return self.ask("DELETE", f"/api/me/payments/{payment_id}", at=at)

    def payments(self) -> list[Payment]:
        """Return every payment of the table, by sort key."""
        found = self.world.items("DECLARATION#")
        return sorted(
            (Payment.from_item(each) for each in found if each["sk"]["S"].startswith("PAYMENT#")),
            key=lambda each: (each.code, each.number),
        )

    def stages(self) -> list[str]:
        """Return the stage of each payment."""
        return [each.stage for each in self.payments()]


def payer(declarant: Declarant, account: int = 1) -> Payer:
    """Return a declarant who declared and signed a mandate."""
    assert declarant.declare(CODE, 0, 2400).status == 200
    acting = declarant.world.with_session(declarant.account_id, NOW)
    mandate = declarant.world.sign_mandate(acting, french(account))
    declarant.world.deliver(NOW)
    return Payer(declarant, mandate.rum)
