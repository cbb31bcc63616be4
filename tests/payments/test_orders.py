"""A person orders debits, cancels them, corrects what they pay, revokes their mandate."""

import json
from typing import Any

import pytest

from portal.core.identifiers import order_mac
from portal.core.keys import lookup_keys
from portal.core.writes import put, update
from portal.payments.records import DayOfDebits, Debit
from portal.payments.returns import CODES
from portal.rules.debits import cut_off
from tests.world.declarant import Declarant, paris, slug
from tests.world.functions import Gateway
from tests.world.ibans import french
from tests.world.payer import CENTS, CODE, Payer
from tests.world.payer import payer as new_payer
from tests.world.refusals import overtaken
from tests.world.use_cases import OTHER
from tests.world.world import NOW, World

NOON = paris("2026-09-29 12:00:00")
"""The cut-off of what is debited on the due day."""


def debits(world: World) -> list[Debit]:
    """Return what the bank's files will say."""
    return [Debit.from_item(each) for each in world.items("DEBIT#")]


def close(world: World, day: str = "2026-09-30") -> None:
    """Close a day, as the run that makes its files does first."""
    world.table.write(
        put(DayOfDebits(day=day, closed_at=NOON, collect_on=day, expires_at=NOON * 2))
    )


def returned(payer: Payer, reason: str, number: int = 1) -> None:
    """Have the bank return an order."""
    payment = payer.payments()[number - 1]
    changes = {"stage": "returned", "reason": reason, "ended_at": NOW}
    payer.world.table.write(update(payment.key(), changes))


def revoke(payer: Payer, at: float) -> None:
    """Revoke the mandate."""
    assert payer.ask("DELETE", f"/api/me/sepa-mandates/{payer.rum}", at=at).status == 204


@pytest.mark.guards("debit-is-told")
def test_an_order_is_stored_and_told(payer: Payer) -> None:
    """The answer has the day of the debit; feed, mail and event say it, the mail no figure."""
    answer = payer.order()
    assert answer.status == 201, answer.text
    shown = answer.json
    assert shown["debit_on"] == "2026-09-30"
    assert shown["cancellable_until"] == "2026-09-29T10:00:00.000Z"
    assert (shown["state"], shown["reason"], shown["explanation"]) == ("ordered", None, None)
    assert (shown["amount_cents"], shown["period"], shown["rum"]) == (CENTS, CODE, payer.rum)
    assert shown["iban_masked"] == f"••••\u00a0{french(1)[-4:]}"
    (debit,) = debits(payer.world)
    assert (debit.id, debit.amount_cents, debit.scheme) == (shown["id"], CENTS, "core")
    assert french(1) not in str(payer.world.items())
    (mail,) = payer.world.deliver()
    assert mail.subject == "Vous avez ordonné un prélèvement"
    assert "30/09/2026" in mail.text
    assert "257" not in mail.text
    entries = payer.world.feed(payer.account_id)
    (body,) = [each.body for each in entries if each.kind == "payment-ordered"]
    assert "257\u00a0€" in body
    assert "le 30/09/2026" in body
    assert "jusqu’au 29/09/2026, à midi" in body
    (event,) = [each for each in payer.world.events() if each["DetailType"] == "PaymentOrdered"]
    assert json.loads(event["Detail"]) == {
        "account_id": payer.account_id,
        "payment_id": shown["id"],
    }


@pytest.mark.guards("one-order-a-key")
def test_a_key_orders_once(payer: Payer) -> None:
    """The same key and content give the same payment; the same key with other content, 422."""
    first = payer.order(10_000, "the key")
    again = payer.order(10_000, "the key", at=NOW + 1)
    assert (again.status, again.json) == (201, first.json)
    other = payer.order(10_001, "the key")
    assert (other.status, other.json["errors"][0]["code"]) == (422, "used-for-another")
    assert len(payer.payments()) == len(debits(payer.world)) == 1
    assert "the key" not in str(payer.world.items())
    assert payer.payments()[0].idempotency_mac == order_mac(
        lookup_keys(), payer.account_id, "the key"
    )


@pytest.mark.parametrize("key", ["", "x" * 65, "clé", "a\nb", "a\n", None])
def test_a_key_of_the_wrong_form(payer: Payer, key: str | None) -> None:
    """A key has 1 to 64 printable characters, and is required."""
    headers: dict[str, Any] = {} if key is None else {"Idempotency-Key": [key]}
    form = {"rum": payer.rum, "amount_cents": CENTS}
    answer = payer.ask("POST", f"/api/me/periods/{CODE}/payments", form, headers=headers)
    assert answer.status == 422, answer.text
    assert not payer.payments()


