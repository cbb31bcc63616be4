"""What the account service stores about a person, with the core's own records."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import asdict

from portal.core.clock import rfc3339, rfc3339_seconds
from portal.core.feed import Activity, read_all
from portal.core.held import Held, Reading
from portal.core.limits import DomainMails, MailsOfSecond, MailTimes, Requests
from portal.core.links import Link
from portal.core.outbox import Outgoing, Unsent
from portal.core.session import Session, end_sessions
from portal.core.writes import Write, delete
from portal.identity.due import AskedEmail, Deletion, UseCheck, day_of
from portal.identity.identities import IdentityHolder, LinkedIdentity
from portal.identity.linked_identities import forget_all
from portal.identity.linked_identities import read_all as read_identities
from portal.identity.open_sessions import list_sessions
from portal.identity.passkey_held import PASSKEYS
from portal.identity.records import (
    OWN,
    Account,
    AccountChangedError,
    Credentials,
    DeviceFailures,
    Identifier,
    Registration,
    RegistrationOfAddress,
    ReservedAddress,
    SecondFactor,
    SiretHolder,
)


def _export_account(reading: Reading, account: Account) -> Mapping[str, object]:
    credentials = reading.table.get(Credentials, Credentials.key_of(account_id=account.id))
    nir = account.nir_encrypted and reading.decrypt(account.nir_encrypted, account.id)
    return {
        "id": account.id,
        "created_at": rfc3339_seconds(account.created_at),
        "last_login_at": rfc3339_seconds(credentials and credentials.last_login_at),
        "password_changed_at": rfc3339_seconds(credentials and credentials.password_changed_at),
        "last_name": account.last_name,
        "first_name": account.first_name,
        "mobile_phone": account.mobile_phone,
        "email": account.email,
        "nir": nir,
        "nir_status": account.nir_status,
        "siret": account.siret,
        "siret_status": account.siret_status,
        "is_agent": account.is_agent,
        "affiliation": account.affiliation,
        "affiliation_at": account.affiliation_at and rfc3339(account.affiliation_at),
        "affiliation_reason": account.affiliation_reason,
        "new_email": account.asked_email(reading.now),
        "mail_bounced_at": rfc3339_seconds(account.mail_bounced_at),
        "deletion_at": rfc3339_seconds(account.deletion_at),
    }


def _forget_account(account: Account) -> Iterator[Write]:
    read = {
        "id": account.id,
        "deletion_at": account.deletion_at,
        "email_mac": account.email_mac,
        # A number that it got since it was read would be left behind.
        "nir_status": account.nir_status,
        "siret_status": account.siret_status,
    }
    yield delete(account.key(), if_=read, else_=AccountChangedError)


def _forget_identifiers(account: Account) -> Iterator[Write]:
    own = {"account_id": account.id}
    for mac in account.identifiers:
        yield delete(Identifier.key_of(mac=mac), if_=own, else_=AccountChangedError)


def _forget_siret(account: Account) -> Iterator[Write]:
    if account.siret_mac and account.siret_status == OWN:
        own = {"account_id": account.id}
        yield delete(SiretHolder.key_of(mac=account.siret_mac), if_=own, else_=AccountChangedError)


def _forget_use_check(account: Account) -> Iterator[Write]:
    at = account.use_check_at
    if at is not None:
        yield delete(UseCheck.key_of(day=day_of(at), account_id=account.id))


def _export_second_factor(reading: Reading, account: Account) -> Mapping[str, object] | None:
    factor = reading.table.get(SecondFactor, SecondFactor.key_of(account_id=account.id))
    if factor is None or factor.confirmed_at is None:
        return None
    return {
        "since": rfc3339_seconds(factor.confirmed_at),
        "recovery_codes_left": len(factor.recovery_codes),
    }


def _export_identities(reading: Reading, account: Account) -> Sequence[Mapping[str, object]]:
    return [
        {
            "issuer": each.issuer,
            "linked_at": rfc3339_seconds(each.linked_at),
            "last_used_at": rfc3339_seconds(each.last_used_at),
        }
        for each in read_identities(reading.table, account.id)
    ]


def _export_feed(reading: Reading, account: Account) -> Sequence[Mapping[str, object]]:
    return [asdict(entry) for entry in read_all(reading.table, account.id, reading.kinds)]


def _export_sessions(reading: Reading, account: Account) -> Sequence[Mapping[str, object]]:
    return [
        {
            "id": session.id,
            "device": session.device,
            "created_at": rfc3339_seconds(session.created_at),
            "last_seen_at": rfc3339_seconds(session.seen_at),
            "methods": session.methods,
        }
        for session in list_sessions(reading.table, account.id, reading.now)
    ]


HELD: Sequence[Held[Account]] = (
    Held(
        data="sign-up: names, mobile phone, e-mail, agent or not, NIR, Siret; date of a bounce",
        records=(Registration,),
        purpose="sign-up (e)",
        how="encrypted; NIR sealed, its masked form encrypted; NIR and Siret hashed to be found",
        kept="30 days; emptied as soon as the account exists",
    ),
    Held(
        data="the sign-ups of an address",
        records=(RegistrationOfAddress,),
        purpose="sending a link again (e)",
        how="hashed",
        kept="30 days",
    ),
    Held(
        data="account: the same; whether NIR and Siret are its own, claimed or disputed; "
        "affiliation and the reason of a refusal; new address not yet confirmed; dates of a "
        "bounce and of a deletion",
        records=(Account,),
        purpose="account, opening services (e)",
        how="as for the sign-up",
        kept="as long as the account, which is deleted after two years without login "
        "(`UnusedDays`); a new address until it is confirmed, withdrawn or "
        "replaced, or a day after its link ended",
        section="account",
        export=_export_account,
        forget=_forget_account,
    ),
    Held(
        data="activity: welcome (names), affiliation, numbers, bounces, deletion; security events "
        "with device and actor",
        records=(Activity,),
        purpose="information (e), evidence (f)",
        how="encrypted",
        kept="as long as the account; security events 12 months",
        section="activity",
        export=_export_feed,
        sweep=lambda table, account_id: table.delete_partition(
            Activity.partition(account_id=account_id)
        ),
    ),
    Held(
        data='sessions: times, how the person proved who they are, "Firefox 140, Windows"',
        records=(Session,),
        purpose="login; seeing one's own (e)",
        how="secret as SHA-256",
        kept="30 minutes unused, 12 hours in all",
        section="sessions",
        export=_export_sessions,
        forget=lambda account: end_sessions(account.id),
    ),
    Held(
        data="password, and when it was chosen; count and time of logins",
        records=(Credentials,),
        purpose="login (e)",
        how="the password never: argon2id of a peppered digest",
        kept="as long as the account",
        forget=lambda account: [delete(Credentials.key_of(account_id=account.id))],
    ),
    Held(
        data="second factor: the secret of an authenticator app, recovery codes, since when",
        records=(SecondFactor,),
        purpose="login (e)",
        how="the secret sealed; recovery codes as SHA-256",
        kept="until it is removed; one hour when it is not confirmed",
        section="second_factor",
        export=_export_second_factor,
        forget=lambda account: [delete(SecondFactor.key_of(account_id=account.id))],
    ),
    PASSKEYS,
    Held(
        data="identities at a provider that open the account: which provider, since when, last use",
        records=(LinkedIdentity, IdentityHolder),
        purpose="login (e)",
        how="issuer and subject hashed",
        kept="until it is removed, as long as the account",
        section="identities",
        export=_export_identities,
        sweep=forget_all,
    ),
    Held(
        data="what one logs in with (e-mail, NIR), and failed logins, with or without account",
        records=(Identifier,),
        purpose="login (e), against guessing (f)",
        how="hashed, counts and times",
        kept="failures one day after the last; with the account for one that exists, a NIR until "
        "another account is confirmed with it",
        forget=_forget_identifiers,
    ),
    Held(
        data="failed logins from a known device",
        records=(DeviceFailures,),
        purpose="against guessing (f)",
        how="hashed, counts and times",
        kept="one day after the last",
    ),
    Held(
        data="which account has a Siret",
        records=(SiretHolder,),
        purpose="unique account (e)",
        how="hashed",
        kept="as long as the account, or until another is confirmed with it",
        forget=_forget_siret,
    ),
    Held(
        data="former address of an account",
        records=(ReservedAddress,),
        purpose="undoing a change of address (f)",
        how="hashed",
        kept="7 days",
    ),
    Held(
        data="links: validation, recovery, change of address (with the new or former address); "
        "logins that wait for a second factor or for a provider; challenges of passkeys; keeping a "
        "second factor; what a provider tells for a sign-up (names, e-mail, mobile phone, Siret)",
        records=(Link,),
        purpose="validation, recovery, change of address, login (e), undoing a change (f)",
        how="ids and hashes; addresses and what a provider tells encrypted",
        kept="one hour, half an hour for recovery, 7 days for undoing, 3 for keeping a second "
        "factor, 5 minutes for a login or a challenge, 10 with a provider; what it tells until it "
        "is read, once",
    ),
    Held(
        data="mails and events to be sent",
        records=(Outgoing, Unsent),
        purpose="sending (e)",
        how="ids and hashes, device",
        kept="deleted once sent; 14 days at most",
    ),
    Held(
        data="when mails of a kind left",
        records=(MailTimes, DomainMails, MailsOfSecond),
        purpose="against floods (f)",
        how="hashed",
        kept="one day",
    ),
    Held(
        data="requests of an IP address",
        records=(Requests,),
        purpose="against floods (f)",
        how="hashed, a /64 of IPv6",
        kept="two minutes",
    ),
    Held(
        data="deletion asked for",
        records=(Deletion,),
        purpose="deleting (legal duty)",
        how="ids",
        kept="30 days",
    ),
    Held(
        data="new address to forget",
        records=(AskedEmail,),
        purpose="forgetting it (legal duty)",
        how="ids, times",
        kept="until the day after its link ended",
    ),
    Held(
        data="when to look whether an account is still used, and how often its holder was told",
        records=(UseCheck,),
        purpose="deleting what is not used any more (legal duty)",
        how="ids, times",
        kept="as long as the account",
        forget=_forget_use_check,
    ),
)
