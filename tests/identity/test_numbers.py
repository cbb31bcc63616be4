"""NIR and Siret are claims until the back office confirms the affiliation of who makes them."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from portal.core import aws, keys
from portal.core.clock import rfc3339
from portal.core.identifiers import encrypt_for_account
from portal.core.records import DAY
from portal.identity import corrections, deletion
from portal.identity.held import HELD
from portal.identity.problems import IDENTITY_CONFLICT, INVALID_CREDENTIALS
from tests.world.bus import decision_event
from tests.world.functions import Gateway
from tests.world.refusals import refused
from tests.world.use_cases import EMAIL, OTHER
from tests.world.world import NOW, PASSWORD, World

NIR = "2940375120005"
SIRET = "35600000000048"
OTHERS: dict[str, Any] = {"nir": "294032A120005", "siret": "35600000049837"}
NAMES = {"nir": "N°\u00a0de Sécurité sociale", "siret": "Siret"}
THIRD = "third@example.fr"
CHANGED = "Battery-Staple-9"
type Decide = Callable[..., None]


@pytest.fixture
def decide(gateway: Gateway) -> Decide:
    """Return what applies a decision of the back office."""

    def decide(kind: str, account_id: str, at: int, **detail: Any) -> None:
        event = decision_event(f"Affiliation{kind}", account_id, at, **detail)
        gateway.invoke("affiliation", event)

    return decide


@pytest.fixture
def first(world: World) -> str:
    """Return the id of the account that claimed the NIR and the Siret first."""
    return world.open_account()


@pytest.fixture
def second(world: World, first: str) -> str:
    """Return the id of an account that claimed the same NIR and Siret later."""
    assert first
    return world.open_account(email=OTHER)


def statuses(world: World, account_id: str) -> tuple[str | None, str | None]:
    """Return the statuses of an account's NIR and Siret."""
    account = world.account(account_id)
    return account.nir_status, account.siret_status


def holders(world: World) -> set[str]:
    """Return the accounts that the NIR and the Siret are stored for."""
    nir = world.identifier(NIR)
    (siret,) = world.items("SIRET#")
    return {str(nir and nir.account_id), siret["account_id"]["S"]}


def disputes(world: World) -> list[dict[str, str]]:
    """Return what the disputes published so far are about."""
    world.deliver()
    events = [each for each in world.events() if each["DetailType"] == "NumberDisputed"]
    assert {each["Source"] for each in events} <= {"portal.account"}
    return [json.loads(each["Detail"]) for each in events]


def delete(world: World, account_id: str) -> None:
    """Delete an account."""
    deletion.schedule_deletion(world.table, world.acting(account_id, NOW))
    assert deletion.delete_due(world.table, HELD, NOW + 31 * DAY) == 1


def recover(world: World, email: str) -> None:
    """Set another password with a recovery link."""
    world.recover(email, NOW + 10)
    (mail,) = [each for each in world.deliver(NOW + 10) if "/nouveau-mot-de-passe#" in each.text]
    world.reset(mail.token, CHANGED, NOW + 10)


@pytest.mark.guards("one-account-per-siret")
@pytest.mark.parametrize("shared", ["nir", "siret"])
def test_a_later_account_is_created_without_the_number(
    world: World, first: str, shared: str
) -> None:
    """It is created alike, the number stays the first one's, and only mail and feed say so."""
    same = {"nir": NIR, "siret": SIRET}[shared]
    later = world.open_account(NOW + 60, **OTHERS | {"email": OTHER, shared: same})
    account = world.account(later)
    other = "siret" if shared == "nir" else "nir"
    assert getattr(account, f"{shared}_status") == "claimed"
    assert getattr(account, f"{other}_status") == "own"
    assert statuses(world, first) == ("own", "own")
    (mail,) = [each for each in world.deliver(NOW + 60) if each.to == [OTHER]]
    assert mail.subject == "Un numéro que vous avez indiqué est en attente"
    (entry,) = [each for each in world.feed(later) if each.kind == "number-claimed"]
    for words in (mail.text, mail.html, entry.body):
        assert NAMES[shared] in words
        assert NAMES[other] not in words
        assert same not in words
    assert world.kinds(first) == []


def test_one_mail_for_both_numbers(world: World, second: str) -> None:
    """An account without both numbers gets one mail, which names both."""
    (mail,) = [each for each in world.deliver() if "en attente" in each.subject]
    assert f"{NAMES['nir']} et {NAMES['siret']}" in mail.text
    assert world.kinds(second) == ["number-claimed"]


