"""The mails that people received."""

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.world.client import Client
from tests.world.people import new_person

if TYPE_CHECKING:
    from tools.stack.stack import Mail, Stack

VALIDATION = "Validation de votre adresse courriel"
ACCOUNT_EXISTS = "Vous avez déjà un compte"
RECOVERY = "Réinitialisation de votre mot de passe"
PASSWORD_CHANGED = "Votre mot de passe a été modifié"
NEW_DEVICE = "Nouvelle connexion à votre compte"
EMAIL_CHANGE = "Confirmez votre nouvelle adresse courriel"
EMAIL_CHANGED = "Votre adresse courriel a été modifiée"
EMAIL_RESTORED = "Votre adresse courriel a été rétablie"
DELETION = "Suppression de votre compte demandée"
CONFIRMED = "Notification d’affiliation"
REJECTED = "Demande d’affiliation refusée"
ACKNOWLEDGEMENT = "Nous avons bien reçu votre message"

_PAGES = {
    VALIDATION: "valider",
    RECOVERY: "nouveau-mot-de-passe",
    EMAIL_CHANGE: "gerer/mon-compte",
    EMAIL_CHANGED: "annuler-changement",
}
"""The page that the link of each mail leads to."""
_PATIENCE = 100.0
"""Seconds to wait for a mail: it takes one or two, more while a burst starts its workers, and
much more on a busy machine."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Everybody's mailbox."""

    stack: "Stack"

    def of(self, address: str) -> "list[Mail]":
        """Return the mails that an address has received, oldest first."""
        return [mail for mail in self.stack.mails() if mail.to == (address,)]

    def wait(self, address: str, count: int = 1) -> "Mail":
        """Wait for an address's mail number ``count`` and return it."""
        deadline = time.monotonic() + _PATIENCE
        while len(mails := self.of(address)) < count:
            assert time.monotonic() < deadline, f"{len(mails)} of {count} mails after {_PATIENCE} s"
            time.sleep(0.1)
        return mails[count - 1]

    def titled(self, address: str, subject: str) -> "list[Mail]":
        """Return the mails with a subject that an address has received, oldest first."""
        return [mail for mail in self.of(address) if mail.subject == subject]

    def wait_titled(self, address: str, subject: str, count: int = 1) -> "Mail":
        """Wait for an address's mail number ``count`` with a subject and return it."""
        deadline = time.monotonic() + _PATIENCE
        while len(mails := self.titled(address, subject)) < count:
            assert time.monotonic() < deadline, f"{len(mails)} of {count} « {subject} »"
            time.sleep(0.1)
        return mails[count - 1]

    def token(self, address: str, count: int = 1) -> str:
        """Wait for an address's mail number ``count`` and return the token of its link."""
        mail = self.wait(address, count)
        assert mail.subject == VALIDATION
        return link_token(mail)

    def token_titled(self, address: str, subject: str, count: int = 1) -> str:
        """Wait for an address's mail number ``count`` with a subject; return its link's token."""
        return link_token(self.wait_titled(address, subject, count))

    def settle(self) -> None:
        """Wait until every mail asked for so far is sent: the outbox is processed in order."""
        last = new_person()
        assert Client(self.stack.port).sign_up(last).status == 202
        self.wait(last.email)


def link_token(mail: "Mail") -> str:
    """Return the token of the mail's one link that has a token, which both bodies contain."""
    link = re.compile(rf"https?://[^\s/]+/{_PAGES[mail.subject]}#([A-Za-z0-9_-]{{96}})(?=[\s\"<])")
    (token,) = set(link.findall(mail.text)) | set(link.findall(mail.html))
    return token
