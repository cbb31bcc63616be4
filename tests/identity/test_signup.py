"""Sign-up, its link, and the password that creates the account."""

from typing import TYPE_CHECKING

import pytest

from portal.core import aws, keys
from portal.core.links import Link, Token, new_id, seal
from portal.core.problems import INVALID_REQUEST, LINK_UNKNOWN, Problem
from portal.core.records import DAY, FOREVER, HOUR
from portal.identity import purposes
from portal.identity.problems import ALREADY_ACTIVE, IDENTITY_CONFLICT, LINK_EXPIRED
from portal.identity.records import Account, Credentials, Registration
from tests.world.refusals import refused
from tests.world.use_cases import EMAIL
from tests.world.world import NOW

if TYPE_CHECKING:
    from tests.world.world import World

NIR = "2940375120005"
OTHERS = {"email": "other@example.fr", "nir": "294032A120005", "siret": "35600000049837"}


def link(world: "World", now: int = NOW, **changes: object) -> str:
    """Sign up and return the token of the mail."""
    world.sign_up(now, **changes)
    (mail,) = world.deliver(now)
    return mail.token


# Sign-up


def test_a_sign_up_is_one_transaction(world: "World") -> None:
    """One transaction writes registration, newest of its address, mail and mail limit."""
    with world.calls.counted() as made:
        registration_id = world.sign_up()
    assert made == ["TransactWriteItems"]
    assert sorted(item["pk"]["S"].partition("#")[0] for item in world.items()) == [
        "EMAIL",
        "MAIL",
        "OUTBOX",
        "REGISTRATION",
    ]
    registration = world.table.get(Registration, Registration.key_of(id=registration_id))
    assert registration
    assert not registration.completed
    assert registration.expires_at == NOW + 30 * DAY
    (message,) = world.messages()
    assert (message.kind, message.about) == ("validation", {"registration_id": registration_id})


def test_a_sign_up_claims_nothing(world: "World") -> None:
    """A registration claims no identifier, so nobody can block another person's."""
    world.sign_up()
    assert not world.items("LOGIN#")
    assert not world.items("SIRET#")
    assert not world.items("ACCOUNT#")


@pytest.mark.guards("nir-encrypted")
def test_the_nir_is_not_stored_in_clear(world: "World") -> None:
    """The NIR is stored encrypted, masked and hashed, never in clear."""
    world.sign_up()
    assert NIR not in str(world.items())
    (item,) = world.items("REGISTRATION#")
    opened = aws.kms().decrypt(
        CiphertextBlob=item["nir_encrypted"]["B"],
        EncryptionContext={"account_id": item["account_id"]["S"]},
    )
    assert opened["Plaintext"].decode() == NIR


def test_messages_have_no_personal_data(world: "World") -> None:
    """Messages in the outbox only have references: no name, address, phone or token."""
    world.sign_up()
    world.resend("other@example.fr")
    waiting = str(world.items("OUTBOX#"))
    for personal in ("Dupont", "Michèle", "example.fr", "612345678", NIR):
        assert personal not in waiting


@pytest.mark.guards("one-mail")
def test_a_second_sign_up_in_a_minute_sends_no_mail(world: "World") -> None:
    """A second sign-up in a minute is stored; its mail is sent at the next resend."""
    world.sign_up(NOW)
    with world.calls.counted() as made:
        second = world.sign_up(NOW + 59, first_name="Marie")
    assert made == ["TransactWriteItems", "TransactWriteItems"]
    assert len(world.items("REGISTRATION#")) == 2
    assert len(world.messages()) == 1
    world.resend(EMAIL, NOW + 60)
    newest = world.deliver(NOW + 60)[-1]
    assert "Marie" in newest.text
    assert world.open_link(newest.token, NOW + 60).id == second


@pytest.mark.guards("sign-up-reads-nothing")
def test_a_sign_up_never_reads(world: "World") -> None:
    """A sign-up makes the same calls for known and unknown people, and reads nothing."""
    world.open_account()
    with world.calls.counted() as known:
        world.sign_up(NOW + 100)
    with world.calls.counted() as unknown:
        world.sign_up(NOW + 100, **OTHERS)
    assert known == unknown == ["TransactWriteItems"]


