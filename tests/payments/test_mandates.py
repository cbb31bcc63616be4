"""SEPA mandates: signed, listed, printed, revoked, and kept as long as they must be."""

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core import aws, held, keys
from portal.core.acting import Acting
from portal.core.held import Reading
from portal.core.identifiers import decrypt_for_account, siret_mac
from portal.core.problems import UNAUTHENTICATED
from portal.core.records import DAY
from portal.core.session import end_sessions
from portal.core.settings import settings
from portal.core.writes import update
from portal.declarations.problems import SERVICES_CLOSED
from portal.payments import documents, mandates
from portal.payments.held import HELD
from portal.payments.problems import MANDATE_UNKNOWN, TOO_MANY
from portal.payments.records import Mandate, RumSequence
from portal.payments.sealing import KEPT_REVOKED
from tests.world.functions import Answer, Gateway
from tests.world.ibans import french, grouped
from tests.world.refusals import overtaken, refused
from tests.world.use_cases import EMAIL, OTHER
from tests.world.world import FEED, NOW, World

if TYPE_CHECKING:
    from collections.abc import Callable

SIRET = "35600000000048"
PATH = "/api/me/sepa-mandates"
FORM = {"iban": grouped(french(7)), "holder": "Michèle Dupont", "scheme": "core"}


@pytest.fixture
def signer(world: World) -> Acting:
    """Return somebody affiliated, who just logged in."""
    account_id = world.open_account(siret=SIRET)
    world.affiliate(account_id, NOW)
    world.deliver(NOW)
    return world.with_session(account_id, NOW)


def stored(world: World) -> list[Mandate]:
    """Return every mandate of the table."""
    return [Mandate.from_item(item) for item in world.items("MANDATE#")]


def another(world: World, email: str = OTHER, **changes: Any) -> Acting:
    """Return somebody else affiliated, who just logged in."""
    world.deliver(NOW)
    account_id = world.open_account(email=email, **changes)
    world.affiliate(account_id, NOW)
    return world.with_session(account_id, NOW)


@pytest.mark.guards("iban-encrypted")
def test_what_is_stored(world: World, signer: Acting) -> None:
    """The IBAN is stored encrypted for its account, with its last four; the proof beside it."""
    iban = french(7)
    signed = world.sign_mandate(signer, iban, "Michèle Dupont", "b2b")
    assert stored(world) == [signed]
    assert (signed.rum, signed.number, signed.last_four) == (f"AE{SIRET}-001", 1, iban[-4:])
    assert (signed.signed_at, signed.actor_id) == (NOW, signer.actor_id)
    assert (signed.methods, signed.text_version) == (("password",), documents.TEXT_VERSION)
    decrypt = partial(decrypt_for_account, aws.kms(), world.settings.data_key)
    assert decrypt(signed.iban_encrypted, signer.account_id) == iban
    assert iban not in str(world.items())
    assert iban.encode() not in signed.iban_encrypted
    (item,) = world.items("MANDATE#")
    assert SIRET not in item["pk"]["S"] + item["sk"]["S"], "no key has an identifier"


@pytest.mark.guards("mandate-is-told", "revocation-is-told")
def test_each_step_is_told(world: World, signer: Acting) -> None:
    """Signing and revoking are in the feed and in a mail; the mail and the event have ids only."""
    iban = french(7)
    rum = world.sign_mandate(signer, iban).rum
    mandates.revoke(world.table, Acting.in_session(signer.session, NOW + 1), rum)
    kinds = [each for each in world.kinds(signer.account_id) if each.startswith("sepa")]
    assert kinds == ["sepa-mandate-revoked", "sepa-mandate-signed"]
    signed = next(
        each for each in world.feed(signer.account_id) if each.kind == "sepa-mandate-signed"
    )
    assert rum in signed.body
    assert f"terminé par {iban[-4:]}" in signed.body
    told = str([dict(each.about) for each in world.messages()])
    assert rum not in told
    sent = world.deliver(NOW)
    assert [each.subject for each in sent][-2:] == [
        "Vous avez signé un mandat de prélèvement",
        "Un mandat de prélèvement est révoqué",
    ]
    assert not any(part in each.text for each in sent for part in (rum, iban, iban[-4:]))
    events = [each["DetailType"] for each in world.events()]
    assert events[-2:] == ["SepaMandateSigned", "SepaMandateRevoked"]


