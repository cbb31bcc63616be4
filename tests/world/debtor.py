"""A person who declares and owes, with payments and plans as they are stored."""

from dataclasses import dataclass
from typing import Any

from portal.core.session import Proof, new_session
from portal.core.writes import put
from portal.declarations.book import read
from portal.payments.ledger import Ledger, ledger_of
from portal.payments.plan_records import Plan
from portal.payments.records import Payment, Stage
from portal.rules.days import day_in_paris
from tests.world.declarant import Declarant, paris
from tests.world.functions import Answer, Gateway
from tests.world.world import NOW, World

AFFILIATED = "2026-04-10 09:00:00"
GROUP = ("2026-03", "2026-04", "2026-05", "2026-06")
"""The first periods of ``BUSINESS``, due on 31 July 2026."""


@dataclass(frozen=True, slots=True)
class Debtor:
    """A declarant whose payments and plans are written into the table."""

    declarant: Declarant

    @property
    def world(self) -> World:
        """Where they are."""
        return self.declarant.world

    @property
    def account_id(self) -> str:
        """Their account."""
        return self.declarant.account_id

    def declare(self, *codes: str, services: int = 0, at: str) -> None:
        """Declare periods, the same turnover for each."""
        for code in codes:
            assert self.declarant.declare(code, 0, services, at=paris(at)).status == 200

    def pay(
        self,
        code: str,
        cents: int,
        ordered: str,
        *,
        settled: str = "",
        ended: str = "",
        stage: Stage = "settled",
        number: int = 1,
    ) -> Payment:
        """Store a payment, debited on the day on which it is settled or ordered."""
        day = day_in_paris(paris(settled or ordered))
        payment = Payment(
            account_id=self.account_id,
            code=code,
            number=number,
            id=f"{day:%Y%m%d}{code.replace('-', '').lower()}{number:03}",
            idempotency_mac="key",
            version=1,
            amount_cents=cents,
            rum="AEX-001",
            mandate_number=1,
            last_four="1234",
            actor_id=self.account_id,
            created_at=paris(ordered),
            stage=stage,
            reason="AM04" if stage == "returned" else None,
            settled_at=paris(settled) if settled else None,
            ended_at=paris(ended) if ended else None,
        )
        self.world.table.write(put(payment))
        return payment

    def plan(self, signed: str, covers: list[str], *instalments: str, **changes: Any) -> Plan:
        """Store a plan, agreed as it is signed."""
        plan = Plan(
            **{
                "account_id": self.account_id,
                "number": 1,
                "signed_at": paris(signed),
                "actor_id": self.account_id,
                "methods": ("password",),
                "why": "Un client me paie en retard.",
                "covers": covers,
                "remitted_cents": 0,
                "instalments": instalments,
                "decided_at": paris(signed),
                **changes,
            }
        )
        self.world.table.write(put(plan))
        return plan

    def ledger(self, at: str) -> Ledger:
        """Return their ledger at a time; it is balanced."""
        book = read(self.world.table, self.account_id)
        assert book is not None
        found = ledger_of(book, paris(at))
        assert found.computed.is_balanced
        return found

    def state(self, code: str, at: str) -> str:
        """Return the state of a period as the API shows it."""
        return self.declarant.state(code, paris(at))[0]

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        at: float = NOW,
        proved_at: int | None = None,
        key: str = "1",
        **query: str,
    ) -> Answer:
        """Send a request to the function of payments, in a session that was just opened."""
        proved = int(at) if proved_at is None else proved_at
        proof = Proof(self.account_id, ("password",), proved)
        session, cookie = new_session(proof, 1, previous_login_at=None, device="")
        self.world.table.write(put(session))
        headers = {
            "Content-Type": ["application/json"],
            "Cookie": [f"__Host-session={cookie}"],
            "Idempotency-Key": [key],
        }
        asked = {name: [value] for name, value in query.items()} or None
        return self.declarant.gateway.ask(
            "payments", method, path, body, now=at, headers=headers, query=asked
        )


def debtor(world: World, gateway: Gateway, **business: Any) -> Debtor:
    """Return a person who was affiliated in April 2026, and declared nothing."""
    at = paris(AFFILIATED)
    account_id = world.open_account(at)
    world.affiliate(account_id, at, **business)
    world.deliver(at)
    return Debtor(Declarant(world, gateway, account_id))
