"""Login with a provider of OpenID Connect: linked, used, confirmed, removed."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from portal.core import held, keys
from portal.core.held import Reading
from portal.core.problems import (
    REAUTHENTICATION_REQUIRED,
    UNAUTHENTICATED,
)
from portal.core.session import Opened, end_sessions
from portal.identity import linked_identities, sso, unlinked_identities
from portal.identity.held import HELD
from portal.identity.oidc import challenge, read_provider
from portal.identity.problems import (
    IDENTITY_ELSEWHERE,
    IDENTITY_UNKNOWN,
    PROVIDER_CANCELLED,
    PROVIDER_EXPIRED,
)
from portal.identity.tickets import Due
from portal.identity.unlinked_identities import Unlinked
from portal.identity.ways import ways
from tests.world.provider import CLAIMS, SUBJECT, Provider
from tests.world.refusals import overtaken, refused
from tests.world.sso import NAME, Visitor
from tests.world.use_cases import EMAIL, OTHER
from tests.world.world import FEED, NOW, World

LATER = NOW + 120


@pytest.fixture
def visitor(world: World) -> Visitor:
    """Return a browser whose person the provider knows."""
    return Visitor(world)


@pytest.fixture
def linked(visitor: Visitor) -> str:
    """Return the id of an account that the visitor's identity opens since now."""
    account_id = visitor.world.open_account()
    visitor.link(account_id)
    return account_id


def listed(world: World, account_id: str, now: int = LATER) -> list[str]:
    """Return the public ids of an account's identities."""
    acting = world.with_session(account_id, now)
    found = linked_identities.listed(world.table, acting)
    return [linked_identities.id_of(each) for each in found]


def another(world: World, email: str) -> str:
    """Return the id of another person's account."""
    world.deliver()
    return world.open_account(email=email, nir=None, siret=None)


# What is asked


@pytest.mark.guards("pkce", "verifier-is-sent")
def test_what_is_asked_of_the_provider(visitor: Visitor, linked: str) -> None:
    """The code flow with PKCE S256, a state and a nonce, and nothing secret in the address."""
    assert linked
    with visitor.provider.reached():
        location = visitor.begin()
        assert location.startswith("https://identite.example/authorize?")
        asked = dict(parse_qsl(urlsplit(location).query))
        assert isinstance(visitor.come_back(visitor.provider.authorize(location)).result, Opened)
    assert asked.keys() == {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method"),
    }
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == "https://portail.example/api/sso/callback"
    sent = visitor.provider.sent[-1]
    assert asked["code_challenge"] == challenge(sent["code_verifier"]) != sent["code_verifier"]
    assert len(sent["code_verifier"]) == 43
    assert visitor.cookie not in location


def test_the_parameters_of_a_deployment() -> None:
    """A provider is described by the environment; none is one that is off; a claim has a field."""
    given = {
        "SSO_ISSUER": "https://identite.example",
        "SSO_CLIENT_ID": "portail",
        "SSO_LABEL": "FranceConnect",
        "SSO_SCOPE": "openid given_name family_name",
        "SSO_PARAMETERS": "acr_values=eidas1+eidas2",
        "SSO_CLAIMS": "last_name=family_name",
        "SSO_ALGORITHM": "ES256",
    }
    provider = read_provider(given, "https://portail.example")
    assert provider
    assert provider.parameters == {"acr_values": "eidas1 eidas2"}
    assert provider.redirect_uri == "https://portail.example/api/sso/callback"
    assert read_provider({"SSO_ISSUER": ""}, "https://portail.example") is None
    with pytest.raises(ValueError, match="SSO_CLAIMS"):
        read_provider(given | {"SSO_CLAIMS": "password=x"}, "https://portail.example")


# The state


