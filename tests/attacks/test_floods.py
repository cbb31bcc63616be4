"""Floods of mails to one mailbox by the addresses that it may be written under."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.world.client import Client
from tests.world.mailbox import Mailbox
from tests.world.people import contact_form, new_person

pytestmark = pytest.mark.stack


def check_one_mail_each(client: Client, mailbox: Mailbox, written: Sequence[str]) -> None:
    """Check that sign-ups and messages are answered alike, and send the mailbox one mail each.

    A mailbox gets one mail of a kind in a minute; all of them take less.
    """
    answers = [client.sign_up(replace(new_person(), email=each)) for each in written]
    assert {each.status for each in answers} == {202}
    form = contact_form(new_person())
    sent = [client.post("/api/contact", form | {"email": each}) for each in written]
    assert {each.status for each in sent} == {202}
    mailbox.settle()
    received = [mail.subject for each in written for mail in mailbox.of(each)]
    assert len(received) == len(set(received)) == 2, received


@pytest.mark.guards("mails-to-a-mailbox")
def test_twelve_addresses_of_a_mailbox(client: Client, mailbox: Mailbox) -> None:
    """Twelve sign-ups and messages at victim+1@ … +12@ send one mail each."""
    local, _, domain = new_person().email.rpartition("@")
    check_one_mail_each(client, mailbox, [f"{local}+{n}@{domain}" for n in range(1, 13)])


@pytest.mark.parametrize(
    "forms",
    [
        ("{0}@gmail.com", "{0}@googlemail.com", "{1}+x@gmail.com"),
        ("{0}@proton.me", "{0}@pm.me", "{1}@protonmail.com", "{0}_@protonmail.ch"),
        ("{0}@icloud.com", "{0}@me.com", "{0}+1@mac.com"),
        ("{0}@yahoo.fr", "{0}-shop@yahoo.fr", "{0}-bank+1@yahoo.fr"),
    ],
)
def test_names_that_a_provider_gives_one_mailbox(
    client: Client, mailbox: Mailbox, forms: Sequence[str]
) -> None:
    """The domains, signs and tags that a provider documents as one mailbox are one."""
    name = new_person().last_name.lower()
    written = [form.format(name, f"{name[:3]}.{name[3:]}") for form in forms]
    check_one_mail_each(client, mailbox, written)
