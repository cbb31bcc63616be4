"""The acts of operators from the AWS console, each in the audit trail with who and why.

The audit record is written in the transaction of the act, or before anything is shown: every act
is recorded.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from portal.core import identifiers, outbox
from portal.core.clock import rfc3339, rfc3339_seconds
from portal.core.feed import SUPPORT, notice
from portal.core.limits import MailTimes
from portal.core.outbox import Outgoing
from portal.core.records import FOREVER
from portal.core.writes import delete, put, update
from portal.identity import feed, recovery, second_factor
from portal.identity.email_change import EMAIL_CHANGE_MAIL
from portal.identity.ending import end_credentials
from portal.identity.open_sessions import list_sessions
from portal.identity.records import Account, AccountChangedError, Credentials, Identifier
from portal.identity.second_factor_removal import ask_removal
from portal.identity.signup import VALIDATION_MAIL
from portal.rules.email import mask_email
from portal.support.contact import ACKNOWLEDGEMENT

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

    from portal.core.keyring import LookupKeys
    from portal.core.table import Table
    from portal.support.records import Audit

_MAILS = (
    VALIDATION_MAIL,
    recovery.RECOVERY_MAIL,
    recovery.REQUEST,
    EMAIL_CHANGE_MAIL,
    ACKNOWLEDGEMENT,
)
_BATCHES = 10
"""Batches of ten failed events in one replay; the next replay reads the rest."""


class UnknownAccountError(LookupError):
    """No account has this id."""


class NoSecondFactorError(LookupError):
    """The account has no second factor to remove."""


def look_up(table: "Table", account_id: str, audit: "Audit", now: int) -> Mapping[str, Any]:
    """Return the state of an account, without what identifies its holder."""
    account = _account(table, account_id)
    table.transact(put(audit))
    credentials = table.get(Credentials, Credentials.key_of(account_id=account.id))
    counts = [table.get(Identifier, Identifier.key_of(mac=mac)) for mac in account.identifiers]
    return {
        "account_id": account.id,
        "created_at": rfc3339_seconds(account.created_at),
        "email_masked": mask_email(account.email),
        "is_agent": account.is_agent,
        "affiliation": account.affiliation,
        "affiliation_at": account.affiliation_at and rfc3339(account.affiliation_at),
        "nir_status": account.nir_status,
        "siret_status": account.siret_status,
        "mail_bounced_at": rfc3339_seconds(account.mail_bounced_at),
        "deletion_at": rfc3339_seconds(account.deletion_at),
        "last_login_at": rfc3339_seconds(credentials and credentials.last_login_at),
        "second_factor_until": credentials and _until(credentials.second_factor_until),
        "failed_logins": [each.failures for each in counts if each],
        "open_sessions": len(list_sessions(table, account_id, now)),
    }


def end_sessions(table: "Table", account_id: str, audit: "Audit", now: int) -> None:
    """End every session of an account and whatever opens one, and notify its holder.

    Its password, its links and its known devices end: a thief would open the next session.
    """
    account = _account(table, account_id)
    notices = notice(feed.SESSIONS_ENDED, account_id, now, actor=SUPPORT)
    ended = end_credentials(account, else_=UnknownAccountError(account_id))
    table.transact(*ended, *map(put, notices), put(audit))


def remove_second_factor(table: "Table", account_id: str, audit: "Audit", now: int) -> None:
    """Have an account's second factor removed in three days, and tell every address of it.

    Raises ``NoSecondFactorError`` when there is none, or its removal was asked for already.
    """
    account = _account(table, account_id)
    factor = second_factor.read(table, account.id, now)
    if factor is None or factor.confirmed_at is None:
        raise NoSecondFactorError(account_id)
    asked = ask_removal(account, factor, now, else_=NoSecondFactorError(account_id))
    table.transact(*asked, put(audit))


def resend_link(table: "Table", lookup: "LookupKeys", email: str, audit: "Audit", now: int) -> None:
    """Send the link of each open sign-up of an address again, whatever the mail limits.

    Whether there is a sign-up is looked up when the mail is sent: the operator does not learn it.
    """
    mac = identifiers.email_mac(lookup, email)
    table.transact(put(Outgoing.new(VALIDATION_MAIL, now, email_mac=mac)), put(audit))


def lift_limits(
    table: "Table",
    lookup: "LookupKeys",
    account_id: str | None,
    identifier: str | None,
    audit: "Audit",
) -> None:
    """Clear the failed logins, mail limits and bounces of an account or an identifier."""
    account = _account(table, account_id) if account_id else None
    macs = account.identifiers if account else [identifiers.login_mac(lookup, identifier or "")]
    mailbox = identifiers.mailbox_mac(lookup, account.email if account else identifier or "")
    counted = [mac for mac in macs if table.get(Identifier, Identifier.key_of(mac=mac))]
    cleared = {"failures": 0, "attempted_at": None}
    writes = [
        update(Identifier.key_of(mac=mac), cleared, if_={"mac": mac}, else_=AccountChangedError)
        for mac in counted
    ]
    for recipient in [*macs, mailbox, *([account_id] if account_id else [])]:
        writes += [delete(MailTimes.key_of(recipient=recipient, kind=kind)) for kind in _MAILS]
    if account_id:
        forget = {"mail_bounced_at": None}
        at, own = Account.key_of(id=account_id), {"id": account_id}
        writes.append(update(at, forget, if_=own, else_=AccountChangedError))
    table.transact(*writes, put(audit))


def replay_messages(
    table: "Table", sqs: "SQSClient", queue_url: str, audit: "Audit", now: int
) -> Mapping[str, int]:
    """Make the stream deliver every message that could not be sent again.

    The queue is emptied first: a message that fails again adds a new note to it.
    """
    table.transact(put(audit))
    with suppress(sqs.exceptions.PurgeQueueInProgress):  # done less than a minute ago
        sqs.purge_queue(QueueUrl=queue_url)
    done = [outbox.replay(table, message, now) for message in outbox.list_unsent(table)]
    return {"replayed": done.count(True), "sent_meanwhile": done.count(False)}


def replay_events(
    table: "Table", sqs: "SQSClient", lambda_: "LambdaClient", queue_url: str, audit: "Audit"
) -> Mapping[str, int]:
    """Invoke the functions again with the events that failed, unchanged."""
    table.transact(put(audit))
    replayed = 0
    for _ in range(_BATCHES):
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            failed = json.loads(message.get("Body", ""))
            arn = failed["requestContext"]["functionArn"].split(":")
            lambda_.invoke(
                FunctionName=":".join([*arn[:7], "live"]),
                InvocationType="Event",
                Payload=json.dumps(failed["requestPayload"]).encode(),
            )
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message.get("ReceiptHandle", ""))
            replayed += 1
        if not answer.get("Messages"):
            break
    return {"replayed": replayed}


def _until(second_factor_until: int | None) -> str | None:
    """Return until when logins ask for a second factor, in words."""
    if second_factor_until == FOREVER:
        return "for good"
    return rfc3339_seconds(second_factor_until)


def _account(table: "Table", account_id: str) -> Account:
    account = table.get(Account, Account.key_of(id=account_id))
    if account is None:
        raise UnknownAccountError(account_id)
    return account