def test_who_logs_in_by_the_nir(world: World, decide: Decide, second: str) -> None:
    """The NIR logs in to the account that has it: the first one, then the confirmed one."""
    recover(world, OTHER)
    assert world.log_in(NIR, PASSWORD, NOW + 20).account_id != second
    refused(INVALID_CREDENTIALS, lambda: world.log_in(NIR, CHANGED, NOW + 30))
    decide("Confirmed", second, NOW + 40)
    assert world.log_in(NIR, CHANGED, NOW + 50).account_id == second
    refused(INVALID_CREDENTIALS, lambda: world.log_in(NIR, PASSWORD, NOW + 60))
    assert world.log_in(EMAIL, PASSWORD, NOW + 70).account_id != second


def test_a_confirmed_account_gets_its_numbers(
    world: World, decide: Decide, first: str, second: str
) -> None:
    """It gets them from an unconfirmed account, which loses them and is notified."""
    world.deliver()
    decide("Confirmed", second, NOW + 60)
    assert statuses(world, second) == ("own", "own")
    assert statuses(world, first) == ("claimed", "claimed")
    assert holders(world) == {second}
    assert world.kinds(first) == ["number-lost"]
    assert set(world.kinds(second)) == {"affiliation-confirmed", "number-gained", "number-claimed"}
    told = {each.to[0]: each for each in world.deliver()}
    assert told[EMAIL].subject == "Un numéro a été retiré de votre compte"
    assert told[OTHER].subject == "Notification d’affiliation"
    assert disputes(world) == []
    assert world.account(first).affiliation == "pending"


def test_a_rejected_account_loses_its_numbers_too(
    world: World, decide: Decide, first: str, second: str
) -> None:
    """A rejection takes no number away; the confirmation of another account does."""
    decide("Rejected", first, NOW + 30)
    assert statuses(world, first) == ("own", "own")
    decide("Confirmed", second, NOW + 60)
    assert holders(world) == {second}


@pytest.mark.guards("a-confirmed-holder-keeps-it")
def test_a_confirmed_holder_never_loses_a_number(
    world: World, decide: Decide, first: str, second: str
) -> None:
    """The other confirmed account is open without them; the dispute is one event of ids."""
    decide("Confirmed", first, NOW + 30)
    decide("Confirmed", second, NOW + 60)
    assert statuses(world, first) == ("own", "own")
    assert statuses(world, second) == ("disputed", "disputed")
    assert holders(world) == {first}
    assert disputes(world) == [{"account_id": second, "holder_account_id": first}]
    assert "number-disputed" in world.kinds(second)
    assert "number-lost" not in world.kinds(first)
    assert world.account(second).affiliation == "confirmed"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("again", ["same", "later"])
def test_decisions_in_any_order_and_repeated(
    world: World, decide: Decide, first: str, second: str, order: tuple[int, int], again: str
) -> None:
    """Who is confirmed first has the numbers, however often each decision comes: one dispute."""
    ids = [(first, second)[number] for number in order]
    for step, account_id in enumerate([*ids, *ids, *reversed(ids)]):
        at = NOW + 60 + (0 if again == "same" else step)
        decide("Confirmed", account_id, at)
    assert holders(world) == {ids[0]}
    assert statuses(world, ids[0]) == ("own", "own")
    assert statuses(world, ids[1]) == ("disputed", "disputed")
    assert disputes(world) == [{"account_id": ids[1], "holder_account_id": ids[0]}]
    for account_id in ids:
        kinds = world.kinds(account_id)
        assert len(kinds) == len(set(kinds)), "each is notified once"


def test_a_late_confirmation_moves_nothing(
    world: World, decide: Decide, first: str, second: str
) -> None:
    """A confirmation older than a rejection of the same account is ignored, numbers too."""
    decide("Rejected", second, NOW + 60)
    decide("Confirmed", second, NOW + 59)
    assert holders(world) == {first}


def test_how_people_settle_a_dispute(world: World, decide: Decide, first: str, second: str) -> None:
    """Once the holder is rejected, the other's confirmation, repeated, gives it the numbers."""
    decide("Confirmed", first, NOW + 30)
    decide("Confirmed", second, NOW + 60)
    decide("Rejected", first, NOW + 90)
    assert holders(world) == {first}
    decide("Confirmed", second, NOW + 120)
    assert holders(world) == {second}
    assert statuses(world, first) == ("claimed", "claimed")
    assert world.kinds(second).count("affiliation-confirmed") == 1