@pytest.mark.guards("three-accounts")
def test_three_accounts_at_most(world: World, signer: Acting) -> None:
    """A fourth account is refused until one of the three is revoked."""
    first, *_ = [world.sign_mandate(signer, french(n)) for n in range(3)]
    refused(TOO_MANY, lambda: world.sign_mandate(signer, french(3)))
    mandates.revoke(world.table, signer, first.rum)
    fourth = world.sign_mandate(signer, french(3))
    assert fourth.rum == f"AE{SIRET}-004", "a reference is never given again"


def test_the_same_account_is_signed_once(world: World, signer: Acting) -> None:
    """Signing again for the same account, holder and scheme returns the mandate that there is."""
    first = world.sign_mandate(signer, french(1))
    again = world.sign_mandate(signer, french(1))
    assert again.rum == first.rum
    assert len(stored(world)) == 1
    assert world.sign_mandate(signer, french(1), scheme="b2b").rum != first.rum
    assert world.sign_mandate(signer, french(1), holder="Michel Petit").rum != first.rum
    mandates.revoke(world.table, signer, first.rum)
    assert world.sign_mandate(signer, french(1)).rum == f"AE{SIRET}-004"


def test_two_at_once(world: World, signer: Acting) -> None:
    """Of two mandates signed at once each has its own reference, and no fourth slips in."""
    other = french(8)
    second = overtaken(
        lambda: world.sign_mandate(signer, other), lambda: world.sign_mandate(signer, french(9))
    )
    assert [each.rum[-3:] for each in stored(world)] == ["001", "002"]
    assert second.rum.endswith("002")
    refused(
        TOO_MANY,
        lambda: overtaken(
            lambda: world.sign_mandate(signer, french(10)),
            lambda: world.sign_mandate(signer, french(11)),
        ),
    )
    assert len(stored(world)) == 3


@pytest.mark.guards("references-are-new", "one-reference-each")
def test_two_accounts_of_one_siret(world: World, signer: Acting) -> None:
    """The references of a Siret are counted over accounts, and after an account is gone."""
    other = another(world, siret=SIRET, nir=None)
    world.sign_mandate(signer, french(1))
    assert world.sign_mandate(other, french(2)).rum == f"AE{SIRET}-002"
    third = overtaken(
        lambda: world.sign_mandate(signer, french(3)), lambda: world.sign_mandate(other, french(4))
    )
    assert third.rum == f"AE{SIRET}-004"


def test_without_siret(world: World) -> None:
    """An account without Siret has references of the same length, which are no Siret."""
    acting = another(world, siret=None)
    rum = world.sign_mandate(acting, french(1)).rum
    assert len(rum) == len(f"AE{SIRET}-001")
    assert rum[2] == "X"
    assert rum.endswith("-001")


def test_after_the_last_number(world: World, signer: Acting) -> None:
    """After 999 references of a Siret no other is given."""
    mac = siret_mac(keys.lookup_keys(), SIRET)
    at = RumSequence.key_of(counted_for=mac)
    world.table.write(update(at, {"counted_for": mac, "last_given": 999, "expires_at": NOW + DAY}))
    refused(TOO_MANY, lambda: world.sign_mandate(signer, french(1)))


@pytest.mark.guards("mandates-once-affiliated")
def test_only_once_affiliated(world: World) -> None:
    """Before the affiliation is confirmed nothing is signed, and the list says why."""
    account_id = world.open_account()
    acting = world.with_session(account_id, NOW)
    problem = refused(SERVICES_CLOSED, lambda: world.sign_mandate(acting, french(1)))
    assert problem.extensions["reason"] == "affiliation-pending"
    refused(SERVICES_CLOSED, lambda: mandates.look(world.table, acting))
    refused(MANDATE_UNKNOWN, lambda: mandates.find(world.table, acting, "AE-001"))


@pytest.mark.guards("affiliated-while-signing")
def test_an_affiliation_lost_while_signing(world: World, signer: Acting) -> None:
    """A decision that comes while a mandate is signed counts."""
    at = world.account(signer.account_id).key()
    reject = update(at, {"affiliation": "rejected"})
    refused(
        SERVICES_CLOSED,
        lambda: overtaken(
            lambda: world.table.write(reject), lambda: world.sign_mandate(signer, french(1))
        ),
    )
    assert not stored(world)


@pytest.mark.guards("no-mandate-of-an-ended-session")
@pytest.mark.parametrize("step", ["sign", "revoke"])
def test_a_session_that_ends_meanwhile(world: World, signer: Acting, step: str) -> None:
    """What a session asks for after its end is not done."""
    rum = world.sign_mandate(signer, french(1)).rum
    does: Callable[[], object] = {
        "sign": lambda: world.sign_mandate(signer, french(2)),
        "revoke": lambda: mandates.revoke(world.table, signer, rum),
    }[step]
    ends = [*end_sessions(signer.account_id)]
    refused(UNAUTHENTICATED, lambda: overtaken(lambda: world.table.transact(*ends), does))
    assert [each.revoked_at for each in stored(world)] == [None]