def test_several_registrations_coexist(world: "World") -> None:
    """After a second sign-up the first link is still valid, with the data typed then."""
    first = link(world, NOW, last_name="Martin")
    second = link(world, NOW + 60)
    assert world.open_link(first, NOW + 60).last_name == "Martin"
    assert world.open_link(second, NOW + 60).last_name == "Dupont"


def test_a_resend_is_alike_for_all(world: "World") -> None:
    """A resend makes the same calls and writes for known and unknown addresses."""
    world.sign_up(NOW)
    before = len(world.items())
    with world.calls.counted() as known:
        world.resend(EMAIL, NOW + 60)
    written_for_known = len(world.items()) - before
    with world.calls.counted() as unknown:
        world.resend("nobody@example.fr", NOW + 60)
    assert known == unknown == ["TransactWriteItems"]
    # The known address already had the times of its last mails stored.
    assert (written_for_known, len(world.items()) - before) == (1, 3)
    asked = [item for item in world.items("OUTBOX#") if "email_mac" in item["about"]["M"]]
    assert len(asked) == 2
    assert len({(*sorted(item), *sorted(item["about"]["M"])) for item in asked}) == 1


def test_a_resend_keeps_the_limits_of_mails(world: "World") -> None:
    """A second resend within the minute gets the same answer and writes nothing."""
    world.sign_up(NOW)
    world.resend(EMAIL.upper(), NOW + 59)
    assert len(world.messages()) == 1


# The link


@pytest.mark.guards("opening-consumes-nothing")
def test_a_link_opens_as_often_as_one_likes(world: "World") -> None:
    """Opening a link changes nothing: it can be opened again, on any device."""
    token = link(world)
    before = world.items()
    for now in (NOW, NOW + 1, NOW + 3599):
        with world.calls.counted() as made:
            assert world.open_link(token, now).email == EMAIL
        assert made == ["BatchGetItem", "BatchGetItem"]
    assert world.items() == before


@pytest.mark.guards("validation-lifetime", "late-by-the-clock")
def test_a_link_is_good_for_an_hour_exactly(world: "World") -> None:
    """A link is valid at 3599 seconds and late at 3600, even if its row is still there."""
    token = link(world)
    world.open_link(token, NOW + 3599)
    problem = refused(LINK_EXPIRED, lambda: world.open_link(token, NOW + 3600))
    assert problem.extensions == {"email_masked": "m••••••t@example.fr"}


def test_a_late_link_sends_a_fresh_one(world: "World") -> None:
    """A click on a late link sends a new link to the stored address, and it works."""
    token = link(world)
    late = NOW + HOUR
    refused(LINK_EXPIRED, lambda: world.open_link(token, late))
    (mail,) = world.deliver(late)
    assert mail.to == [EMAIL]
    assert mail.token != token
    assert world.open_link(mail.token, late + 3599).email == EMAIL
    refused(LINK_EXPIRED, lambda: world.open_link(token, late))


def test_a_swept_link_is_late_not_unknown(world: "World") -> None:
    """A real link without its row is late, and sends a new link."""
    token = link(world)
    world.sweep("TOKEN#")
    refused(LINK_EXPIRED, lambda: world.open_link(token, NOW + DAY))
    assert len(world.deliver(NOW + DAY)) == 1


def test_a_link_without_its_row_never_opens(world: "World") -> None:
    """The token alone opens nothing, even within its hour: its row must exist."""
    token = link(world)
    world.sweep("TOKEN#")
    refused(LINK_EXPIRED, lambda: world.open_link(token, NOW + 1))
    refused(LINK_EXPIRED, lambda: world.set_password(token, now=NOW + 1))


def test_a_late_link_clicked_twice_sends_once(world: "World") -> None:
    """A second click within a minute gets the same answer and sends nothing."""
    token = link(world)
    for now in (NOW + HOUR, NOW + HOUR, NOW + HOUR + 59):
        refused(LINK_EXPIRED, lambda now=now: world.open_link(token, now))
    assert len(world.messages()) == 1
    refused(LINK_EXPIRED, lambda: world.open_link(token, NOW + HOUR + 60))
    assert len(world.messages()) == 2


