"""Names, NIR and Siret corrected: by oneself, or by the back office with a proof."""

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from portal.core.clock import ImplausibleTimeError, rfc3339
from portal.core.feed import BACK_OFFICE
from portal.core.problems import UNAUTHENTICATED
from portal.core.records import DAY
from portal.identity import deletion
from portal.identity.corrections import Correction, correct_own
from portal.identity.problems import INVALID_CREDENTIALS
from portal.identity.records import CLAIMED, DISPUTED, OWN
from portal.rules.nir import mask_nir, nir_check_key
from tests.world.refusals import overtaken, refused
from tests.world.use_cases import EMAIL, HELD, OTHER
from tests.world.world import NOW

if TYPE_CHECKING:
    from tests.world.functions import Answer, Gateway
    from tests.world.world import World

NIR, SIRET = "2940375120005", "35600000000048"
NEW_NIR, NEW_SIRET = "2950475120007", "35600000049837"
KEY = nir_check_key(NEW_NIR)
MAIL = "Vos informations ont été corrigées"


class Person:
    """Somebody with an account, logged in a moment ago."""

    def __init__(self, world: "World", gateway: "Gateway", **who: Any) -> None:
        self.world = world
        self.gateway = gateway
        self.id = world.open_account(**who)
        world.deliver()
        self.cookie = world.log_in(who.get("email", EMAIL)).cookie
        world.deliver()

    def correct(self, now: int = NOW, **changes: Any) -> "Answer":
        """Send a correction."""
        headers = {
            "Content-Type": ["application/json"],
            "Cookie": [f"__Host-session={self.cookie}"],
        }
        return self.gateway.ask("account", "PATCH", "/api/me", changes, headers=headers, now=now)

    def told(self, kind: str, now: int = NOW, **detail: Any) -> None:
        """Have the back office say something about the account."""
        event = {
            "detail-type": kind,
            "time": rfc3339(now * 1000),
            "detail": {"account_id": self.id, **detail},
        }
        self.gateway.invoke("affiliation", event)

    def confirm(self, now: int = NOW) -> None:
        """Have the affiliation confirmed."""
        self.told("AffiliationConfirmed", now)
        self.world.deliver(now)

    def proved(self, now: int = NOW + 60, **detail: Any) -> None:
        """Have the identity corrected with a proof."""
        self.told("IdentityCorrected", now, proof="12", **detail)

    @property
    def numbers(self) -> tuple[Any, ...]:
        """Both numbers and their statuses."""
        account = self.world.account(self.id)
        return account.nir_masked, account.nir_status, account.siret, account.siret_status

    @property
    def kinds(self) -> list[str]:
        """The kinds of the feed's entries, newest first."""
        return self.world.kinds(self.id)


@pytest.fixture
def person(world: "World", gateway: "Gateway") -> Person:
    """Return somebody logged in."""
    return Person(world, gateway)


@pytest.mark.guards("correction-is-told")
def test_names_are_corrected(person: Person) -> None:
    """Before a confirmation a person corrects their names; a mail and the feed say so."""
    answer = person.correct(last_name="Dupont-Martin", first_name="Michelle")
    assert answer.status == 200
    assert (answer.json["last_name"], answer.json["first_name"]) == ("Dupont-Martin", "Michelle")
    (mail,) = person.world.deliver()
    assert (mail.to, mail.subject) == ([EMAIL], MAIL)
    assert "nom, prénom" in mail.text
    assert "Dupont-Martin" not in mail.text
    (shown,) = (each for each in person.world.feed(person.id) if each.kind == "identity-corrected")
    assert "nom, prénom" in shown.body
    (entry,) = (each for each in person.world.items("ACTIVITY#") if each["id"]["S"] == shown.id)
    assert entry["actor"]["S"] == person.id
    assert "Martin" not in str(entry)


def test_numbers_attributed_later_are_added(world: "World", gateway: "Gateway") -> None:
    """A NIR and a Siret that were never attributed are added; the NIR then logs in."""
    person = Person(world, gateway, nir=None, siret=None)
    answer = person.correct(nir=NEW_NIR, nir_key=KEY, siret=NEW_SIRET)
    assert answer.status == 200
    assert person.numbers == (mask_nir(NEW_NIR), OWN, NEW_SIRET, OWN)
    assert answer.json["siret"] == NEW_SIRET
    assert NEW_NIR not in str(answer.json)
    assert world.log_in(NEW_NIR)
    assert NEW_NIR not in str(world.items())


@pytest.mark.guards("former-nir-is-free")
def test_a_mistyped_number_is_replaced(person: Person) -> None:
    """The former numbers are given back: they log nobody in, and another account may have them."""
    assert person.correct(nir=NEW_NIR + KEY, siret=NEW_SIRET).status == 200
    world = person.world
    refused(INVALID_CREDENTIALS, lambda: world.log_in(NIR))
    assert world.log_in(NEW_NIR)
    world.deliver()
    other = Person(world, person.gateway, email=OTHER)
    assert other.numbers == (mask_nir(NIR), OWN, SIRET, OWN)


