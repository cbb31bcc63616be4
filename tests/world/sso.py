"""A person who logs in with a provider, from one browser, in short ways."""

import os
from dataclasses import dataclass, field

from portal.core import keys
from portal.core.session import Opened
from portal.core.settings import settings
from portal.identity import linked_identities, oidc_http, sso, unlinked_identities
from portal.identity.oidc import read_provider
from portal.identity.opening import Browser
from portal.identity.tickets import Due
from portal.identity.unlinked_identities import Unlinked
from tests.world.provider import SECRET, Provider
from tests.world.world import NOW, World

NAME = "Net-Entreprises.fr"


def trusted() -> sso.Trusted:
    """Return the provider of the template, with what it publishes."""
    provider = read_provider(os.environ, settings().public_url)
    assert provider
    return sso.Trusted(provider, oidc_http.directory(provider.issuer), lambda: SECRET)


@dataclass(slots=True)
class Visitor:
    """A browser, and the provider where its person is known."""

    world: World
    provider: Provider = field(default_factory=lambda: Provider(NOW))
    cookie: str = ""
    session: str = ""
    device: str = ""

    def begin(self, intent: str = sso.LOG_IN, to: str = "/gerer", now: int = NOW) -> str:
        """Begin a login; return the address at the provider."""
        wish = sso.Wish(intent, to)
        table, tokens = self.world.table, keys.token_keys()
        begun = sso.begin(table, tokens, trusted(), wish, self.cookie, now)
        self.cookie = begun.cookie
        return begun.location

    def come_back(self, given: dict[str, str], now: int = NOW) -> sso.Finished:
        """Finish a login with the parameters of the callback."""
        callback = sso.Callback(
            state=given.get("state", ""),
            code=given.get("code", ""),
            issuer=given.get("iss", ""),
            error=given.get("error", ""),
        )
        return sso.finish(
            self.world.table,
            keys.lookup_keys(),
            keys.token_keys(),
            trusted(),
            callback,
            Browser(self.session, self.device, "tests"),
            self.cookie,
            now,
        )

    def arrive(self, intent: str = sso.LOG_IN, now: int = NOW) -> Opened | Due | Unlinked:
        """Go to the provider and come back."""
        self.provider.now = now
        with self.provider.reached():
            given = self.provider.authorize(self.begin(intent, now=now))
            return self.come_back(given, now).result

    def log_in(self, now: int = NOW) -> Opened:
        """Log in, with an identity that is linked; keep the cookies."""
        opened = self.arrive(now=now)
        assert isinstance(opened, Opened)
        self.session, self.device = opened.cookie, opened.device_cookie or self.device
        return opened

    def newcomer(self, now: int = NOW) -> str:
        """Come with an identity that nobody has; return its ticket."""
        unlinked = self.arrive(now=now)
        assert isinstance(unlinked, Unlinked)
        return unlinked.ticket

    def find(self, ticket: str, now: int = NOW) -> unlinked_identities.Waiting:
        """Return what a ticket stands for, in this browser."""
        browser = sso.fingerprint(self.cookie)
        return unlinked_identities.find(self.world.table, keys.token_keys(), ticket, browser, now)

    def link(self, account_id: str, now: int = NOW) -> None:
        """Come from the provider, and link the identity to an account under a fresh password."""
        waiting = self.find(self.newcomer(now), now)
        acting = self.world.with_session(account_id, now)
        linked_identities.link(self.world.table, acting, waiting, NAME)