def test_the_longest_key(payer: Payer) -> None:
    """Spaces and punctuation are printable."""
    assert payer.order(key=(" ~!" * 22)[:64]).status == 201


@pytest.mark.guards("paid-once", "no-more-than-owed")
def test_no_more_than_what_is_owed(payer: Payer) -> None:
    """An amount may be split over accounts, and together pays what is owed, no more."""
    assert payer.order(CENTS + 1).json["errors"][0]["code"] == "more-than-due"
    payer.ordered(CENTS - 100, "1")
    above = payer.order(101, "2")
    assert (above.status, above.json["errors"][0]["code"]) == (422, "more-than-due")
    payer.ordered(100, "3")
    more = payer.order(1, "4")
    assert (more.status, slug(more)) == (409, "already-ordered")


@pytest.mark.parametrize("cents", [0, -1, 1.5, "100", True, None, 10**12])
def test_an_amount_is_whole_cents(payer: Payer, cents: Any) -> None:
    """Anything but a positive number of cents is refused."""
    assert payer.order(cents).status == 422


@pytest.mark.guards("declared-before-paid")
def test_what_is_not_due_is_not_ordered(payer: Payer) -> None:
    """A period that is not declared, or declared at zero, has nothing to pay."""
    for code in ("2026-07", "2026-09"):
        answer = payer.order(100, code=code)
        assert (answer.status, slug(answer)) == (409, "nothing-due"), code
    payer.declarant.declare(CODE, version=1)
    assert slug(payer.order(100)) == "nothing-due"
    for code in ("2019-01", "2026-Q3", "../../x"):
        assert payer.order(100, code=code).status in {404, 422}


@pytest.mark.guards("revoked-orders-nothing")
def test_a_mandate_of_nobody(payer: Payer) -> None:
    """An unknown or revoked mandate orders nothing."""
    unknown = payer.order(rum="AE35600000000048-999")
    assert (unknown.status, slug(unknown)) == (404, "mandate-unknown")
    revoke(payer, NOW)
    assert slug(payer.order()) == "mandate-unknown"


@pytest.mark.guards("cancelled-before-the-cut-off")
def test_the_second_of_the_cut_off(payer: Payer) -> None:
    """At 11:59:59 of the eve an order can be cancelled, at 12:00:00 not, by time of arrival."""
    first = payer.ordered(100, "1", at=NOON - 1)
    assert payer.cancel(first, NOON - 0.001).status == 204
    assert payer.cancel(first, NOON + 9).status == 204, "it is cancelled"
    second = payer.ordered(100, "2", at=NOON - 1)
    late = payer.cancel(second, NOON)
    assert (late.status, slug(late)) == (409, "cut-off-passed")
    assert payer.stages() == ["cancelled", "ordered"]
    assert [each.id for each in debits(payer.world)] == [second]
    kinds = payer.world.kinds(payer.account_id)
    assert kinds.count("payment-cancelled") == 1


def test_an_order_after_the_cut_off(payer: Payer) -> None:
    """It is debited two bank days later, and the answer and the feed say why."""
    shown = payer.order(at=NOON).json
    assert (shown["debit_on"], shown["reason"]) == ("2026-10-01", "after-due-day")
    assert shown["cancellable_until"] == "2026-09-30T10:00:00.000Z"
    assert "premier jour possible" in payer.world.feed(payer.account_id)[0].body


@pytest.mark.guards("closed-day-does-not-change")
def test_a_closed_day_does_not_change(payer: Payer) -> None:
    """Once the files of a day are begun nothing joins or leaves it, whenever it arrived."""
    first = payer.ordered(100, "1")
    close(payer.world)
    for day in ("2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06"):
        close(payer.world, day)
    late = payer.order(100, "2")
    assert (late.status, slug(late)) == (409, "cut-off-passed"), "no day could be found"
    assert slug(payer.cancel(first)) == "cut-off-passed"
    revoked = payer.ask("DELETE", f"/api/me/sepa-mandates/{payer.rum}")
    assert (revoked.status, revoked.headers["Retry-After"]) == (503, ["1"])
    assert payer.declarant.declare(CODE, 0, 100, version=1).status == 503
    assert payer.stages() == ["ordered"]
    assert [each.id for each in debits(payer.world)] == [first]