@pytest.mark.guards("only-the-siret-confirmed")
def test_a_decision_about_another_siret(
    world: World, decide: Decide, first: str, second: str
) -> None:
    """A confirmation that names another Siret than the claimed one does not give that one."""
    decide("Confirmed", second, NOW + 60, siret="35600000049837")
    assert statuses(world, second) == ("own", "claimed")
    assert statuses(world, first) == ("claimed", "own")


@pytest.mark.guards("confirmed-with-this-number")
def test_a_number_that_the_holder_was_not_confirmed_with(
    world: World, decide: Decide, first: str, second: str
) -> None:
    """Who was confirmed with another Siret loses the one it only claims, and is notified.

    So nobody who has a business of their own keeps the Siret of another. A confirmation that names
    the claimed one would have kept it.
    """
    decide("Confirmed", first, NOW + 30, siret="35600000049837")
    decide("Confirmed", second, NOW + 60, siret=SIRET)
    assert statuses(world, second) == ("disputed", "own"), "the NIR was confirmed for both"
    assert statuses(world, first) == ("own", "claimed")
    assert "number-lost" in world.kinds(first)
    decide("Confirmed", first, NOW + 90, siret=SIRET)
    assert statuses(world, first) == ("own", "disputed")


@pytest.mark.guards("typed-after-the-decision")
@pytest.mark.parametrize(("typed_at", "status"), [(NOW + 29, "own"), (NOW + 31, "claimed")])
def test_a_number_typed_after_the_decision(
    world: World, decide: Decide, typed_at: int, status: str
) -> None:
    """A confirmation is not about a number that was typed after it, however late it arrives."""
    holder = world.open_account()
    thief = world.open_account(email=OTHER, **OTHERS)
    encrypt = partial(encrypt_for_account, aws.kms(), world.settings.data_key)
    wanted = corrections.Correction(nir=NIR)
    acting = world.acting(thief, typed_at)
    corrections.correct_own(world.table, keys.lookup_keys(), encrypt, acting, wanted)
    decide("Confirmed", thief, NOW + 30)
    assert statuses(world, thief) == (status, "own")
    decide("Confirmed", holder, NOW + 60)
    assert statuses(world, holder) == ("disputed" if status == "own" else "own", "own")


def test_a_number_of_later_is_confirmed_with_a_proof(
    world: World, decide: Decide, gateway: Gateway
) -> None:
    """Once a proof of it was seen, a confirmed account keeps a number that was typed too late."""
    holder = world.open_account(siret=None, nir=None)
    decide("Confirmed", holder, NOW + 30, siret=SIRET)
    decide("Confirmed", holder, NOW + 40, siret=OTHERS["siret"])
    assert world.account(holder).unconfirmed == ("siret",)
    detail = {"account_id": holder, "proof": "12", "siret": SIRET}
    event = {"detail-type": "IdentityCorrected", "time": rfc3339(1000 * (NOW + 50))}
    gateway.invoke("affiliation", event | {"detail": detail})
    assert world.account(holder).unconfirmed is None
    world.deliver()
    other = world.open_account(email=OTHER)
    decide("Confirmed", other, NOW + 60)
    assert statuses(world, other) == ("own", "disputed")


def test_numbers_of_two_holders(world: World, decide: Decide) -> None:
    """NIR and Siret may be had by two accounts, each judged for itself."""
    has_nir = world.open_account(siret=None)
    has_siret = world.open_account(email=THIRD, nir=None)
    both = world.open_account(email=OTHER)
    decide("Confirmed", has_siret, NOW + 30)
    decide("Confirmed", both, NOW + 60)
    assert statuses(world, both) == ("own", "disputed")
    assert statuses(world, has_nir) == ("claimed", None)
    assert disputes(world) == [{"account_id": both, "holder_account_id": has_siret}]


@pytest.mark.guards("one-number-one-holder", only="free")
@pytest.mark.parametrize("other", ["holder", "claimant", "free"])
def test_a_confirmation_that_another_overtakes(
    world: World, decide: Decide, first: str, second: str, other: str
) -> None:
    """Of two confirmations at once the later is judged again: one has the numbers, one dispute."""
    world.deliver()
    third = first if other == "holder" else world.open_account(email=THIRD)
    if other == "free":
        delete(world, first)
    done: list[int] = []

    def overtake(**_: object) -> None:
        if not done:
            done.append(1)
            decide("Confirmed", third, NOW + 60)

    events = aws.dynamodb().meta.events
    events.register("before-call.*.TransactWriteItems", overtake)
    try:
        decide("Confirmed", second, NOW + 60)
    finally:
        events.unregister("before-call.*.TransactWriteItems", overtake)
    assert holders(world) == {third}
    assert statuses(world, third) == ("own", "own")
    assert statuses(world, second) == ("disputed", "disputed")
    assert disputes(world) == [{"account_id": second, "holder_account_id": third}]


