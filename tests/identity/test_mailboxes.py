"""Mails are limited for the mailbox that gets them, whatever address of it is written."""

from typing import TYPE_CHECKING

import pytest

from portal.core.records import HOUR
from portal.core.settings import settings
from tests.world.world import NOW

if TYPE_CHECKING:
    from tests.world.functions import Gateway
    from tests.world.world import Mail, World

TAGGED = [f"victim+{n}@example.fr" for n in range(12)]


def to_victim(mails: "list[Mail]") -> int:
    """Return how many mails went to the victim's mailbox."""
    return sum(mail.to[0].startswith("victim") for mail in mails)


@pytest.mark.guards("mails-to-a-mailbox", "mailbox-without-tags")
def test_twelve_sign_ups_are_one_mailbox(world: "World") -> None:
    """Twelve addresses of a mailbox get one mail in a minute, three in an hour, six in a day."""
    for email in TAGGED:
        world.sign_up(NOW, email=email, nir=None, siret=None)
    assert to_victim(world.deliver()) == 1
    assert len(world.items("EMAIL#")) == 12, "each address is still an address of its own"
    for minute in (1, 2, 3, 59):
        world.resend(TAGGED[minute % 12], NOW + 60 * minute)
    world.deliver(NOW + HOUR - 1)
    assert to_victim(world.mails()) == 3
    for hour in range(1, 6):
        world.sign_up(NOW + hour * HOUR, email=TAGGED[hour], nir=None, siret=None)
    world.deliver(NOW + 6 * HOUR)
    assert to_victim(world.mails()) == 6


def test_other_mails_to_a_mailbox(world: "World", gateway: "Gateway") -> None:
    """Acknowledgements, confirmations of an address and recoveries are limited alike."""
    for email in TAGGED[:4]:
        form = {
            "reason": "login-impossible",
            "last_name": "Dupont",
            "first_name": "Michèle",
            "email": email,
            "message": "Bonjour",
        }
        assert gateway.ask("contact", "POST", "/api/contact", form).status == 202
    assert to_victim(world.deliver()) == 1
    for n, email in enumerate(TAGGED[:3]):
        world.open_account(NOW + 120 * n, email=email, nir=None, siret=None)
        world.deliver(NOW + 120 * n)
    before = to_victim(world.mails())
    for email in TAGGED[:3]:
        world.recover(email, NOW + HOUR)
    assert to_victim(world.deliver(NOW + HOUR)) == 1
    world.open_account(NOW + HOUR, email="thief@example.com", nir=None, siret=None)
    session = world.authenticate(world.log_in("thief@example.com", now=NOW + HOUR).cookie)
    world.deliver(NOW + HOUR)
    for email in TAGGED[4:6]:
        world.request_email(session, email, NOW + HOUR)
        world.deliver(NOW + HOUR)
    assert to_victim(world.mails()) == before + 2


def test_a_tag_is_another_account(world: "World") -> None:
    """« + » is kept: two addresses of a mailbox may each have an account and their own login."""
    one = world.open_account(email=TAGGED[1], nir=None, siret=None)
    other = world.open_account(NOW + 60, email=TAGGED[2], nir=None, siret=None)
    assert one != other
    assert world.log_in(TAGGED[1]).account_id == one
    assert world.log_in(TAGGED[2]).account_id == other


def test_the_pace_of_a_domain(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    """Above its pace a domain gets no mail of a kind; what was asked for is answered and dropped.

    Another domain, a large provider and another kind of mail are not concerned.
    """
    world.open_account(email="holder@example.fr", nir=None, siret=None)
    world.deliver()
    monkeypatch.setenv("MAIL_PER_DOMAIN", "3")
    settings.cache_clear()
    for n in range(6):
        world.sign_up(NOW, email=f"p{n}@example.fr", nir=None, siret=None)
        world.sign_up(NOW, email=f"p{n}@gmail.com", nir=None, siret=None)
    world.sign_up(NOW, email="p@example.com", nir=None, siret=None)
    world.recover("holder@example.fr")
    sent = [mail.to[0] for mail in world.deliver()]
    assert sorted(each.rpartition("@")[2] for each in sent if each[0] == "p") == [
        "example.com",
        *["example.fr"] * 2,
        *["gmail.com"] * 6,
    ]
    assert "holder@example.fr" in sent
    assert not world.messages(), "nothing waits to be sent later"