@pytest.mark.guards("corrected-ends-orders")
def test_a_correction_ends_the_orders_of_the_former_version(payer: Payer) -> None:
    """They are cancelled with it, and told; what is due now is to be ordered anew."""
    payer.ordered()
    payer.world.deliver()
    assert payer.declarant.declare(CODE, 0, 1200, version=1).status == 200
    (payment,) = payer.payments()
    assert (payment.stage, payment.reason, payment.ended_at) == ("cancelled", "corrected", NOW)
    assert not debits(payer.world)
    told = sorted(each.subject for each in payer.world.deliver())
    assert told == ["Un prélèvement est annulé", "Votre déclaration est modifiée"]
    assert payer.order(CENTS, "2").status == 422
    payer.ordered(12_900, "3")


@pytest.mark.guards("no-order-meanwhile", "pays-the-newest-version")
def test_an_order_and_a_correction_at_once(payer: Payer) -> None:
    """Whichever is first, no order of the former version is left."""
    overtaken(
        payer.ordered,
        lambda: payer.declarant.declare(CODE, 0, 1200, version=1),
    )
    assert payer.stages() == ["cancelled"]
    late = overtaken(
        lambda: payer.declarant.declare(CODE, 0, 600, version=2), lambda: payer.order(12_900, "2")
    )
    assert late.status == 422, "more than what is due now"
    assert payer.stages() == ["cancelled"]


def test_a_correction_after_the_cut_off(payer: Payer) -> None:
    """What is at the bank still goes."""
    payer.ordered()
    assert payer.declarant.declare(CODE, 0, 1200, version=1, at=NOON).status == 200
    assert payer.stages() == ["ordered"]


@pytest.mark.guards("revoked-ends-orders")
def test_a_revoked_mandate_ends_its_orders(payer: Payer) -> None:
    """Those before their cut-off are cancelled; the others still go, and the notice says which."""
    acting = payer.world.with_session(payer.account_id, NOW)
    other = payer.world.sign_mandate(acting, french(2)).rum
    payer.ordered(100, "1")
    payer.ordered(200, "2", at=NOON)
    payer.ordered(300, "3", rum=other)
    revoke(payer, NOON + 1)
    assert payer.stages() == ["ordered", "cancelled", "ordered"]
    assert payer.payments()[1].reason == "revoked"
    revoked = next(
        each for each in payer.world.feed(payer.account_id) if each.kind == "sepa-mandate-revoked"
    )
    assert "seront prélevés\u00a0: 1\u00a0€ le 30/09/2026. Si ce" in revoked.body


@pytest.mark.guards("mandate-as-it-was-read", "revokes-each-order")
def test_an_order_and_a_revocation_at_once(payer: Payer) -> None:
    """Whichever is first, no order of a revoked mandate is left."""
    overtaken(lambda: payer.ordered(100, "1"), lambda: revoke(payer, NOW))
    assert payer.stages() == ["cancelled"]
    acting = payer.world.with_session(payer.account_id, NOW)
    again = Payer(payer.declarant, payer.world.sign_mandate(acting, french(3)).rum)
    late = overtaken(lambda: revoke(again, NOW), lambda: again.order(100, "2"))
    assert (late.status, slug(late)) == (404, "mandate-unknown")
    assert payer.stages() == ["cancelled"]


def test_two_orders_at_once(payer: Payer) -> None:
    """Of two orders of the whole amount one is refused; of one twice, one is stored."""
    late = overtaken(lambda: payer.ordered(CENTS, "1"), lambda: payer.order(CENTS, "2"))
    assert (late.status, slug(late)) == (409, "already-ordered")
    assert payer.cancel(payer.payments()[0].id).status == 204
    same = overtaken(lambda: payer.ordered(CENTS, "3"), lambda: payer.order(CENTS, "3"))
    assert same.status == 201
    assert payer.stages() == ["cancelled", "ordered"]


@pytest.mark.guards("cancelled-once")
def test_two_cancellations_at_once(payer: Payer) -> None:
    """Both succeed, and it is told once."""
    id_ = payer.ordered()
    answer = overtaken(lambda: payer.cancel(id_), lambda: payer.cancel(id_))
    assert answer.status == 204
    assert payer.world.kinds(payer.account_id).count("payment-cancelled") == 1


@pytest.mark.guards("presented-again-once")
@pytest.mark.parametrize("reason", sorted(CODES))
def test_only_two_returns_may_be_presented_again(payer: Payer, reason: str) -> None:
    """After AM04 and MS03 the same account may be debited again, once; after others, never."""
    payer.ordered(100, "1")
    returned(payer, reason)
    again = payer.order(100, "2")
    if reason in {"AM04", "MS03"}:
        assert again.status == 201
        returned(payer, reason, 2)
        again = payer.order(100, "3")
    assert again.status == 409
    wanted = "payments-frozen" if reason == "MD07" else "mandate-refused"
    assert slug(again) == wanted