@pytest.mark.guards("settled-numbers-only")
def test_a_confirmation_that_a_correction_overtakes(
    world: World, decide: Decide, first: str, second: str
) -> None:
    """A NIR corrected while it is confirmed: the account gets the corrected one, not the other.

    Another account has the corrected one too, so the status of the number stays the same.
    """
    world.deliver()
    third = world.open_account(email=THIRD, nir=OTHERS["nir"], siret=None)
    done: list[int] = []
    encrypt = partial(encrypt_for_account, aws.kms(), world.settings.data_key)

    def overtake(**_: object) -> None:
        if not done:
            done.append(1)
            wanted = corrections.Correction(nir=OTHERS["nir"])
            acting = world.acting(second, NOW + 50)
            corrections.correct_own(world.table, keys.lookup_keys(), encrypt, acting, wanted)

    events = aws.dynamodb().meta.events
    events.register("before-call.*.TransactWriteItems", overtake)
    try:
        decide("Confirmed", second, NOW + 60)
    finally:
        events.unregister("before-call.*.TransactWriteItems", overtake)
    owners = {typed: world.identifier(typed) for typed in (NIR, OTHERS["nir"])}
    assert {typed: each and each.account_id for typed, each in owners.items()} == {
        NIR: first,
        OTHERS["nir"]: second,
    }
    assert world.account(second).affiliation == "confirmed"
    assert statuses(world, second) == ("own", "own")
    assert statuses(world, first) == ("own", "claimed")
    assert statuses(world, third) == ("claimed", None)


@pytest.mark.guards("own-nir-only")
def test_a_deleted_claimant_leaves_the_numbers(world: World, first: str, second: str) -> None:
    """The password of an account without its NIR can be changed, and the account deleted."""
    recover(world, OTHER)
    assert world.log_in(OTHER, CHANGED, NOW + 20).account_id == second
    delete(world, second)
    assert holders(world) == {first}


def test_a_deleted_holder_frees_the_numbers(
    world: World, decide: Decide, first: str, second: str
) -> None:
    """Nobody gets them at once: the next confirmation of an account that claims them does."""
    delete(world, first)
    assert world.items("SIRET#") == []
    assert world.identifier(NIR) is None
    assert statuses(world, second) == ("claimed", "claimed")
    decide("Confirmed", second, NOW + 32 * DAY)
    assert holders(world) == {second}


def test_a_number_got_while_the_account_is_deleted(
    world: World, decide: Decide, first: str, second: str
) -> None:
    """An account that gets its numbers while its deletion runs leaves none of them behind."""
    assert first
    deletion.schedule_deletion(world.table, world.acting(second, NOW))
    done: list[int] = []

    def overtake(**_: object) -> None:
        if not done:
            done.append(1)
            decide("Confirmed", second, NOW + 60)

    events = aws.dynamodb().meta.events
    events.register("before-call.*.TransactWriteItems", overtake)
    try:
        assert deletion.delete_due(world.table, HELD, NOW + 31 * DAY) == 0
    finally:
        events.unregister("before-call.*.TransactWriteItems", overtake)
    assert deletion.delete_due(world.table, HELD, NOW + 31 * DAY) == 1
    assert world.items("SIRET#") == []
    assert world.identifier(NIR) is None


def test_only_the_address_conflicts(world: World, first: str) -> None:
    """The 409 is for the e-mail alone, with words that name no number."""
    assert first
    world.sign_up(NOW + 60, **OTHERS, email=OTHER)
    (mail,) = world.deliver(NOW + 60)
    world.sign_up(NOW + 130, email=OTHER)
    (other,) = world.deliver(NOW + 130)
    world.set_password(mail.token, now=NOW + 131)
    problem = refused(IDENTITY_CONFLICT, lambda: world.set_password(other.token, now=NOW + 132))
    for word in ("NIR", "Siret", "Sécurité sociale"):
        assert word not in problem.kind.detail