@pytest.mark.guards("three-fresh-links")
def test_three_fresh_links_a_day(world: "World") -> None:
    """A registration gets at most three new links in 24 hours, however many clicks."""
    token = link(world)
    for hour in range(2, 26):
        refused(LINK_EXPIRED, lambda hour=hour: world.open_link(token, NOW + hour * HOUR))
    assert [message.created_at - NOW for message in world.messages()] == [
        2 * HOUR,
        3 * HOUR,
        4 * HOUR,
    ]
    refused(LINK_EXPIRED, lambda: world.open_link(token, NOW + 26 * HOUR))
    assert len(world.messages()) == 4


def test_a_late_link_cannot_set_a_password(world: "World") -> None:
    """A password sent after the hour gets a new link, not an account."""
    token = link(world)
    refused(LINK_EXPIRED, lambda: world.set_password(token, now=NOW + HOUR))
    assert not world.items("ACCOUNT#")
    assert len(world.messages()) == 1


def test_a_newer_link_leaves_older_ones_valid(world: "World") -> None:
    """Two links of one registration both work until they are late."""
    first = link(world)
    world.resend(EMAIL, NOW + 60)
    (mail,) = world.deliver(NOW + 60)
    assert mail.token != first
    assert world.open_link(first, NOW + 61).id == world.open_link(mail.token, NOW + 61).id


def test_an_unknown_registration(world: "World") -> None:
    """A link that we signed, of a registration that was removed, is unknown."""
    text = seal(keys.token_keys(), Token(purposes.EMAIL_VALIDATION, new_id(), NOW))
    refused(LINK_UNKNOWN, lambda: world.open_link(text))
    refused(LINK_UNKNOWN, lambda: world.set_password(text))
    refused(LINK_UNKNOWN, lambda: world.open_link("A" * 96))
    assert not world.messages()


@pytest.mark.guards("thirty-days-to-finish")
def test_a_registration_ends_after_thirty_days(world: "World") -> None:
    """Thirty days after the sign-up its links are unknown, whether or not TTL removed it."""
    token = link(world)
    refused(LINK_EXPIRED, lambda: world.open_link(token, NOW + 30 * DAY - 1))
    refused(LINK_UNKNOWN, lambda: world.open_link(token, NOW + 30 * DAY))
    world.sweep("REGISTRATION#")
    refused(LINK_UNKNOWN, lambda: world.open_link(token, NOW + 30 * DAY))


# The password


def test_an_account_is_created_in_one_transaction(world: "World") -> None:
    """One transaction writes account, credentials, identifiers, Siret, feed and event."""
    token = link(world)
    with world.calls.counted() as made:
        world.set_password(token)
    assert made == ["BatchGetItem", "TransactWriteItems"]
    kinds = sorted(item["pk"]["S"].partition("#")[0] for item in world.items())
    assert kinds == [
        "ACCOUNT",
        "ACTIVITY",
        "ACTIVITY",
        "CREDENTIALS",
        "EMAIL",
        "LOGIN",
        "LOGIN",
        "MAIL",
        "MAIL",
        "MAIL",
        "OUTBOX",
        "REGISTRATION",
        "SIRET",
        "USE",
    ]
    (item,) = world.items("ACCOUNT#")
    account = Account.from_item(item)
    assert (account.email, account.first_name, account.affiliation) == (
        EMAIL,
        "Michèle",
        "pending",
    )
    assert account.created_at == NOW
    (message,) = world.messages()
    assert (message.kind, message.about) == ("AccountActivated", {"account_id": account.id})


def test_credentials_are_stored_once(world: "World") -> None:
    """The password's hash is stored once, under the account to which each identifier points."""
    account_id = world.open_account()
    (item,) = world.items("CREDENTIALS#")
    credentials = Credentials.from_item(item)
    assert (credentials.account_id, credentials.logins) == (account_id, 0)
    assert credentials.password_hash.startswith("1$argon2id$")
    assert str(world.items()).count("$argon2id$") == 1
    assert [each["account_id"]["S"] for each in world.items("LOGIN#")] == [account_id] * 2


@pytest.mark.guards("finished-is-emptied")
def test_the_registration_stays_without_personal_data(world: "World") -> None:
    """A completed registration only has what the answer « already active » needs."""
    world.open_account()
    (item,) = world.items("REGISTRATION#")
    registration = Registration.from_item(item)
    assert registration == Registration(
        id=registration.id,
        account_id=registration.account_id,
        created_at=NOW,
        expires_at=NOW + 30 * DAY,
        completed=True,
    )