def test_a_number_of_another_account_is_claimed(world: "World", gateway: "Gateway") -> None:
    """A number that another account has is claimed as at a sign-up: same answer, mail and feed."""
    Person(world, gateway)
    late = Person(world, gateway, email=OTHER, nir=None, siret=None)
    assert late.correct(nir=NIR, nir_key=nir_check_key(NIR), siret=SIRET).status == 200
    assert late.numbers == (mask_nir(NIR), CLAIMED, SIRET, CLAIMED)
    assert {"identity-corrected", "number-claimed"} <= set(late.kinds)
    assert {each.to[0] for each in world.deliver()} == {OTHER}
    assert world.log_in(NIR).account_id != late.id


@pytest.mark.guards("confirmed-is-not-typed-again")
@pytest.mark.parametrize(
    "changes", [{"last_name": "Durand"}, {"siret": NEW_SIRET}, {"nir": NEW_NIR, "nir_key": KEY}]
)
def test_what_was_confirmed_is_not_typed_again(person: Person, changes: dict[str, str]) -> None:
    """After the confirmation nobody corrects by themselves; the answer names the way."""
    person.confirm()
    answer = person.correct(**changes)
    assert answer.status == 409
    assert answer.json["type"].endswith("/problems/identity-confirmed")
    assert "Nous contacter" in answer.json["detail"]
    assert person.numbers[2] == SIRET
    assert person.correct(mobile_phone="0612345679").status == 200, "the phone is nobody's proof"


def test_a_confirmation_meanwhile_is_seen(person: Person) -> None:
    """A correction that a confirmation overtakes is refused."""
    answer = overtaken(person.confirm, lambda: person.correct(last_name="Durand"))
    assert answer.status == 409
    assert person.world.account(person.id).last_name == "Dupont"


@pytest.mark.guards("fresh-proof-for-the-identity")
def test_a_correction_needs_a_fresh_proof(person: Person) -> None:
    """A session alone corrects nothing of the identity; the phone as before."""
    assert person.correct(NOW + 301, last_name="Durand").status == 403
    assert person.correct(NOW + 301, mobile_phone="0612345679").status == 200
    person.cookie = ""
    assert person.correct(last_name="Durand").status == 401


@pytest.mark.guards("three-corrections-a-day")
def test_corrections_are_few(person: Person) -> None:
    """A fourth correction in a day is refused, until a day after the first of them.

    Each shows whether an account has a number.
    """
    for after, name in enumerate(("Un", "Deux", "Trois")):
        assert person.correct(NOW + 10 * after, last_name=name).status == 200
    answer = person.correct(NOW + 60, last_name="Quatre")
    assert (answer.status, answer.headers["Retry-After"]) == (429, [str(DAY - 60)])
    assert person.world.account(person.id).last_name == "Trois"
    person.cookie = person.world.log_in(EMAIL, now=NOW + DAY).cookie
    assert person.correct(NOW + DAY - 1, last_name="Quatre").status == 429
    assert person.correct(NOW + DAY, last_name="Quatre").status == 200


def test_nothing_changes_nothing(person: Person) -> None:
    """What is corrected to what it is writes and sends nothing."""
    assert person.correct(last_name="Dupont", siret=SIRET, nir=NIR).status == 422, "no key"
    assert (
        person.correct(last_name="Dupont", siret=SIRET, nir=NIR + nir_check_key(NIR)).status == 200
    )
    assert person.kinds == []
    assert person.world.deliver() == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"last_name": "http://x"}, "last_name"),
        ({"last_name": None}, "last_name"),
        ({"nir": NEW_NIR, "nir_key": "00"}, "nir_key"),
        ({"nir": NEW_NIR}, "nir_key"),
        ({"nir_key": KEY}, "nir_key"),
        ({"nir": None}, "nir"),
        ({"siret": "35600000000049"}, "siret"),
    ],
)
def test_a_wrong_correction_names_its_field(
    person: Person, changes: dict[str, Any], field: str
) -> None:
    """A correction is checked as a sign-up is."""
    answer = person.correct(**changes)
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, field)


def test_one_patch_does_all_or_nothing(person: Person) -> None:
    """A refused correction leaves the phone of the same request as it was."""
    person.confirm()
    assert person.correct(mobile_phone="0612345679", last_name="Durand").status == 409
    assert person.world.account(person.id).mobile_phone == "+33612345678"


def test_a_deleted_account_is_not_corrected(person: Person) -> None:
    """Nothing is written for an account that is gone."""
    person.world.sweep("ACCOUNT#")
    wanted = Correction(last_name="Durand")
    world = person.world
    lookup: Any = None
    refused(
        UNAUTHENTICATED,
        lambda: correct_own(world.table, lookup, lambda *_: b"", world.acting(person.id), wanted),
    )


# By the back office