@pytest.mark.guards("holder-died")
def test_another_account_after_a_return(payer: Payer) -> None:
    """Another bank account may pay, unless the holder died."""
    acting = payer.world.with_session(payer.account_id, NOW)
    other = payer.world.sign_mandate(acting, french(2)).rum
    payer.ordered(100, "1")
    returned(payer, "AC04")
    payer.ordered(100, "2", rum=other)
    returned(payer, "MD07", 2)
    assert slug(payer.order(100, "3", rum=other)) == "payments-frozen"


@pytest.mark.guards("twenty-orders-a-day")
def test_many_orders_in_a_day(payer: Payer) -> None:
    """Each sends a mail: twenty in a day, then none."""
    for number in range(20):
        assert payer.cancel(payer.ordered(100, str(number))).status == 204
    answer = payer.order(100, "20")
    assert answer.status == 429
    assert payer.order(100, "21", at=NOW + 86_400).status == 201


def test_three_at_once_for_a_period(payer: Payer) -> None:
    """An amount may be split over three accounts, not more."""
    for number in range(3):
        payer.ordered(100, str(number))
    assert slug(payer.order(100, "3")) == "already-ordered"


def test_what_is_paid_is_not_due(payer: Payer) -> None:
    """A settled payment lowers what is owed; once returned it is owed again."""
    payer.ordered()
    payment = payer.payments()[0]
    payer.world.table.write(update(payment.key(), {"stage": "settled", "settled_at": NOW}))
    assert slug(payer.order(key="2")) == "nothing-due"
    returned(payer, "AM04")
    assert payer.order(key="3").status == 201


def test_the_list_and_the_receipt(payer: Payer) -> None:
    """Payments are listed by year of debit, the newest first; each has a receipt."""
    first = payer.ordered(100, "1")
    second = payer.ordered(200, "2")
    listed = payer.ask("GET", "/api/me/payments", query={"year": ["2026"]}).json["payments"]
    assert {each["id"] for each in listed} == {first, second}
    assert payer.ask("GET", "/api/me/payments", query={"year": ["2025"]}).json == {"payments": []}
    assert len(payer.ask("GET", "/api/me/payments").json["payments"]) == 2
    page = payer.ask("GET", listed[0]["receipt"])
    assert page.headers["Content-Type"] == ["text/html; charset=utf-8"]
    assert "ne prouve pas un paiement" in page.text
    assert "<dd>août 2026</dd>" in page.text
    assert french(1) not in page.text
    returned(payer, "AM04")
    assert "provision du compte" in payer.ask("GET", f"/api/me/payments/{first}/receipt").text
    shown = {each["id"]: each for each in payer.ask("GET", "/api/me/payments").json["payments"]}
    assert (shown[first]["state"], shown[first]["reason"]) == ("returned", "AM04")
    assert "une fois" in shown[first]["explanation"]
    assert shown[first]["cancellable_until"] is None


def test_the_payments_of_another(payer: Payer, world: World, gateway: Gateway) -> None:
    """Another's mandate, payment and receipt are as unknown as those of nobody."""
    id_ = payer.ordered(100)
    world.deliver(NOW)
    account_id = world.open_account(NOW - 90, email=OTHER, nir=None, siret="35600000049837")
    world.affiliate(account_id, NOW - 80)
    other = new_payer(Declarant(world, gateway, account_id), 9)
    assert (answer := other.cancel(id_)).status == 404
    assert slug(answer) == "payment-unknown"
    assert other.ask("GET", f"/api/me/payments/{id_}/receipt").status == 404
    assert slug(other.order(rum=payer.rum)) == "mandate-unknown"
    assert other.ask("GET", "/api/me/payments").json == {"payments": []}
    assert [each.stage for each in payer.payments() if each.id == id_] == ["ordered"]


def test_round_trips(payer: Payer) -> None:
    """Ordering reads the session, the book, the mandates, the key once; and writes once."""
    start = len(payer.world.calls.all)
    payer.ordered()
    made = [each.operation for each in payer.world.calls.all[start + 1 :]]
    assert made == ["GetItem", "Query", "Query", "TransactWriteItems"]
    assert cut_off(payer.payments()[0].debit_on) == NOON
