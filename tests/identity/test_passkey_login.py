"""Login with a passkey: what its signature must be, and everything that is refused alike."""

from typing import Any

import pytest

from portal.core import keys
from portal.core.acting import Acting
from portal.core.problems import Problem
from portal.identity import passkeys
from portal.identity.passkey_checks import relying_party
from portal.identity.passkey_records import Passkey
from portal.identity.problems import PASSKEY_REFUSED
from tests.world.authenticator import (
    COPIED,
    COPYABLE,
    GOOD,
    PRESENT,
    VERIFIED,
    Authenticator,
    text,
)
from tests.world.refusals import overtaken, refused
from tests.world.use_cases import EMAIL, OTHER
from tests.world.world import NOW, World

MINUTES = 300
LATER = NOW + 60


class Own:
    """An account with one passkey."""

    def __init__(self, world: World, authenticator: Authenticator) -> None:
        self.world, self.authenticator = world, authenticator
        self.acting = world.with_session(world.open_account())
        self.passkey = world.add_passkey(self.acting, authenticator)
        self.id = self.acting.account_id
        world.deliver()

    def sign(self, **changes: Any) -> Any:
        """Sign a new challenge; ``changes`` make the answer wrong."""
        return self.authenticator.sign(self.world.passkey_options(LATER), **changes)

    def stored(self) -> Passkey:
        """Return the passkey as it is stored."""
        (found,) = passkeys.list_passkeys(self.world.table, self.id)
        return found

    def refused(self, credential: Any, now: int = LATER, reported: int = 1) -> Problem:
        """Check that an answer opens nothing; that is reported if its challenge was good."""
        before, sessions = len(self.world.failures), self.world.items("SESSION#")
        problem = refused(PASSKEY_REFUSED, lambda: self.world.sign_in(credential, now))
        assert len(self.world.failures) == before + reported
        assert self.world.items("SESSION#") == sessions
        return problem


@pytest.fixture
def own(world: World) -> Own:
    """Return an account whose passkey counts its uses."""
    return Own(world, Authenticator(counts=True))


def test_logging_in(world: World, own: Own) -> None:
    """A signature opens a session; its use is noted, and told as of a new device."""
    opened = world.sign_in(own.sign(), LATER, user_agent="Firefox/140 Linux")
    assert (opened.account_id, opened.first_name) == (own.id, "Michèle")
    session = world.authenticate(opened.cookie, LATER)
    assert (session.methods, session.proved_at) == (("passkey",), LATER)
    assert (own.stored().sign_count, own.stored().last_used_at) == (1, LATER)
    assert world.credentials(EMAIL).logins == 1
    again = world.sign_in(
        own.sign(),
        LATER,
        session_cookie=opened.cookie,
        device_cookie=str(opened.device_cookie),
    )
    assert again.device_cookie is None, "the device is known"
    assert world.kinds(own.id).count("new-device") == 0


def test_no_second_step(world: World, own: Own) -> None:
    """Who the device verified is asked for no code, whatever the account has."""
    world.switch_on(own.id)
    session = world.authenticate(world.sign_in(own.sign(), LATER).cookie, LATER)
    assert session.methods == ("passkey",)


def test_a_passkey_that_counts_nothing(world: World) -> None:
    """A passkey of several devices counts nothing: it is used again and again, at once too."""
    own = Own(world, Authenticator(flags=GOOD | COPYABLE))
    first, second = own.sign(), own.sign(flags=GOOD | COPYABLE | COPIED)
    overtaken(lambda: world.sign_in(first, LATER), lambda: world.sign_in(second, LATER))
    assert own.stored().copied
    assert own.stored().can_be_copied


WRONG: dict[str, dict[str, Any]] = {
    "another origin": {"client_origin": "https://portail.example.attack"},
    "the origin without TLS": {"client_origin": "http://portail.example"},
    "another relying party": {"party": "attack.example"},
    "the answer of a creation": {"client_type": "webauthn.create"},
    "a frame of another site": {"client_crossOrigin": True},
    "no challenge of ours": {"client_challenge": text(bytes(72))},
    "no challenge": {"client_challenge": ""},
    "a person who is not verified": {"flags": PRESENT},
    "a person who is not there": {"flags": VERIFIED},
    "a copy of what cannot be copied": {"flags": GOOD | COPIED},
    "one that can be copied since": {"flags": GOOD | COPYABLE},
    "a wrong signature": {"signature": text(b"\x30\x06\x02\x01\x01\x02\x01\x01")},
    "no signature": {"signature": ""},
    "no handle": {"userHandle": None},
    "the handle of nobody": {"userHandle": text(bytes(16))},
    "a handle of another form": {"userHandle": text(b"michele")},
    "no data": {"authenticatorData": text(bytes(36))},
}


