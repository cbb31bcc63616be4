"""Plans of payment: proposed, signed, agreed at once or decided, kept or missed, told."""

import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from portal.core.clock import ImplausibleTimeError
from portal.core.problems import UNAUTHENTICATED
from portal.core.session import end_sessions
from portal.payments import plans
from portal.payments.plan_decisions import decide
from portal.payments.plan_looks import look_at_instalments
from portal.payments.problems import NOTHING_DUE, PLAN_RUNNING
from tests.world.debtor import GROUP, Debtor, debtor
from tests.world.declarant import paris, slug
from tests.world.functions import Answer
from tests.world.ibans import french
from tests.world.refusals import overtaken, refused

if TYPE_CHECKING:
    from tests.world.functions import Gateway
    from tests.world.world import World

PATH = "/api/me/plans"
AUGUST = "2026-08"
SIGNED = "2026-10-10 10:00:00"
FORM = {"instalments": 3, "first_on": "2026-11-09", "reason": "Un client paie en retard."}


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what reads the clock itself read one after everything that happens here."""
    monkeypatch.setattr(time, "time", lambda: paris("2027-01-31 12:00:00"))


@pytest.fixture
def person(world: "World", gateway: "Gateway") -> Debtor:
    """Return somebody who declared all in time, and owes 257 € since 30 September."""
    return owing(debtor(world, gateway), 2400)


def owing(person: Debtor, services: int) -> Debtor:
    """Let a person declare all in time, August with a turnover."""
    person.declare(*GROUP, at="2026-07-20 10:00:00")
    person.declare("2026-07", at="2026-08-20 10:00:00")
    person.declare(AUGUST, services=services, at="2026-09-20 10:00:00")
    person.world.deliver()
    return person


def sign(person: Debtor, at: str = SIGNED, **changes: Any) -> Answer:
    """Sign a plan."""
    return person.ask("POST", PATH, FORM | changes, at=paris(at))


def propose(person: Debtor, at: str = SIGNED, **changes: Any) -> Answer:
    """Ask what a plan would be."""
    return person.ask("POST", f"{PATH}/proposals", FORM | changes, at=paris(at))


def state(person: Debtor, at: str) -> str:
    """Return the state of the newest plan at a time."""
    return str(person.ask("GET", PATH, at=paris(at)).json["plans"][0]["state"])


def amounts(answer: Answer) -> list[tuple[str, int]]:
    """Return the instalments of a plan."""
    return [(each["due_on"], each["amount_cents"]) for each in answer.json["instalments"]]


def test_a_proposal_stores_nothing(person: Debtor) -> None:
    """It says what would be paid when: here the surcharges of a first delay are remitted."""
    before = person.world.items()
    answer = propose(person)
    assert answer.status == 200, answer.text
    assert answer.json["agreed_at_once"] is True
    assert (answer.json["total_cents"], answer.json["remitted_cents"]) == (257_00, 13_36)
    assert amounts(answer) == [
        ("2026-11-09", 90_00),
        ("2026-12-09", 90_00),
        ("2027-01-09", 77_00),
    ]
    assert answer.json["covers"] == [
        {"period": AUGUST, "principal_cents": 257_00, "surcharges_cents": 13_36}
    ]
    after = [each for each in person.world.items() if not each["pk"]["S"].startswith("SESSION#")]
    assert after == [each for each in before if not each["pk"]["S"].startswith("SESSION#")]


@pytest.mark.guards("plan-is-told")
def test_a_small_plan_is_agreed_at_once(person: Debtor) -> None:
    """It is told by feed and mail, and what it covers is in the plan."""
    answer = sign(person)
    assert answer.status == 201, answer.text
    assert (answer.json["number"], answer.json["state"]) == (1, "running")
    assert sum(cents for _, cents in amounts(answer)) == answer.json["total_cents"] == 257_00
    (mail,) = person.world.deliver()
    assert mail.subject == "Votre délai de paiement est accordé"
    assert "09/11/2026" in mail.text
    assert "257" not in mail.text
    assert "90 € au plus tard le 09/11/2026" in person.world.feed(person.account_id)[
        0
    ].body.replace("\u00a0", " ")
    assert person.state(AUGUST, SIGNED) == "in-plan"
    balance = person.ask("GET", "/api/me/balance", at=paris(SIGNED)).json
    assert balance["balance_cents"] == 257_00
    assert balance["due"] == []
    assert [each["period"] for each in balance["upcoming"]][:2] == ["PLAN-001-01", "PLAN-001-02"]
    assert "PlanSigned" in [each["DetailType"] for each in person.world.events()]


def test_instalments_are_in_the_calendar(person: Debtor) -> None:
    """Beside the periods, each on its day; one that is paid is not."""
    sign(person)
    person.pay("PLAN-001-01", 90_00, "2026-11-05 10:00:00", settled="2026-11-09 08:00:00")
    at = paris("2026-11-09 09:00:00")
    calendar = person.declarant.ask("GET", "/api/me/periods.ics", at=at).text
    events = calendar.replace("\r\n ", "").split("BEGIN:VEVENT")
    found = [each for each in events if "UID:PLAN-" in each]
    assert ["UID:PLAN-001-02@" in found[0], "UID:PLAN-001-03@" in found[1]] == [True, True]
    assert "DTSTART;VALUE=DATE:20261209" in found[0]
    assert "SUMMARY:Payer avant midi\u00a0: délai de paiement\\, échéance 2 sur 3" in found[0]
    assert len(found) == 2


def test_what_is_read_is_what_was_signed(person: Debtor) -> None:
    """With what is paid of each instalment."""
    signed = sign(person).json
    person.pay("PLAN-001-01", 90_00, "2026-11-05 10:00:00", settled="2026-11-09 08:00:00")
    (plan,) = person.ask("GET", PATH, at=paris("2026-11-09 09:00:00")).json["plans"]
    assert [each["paid_cents"] for each in plan.pop("instalments")] == [90_00, 0, 0]
    del signed["instalments"]
    assert plan == signed


def test_a_plan_that_is_kept(person: Debtor) -> None:
    """Each instalment paid: nothing is left, and another plan may follow."""
    person.declare("2026-09", "2026-10", "2026-11", at="2026-12-02 10:00:00")
    sign(person)
    for place, day in enumerate(("2026-11-09", "2026-12-09", "2027-01-08"), 1):
        cents = 77_00 if place == 3 else 90_00
        person.pay(f"PLAN-001-{place:02}", cents, f"{day} 09:00:00", settled=f"{day} 10:00:00")
    assert state(person, "2027-01-08 09:59:59") == "running"
    assert state(person, "2027-01-08 10:00:00") == "kept"
    assert person.state(AUGUST, "2027-01-08 10:00:00") == "settled"


@pytest.mark.guards("fresh-proof-for-a-plan")
def test_a_plan_needs_a_fresh_proof(person: Debtor) -> None:
    """A proposal does not."""
    at = paris(SIGNED)
    signed = person.ask("POST", PATH, FORM, at=at, proved_at=at - 301)
    assert (signed.status, slug(signed)) == (403, "reauthentication-required")
    assert person.ask("POST", f"{PATH}/proposals", FORM, at=at, proved_at=at - 301).status == 200


@pytest.mark.guards("declared-before-a-plan")
def test_a_declaration_is_missing(person: Debtor) -> None:
    """The answer names the periods."""
    for answer in (propose(person, "2026-11-02 12:00:00"), sign(person, "2026-11-02 12:00:00")):
        assert (answer.status, slug(answer)) == (409, "declaration-missing")
        assert answer.json["periods"] == ["2026-09"]


def test_nothing_is_due(person: Debtor) -> None:
    """Before the due day, when it is paid, and when an order is to pay it."""
    assert slug(propose(person, "2026-09-30 11:59:59")) == "nothing-due"
    person.pay(AUGUST, 257_00, "2026-10-05 10:00:00", stage="ordered")
    assert slug(propose(person)) == "nothing-due"
    person.pay(AUGUST, 257_00, "2026-10-05 10:00:00", settled="2026-10-08 08:00:00")
    assert slug(sign(person)) == "nothing-due"


@pytest.mark.guards("one-plan-at-a-time")
def test_one_plan_at_a_time(person: Debtor) -> None:
    """While one runs or waits."""
    assert sign(person).status == 201
    for answer in (propose(person), sign(person, instalments=2)):
        assert (answer.status, slug(answer)) == (409, "plan-running")
    assert len(person.ask("GET", PATH, at=paris(SIGNED)).json["plans"]) == 1


def test_two_plans_at_once(person: Debtor) -> None:
    """Of two that are signed in one moment, one is."""
    acting = person.world.with_session(person.account_id, paris(SIGNED))
    asked = plans.Asked(3, date(2026, 11, 9), "Un client paie en retard.")

    def sign_it(count: int) -> plans.Plan:
        _, signed = plans.sign(person.world.table, acting, asked._replace(instalments=count))
        return signed

    refused(PLAN_RUNNING, lambda: overtaken(lambda: sign_it(2), lambda: sign_it(3)))
    stored = [each for each in person.world.items("DECLARATION#") if "instalments" in each]
    assert len(stored) == 1


def test_the_same_plan_twice(person: Debtor) -> None:
    """A double click and a repeated request sign nothing more, and tell nothing more."""
    first = sign(person)
    assert sign(person, "2026-10-10 10:00:30").json == first.json
    assert person.world.kinds(person.account_id).count("plan-agreed") == 1
    assert slug(sign(person, reason="Un autre client aussi.")) == "plan-running"


@pytest.mark.guards("no-order-while-signing")
def test_an_order_while_signing(person: Debtor) -> None:
    """What was ordered since the plan was computed is not in it: here nothing is left."""
    acting = person.world.with_session(person.account_id, paris(SIGNED))
    asked = plans.Asked(3, date(2026, 11, 9), "Un client paie en retard.")
    refused(
        NOTHING_DUE,
        lambda: overtaken(
            lambda: person.pay(AUGUST, 257_00, SIGNED, stage="ordered"),
            lambda: plans.sign(person.world.table, acting, asked),
        ),
    )


@pytest.mark.guards("no-plan-of-an-ended-session")
def test_a_plan_of_an_ended_session(person: Debtor) -> None:
    """A session that ended meanwhile signs nothing."""
    acting = person.world.with_session(person.account_id, paris(SIGNED))
    asked = plans.Asked(3, date(2026, 11, 9), "Un client paie en retard.")
    refused(
        UNAUTHENTICATED,
        lambda: overtaken(
            lambda: person.world.table.transact(*end_sessions(person.account_id)),
            lambda: plans.sign(person.world.table, acting, asked),
        ),
    )
    assert not [each for each in person.world.items("DECLARATION#") if "instalments" in each]


@pytest.mark.guards("twelve-instalments")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"instalments": 0}, "instalments"),
        ({"instalments": 13}, "instalments"),
        ({"instalments": 10**9}, "instalments"),
        ({"instalments": "3"}, "instalments"),
        ({"instalments": 2.5}, "instalments"),
        ({"first_on": "2026-10-10"}, "first_on"),
        ({"first_on": "2026-11-11"}, "first_on"),
        ({"first_on": "2026-02-30"}, "first_on"),
        ({"first_on": "demain"}, "first_on"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"amount_cents": 100}, "amount_cents"),
    ],
)
def test_what_is_no_plan(person: Debtor, changes: dict[str, Any], field: str) -> None:
    """It is refused by its field, and nothing typed comes back."""
    answer = sign(person, **changes)
    assert (answer.status, slug(answer)) == (422, "invalid-request")
    assert [each["field"] for each in answer.json["errors"]] == [field]


def test_too_many_instalments_of_a_small_debt(world: "World", gateway: "Gateway") -> None:
    """None is below a euro; one below twenty is not agreed at once."""
    person = owing(debtor(world, gateway), 90)  # 9 € and 50 cents added, then remitted
    answer = propose(person, instalments=12)
    assert (answer.status, answer.json["errors"][0]["code"]) == (422, "too-many")
    assert propose(person, instalments=2).json["agreed_at_once"] is False
    assert propose(person, instalments=1).json["agreed_at_once"] is False


@pytest.mark.guards("twenty-euros-an-instalment")
def test_an_instalment_below_twenty_euros_is_decided(person: Debtor) -> None:
    """257 € in 12 are 11 of 22 € and the rest, 15 €."""
    answer = sign(person, instalments=12)
    assert answer.json["state"] == "submitted"
    assert min(cents for _, cents in amounts(answer)) == 15_00


@pytest.mark.guards("large-plans-are-decided")
def test_a_large_plan_is_decided_by_the_back_office(world: "World", gateway: "Gateway") -> None:
    """Above a monthly ceiling it waits; what it covers stays due."""
    person = owing(debtor(world, gateway), 40_000)
    answer = sign(person)
    assert answer.json["state"] == "submitted"
    assert person.state(AUGUST, SIGNED) == "due-unpaid"
    (mail,) = world.deliver()
    assert mail.subject == "Votre demande de délai de paiement est transmise"
    assert not world.items("INSTALMENT#")
    decided(person, "accepted", "2026-10-12 09:00:00")
    assert state(person, "2026-10-12 09:00:00") == "running"
    assert person.state(AUGUST, "2026-10-12 09:00:00") == "in-plan"
    assert world.items("INSTALMENT#")
    (mail,) = world.deliver()
    assert mail.subject == "Votre délai de paiement est accordé"


def decided(person: Debtor, decision: str, at: str, plan: int = 1, **changes: Any) -> None:
    """Send the back office's decision, by the function that applies its events."""
    detail = {"account_id": person.account_id, "plan": plan, "decision": decision, **changes}
    said_at = datetime.fromtimestamp(paris(at), UTC).isoformat()
    event = {"detail-type": "PlanDecided", "time": said_at, "detail": detail}
    person.declarant.gateway.invoke("affiliation", event)