@pytest.mark.guards(
    "revoked-is-not-listed", "mandates-are-sealed", "late-mandates", "ten-years-of-proof"
)
def test_revoking(world: World, signer: Acting) -> None:
    """A revoked mandate is not listed, stays printable 14 months, and its proof ten years."""
    rum = world.sign_mandate(signer, french(1)).rum
    kept = world.sign_mandate(signer, french(2))
    mandates.revoke(world.table, signer, rum)
    mandates.revoke(world.table, signer, rum)
    assert mandates.look(world.table, signer) == [kept]
    found = mandates.find(world.table, signer, rum)
    assert (found.revoked_at, found.expires_at) == (NOW, NOW + KEPT_REVOKED)
    (archived,) = world.items("ARCHIVE#")
    assert archived["rum"]["S"] == rum
    assert int(archived["expires_at"]["N"]) > NOW + 3649 * DAY
    assert SIRET not in archived["pk"]["S"] + archived["sk"]["S"]
    assert EMAIL not in str(archived)
    late = Acting.in_session(signer.session, NOW + KEPT_REVOKED)
    refused(MANDATE_UNKNOWN, lambda: mandates.find(world.table, late, rum))


def test_revoked_twice_at_once(world: World, signer: Acting) -> None:
    """Of two revocations at once one is told."""
    rum = world.sign_mandate(signer, french(1)).rum
    overtaken(
        lambda: mandates.revoke(world.table, signer, rum),
        lambda: mandates.revoke(world.table, signer, rum),
    )
    assert world.kinds(signer.account_id).count("sepa-mandate-revoked") == 1
    assert len(world.items("ARCHIVE#")) == 1


def test_the_mandate_of_another(world: World, signer: Acting) -> None:
    """A reference of another account is as unknown as one of nobody."""
    rum = world.sign_mandate(signer, french(1)).rum
    other = another(world, nir=None)
    refused(MANDATE_UNKNOWN, lambda: mandates.revoke(world.table, other, rum))
    refused(MANDATE_UNKNOWN, lambda: mandates.find(world.table, other, rum))
    assert mandates.look(world.table, other) == []


def test_export(world: World, signer: Acting) -> None:
    """The export has the IBAN of each mandate, for its holder."""
    iban = french(5)
    signed = world.sign_mandate(signer, iban)
    decrypt = partial(decrypt_for_account, aws.kms(), world.settings.data_key)
    account = world.account(signer.account_id)
    exported = held.export(HELD, Reading(world.table, decrypt, FEED, NOW), account)
    section: Any = exported["sepa_mandates"]
    assert [(each["iban"], each["rum"]) for each in section] == [(iban, signed.rum)]


def test_a_deletion_seals(world: World, signer: Acting) -> None:
    """A deleted account leaves its mandates sealed, once each, and no other trace of them."""
    rum = world.sign_mandate(signer, french(1)).rum
    world.sign_mandate(signer, french(2))
    mandates.revoke(world.table, signer, rum)
    for _ in range(2):
        held.sweep(HELD, world.table, signer.account_id)
    assert not world.items("MANDATE#")
    assert len(world.items("ARCHIVE#")) == 2