def test_an_account_never_expires(world: "World") -> None:
    """TTL removes no account, credentials, identifier or Siret, before and after logins."""
    account_id = world.open_account()
    world.log_in(EMAIL)
    lasting = ("LOGIN#", "CREDENTIALS#", "ACCOUNT#", "SIRET#")
    items = [item for prefix in lasting for item in world.items(prefix)]
    assert len(items) == 5
    for item in items:
        assert int(item.get("expires_at", {"N": FOREVER})["N"]) == FOREVER
        assert account_id in str(item)
    with pytest.raises(Problem):
        world.log_in(EMAIL, "Wrong-Password-1")
    assert {item["expires_at"]["N"] for item in world.items("LOGIN#")} == {str(FOREVER)}


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("Short-1a", ["too-short"]),
        ("Aa1-" + "x" * 47, ["too-long"]),
        ("UPPERCASE-7", ["no-lowercase"]),
        ("lowercase-7", ["no-uppercase"]),
        ("No-Digit-Here", ["no-digit"]),
        ("NoSpecial77", ["no-special"]),
        ("My-Dupont-77", ["contains-identity"]),
        ("My-MICHELE-77", ["contains-identity"]),
        ("Aa-michele.dupont-7", ["contains-identity"]),
        ("Aa-35600000000048", ["contains-identity"]),
        ("Aa-2940375120005", ["contains-identity"]),
        ("", ["too-short", "no-lowercase", "no-uppercase", "no-digit", "no-special"]),
    ],
)
def test_each_broken_rule_has_its_code(world: "World", password: str, codes: list[str]) -> None:
    """Each broken rule has its code. Nothing is written and the link stays valid."""
    token = link(world)
    before = world.items()
    problem = refused(INVALID_REQUEST, lambda: world.set_password(token, password))
    assert [(error.field, error.code) for error in problem.errors] == [
        ("password", code) for code in codes
    ]
    assert world.items() == before


def test_the_password_has_no_part_of_the_address(world: "World") -> None:
    """A password with the part before the @ is refused, even if it is no name."""
    token = link(world, email="zebre.raye@example.fr")
    problem = refused(INVALID_REQUEST, lambda: world.set_password(token, "Aa-7-ZebreRaye"))
    assert [error.code for error in problem.errors] == ["contains-identity"]


def test_the_confirmation_must_agree(world: "World") -> None:
    """One answer names a confirmation that differs and all other broken rules."""
    token = link(world)
    problem = refused(INVALID_REQUEST, lambda: world.set_password(token, "short-A", "other"))
    assert [(error.field, error.code) for error in problem.errors] == [
        ("password", "too-short"),
        ("password", "no-digit"),
        ("confirmation", "confirmation-differs"),
    ]
    world.set_password(token)


def test_a_link_is_used_once(world: "World") -> None:
    """Once the account exists, its links answer « already active » and change nothing."""
    token = link(world)
    world.set_password(token)
    before = world.items()
    refused(ALREADY_ACTIVE, lambda: world.set_password(token, "Another-Horse-8"))
    refused(ALREADY_ACTIVE, lambda: world.open_link(token))
    refused(ALREADY_ACTIVE, lambda: world.open_link(token, NOW + 2 * HOUR))
    assert world.items() == before


@pytest.mark.guards("no-link-to-an-active-account")
def test_the_account_creation_ends_older_links(world: "World") -> None:
    """Once the account exists, older links of its registration no longer work."""
    first = link(world)
    world.resend(EMAIL, NOW + 60)
    (mail,) = world.deliver(NOW + 60)
    world.set_password(mail.token, now=NOW + 61)
    assert world.items("TOKEN#"), "the older link still has its row"
    refused(ALREADY_ACTIVE, lambda: world.open_link(first, NOW + 62))
    refused(ALREADY_ACTIVE, lambda: world.set_password(first, now=NOW + 62))
    assert len(world.items("ACCOUNT#")) == 1


@pytest.mark.guards("atomic-consumption")
def test_consumption_is_atomic(world: "World") -> None:
    """Of two requests that read a valid link, the second finds it used and creates nothing."""
    token = link(world)
    raced: list[int] = []

    def overtake(**_: object) -> None:
        if not raced:
            raced.append(1)
            world.set_password(token, "Faster-Horse-77")

    aws.dynamodb().meta.events.register("before-call.*.TransactWriteItems", overtake)
    try:
        refused(ALREADY_ACTIVE, lambda: world.set_password(token))
    finally:
        aws.dynamodb().meta.events.unregister("before-call.*.TransactWriteItems", overtake)
    assert len(world.items("ACCOUNT#")) == 1
    assert world.log_in(EMAIL, "Faster-Horse-77")