@pytest.fixture
def waiting(person: Debtor) -> Debtor:
    """Return somebody whose plan waits for a decision."""
    assert sign(person, instalments=12).json["state"] == "submitted"
    person.world.deliver()
    return person


def test_a_plan_that_is_refused(waiting: Debtor) -> None:
    """What is due stays due; the answer is in the feed, not in the mail."""
    decided(waiting, "refused", "2026-10-12 09:00:00", reason="Trop de retards.")
    assert state(waiting, "2026-10-12 10:00:00") == "refused"
    assert waiting.state(AUGUST, "2026-10-12 10:00:00") == "due-unpaid"
    (mail,) = waiting.world.deliver()
    assert "Trop de retards" not in mail.text
    assert "Trop de retards." in waiting.world.feed(waiting.account_id)[0].body
    plan = waiting.ask("GET", PATH, at=paris("2026-10-12 10:00:00")).json["plans"][0]
    assert plan["answer"] == "Trop de retards."
    assert sign(waiting, "2026-10-13 10:00:00").json["number"] == 2


@pytest.mark.guards("plan-decided-in-order", "plan-as-it-was-read")
def test_decisions_count_in_the_order_of_their_times(waiting: Debtor) -> None:
    """One that is repeated, late, says the same or came before the signature changes nothing."""
    first, later = "2026-10-12 09:00:00", "2026-10-13 09:00:00"
    decided(waiting, "accepted", "2026-10-09 09:00:00")
    assert state(waiting, later) == "submitted"
    decided(waiting, "refused", later)
    decided(waiting, "accepted", first)
    decided(waiting, "refused", later)
    decided(waiting, "refused", "2026-10-14 09:00:00")
    assert state(waiting, "2026-10-14 10:00:00") == "refused"
    assert waiting.world.kinds(waiting.account_id).count("plan-refused") == 1
    table, account_id = waiting.world.table, waiting.account_id
    at_ms = 1000 * paris("2026-10-20 09:00:00")

    def faster() -> None:
        assert decide(table, account_id, 1, refused=False, answer=None, at_ms=at_ms)

    def slower() -> bool:
        return decide(table, account_id, 1, refused=False, answer=None, at_ms=at_ms - 1)

    assert not overtaken(faster, slower)
    assert waiting.world.kinds(account_id).count("plan-agreed") == 1