def test_a_confirmed_identity_is_corrected_with_a_proof(person: Person) -> None:
    """The back office's event corrects names and numbers; mail and feed say so, with the proof."""
    person.confirm()
    person.proved(last_name="Durand", nir=NEW_NIR, nir_key=KEY, siret=NEW_SIRET)
    world = person.world
    assert world.account(person.id).last_name == "Durand"
    assert person.numbers == (mask_nir(NEW_NIR), OWN, NEW_SIRET, OWN)
    refused(INVALID_CREDENTIALS, lambda: world.log_in(NIR))
    assert world.log_in(NEW_NIR)
    (mail,) = [each for each in world.deliver() if "corrigées" in each.subject]
    assert mail.to == [EMAIL]
    shown = next(each for each in world.feed(person.id) if each.kind.startswith("identity"))
    assert "nom, n°\u00a0de Sécurité sociale, Siret (dossier 12)" in shown.body
    (entry,) = (each for each in world.items("ACTIVITY#") if each["id"]["S"] == shown.id)
    assert entry["actor"]["S"] == BACK_OFFICE


@pytest.mark.guards("corrected-once")
def test_a_correction_counts_once_and_in_order(person: Person) -> None:
    """Repeated, or late after a newer one, a correction changes and tells nothing."""
    person.proved(NOW + 60, last_name="Durand")
    person.world.deliver()
    person.correct(NOW + 90, last_name="Martin")
    person.world.deliver()
    person.proved(NOW + 60, last_name="Durand")
    person.proved(NOW + 30, last_name="Petit")
    assert person.world.account(person.id).last_name == "Martin"
    assert person.world.deliver() == []
    person.proved(NOW + 30, siret=NEW_SIRET)
    assert person.numbers[2:] == (NEW_SIRET, OWN), "each value has its own time"


def test_a_proved_number_is_taken_from_who_only_claims_it(
    world: "World", gateway: "Gateway"
) -> None:
    """An account that is not confirmed loses a number to the one that proved it."""
    squatter = Person(world, gateway)
    holder = Person(world, gateway, email=OTHER, nir=None, siret=None)
    holder.proved(nir=NIR, nir_key=nir_check_key(NIR), siret=SIRET)
    assert holder.numbers == (mask_nir(NIR), OWN, SIRET, OWN)
    assert squatter.numbers[1] == CLAIMED
    assert "number-lost" in squatter.kinds
    assert world.log_in(NIR).account_id == holder.id


def test_a_confirmed_holder_keeps_a_number(world: "World", gateway: "Gateway") -> None:
    """A number of a confirmed account is disputed, and stays with it."""
    first = Person(world, gateway)
    first.confirm()
    second = Person(world, gateway, email=OTHER, nir=None, siret=None)
    second.proved(siret=SIRET)
    assert second.numbers[2:] == (SIRET, DISPUTED)
    assert first.numbers[3] == OWN
    world.deliver()
    assert world.events()[-1]["DetailType"] == "NumberDisputed"


@pytest.mark.parametrize(
    "detail",
    [
        {"last_name": "Durand"},
        {"proof": "<script>", "last_name": "Durand"},
        {"proof": "2026/12"},
        {"proof": "2026/12", "last_name": "a@b"},
        {"proof": "2026/12", "nir": NEW_NIR, "nir_key": "00"},
        {"proof": "2026/12", "email": "a@example.fr"},
    ],
)
def test_a_malformed_correction_is_refused(person: Person, detail: dict[str, str]) -> None:
    """A correction needs a proof and something to correct, checked as at a sign-up."""
    with pytest.raises(ValidationError) as caught:
        person.told("IdentityCorrected", **detail)
    for value in detail.values():
        assert value not in str(caught.value)
    assert person.world.account(person.id).last_name == "Dupont"


def test_a_correction_from_the_future_is_refused(person: Person) -> None:
    """A correction dated in the year 9999 is refused, and blocks none that comes after."""
    with pytest.raises(ImplausibleTimeError):
        person.proved(253_402_300_799, last_name="Petit")
    person.proved(last_name="Durand")
    assert person.world.account(person.id).last_name == "Durand"


def test_a_correction_of_nobody(person: Person) -> None:
    """A correction of an unknown account is ignored."""
    person.world.sweep("ACCOUNT#")
    person.proved(last_name="Durand")
    assert not person.world.items("ACCOUNT#")


def test_corrections_leave_nothing_behind(person: Person) -> None:
    """After a correction the deletion still removes every number."""
    person.correct(nir=NEW_NIR, nir_key=KEY, siret=NEW_SIRET)
    person.world.deliver()
    headers = {"Content-Type": ["application/json"], "Cookie": [f"__Host-session={person.cookie}"]}
    person.gateway.ask("account", "DELETE", "/api/me", None, headers=headers, now=NOW)
    assert deletion.delete_due(person.world.table, HELD, NOW + 30 * DAY) == 1
    assert not person.world.items("SIRET#")
    assert not [each for each in person.world.items("LOGIN#") if "account_id" in each]