@pytest.mark.guards("state-used-once")
def test_a_state_is_used_once(visitor: Visitor, linked: str) -> None:
    """A callback that is sent twice opens one session, though the second has a code of its own."""
    assert linked
    with visitor.provider.reached():
        location = visitor.begin()
        given = visitor.provider.authorize(location)
        assert isinstance(visitor.come_back(given).result, Opened)
        again = visitor.provider.authorize(location)
        refused(PROVIDER_EXPIRED, lambda: visitor.come_back(again))
        location = visitor.begin()
        one, other = visitor.provider.authorize(location), visitor.provider.authorize(location)
        refused(
            PROVIDER_EXPIRED,
            lambda: overtaken(
                lambda: visitor.come_back(one), lambda: visitor.come_back(other), "DeleteItem"
            ),
        )


@pytest.mark.guards("state-ends", "ten-minutes-at-the-provider")
def test_a_state_ends(visitor: Visitor, linked: str) -> None:
    """Ten minutes after it began, a login is over; one second before, it is not."""
    assert linked
    with visitor.provider.reached():
        given = visitor.provider.authorize(visitor.begin())
        visitor.provider.now = NOW + 600
        refused(PROVIDER_EXPIRED, lambda: visitor.come_back(given, NOW + 600))
        assert isinstance(visitor.come_back(given, NOW + 599).result, Opened)


@pytest.mark.guards("state-of-its-browser")
def test_a_state_of_another_browser(visitor: Visitor, linked: str) -> None:
    """Who follows an address of somebody else's login does not get into that person's account."""
    assert linked
    victim = Visitor(visitor.world)
    with visitor.provider.reached():
        given = visitor.provider.authorize(visitor.begin())
        refused(PROVIDER_EXPIRED, lambda: victim.come_back(given))
        victim.begin()
        refused(PROVIDER_EXPIRED, lambda: victim.come_back(given))
        assert isinstance(visitor.come_back(given).result, Opened), "it was not used up"


def test_texts_that_are_no_state(visitor: Visitor) -> None:
    """Any other text is refused without asking anybody: ours for another purpose too."""
    with visitor.provider.reached():
        visitor.begin()
        visitor.provider.asked.clear()
        link = visitor.newcomer()
        visitor.provider.asked.clear()
        for state in ("", "A" * 96, "é" * 96, link, link[:-1]):
            given = {"state": state, "code": "code"}
            refused(PROVIDER_EXPIRED, lambda given=given: visitor.come_back(given))
    assert visitor.provider.asked == []


def test_two_tabs(visitor: Visitor, linked: str) -> None:
    """A second login in the same browser leaves the first one good."""
    assert linked
    with visitor.provider.reached():
        first, second = visitor.begin(), visitor.begin()
        for location in (first, second):
            given = visitor.provider.authorize(location)
            assert isinstance(visitor.come_back(given).result, Opened)
        visitor.cookie = "too short"
        visitor.begin()
        assert re.fullmatch("[A-Za-z0-9_-]{43}", visitor.cookie)


def test_a_refusal_of_the_provider(visitor: Visitor) -> None:
    """A person who gives up at the provider can only begin again."""
    with visitor.provider.reached():
        state = visitor.provider.authorize(visitor.begin())["state"]
        given = {"state": state, "error": "access_denied"}
        refused(PROVIDER_CANCELLED, lambda: visitor.come_back(given))
        refused(PROVIDER_EXPIRED, lambda: visitor.come_back({"state": state, "code": "code-0"}))
        state = visitor.provider.authorize(visitor.begin())["state"]
        refused(PROVIDER_CANCELLED, lambda: visitor.come_back({"state": state}))


# Who it opens


def test_a_linked_identity_opens_its_account(visitor: Visitor, linked: str) -> None:
    """A session opens by « sso »; the login is counted, and its time is kept with the identity."""
    opened = visitor.log_in(LATER)
    assert opened.account_id == linked
    session = visitor.world.authenticate(opened.cookie, LATER)
    assert session.methods == ("sso",)
    acting = visitor.world.with_session(linked, LATER)
    (identity,) = linked_identities.listed(visitor.world.table, acting)
    assert (identity.linked_at, identity.last_used_at) == (NOW, LATER)
    assert "LoginSucceeded" in [each.kind for each in visitor.world.messages()]