def test_a_decision_about_nothing(person: Debtor) -> None:
    """An unknown plan, another's account, and a plan that was agreed at once."""
    decided(person, "refused", SIGNED)
    sign(person)
    decided(person, "refused", "2026-10-12 09:00:00")
    assert state(person, "2026-10-12 10:00:00") == "running"
    assert not decide(
        person.world.table, str(uuid4()), 1, refused=False, answer=None, at_ms=paris(SIGNED) * 1000
    )


@pytest.mark.parametrize(
    "changes",
    [{"plan": 0}, {"plan": "1"}, {"decision": "perhaps"}, {"reason": "x" * 501}, {"more": 1}],
)
def test_a_malformed_decision(waiting: Debtor, changes: dict[str, Any]) -> None:
    """It is refused, so that it ends in the queue of failed events."""
    with pytest.raises(ValidationError):
        decided(waiting, **{"decision": "accepted", "at": "2026-10-12 09:00:00", **changes})


def test_a_decision_of_the_future(waiting: Debtor) -> None:
    """A clock that is wrong decides nothing."""
    detail = {"account_id": waiting.account_id, "plan": 1, "decision": "accepted"}
    event = {"detail-type": "PlanDecided", "time": "2199-10-12T09:00:00Z", "detail": detail}
    with pytest.raises(ImplausibleTimeError):
        waiting.declarant.gateway.invoke("affiliation", event)


