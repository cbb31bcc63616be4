"""A person with a business, who asks the function of declarations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.core.session import Proof, new_session
from portal.core.writes import put
from tests.world.functions import Answer, Gateway
from tests.world.world import NOW, World


def paris(text: str) -> int:
    """Return a time of Paris, such as ``2026-09-30 12:00:00``, in seconds since the epoch."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris")).timestamp())


@dataclass(frozen=True, slots=True)
class Declarant:
    """The holder of an account, who asks at any time in a session that was just opened."""

    world: World
    gateway: Gateway
    account_id: str

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        at: float = NOW,
        place: int = 0,
        **query: str,
    ) -> Answer:
        """Send a request that arrives at a time."""
        proof = Proof(self.account_id, ("password",), int(at))
        session, cookie = new_session(proof, place, previous_login_at=None, device="")
        self.world.table.write(put(session))
        headers = {
            "Content-Type": ["application/json"],
            "Cookie": [f"__Host-session={cookie}"],
        }
        asked = {name.rstrip("_"): [value] for name, value in query.items()} or None
        return self.gateway.ask("declare", method, path, body, now=at, headers=headers, query=asked)

    def declare(
        self,
        code: str,
        sales: Any = 0,
        services: Any = 0,
        *,
        version: int = 0,
        at: float = NOW,
    ) -> Answer:
        """Declare a period of ``BUSINESS``."""
        turnover = {"sales": sales, "commercial_services": services}
        return self.put(code, turnover, version=version, at=at)

    def put(self, code: str, turnover: Any, *, version: Any = 0, at: float = NOW) -> Answer:
        """Send a declaration with any turnover."""
        form = {"turnover": turnover, "expected_version": version}
        return self.ask("PUT", f"/api/me/periods/{code}/declaration", form, at=at)

    def period(self, code: str, at: float = NOW) -> Any:
        """Return a period as the API shows it."""
        answer = self.ask("GET", f"/api/me/periods/{code}", at=at)
        assert answer.status == 200, answer.text
        return answer.json

    def state(self, code: str, at: float = NOW) -> tuple[str, str | None]:
        """Return the state of a period and its reason."""
        shown = self.period(code, at)
        return shown["state"], shown["reason"]


def slug(answer: Answer) -> str:
    """Return the code of a problem."""
    return str(answer.json["type"]).rpartition("/")[2]