def test_a_demonstration_keeps_nothing(
    world: World, signer: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all is made up and the operator says so, nothing is sealed."""
    monkeypatch.setenv("ERASES_DECLARATIONS", "true")
    settings.cache_clear()
    rum = world.sign_mandate(signer, french(1)).rum
    mandates.revoke(world.table, signer, rum)
    held.sweep(HELD, world.table, signer.account_id)
    assert not world.items("ARCHIVE#")
    assert not world.items("MANDATE#")


# The document


@pytest.mark.parametrize("scheme", ["core", "b2b"])
def test_the_document(world: World, signer: Acting, scheme: Any) -> None:
    """The page to print has what a mandate must have, the IBAN by its last four, and no NIR."""
    iban = french(12)
    signed = world.sign_mandate(signer, iban, "Jean D’Œuf", scheme)
    page = documents.page(signed)
    for part in (signed.rum, documents.CREDITOR_ID, "Jean D’Œuf", "récurrent", iban[-4:]):
        assert part in page
    assert ("interentreprises" in page) == (scheme == "b2b")
    assert ("8\u00a0semaines" in page) == (scheme == "core")
    assert iban not in page
    assert grouped(iban) not in page
    assert signed.document_sha256 in page
    text = documents.text(
        signed.rum, signed.scheme, signed.holder, signed.last_four, signed.signed_at
    )
    assert documents.digest(text) == signed.document_sha256
    mandates.revoke(world.table, signer, signed.rum)
    revoked = documents.page(mandates.find(world.table, signer, signed.rum))
    assert "Mandat révoqué le" in revoked


@given(st.integers(0, 2**31), st.sampled_from(["core", "b2b"]))
def test_the_text_is_that_of_its_values(at: int, scheme: Any) -> None:
    """The same values give the same text, and another day gives another."""
    one = documents.text("AE1-001", scheme, "Michel Dupont", "1234", at)
    assert one == documents.text("AE1-001", scheme, "Michel Dupont", "1234", at)
    assert one != documents.text("AE1-001", scheme, "Michel Dupont", "1234", at + 1)


def test_the_creditor_has_a_right_key() -> None:
    """The identifier of the creditor passes the check of its key."""
    from stdnum.eu import at_02  # noqa: PLC0415 - slow to load, for one test

    assert at_02.is_valid(documents.CREDITOR_ID)


# Over the function


def ask(
    world: World, gateway: Gateway, method: str, path: str, body: Any = None, *, now: int = NOW
) -> Answer:
    """Send a request of the holder, who logged in at ``NOW``."""
    cookie = world.log_in(EMAIL).cookie
    sent = {"Content-Type": ["application/json"], "Cookie": [f"__Host-session={cookie}"]}
    return gateway.ask("payments", method, path, body, headers=sent, now=now)


@pytest.mark.guards("iban-is-masked")
def test_over_http(world: World, gateway: Gateway, signer: Acting) -> None:
    """A mandate is signed with an IBAN as people type one, listed masked, printed, revoked."""
    assert signer
    signed = ask(world, gateway, "POST", PATH, FORM)
    assert signed.status == 201
    rum = signed.json["rum"]
    assert signed.json == {
        "rum": rum,
        "scheme": "core",
        "holder": "Michèle Dupont",
        "iban_masked": f"••••\u00a0{french(7)[-4:]}",
        "signed_at": "2026-09-21T14:13:20.000Z",
        "pdf": f"{PATH}/{rum}/pdf",
    }
    assert ask(world, gateway, "GET", PATH).json == {"mandates": [signed.json]}
    page = ask(world, gateway, "GET", signed.json["pdf"])
    assert page.status == 200
    assert page.headers["Content-Type"] == ["text/html; charset=utf-8"]
    assert ask(world, gateway, "DELETE", f"{PATH}/{rum}").status == 204
    assert ask(world, gateway, "DELETE", f"{PATH}/{rum}").status == 204
    assert ask(world, gateway, "GET", PATH).json == {"mandates": []}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"iban": "FR00"}, "iban", "iban-invalid"),
        ({"iban": "TR330006100519786457841326"}, "iban", "iban-outside-sepa"),
        ({"iban": ""}, "iban", "required"),
        ({"iban": 7}, "iban", "invalid-type"),
        ({"holder": "Иван"}, "holder", "not-latin"),
        ({"scheme": "CORE"}, "scheme", "invalid-choice"),
        ({"rum": "AE1"}, "rum", "unexpected"),
    ],
)
def test_what_is_refused(
    world: World, gateway: Gateway, signer: Acting, changes: Any, field: str, code: str
) -> None:
    """Each field is refused by its name, and no answer repeats what was typed."""
    assert signer
    answer = ask(world, gateway, "POST", PATH, FORM | changes)
    assert answer.status == 422
    (error,) = answer.json["errors"]
    assert error["field"] == field
    if code not in {"invalid-type", "invalid-choice", "unexpected"}:
        assert error["code"] == code
    for typed in changes.values():
        assert len(str(typed)) < 5 or str(typed) not in answer.text


@pytest.mark.guards("fresh-proof-signs", "fresh-proof-revokes")
@pytest.mark.parametrize(("method", "after"), [("POST", ""), ("DELETE", "/AE1-001")])
def test_changes_need_a_fresh_proof(
    world: World, gateway: Gateway, signer: Acting, method: str, after: str
) -> None:
    """Five minutes after the last proof nothing is signed or revoked without another."""
    assert signer
    body = FORM if method == "POST" else None
    answer = ask(world, gateway, method, PATH + after, body, now=NOW + 301)
    assert (answer.status, answer.json["type"].rpartition("/")[2]) == (
        403,
        "reauthentication-required",
    )