def run(person: Debtor, at: str) -> list[str]:
    """Run the clock; return the kinds that it told of plans."""
    before = len(person.world.kinds(person.account_id))
    look_at_instalments(person.world.table, paris(at))
    kinds = person.world.kinds(person.account_id)
    return kinds[: len(kinds) - before]


@pytest.mark.guards("broken-plan-is-told", "reminded-of-instalments")
def test_an_instalment_is_reminded_of_and_missed(person: Debtor) -> None:
    """Three days before, at eight; after noon of its day the plan has ended. Each is told once."""
    sign(person)
    person.world.deliver()
    assert run(person, "2026-11-06 07:59:59") == []
    assert run(person, "2026-11-06 08:05:00") == ["plan-reminder"]
    (mail,) = person.world.deliver()
    assert "1 sur 3" in mail.text
    assert run(person, "2026-11-06 12:05:00") == []
    assert run(person, "2026-11-09 11:59:59") == []
    assert state(person, "2026-11-09 12:00:00") == "broken"
    assert run(person, "2026-11-09 12:05:00") == ["plan-broken"]
    (mail,) = person.world.deliver()
    assert mail.subject == "Votre délai de paiement a pris fin"
    assert run(person, "2026-12-09 12:05:00") == []
    assert "09/11/2026" in person.world.feed(person.account_id)[0].body


