"""Floods of mails to one mailbox by the addresses that it may be written under."""

from dataclasses import replace

import pytest

from tests.world.client import Client
from tests.world.mailbox import Mailbox
from tests.world.people import contact_form, new_person

pytestmark = pytest.mark.stack


@pytest.mark.guards("mails-to-a-mailbox")
def test_twelve_addresses_of_a_mailbox(client: Client, mailbox: Mailbox) -> None:
    """Twelve sign-ups and messages at victim+1@ … +12@ are answered alike, and send one mail each.

    A mailbox gets one mail of a kind in a minute; the twelve take less.
    """
    victim = new_person().email
    local, _, domain = victim.rpartition("@")
    tagged = [f"{local}+{n}@{domain}" for n in range(1, 13)]
    answers = [client.sign_up(replace(new_person(), email=each)) for each in tagged]
    assert {each.status for each in answers} == {202}
    form = contact_form(new_person())
    written = [client.post("/api/contact", form | {"email": each}) for each in tagged]
    assert {each.status for each in written} == {202}
    mailbox.settle()
    received = [mail.subject for each in tagged for mail in mailbox.of(each)]
    assert len(received) == len(set(received)) == 2, received