@pytest.mark.guards("verified-at-login", "copies-as-at-creation")
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_as_asked(world: World, own: Own, wrong: str) -> None:
    """Whatever differs from what was asked for is refused in one way; a right answer is not."""
    reported = int(wrong not in {"no challenge", "no challenge of ours", "a frame of another site"})
    problem = own.refused(own.sign(**WRONG[wrong]), reported=reported)
    assert (problem.retry_after, problem.extensions, list(problem.errors)) == (None, {}, [])
    assert world.sign_in(own.sign(), LATER)


@pytest.mark.guards("five-minutes-to-sign")
def test_a_challenge_is_short_and_used_once(world: World, own: Own) -> None:
    """A signature is good for five minutes, once."""
    late = own.sign()
    own.refused(late, LATER + MINUTES, reported=0)
    assert world.sign_in(own.sign(), LATER + MINUTES - 1)
    again = own.sign()
    assert world.sign_in(again, LATER)
    own.refused(again, reported=0)


@pytest.mark.guards("challenge-used-once")
def test_what_counts_nothing_is_used_once(world: World) -> None:
    """A signature of a passkey that counts no use is good once too: its challenge is used up."""
    own = Own(world, Authenticator())
    again = own.sign()
    assert world.sign_in(again, LATER)
    own.refused(again, reported=0)


@pytest.mark.guards("passkey-of-its-account")
def test_each_of_two_passkeys(world: World, own: Own) -> None:
    """Each of two passkeys of an account opens it, by its own key."""
    second = Authenticator()
    world.add_passkey(own.acting, second)
    assert world.sign_in(own.sign(), LATER)
    assert world.sign_in(second.sign(world.passkey_options(LATER)), LATER)


@pytest.mark.guards("challenge-once-at-once")
def test_a_challenge_used_meanwhile(world: World) -> None:
    """Of two signatures of one challenge at once, one opens a session."""
    own = Own(world, Authenticator())
    options = world.passkey_options(LATER)
    first, second = own.authenticator.sign(options), own.authenticator.sign(options)
    refused(
        PASSKEY_REFUSED,
        lambda: overtaken(
            lambda: world.sign_in(first, LATER), lambda: world.sign_in(second, LATER)
        ),
    )


def test_a_creation_s_challenge_opens_nothing(world: World, own: Own) -> None:
    """The challenge of a creation is for nothing else."""
    party, tokens = relying_party(world.settings.public_url), keys.token_keys()
    asked = passkeys.start(world.table, tokens, party, own.acting).options
    options = world.passkey_options(LATER)
    own.refused(own.authenticator.sign({**options, "challenge": asked["challenge"]}), reported=0)


@pytest.mark.guards("count-advances", "copied-passkey-is-told")
def test_a_count_that_does_not_advance(world: World, own: Own) -> None:
    """A copy whose count is behind is refused, whatever it signs; its holder is told, once each."""
    copy = Authenticator(
        credential_id=own.authenticator.credential_id,
        key=own.authenticator.key,
        handle=own.authenticator.handle,
    )
    assert world.sign_in(own.sign(), LATER)
    assert world.sign_in(own.sign(), LATER)
    world.deliver(LATER)
    for count in (0, 1, 2):
        copy.count = count
        signed = copy.sign(world.passkey_options(LATER))
        own.refused(signed, reported=0)
        assert [each.subject for each in world.deliver(LATER)] == [
            "Une clé d’accès de votre compte a été refusée"
        ]
        assert world.events()[-1]["DetailType"] == "LoginFailed"
        own.refused(signed, reported=0)
        assert world.deliver(LATER) == []
    assert own.stored().sign_count == 2
    assert world.sign_in(own.sign(), LATER)