@pytest.mark.guards("proved-when-the-provider-says")
@pytest.mark.parametrize("ago", [0, 299, 4000, None, -30])
def test_a_proof_is_as_fresh_as_the_provider_says(
    visitor: Visitor, linked: str, ago: int | None
) -> None:
    """Who was logged in at the provider for long did not just prove who they are."""
    assert linked
    visitor.provider.auth_time = None if ago is None else LATER - ago
    session = visitor.world.authenticate(visitor.log_in(LATER).cookie, LATER)
    assert session.proved_at == (0 if ago is None else LATER - max(0, ago))


def test_a_claim_of_an_address_opens_nothing(visitor: Visitor) -> None:
    """The provider tells the address and the Siret of an account: it is still nobody's identity."""
    visitor.world.open_account()
    visitor.provider.userinfo = {"email": EMAIL, "email_verified": True, "siret": "35600000000048"}
    assert isinstance(visitor.arrive(), Unlinked)
    assert not visitor.world.items("SESSION#")


@pytest.mark.guards("subject-of-its-issuer")
def test_a_subject_belongs_to_its_issuer(
    visitor: Visitor, linked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same subject at another provider is another person."""
    assert linked
    monkeypatch.setenv("SSO_ISSUER", "https://autre.example")
    other = Visitor(visitor.world, Provider(NOW, issuer="https://autre.example"))
    assert isinstance(other.arrive(), Unlinked)


@pytest.mark.guards("second-factor-after-a-provider")
def test_a_second_factor_is_asked_for(visitor: Visitor, linked: str) -> None:
    """A provider replaces the password, not the code."""
    visitor.world.switch_on(linked, NOW + 1)
    due = visitor.arrive(now=LATER)
    assert isinstance(due, Due)
    acting = visitor.world.with_session(linked, LATER)
    codes = list(_renew(visitor.world, acting))
    opened = visitor.world.second_step(due.ticket, codes[0], LATER)
    session = visitor.world.authenticate(opened.cookie, LATER)
    assert session.methods == ("sso", "recovery-code")


def _renew(world: World, acting: Any) -> Any:
    from portal.identity.second_factor_setup import renew_codes  # noqa: PLC0415

    return renew_codes(world.table, acting)


@pytest.mark.guards("identity-removed-meanwhile")
def test_an_identity_removed_meanwhile(visitor: Visitor, linked: str) -> None:
    """A login that is under way when its identity is removed opens no session."""
    world = visitor.world
    (identity,) = listed(world, linked)
    acting = world.with_session(linked, LATER)
    refused(
        PROVIDER_EXPIRED,
        lambda: overtaken(
            lambda: linked_identities.remove(world.table, acting, identity, lambda _: NAME),
            lambda: visitor.arrive(now=LATER),
        ),
    )


# Confirming who one is


@pytest.mark.guards("proves-anew")
def test_confirming_who_one_is(visitor: Visitor, linked: str) -> None:
    """A confirmation asks the provider to ask again, and makes the session fresh."""
    visitor.provider.auth_time = NOW - 5000
    visitor.log_in(LATER)
    with visitor.provider.reached():
        location = visitor.begin(sso.CONFIRM, now=LATER + 10)
        asked = dict(parse_qsl(urlsplit(location).query))
        assert (asked["prompt"], asked["max_age"]) == ("login", "0")
        visitor.provider.auth_time = visitor.provider.now = LATER + 20
        finished = visitor.come_back(visitor.provider.authorize(location), LATER + 21)
    assert isinstance(finished.result, Opened)
    session = visitor.world.authenticate(finished.result.cookie, LATER + 21)
    assert (session.account_id, session.proved_at) == (linked, LATER + 20)


@pytest.mark.guards("confirms-its-own-account")
def test_a_confirmation_of_another_account(visitor: Visitor, linked: str) -> None:
    """Another person's identity does not confirm who is logged in; nor does one of nobody."""
    assert linked
    visitor.provider.auth_time = LATER
    another(visitor.world, OTHER)
    visitor.session = visitor.world.log_in(OTHER, now=LATER).cookie
    refused(IDENTITY_ELSEWHERE, lambda: visitor.arrive(sso.CONFIRM, LATER))
    visitor.session = ""
    assert isinstance(visitor.arrive(sso.CONFIRM, LATER), Opened), "a login like any other"
    visitor.provider.subject = "nobody"
    refused(IDENTITY_ELSEWHERE, lambda: visitor.arrive(sso.CONFIRM, LATER))


# Linking


def test_linking_is_told(visitor: Visitor, linked: str) -> None:
    """A linked identity is in the feed and in a mail; what is stored does not show who."""
    world = visitor.world
    assert "identity-linked" in world.kinds(linked)
    assert NAME in next(each.body for each in world.feed(linked) if each.kind == "identity-linked")
    subjects = [each.subject for each in world.deliver()]
    assert "Une connexion a été associée à votre compte" in subjects
    assert SUBJECT not in str(world.items())


@pytest.mark.guards("linked-identity-is-told", "removed-identity-is-told")
def test_changes_are_mailed(visitor: Visitor, linked: str) -> None:
    """Linking and removing are told by mail."""
    (identity,) = listed(visitor.world, linked)
    acting = visitor.world.with_session(linked, LATER)
    linked_identities.remove(visitor.world.table, acting, identity, lambda _: NAME)
    subjects = {each.subject for each in visitor.world.deliver()}
    assert {
        "Une connexion a été associée à votre compte",
        "Une connexion a été retirée de votre compte",
    } <= subjects


@pytest.mark.guards("identity-of-one-account", "linked-once")
def test_an_identity_opens_one_account(visitor: Visitor, linked: str) -> None:
    """An identity that an account has is not linked to another, however close in time."""
    world = visitor.world
    other = another(world, OTHER)
    ticket = visitor.arrive(sso.LINK, LATER)
    assert isinstance(ticket, Unlinked)
    waiting = visitor.find(ticket.ticket, LATER)
    acting = world.with_session(other, LATER)
    refused(
        IDENTITY_ELSEWHERE,
        lambda: linked_identities.link(world.table, acting, waiting, NAME),
    )
    visitor.provider.subject = "another"
    one, two = (
        visitor.find(visitor.newcomer(LATER), LATER),
        visitor.find(visitor.newcomer(LATER), LATER),
    )
    mine = world.with_session(linked, LATER)
    refused(
        IDENTITY_ELSEWHERE,
        lambda: overtaken(
            lambda: linked_identities.link(world.table, acting, one, NAME),
            lambda: linked_identities.link(world.table, mine, two, NAME),
        ),
    )


def test_linking_what_is_linked(visitor: Visitor, linked: str) -> None:
    """To link one's own identity again changes nothing, and tells nothing."""
    world = visitor.world
    told = world.kinds(linked).count("identity-linked")
    ticket = visitor.arrive(sso.LINK, LATER)
    assert isinstance(ticket, Unlinked)
    waiting = visitor.find(ticket.ticket, LATER)
    linked_identities.link(world.table, world.with_session(linked, LATER), waiting, NAME)
    assert ways(world.credentials(EMAIL), LATER) == ["password", "sso"]
    assert world.credentials(EMAIL).identities == 1
    assert world.kinds(linked).count("identity-linked") == told
    assert len(listed(world, linked)) == 1


@pytest.mark.guards("no-provider-links-another")
def test_a_provider_links_no_further_identity(visitor: Visitor, linked: str) -> None:
    """Who logged in with a provider proves the password before another identity is linked."""
    assert linked
    world = visitor.world
    visitor.provider.auth_time = LATER
    session = world.authenticate(visitor.log_in(LATER).cookie, LATER)
    visitor.provider.subject = "another"
    waiting = visitor.find(visitor.newcomer(LATER), LATER)
    acting = world.acting(linked, LATER).in_session(session, LATER)
    refused(
        REAUTHENTICATION_REQUIRED,
        lambda: linked_identities.link(world.table, acting, waiting, NAME),
    )


@pytest.mark.guards("no-identity-of-an-ended-session", "ticket-of-an-identity-once")
def test_linking_that_comes_too_late(visitor: Visitor) -> None:
    """A session that ended links nothing, and a ticket links once."""
    world = visitor.world
    account_id = world.open_account()
    waiting = visitor.find(visitor.newcomer())
    acting = world.with_session(account_id)

    def link() -> None:
        linked_identities.link(world.table, acting, waiting, NAME)

    refused(
        UNAUTHENTICATED,
        lambda: overtaken(lambda: world.table.transact(*end_sessions(account_id)), link),
    )
    acting = world.with_session(account_id)
    refused(PROVIDER_EXPIRED, lambda: overtaken(link, link))


@pytest.mark.guards("identity-of-its-browser", "identity-waits-ten-minutes", "ten-minutes-to-link")
def test_a_ticket_is_of_its_browser(visitor: Visitor) -> None:
    """A ticket that is sent to somebody else links nothing to their account; it ends soon."""
    ticket = visitor.newcomer()
    victim = Visitor(visitor.world)
    refused(PROVIDER_EXPIRED, lambda: victim.find(ticket))
    with visitor.provider.reached():
        victim.begin()
    refused(PROVIDER_EXPIRED, lambda: victim.find(ticket))
    refused(PROVIDER_EXPIRED, lambda: visitor.find(ticket, NOW + 600))
    assert visitor.find(ticket, NOW + 599).issuer == "https://identite.example"
    for text in ("", "A" * 96, ticket.swapcase()):
        refused(PROVIDER_EXPIRED, lambda text=text: visitor.find(text))


@pytest.mark.guards("claims-are-read-once")
def test_claims_are_read_once(visitor: Visitor) -> None:
    """What fills the sign-up in is given once, and is forgotten then; the ticket stays good."""
    ticket = visitor.newcomer()
    table, tokens = visitor.world.table, keys.token_keys()
    browser = sso.fingerprint(visitor.cookie)

    def read() -> dict[str, str]:
        return dict(unlinked_identities.read_claims(table, tokens, ticket, browser, NOW))

    assert read() == {
        "last_name": "Martin",
        "first_name": "Camille",
        "email": "camille.martin@example.fr",
        "siret": CLAIMS["siret"],
    }
    assert read() == {}
    assert "Martin" not in str(visitor.world.items("TOKEN#"))
    assert visitor.find(ticket)


def test_claims_of_a_strange_form(visitor: Visitor) -> None:
    """A claim that is no short text fills nothing in."""
    visitor.provider.userinfo = {
        "given_name": ["Camille"],
        "family_name": "M" * 400,
        "email": "a\u0000b@example.fr",
        "siret": 35600000000048,
    }
    ticket = visitor.newcomer()
    browser = sso.fingerprint(visitor.cookie)
    table, tokens = visitor.world.table, keys.token_keys()
    assert unlinked_identities.read_claims(table, tokens, ticket, browser, NOW) == {}


# Removing and ending


@pytest.mark.guards("removal-ends-sessions")
def test_removing(visitor: Visitor, linked: str) -> None:
    """A removed identity opens nothing, its sessions end, and the password still logs in."""
    world = visitor.world
    opened = visitor.log_in(LATER)
    (identity,) = listed(world, linked)
    acting = world.with_session(linked, LATER)
    linked_identities.remove(world.table, acting, identity, lambda _: NAME)
    refused(UNAUTHENTICATED, lambda: world.authenticate(opened.cookie, LATER))
    assert isinstance(visitor.arrive(now=LATER), Unlinked)
    assert listed(world, linked) == []
    assert ways(world.credentials(EMAIL), LATER) == ["password"]
    assert "identity-removed" in world.kinds(linked)
    assert world.log_in(EMAIL, now=LATER)
    acting = world.with_session(linked, LATER)
    refused(
        IDENTITY_UNKNOWN,
        lambda: linked_identities.remove(world.table, acting, identity, lambda _: NAME),
    )
    assert not world.items("IDENTITY#")


@pytest.mark.guards("ended-identities", "ended-identity-opens-nothing")
def test_it_was_not_me_ends_identities(visitor: Visitor, linked: str) -> None:
    """Undoing a change of address ends what a thief linked; the holder may link it again."""
    world = visitor.world
    session = world.with_session(linked, LATER).session
    world.request_email(session, OTHER, LATER)
    world.confirm_email(session, world.deliver(LATER)[-1].token, LATER)
    undo = next(each for each in world.deliver(LATER) if "annuler" in each.text).token
    world.undo_email(undo, LATER + 1)
    assert isinstance(visitor.arrive(now=LATER + 2), Unlinked)
    assert listed(world, linked, LATER + 2) == []
    (item,) = (each for each in world.items("CREDENTIALS#") if "trust" in each)
    assert "identities" not in item
    visitor.link(linked, LATER + 3)
    assert len(listed(world, linked, LATER + 3)) == 1
    other = another(world, "third@example.fr")
    waiting = visitor.arrive(sso.LINK, LATER + 4)
    assert isinstance(waiting, Unlinked)
    found, acting = visitor.find(waiting.ticket, LATER + 4), world.with_session(other, LATER + 4)
    refused(IDENTITY_ELSEWHERE, lambda: linked_identities.link(world.table, acting, found, NAME))


def test_an_ended_identity_may_open_another_account(visitor: Visitor, linked: str) -> None:
    """An identity that was ended at one account belongs to nobody: its person may link it."""
    world = visitor.world
    end(world, linked)
    other = another(world, OTHER)
    visitor.link(other, LATER)
    assert visitor.log_in(LATER).account_id == other
    assert listed(world, linked) == []


def end(world: World, account_id: str) -> None:
    """End every credential of an account, as the support does."""
    from portal.identity.ending import end_credentials  # noqa: PLC0415

    world.table.transact(*end_credentials(world.account(account_id), else_=AssertionError()))


@pytest.mark.guards("not-linked-while-ending")
def test_linking_while_credentials_end(visitor: Visitor) -> None:
    """An identity that is linked while « it was not me » is processed opens nothing afterwards."""
    world = visitor.world
    account_id = world.open_account()
    waiting = visitor.find(visitor.newcomer())
    acting = world.with_session(account_id)

    def ended() -> None:
        end(world, account_id)
        world.table.write(_put(acting.session))

    refused(
        UNAUTHENTICATED,
        lambda: overtaken(
            ended, lambda: linked_identities.link(world.table, acting, waiting, NAME)
        ),
    )


def _put(session: Any) -> Any:
    from portal.core.writes import put  # noqa: PLC0415

    return put(session)


# Personal data


def test_export_and_deletion(visitor: Visitor, linked: str) -> None:
    """The export says which provider and since when; a deletion leaves nothing of it."""
    world = visitor.world
    visitor.log_in(LATER)
    account = world.account(linked)
    reading = Reading(world.table, lambda sealed, _: sealed.decode(), FEED, LATER)
    exported = held.export(
        [each for each in HELD if each.section == "identities"], reading, account
    )
    (identity,) = exported["identities"]  # pyright: ignore[reportGeneralTypeIssues]
    assert identity.keys() == {"issuer", "linked_at", "last_used_at"}
    held.sweep(HELD, world.table, linked)
    assert not world.items("IDENTIT")


def test_a_deleted_account_has_no_identity(visitor: Visitor, linked: str) -> None:
    """Between the deletion of an account and that of its identities, they open nothing."""
    world = visitor.world
    world.table.transact(*held.forget(HELD, world.account(linked)))
    assert isinstance(visitor.arrive(now=LATER), Unlinked)
    other = another(world, OTHER)
    visitor.link(other, LATER)
    held.sweep(HELD, world.table, linked)
    assert visitor.log_in(LATER).account_id == other, "the sweep left it to its new account"
