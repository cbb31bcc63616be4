"""Change of e-mail address: requested, confirmed by a link sent to it, undone from the old one."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from portal.core import identifiers
from portal.core.feed import entry, notice, notice_of
from portal.core.limits import account_limit, mailbox_limit
from portal.core.links import Link, Token, new_id, unseal
from portal.core.outbox import Outgoing, send
from portal.core.problems import INVALID_REQUEST, UNAVAILABLE, FieldError, Problem
from portal.core.records import DAY
from portal.core.session import Session, end_sessions
from portal.core.writes import Test, Write, check, delete, put, update
from portal.identity import feed
from portal.identity.deletion import GRACE
from portal.identity.due import AskedEmail, day_of
from portal.identity.ending import end_credentials
from portal.identity.problems import CHANGE_EXPIRED, IDENTITY_CONFLICT
from portal.identity.profile import change, read_account
from portal.identity.purposes import EMAIL_CHANGE, EMAIL_UNDO, PASSWORD_RECOVERY
from portal.identity.records import (
    NO_NEW_EMAIL,
    Account,
    AccountChangedError,
    Identifier,
    IdentityTakenError,
    ReservedAddress,
    SecondFactor,
)
from portal.rules.email import mask_email

if TYPE_CHECKING:
    from portal.core.acting import Acting
    from portal.core.keyring import LookupKeys, TokenKeys
    from portal.core.records import Value
    from portal.core.settings import Limits
    from portal.core.table import Table

EMAIL_CHANGE_MAIL = "email-change"
_TRIES = 5


def request_email(
    table: "Table", lookup: "LookupKeys", limits: "Limits", acting: "Acting", email: str
) -> str:
    """Send a link to the new address, which confirms it; return the address masked.

    The answer is the same for an address that another account has, and when a limit is reached:
    then the address that was requested before stays.
    """
    email_mac = identifiers.email_mac(lookup, email)
    account = read_account(table, acting)
    if email_mac == account.email_mac:
        detail = "C’est déjà l’adresse courriel de votre compte."
        raise Problem(INVALID_REQUEST, errors=[FieldError("email", "unchanged", detail)])
    asked = AskedEmail(account_id=account.id, until=acting.at + EMAIL_CHANGE.lifetime)
    changes: dict[str, Value] = {
        "new_email": email,
        "new_email_mac": email_mac,
        "new_email_until": asked.until,
    }
    if email_mac != account.new_email_mac:
        changes["email_change_id"] = None
    # The limits are counted for this address: the mail may be sent to no other.
    message = Outgoing.new(EMAIL_CHANGE_MAIL, acting.at, account_id=account.id, email_mac=email_mac)
    asked_for = (
        account_limit(limits, account.id, EMAIL_CHANGE_MAIL),
        mailbox_limit(limits, identifiers.mailbox_mac(lookup, email), EMAIL_CHANGE_MAIL),
    )
    send(table, message, asked_for, change(account.id, changes), put(asked))
    return mask_email(email)


def withdraw_email(table: "Table", acting: "Acting") -> None:
    """Forget the new address: its link confirms nothing any more. Does nothing without one."""
    account = read_account(table, acting)
    if account.asked_email(acting.at) is None:
        return
    with suppress(AccountChangedError):  # it was confirmed, or withdrawn, meanwhile
        table.transact(
            update(
                account.key(),
                # guard: withdrawn-confirms-nothing: NO_NEW_EMAIL => {"new_email": None}
                NO_NEW_EMAIL,
                if_={"id": account.id, "new_email_mac": account.new_email_mac},
                else_=AccountChangedError,
            ),
            *map(put, notice_of(feed.EMAIL_WITHDRAWN, acting)),
        )


def forget_unconfirmed(table: "Table", now: int, days: int = 31) -> int:
    """Forget the new addresses whose links ended in the last ``days``; return how many.

    Runs once a day; a run that was missed is made up for by the next.
    """
    forgotten = 0
    for day in range(days, -1, -1):
        partition = AskedEmail.partition(day=day_of(now - day * DAY))
        for asked in table.query(AskedEmail, partition):
            if asked.until > now:
                continue
            ended = {"new_email_until": Test("{0} <= {1}", now)}
            forget = update(
                Account.key_of(id=asked.account_id),
                NO_NEW_EMAIL,
                if_=ended,
                else_=AccountChangedError,
            )
            with suppress(AccountChangedError):  # another one was asked for, or none is left
                table.write(forget)
                forgotten += 1
            table.write(delete(asked.key()))
    return forgotten


def confirm_email(table: "Table", tokens: "TokenKeys", acting: "Acting", text: str) -> None:
    """Replace the account's address by the new one, with the link that was sent there.

    Every other session ends, and the former address gets a link that undoes the change. Until then
    nobody else gets the former address.

    Raises ``Problem``: ``LINK_UNKNOWN``, ``CHANGE_EXPIRED`` unless the link is the newest and in
    time, ``IDENTITY_CONFLICT`` when another account now has the address.
    """
    token = unseal(tokens, text, EMAIL_CHANGE)
    link = _good_link(table, token, acting.at)
    account = read_account(table, acting)
    # guard: link-of-its-account: link.account_id != account.id or => False and
    # guard: new-address-confirms: or account.email_change_id != token.id =>
    if link.account_id != account.id or account.email_change_id != token.id:
        raise Problem(CHANGE_EXPIRED)
    undo = Token(EMAIL_UNDO, new_id(), acting.at)
    undo_link = Link.of(undo, account.id, email=account.email, email_mac=account.email_mac)
    reserved = ReservedAddress(
        mac=account.email_mac, account_id=account.id, expires_at=undo.expires_at
    )
    told = Outgoing.new(feed.EMAIL_CHANGED.name, acting.at, account_id=account.id, link_id=undo.id)
    try:
        table.transact(
            # guard: withdrawn-while-confirmed: unless_withdrawn=token.id => unless_withdrawn=None
            *_confirm(account, link, undo, kept=acting.session, unless_withdrawn=token.id),
            # guard: former-address-is-reserved
            put(reserved),
            ReservedAddress.check_free(link.about["email_mac"], account.id, acting.at),
            put(undo_link),
            put(entry(feed.EMAIL_CHANGED, account.id, acting.at, actor=acting.actor_id)),
            # guard: old-address-is-told
            put(told),
        )
    except AccountChangedError:
        raise Problem(CHANGE_EXPIRED) from None
    except IdentityTakenError:
        _forget_request(table, account, token)
        raise Problem(IDENTITY_CONFLICT) from None


def undo_email(table: "Table", tokens: "TokenKeys", text: str, now: int) -> None:
    """Restore an account's former address, and end every credential: an intruder may have them.

    The link then sets a new password, once, within the time of a recovery. A deletion that was
    asked for since the change is cancelled: only the new address was told of it. A second factor
    that was there before the change stays; one that was added since goes.

    Raises ``Problem``: ``LINK_UNKNOWN``, ``CHANGE_EXPIRED``, ``IDENTITY_CONFLICT``, ``UNAVAILABLE``
    when other changes were faster in every try.
    """
    token = unseal(tokens, text, EMAIL_UNDO)
    link = _good_link(table, token, now)
    for _ in range(_TRIES):
        account = table.get(Account, Account.key_of(id=link.account_id or ""))
        former = link.about["email_mac"]
        if account is None or account.email_mac == former or account.is_undone(link.issued_at):
            raise Problem(CHANGE_EXPIRED)
        try:
            factor = table.get(SecondFactor, SecondFactor.key_of(account_id=account.id))
            table.transact(*_undo(account, factor, link, now))
        except AccountChangedError:
            continue
        except IdentityTakenError:
            raise Problem(IDENTITY_CONFLICT) from None
        return
    raise Problem(UNAVAILABLE, retry_after=1)


def _good_link(table: "Table", token: Token, now: int) -> Link:
    link = table.get(Link, Link.of(token).key())
    if link is None or link.expires_at <= now:
        raise Problem(CHANGE_EXPIRED)
    return link


def _undo(account: Account, factor: SecondFactor | None, link: Link, now: int) -> Iterator[Write]:
    """Yield the writes that undo a change, refused with ``AccountChangedError`` if it changed."""
    changes: dict[str, Value] = {
        **_address_of(link),
        "undone_from": link.issued_at,
        "undone_at": now,
        "recovery_id": link.id,
    }
    asked_at = (account.deletion_at or 0) - GRACE
    # guard: undo-cancels-deletion: asked_at >= => 0 >
    if asked_at >= link.issued_at:
        changes["deletion_at"] = None
        yield put(entry(feed.DELETION_CANCELLED, account.id, now, actor=account.id))
    changed = AccountChangedError
    read = {"email_mac": account.email_mac, "deletion_at": account.deletion_at}
    confirmed_at = factor and factor.confirmed_at
    # guard: undo-ends-the-newer-factor: >= link.issued_at => < 0
    # guard: undo-keeps-the-older-factor: >= link.issued_at => >= 0
    added = factor if confirmed_at and confirmed_at >= link.issued_at else None
    if not added:
        at = SecondFactor.key_of(account_id=account.id)
        yield check(at, if_={"confirmed_at": confirmed_at}, else_=changed)
    yield from end_credentials(account, changes=changes, if_=read, else_=changed, factor=added)
    yield from _move_identifier(account, link)
    yield delete(ReservedAddress.key_of(mac=link.about["email_mac"]))
    # guard: half-an-hour-after-undoing: now + PASSWORD_RECOVERY.lifetime => link.expires_at
    spent = replace(link, expires_at=now + PASSWORD_RECOVERY.lifetime)
    yield put(spent, if_={"id": link.id}, else_=changed)
    yield from map(put, notice(feed.EMAIL_RESTORED, account.id, now, actor=account.id))


def _confirm(
    account: Account, link: Link, undo: Token, *, kept: Session, unless_withdrawn: str | None
) -> Iterator[Write]:
    """Yield the writes that set an account's address to that of a link, and consume the link.

    Links requested before become invalid, and every session except ``kept`` ends. Refused with
    ``AccountChangedError`` when the account or the link changed meanwhile, with
    ``IdentityTakenError`` when another account has the address.
    """
    changed = AccountChangedError
    changes = {
        **_address_of(link),
        **NO_NEW_EMAIL,
        "undo_links": _undo_links(account, undo),
        # guard: address-kills-recovery
        "recovery_id": None,
    }
    read = {"id": account.id, "email_mac": account.email_mac}
    if unless_withdrawn:
        read["email_change_id"] = unless_withdrawn
    yield update(account.key(), changes, if_=read, else_=changed)
    yield delete(link.key(), if_={"id": link.id}, else_=changed)
    # guard: address-ends-sessions
    yield from end_sessions(account.id, but=kept)
    yield from _move_identifier(account, link)


def _undo_links(account: Account, newest: Token) -> Mapping[str, str]:
    """Return the undo links to remember: those in time, and a new one."""
    since = newest.issued_at - EMAIL_UNDO.lifetime
    known = (account.undo_links or {}).items()
    recent = {id_: at for id_, at in known if int(at) > since}
    return {**recent, newest.id: str(newest.issued_at)}


def _address_of(link: Link) -> Mapping[str, str | None]:
    """Return the changes that give an account the address of a link."""
    return {
        "email": link.about["email"],
        "email_mac": link.about["email_mac"],
        "mail_bounced_at": None,
    }


def _move_identifier(account: Account, link: Link) -> Iterator[Write]:
    """Yield the writes by which an account logs in with the address of a link, not its own."""
    former = Identifier.key_of(mac=account.email_mac)
    yield delete(former, if_={"account_id": account.id}, else_=AccountChangedError)
    yield Identifier(mac=link.about["email_mac"], account_id=account.id).claim()


def _forget_request(table: "Table", account: Account, token: Token) -> None:
    """Remove the requested address from the account, because another account now has it."""
    with suppress(AccountChangedError):
        table.write(
            update(
                account.key(),
                # The link stays: asked again, it gets the same answer.
                {**NO_NEW_EMAIL, "email_change_id": token.id},
                if_={"id": account.id, "email_change_id": token.id},
                else_=AccountChangedError,
            )
        )