def test_a_wrong_signature_says_nothing_to_the_holder(world: World, own: Own) -> None:
    """Only a right signature whose count is behind is told: nobody else can cause that mail."""
    world.sign_in(own.sign(), LATER)
    own.authenticator.count = 0
    own.refused(own.sign(signature=text(b"\x30\x06\x02\x01\x01\x02\x01\x01")))
    assert "passkey-copied" not in world.kinds(own.id)
    assert world.failures[-1] == own.id


@pytest.mark.guards("passkey-as-it-was")
def test_two_uses_of_one_count(world: World, own: Own) -> None:
    """Of two signatures that read the same count at once, one opens a session."""
    first, second = own.sign(), own.sign()
    refused(
        PASSKEY_REFUSED,
        lambda: overtaken(
            lambda: world.sign_in(second, LATER), lambda: world.sign_in(first, LATER)
        ),
    )


@pytest.mark.guards("passkey-as-it-was")
def test_a_removed_passkey_opens_nothing(world: World, own: Own) -> None:
    """A passkey that was removed, before or meanwhile, is refused as an unknown one."""
    signed = own.sign()
    refused(
        PASSKEY_REFUSED,
        lambda: overtaken(
            lambda: passkeys.remove(world.table, own.acting, own.passkey.id, ""),
            lambda: world.sign_in(signed, LATER),
        ),
    )
    own.refused(own.sign())


def test_the_key_of_another_account(world: World, own: Own) -> None:
    """A passkey opens its own account: a handle that was swapped opens neither."""
    other = world.with_session(world.open_account(email=OTHER, nir=None, siret=None))
    theirs = Authenticator()
    world.add_passkey(other, theirs)
    own.refused(own.sign(userHandle=text(theirs.handle)))
    stranger = Authenticator(handle=own.authenticator.handle)
    own.refused(stranger.sign(world.passkey_options(LATER)))
    forged = Authenticator(
        handle=own.authenticator.handle, credential_id=own.authenticator.credential_id
    )
    forged.count = 7
    own.refused(forged.sign(world.passkey_options(LATER)))


@pytest.mark.guards("confirmed-by-the-same-account")
def test_confirming_who_one_is(world: World, own: Own) -> None:
    """Who confirms who they are is asked for a passkey of their account: no other is accepted."""
    other = world.with_session(world.open_account(email=OTHER, nir=None, siret=None))
    theirs = Authenticator()
    world.add_passkey(other, theirs)
    options = world.passkey_options(LATER, own.acting)
    (allowed,) = options["allowCredentials"]
    assert allowed["id"] == text(own.authenticator.credential_id)
    assert allowed["transports"] == ["hybrid", "internal"]
    own.refused(theirs.sign(options))
    opened = world.sign_in(own.authenticator.sign(options), LATER)
    session = world.authenticate(opened.cookie, LATER)
    Acting.in_session(session, LATER).require_fresh()


def test_nobody_is_told_who_has_a_passkey(world: World) -> None:
    """The options of a login are the same for everybody, but for their challenge."""
    before = world.passkey_options()
    world.add_passkey(world.with_session(world.open_account()), Authenticator())
    after = world.passkey_options()
    assert {**before, "challenge": ""} == {**after, "challenge": ""}
    assert before["allowCredentials"] == []
    assert before["userVerification"] == "required"


@pytest.mark.guards("ended-passkeys")
def test_it_was_not_me(world: World, own: Own) -> None:
    """What ends everything that opens an account ends its passkeys, also while one is used."""
    signed, again = own.sign(), own.sign()
    session = world.authenticate(world.log_in(EMAIL, now=NOW).cookie)
    world.request_email(session, OTHER)
    (confirmation,) = [each for each in world.deliver() if "/gerer/mon-compte#" in each.text]
    world.confirm_email(session, confirmation.token)
    (undo,) = [each for each in world.deliver() if "/annuler-changement#" in each.text]
    refused(
        PASSKEY_REFUSED,
        lambda: overtaken(
            lambda: world.undo_email(undo.token, LATER), lambda: world.sign_in(signed, LATER)
        ),
    )
    assert not world.items("PASSKEYS#")
    own.refused(again)
    assert world.failures[-1] is None
    assert world.credentials(EMAIL).passkeys is None