def test_an_instalment_is_ordered_as_a_period_is(person: Debtor) -> None:
    """From seven days before its day, by a mandate; what the plan covers is not."""
    sign(person)
    acting = person.world.with_session(person.account_id, paris(SIGNED))
    rum = person.world.sign_mandate(acting, french(3)).rum

    def order(code: str, cents: int, at: str) -> Answer:
        form = {"rum": rum, "amount_cents": cents}
        path = f"/api/me/periods/{code}/payments"
        return person.ask("POST", path, form, at=paris(at), key=f"{code} {at}")

    early = order("PLAN-001-01", 90_00, "2026-11-01 23:59:59")
    assert (early.status, slug(early)) == (409, "nothing-due")
    assert slug(order(AUGUST, 257_00, "2026-11-02 00:00:00")) == "nothing-due"
    assert order("PLAN-001-01", 90_01, "2026-11-02 00:00:00").status == 422
    ordered = order("PLAN-001-01", 90_00, "2026-11-02 00:00:00")
    assert (ordered.status, ordered.json["debit_on"]) == (201, "2026-11-09"), ordered.text
    assert slug(order("PLAN-001-04", 90_00, "2026-11-02 00:00:00")) == "period-unknown"
    assert run(person, "2026-11-09 12:05:00") == []


def test_what_is_ordered_is_not_reminded_of(person: Debtor) -> None:
    """Nor missed."""
    sign(person)
    person.pay("PLAN-001-01", 90_00, "2026-11-05 10:00:00", stage="ordered")
    assert run(person, "2026-11-06 08:05:00") == []
    assert run(person, "2026-11-09 12:05:00") == []
    assert state(person, "2026-11-09 12:05:00") == "running"


def test_runs_that_were_missed_are_made_up_for(person: Debtor) -> None:
    """Once, as it is by then."""
    sign(person)
    assert run(person, "2026-11-20 08:05:00") == ["plan-broken"]
    assert run(person, "2026-11-20 12:05:00") == []


def test_the_clock_looks_at_instalments(person: Debtor) -> None:
    """The function does, twice a day; of an account that is gone it tells nothing."""
    sign(person)
    at = datetime.fromtimestamp(paris("2026-11-06 08:05:00"), UTC).isoformat()
    person.declarant.gateway.invoke("clock", {"time": at})
    assert "plan-reminder" in person.world.kinds(person.account_id)
    person.world.sweep("DECLARATION#")
    assert look_at_instalments(person.world.table, paris("2026-11-09 12:05:00")) == {"quiet": 1}


def test_reminders_by_mail_if_wanted(person: Debtor) -> None:
    """Who switched the mails of reminders off has them in the feed."""
    sign(person)
    at = paris("2026-11-01 10:00:00")
    assert person.declarant.ask("PUT", "/api/me/reminders", {"mails": False}, at=at).status == 204
    person.world.deliver()
    assert run(person, "2026-11-06 08:05:00") == ["plan-reminder"]
    assert not person.world.deliver()


def test_a_broken_plan_is_not_followed_by_one_at_once(person: Debtor) -> None:
    """For two years another is decided by people."""
    person.declare("2026-09", at="2026-10-20 10:00:00")
    sign(person)
    assert state(person, "2026-11-09 12:00:00") == "broken"
    answer = sign(person, "2026-11-10 10:00:00", first_on="2026-12-01")
    assert (answer.json["number"], answer.json["state"]) == (2, "submitted")
    assert answer.json["remitted_cents"] == 0
