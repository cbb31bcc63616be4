"""What operators do from the AWS console, each act in the audit trail with who and why.

The trail is written with the act, or before anything is shown: no act goes unrecorded.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from portal import activity, contact, identifiers, recovery
from portal.accounts import EMAIL_CHANGE_MAIL, list_sessions
from portal.clock import rfc3339, rfc3339_seconds
from portal.items import Account, Audit, Login, Outgoing
from portal.keys import Keyring
from portal.registrations import VALIDATION_MAIL
from portal.rules.email import mask_email
from portal.table import Table

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

_MAILS = (
    VALIDATION_MAIL,
    recovery.RECOVERY_MAIL,
    recovery.REQUEST,
    EMAIL_CHANGE_MAIL,
    contact.ACKNOWLEDGEMENT,
)
_BATCHES = 10
"""Batches of ten failed events taken in one replay: what is left is for the next."""


class UnknownAccountError(LookupError):
    """No account has this id."""


def look_up(table: Table, account_id: str, audit: Audit, now: int) -> Mapping[str, Any]:
    """Return the state of an account, without what names its holder."""
    account = _account(table, account_id)
    table.write(audit)
    logins = [table.get(Login, Login.key_of(mac)) for mac in _macs(account)]
    return {
        "account_id": account.id,
        "created_at": rfc3339_seconds(account.created_at),
        "email_masked": mask_email(account.email),
        "is_agent": account.is_agent,
        "affiliation": account.affiliation,
        "affiliation_at": account.affiliation_at and rfc3339(account.affiliation_at),
        "mail_bounced_at": rfc3339_seconds(account.mail_bounced_at),
        "deletion_at": rfc3339_seconds(account.deletion_at),
        "last_login_at": rfc3339_seconds(logins[0].last_login_at if logins[0] else None),
        "failed_logins": [login.failures for login in logins if login],
        "open_sessions": len(list_sessions(table, account_id, now)),
    }


def end_sessions(table: Table, account_id: str, audit: Audit, now: int) -> None:
    """End every session of an account; its holder reads so in the feed."""
    _account(table, account_id)
    entry = activity.entry(account_id, activity.SESSIONS_ENDED, now, actor=activity.SUPPORT)
    table.end_sessions(account_id, entry, audit)


def resend_link(table: Table, lookup: Keyring, email: str, audit: Audit, now: int) -> None:
    """Have the link of an address's newest sign-up sent again, whatever was sent before.

    Whether there is one is decided when the mail is sent: an operator learns it no more than
    anybody else.
    """
    mac = identifiers.email_mac(lookup, email)
    table.write(Outgoing.new(VALIDATION_MAIL, now, email_mac=mac), audit)


def lift_limits(
    table: Table, lookup: Keyring, account_id: str | None, identifier: str | None, audit: Audit
) -> None:
    """Let an account, or whoever has an identifier, log in and be written to again at once."""
    if account_id:
        macs = _macs(_account(table, account_id))
    else:
        macs = [identifiers.login_mac(lookup, identifier or "")]
    recipients = [*macs, account_id] if account_id else macs
    mails = [(recipient, kind) for recipient in recipients for kind in _MAILS]
    table.lift_limits(macs, mails, account_id, audit)


def replay_messages(
    table: Table, sqs: "SQSClient", queue_url: str, audit: Audit, now: int
) -> Mapping[str, int]:
    """Have every message that could not be sent brought again by the stream.

    The queue's notes go first: a message that fails from here on leaves a new one.
    """
    table.write(audit)
    with suppress(sqs.exceptions.PurgeQueueInProgress):  # done less than a minute ago
        sqs.purge_queue(QueueUrl=queue_url)
    done = [table.replay(message, now) for message in table.unsent()]
    return {"replayed": done.count(True), "sent_meanwhile": done.count(False)}


def replay_events(
    table: Table, sqs: "SQSClient", lambda_: "LambdaClient", queue_url: str, audit: Audit
) -> Mapping[str, int]:
    """Give the events that failed to their functions once more, each as it came first."""
    table.write(audit)
    replayed = 0
    for _ in range(_BATCHES):
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            failed = json.loads(message.get("Body", ""))
            arn = failed["requestContext"]["functionArn"].split(":")
            lambda_.invoke(
                FunctionName=":".join(arn[:7]),
                Qualifier="live",
                InvocationType="Event",
                Payload=json.dumps(failed["requestPayload"]).encode(),
            )
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message.get("ReceiptHandle", ""))
            replayed += 1
        if not answer.get("Messages"):
            break
    return {"replayed": replayed}


def _account(table: Table, account_id: str) -> Account:
    account = table.get(Account, Account.key_of(account_id))
    if account is None:
        raise UnknownAccountError(account_id)
    return account


def _macs(account: Account) -> list[str]:
    return [mac for mac in (account.email_mac, account.nir_mac) if mac]