@pytest.mark.guards("one-account-per-registration")
def test_two_links_in_a_race_make_one_account(world: "World") -> None:
    """Of two links of one registration used at once, only one creates the account."""
    first = link(world)
    world.resend(EMAIL, NOW + 60)
    (mail,) = world.deliver(NOW + 60)
    raced: list[int] = []

    def overtake(**_: object) -> None:
        if not raced:
            raced.append(1)
            world.set_password(first, now=NOW + 61)

    aws.dynamodb().meta.events.register("before-call.*.TransactWriteItems", overtake)
    try:
        refused(ALREADY_ACTIVE, lambda: world.set_password(mail.token, now=NOW + 61))
    finally:
        aws.dynamodb().meta.events.unregister("before-call.*.TransactWriteItems", overtake)
    assert len(world.items("ACCOUNT#")) == 1


def test_a_link_swept_meanwhile_makes_no_account(world: "World") -> None:
    """A link whose row is removed between read and write is late and creates no account."""
    token = link(world)
    swept: list[int] = []

    def sweep(**_: object) -> None:
        if not swept:
            swept.append(1)
            world.sweep("TOKEN#")

    aws.dynamodb().meta.events.register("before-call.*.TransactWriteItems", sweep)
    try:
        refused(LINK_EXPIRED, lambda: world.set_password(token))
    finally:
        aws.dynamodb().meta.events.unregister("before-call.*.TransactWriteItems", sweep)
    assert not world.items("ACCOUNT#")


@pytest.mark.guards("one-account-per-identifier")
def test_an_address_belongs_to_one_account(world: "World") -> None:
    """The first to complete gets it. The other writes nothing, and its link says why."""
    # Capitals do not make another address.
    token = link(world, NOW, **OTHERS | {"email": EMAIL.title()})
    world.open_account(NOW + 60)
    before = world.items()
    refused(IDENTITY_CONFLICT, lambda: world.set_password(token, now=NOW + 61))
    assert world.items() == before
    refused(IDENTITY_CONFLICT, lambda: world.open_link(token, NOW + 62))


@pytest.mark.parametrize(
    ("numbers", "logins"),
    [({"nir": None}, 1), ({"siret": None}, 2), ({"nir": None, "siret": None}, 1)],
)
def test_numbers_may_be_missing(world: "World", numbers: dict[str, None], logins: int) -> None:
    """Several people without NIR or Siret can each get an account."""
    world.open_account(NOW, **numbers)
    assert len(world.items("LOGIN#")) == logins
    world.open_account(NOW, **OTHERS | numbers)
    assert len(world.items("ACCOUNT#")) == 2
    assert world.log_in(EMAIL)


@pytest.mark.parametrize("identifier", [EMAIL, NIR])
def test_guesses_before_the_account_creation_do_not_prevent_it(
    world: "World", identifier: str
) -> None:
    """Failures of an identifier do not prevent its account creation, which clears them."""
    for _ in range(7):
        with pytest.raises(Problem):
            world.log_in(identifier, "Wrong-Guess-1", NOW)
    guessed = world.identifier(identifier)
    assert guessed
    assert (guessed.failures, guessed.account_id) == (5, None)
    account_id = world.open_account(NOW + 1)
    claimed = world.identifier(identifier)
    assert claimed
    assert (claimed.failures, claimed.account_id) == (0, account_id)
    assert world.log_in(identifier, now=NOW + 2).first_name == "Michèle"


def test_the_form_of_a_link_row(world: "World") -> None:
    """The row of a link is stored when its mail is sent, and TTL removes it after its hour."""
    token = link(world)
    assert token
    (item,) = world.items("TOKEN#")
    row = Link.from_item(item)
    assert (row.purpose, row.issued_at, row.expires_at) == (1, NOW, NOW + 3600)


def test_an_identity_shows_no_nir(world: "World") -> None:
    """The repr of a person, as in a log or a traceback, has no NIR."""
    assert world.identity().nir == NIR
    assert NIR not in repr(world.identity())
