"""The one DynamoDB table: every expression sent to it, and nothing else.

Every write that belongs together is one transaction. Reads are consistent: what a person just did
is there.
"""

import functools
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from msgspec import Struct
from msgspec.structs import replace

from portal import aws
from portal.items import (
    DAY,
    FOREVER,
    Account,
    Activity,
    Attributes,
    Audit,
    Bounce,
    Deletion,
    Link,
    Login,
    NewestRegistration,
    Outgoing,
    Record,
    Registration,
    Session,
    SiretHolder,
    Unsent,
    encode,
    key,
)
from portal.problems import UNAVAILABLE, Problem
from portal.settings import settings
from portal.tokens import Purpose

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_RETRIES = 8
_PAUSE = 0.02
"""First pause between two tries of a transaction that met another one, in seconds."""

LONGEST_DELAY = 900
"""Seconds that a login may be delayed after failures, at most."""


class AddressBouncesError(Exception):
    """Mails to the address came back lately."""


class ConditionFailedError(Exception):
    """A transaction was refused because these of its operations, by position, did not apply."""

    def __init__(self, failed: frozenset[int], items: Sequence[Attributes | None]) -> None:
        super().__init__()
        self.failed = failed
        self.items = items


class EmailChange(Enum):
    """How the change of an address went."""

    DONE = "done"
    TAKEN = "taken"
    """Another account has the address."""
    STALE = "stale"
    """The account, its login or the link changed meanwhile."""


class MailLimit(Struct, frozen=True):
    """At most ``count`` mails in any ``seconds``."""

    count: int
    seconds: int


class MailSlot(Struct, frozen=True):
    """The memory of when mails of a ``kind`` were last written to a ``recipient``.

    ``recipient`` is the MAC of an address or the id of a registration.
    """

    recipient: str
    kind: str
    limits: tuple[MailLimit, ...]


def delay_after(failures: int, free: int) -> int:
    """Return the seconds to wait before the next login after ``failures`` failures."""
    return 0 if failures < free else min(2 ** (failures - free), LONGEST_DELAY)


class Table:
    """The table's operations; each docstring says what holds afterwards."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    # Reads

    def get[R: Record](self, kind: type[R], at: Attributes) -> R | None:
        """Return the record at a key, or ``None``."""
        answer = self._client.get_item(TableName=self._name, Key=at, ConsistentRead=True)
        item = answer.get("Item")
        return kind.from_item(item) if item else None

    def link_and_registration(self, link: Link) -> tuple[Link | None, Registration | None]:
        """Return a link's row and the registration that it validates, in one round trip."""
        keys = [link.key(), Registration.key_of(link.id)]
        answer = self._client.batch_get_item(
            RequestItems={self._name: {"Keys": keys, "ConsistentRead": True}}
        )
        if answer.get("UnprocessedKeys"):
            raise Problem(UNAVAILABLE, retry_after=1)
        items = answer["Responses"][self._name]
        row, registration = (
            next((item for item in items if item["pk"] == each["pk"]), None) for each in keys
        )
        return (
            Link.from_item(row) if row else None,
            Registration.from_item(registration) if registration else None,
        )

    def activity(self, account_id: str, limit: int, before: str | None) -> list[Activity]:
        """Return up to ``limit`` entries of a feed, newest first, older than ``before``."""
        partition = Activity.partition(account_id)
        start: dict[str, Any] = {"ExclusiveStartKey": key(partition, before)} if before else {}
        answer = self._client.query(
            TableName=self._name,
            KeyConditionExpression="pk = :partition",
            ExpressionAttributeValues={":partition": encode(partition)},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
            **start,
        )
        return [Activity.from_item(item) for item in answer["Items"]]

    def whole_activity(self, account_id: str) -> list[Activity]:
        """Return a whole feed, oldest first."""
        return self._all(Activity, Activity.partition(account_id))

    # Counters

    def count_request(self, endpoint: str, ip_mac: str, now: int) -> int:
        """Count a request of one IP address on an endpoint; return those of this minute."""
        minute = now // 60
        answer = self._client.update_item(
            TableName=self._name,
            Key=key(f"RATE#{endpoint}#{ip_mac}", str(minute)),
            UpdateExpression="ADD hits :one SET expires_at = :expires_at",
            ExpressionAttributeValues={
                ":one": encode(1),
                ":expires_at": encode((minute + 2) * 60),
            },
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"].get("hits", {}).get("N", 0))

    def count_attempt(
        self, mac: str, now_ms: int, free: int, device: str | None = None
    ) -> tuple[Login, bool]:
        """Count a login attempt as a failure, if its identifier may try now.

        Returns the login's record and whether the attempt may go on; with ``device``, the count
        kept for that device, which holds no credentials. The count is raised before anything is
        compared, by conditional writes: of any number of parallel attempts, no more go on than
        ``free`` failures and the elapsed delays allow (ASVS 6.3.1).

        Failures are forgotten a day after the last, by the clock and for every identifier: those
        of an identifier that nobody has are swept then, and a count that outlived them would tell
        which ones have an account.
        """
        forgotten = now_ms - 1000 * Login.RETENTION
        while True:
            login, allowed = self._raise_failures(
                Login.key_of(mac, device),
                mac,
                now_ms,
                "attribute_not_exists(failures) OR failures = :none"
                " OR (failures < :free AND attempted_at > :forgotten)",
                "if_not_exists(failures, :none) + :one",
                {":none": 0, ":one": 1, ":free": free, ":forgotten": forgotten},
            )
            last = login.attempted_at
            if allowed or last is None:
                return login, allowed
            failures = login.failures
            if last <= forgotten:
                failures = 0
            elif now_ms < last + 1000 * delay_after(failures, free):
                return login, False
            login, allowed = self._raise_failures(
                Login.key_of(mac, device),
                mac,
                now_ms,
                "failures = :read AND attempted_at = :last",
                ":next",
                {":read": login.failures, ":last": last, ":next": failures + 1},
            )
            if allowed:
                return login, True
            # Another attempt was counted meanwhile: this one is judged anew.

    def _raise_failures(
        self,
        at: Attributes,
        mac: str,
        now_ms: int,
        condition: str,
        failures: str,
        values: Mapping[str, int],
    ) -> tuple[Login, bool]:
        """Note an attempt on a condition; return the record, as it is if the condition failed."""
        try:
            answer = self._client.update_item(
                TableName=self._name,
                Key=at,
                ConditionExpression=condition,
                UpdateExpression=(
                    f"SET mac = :mac, failures = {failures}, attempted_at = :now, "
                    "expires_at = if_not_exists(kept_until, :expires_at)"
                ),
                ExpressionAttributeValues={
                    ":mac": encode(mac),
                    ":now": encode(now_ms),
                    ":expires_at": encode(now_ms // 1000 + Login.RETENTION),
                    **{name: encode(value) for name, value in values.items()},
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as refused:
            response: Any = refused.response
            # None when the record went meanwhile: swept, or forgiven by a login of its device.
            item = response.get("Item")
            return Login.from_item(item) if item else Login(mac=mac), False
        return Login.from_item(answer["Attributes"]), True

    # Mails

    def register(
        self, registration: Registration, mail: Outgoing, slot: MailSlot, now: int
    ) -> None:
        """Write a registration as its address's newest, with its mail unless the slot is full.

        Raises ``AddressBouncesError`` when mails to the address come back.
        """
        newest = NewestRegistration(
            email_mac=registration.email_mac,
            registration_id=registration.id,
            expires_at=registration.expires_at,
        )
        records = [
            _check_receives(registration.email_mac, now),
            _put(registration),
            _put(newest),
        ]
        try:
            self._transact([*records, _put(mail), _take(slot, now)])
        except ConditionFailedError as refused:
            if 0 in refused.failed:
                raise AddressBouncesError from None
            self._transact(records)

    def send(self, mail: Outgoing, slots: Sequence[MailSlot], now: int) -> None:
        """Write a mail to be sent, unless one of its slots is full."""
        try:
            self._transact([_put(mail), *(_take(slot, now) for slot in slots)])
        except ConditionFailedError:
            return

    def send_to(self, email_mac: str, mail: Outgoing, slots: Sequence[MailSlot], now: int) -> None:
        """Write a mail as ``send`` does; raises ``AddressBouncesError`` when it would come back."""
        try:
            self._transact(
                [
                    _check_receives(email_mac, now),
                    _put(mail),
                    *(_take(slot, now) for slot in slots),
                ]
            )
        except ConditionFailedError as refused:
            if 0 in refused.failed:
                raise AddressBouncesError from None

    def write(self, *records: Record) -> None:
        """Write records that belong together, whatever was there."""
        self._transact(_put(record) for record in records)

    # Sign-up

    def activate(
        self,
        *,
        link: Link,
        registration: Registration,
        account: Account,
        logins: Sequence[Login],
        siret_holder: SiretHolder | None,
        feed: Sequence[Activity],
        event: Outgoing,
        now: int,
    ) -> bool:
        """Turn a registration into an account, once, and consume the link.

        Returns ``False`` when an identifier already belongs to an account. Raises
        ``ConditionFailedError`` when the link or the registration was used meanwhile.
        """
        guards = [
            {
                "Delete": {
                    "Key": link.key(),
                    "ConditionExpression": "expires_at > :now",
                    "ExpressionAttributeValues": {":now": encode(now)},
                }
            },
            _put(registration, "completed = :no", {":no": encode(value=False)}),
        ]
        claims = [_claim(login) for login in logins]
        if siret_holder:
            claims.append(_put_new(siret_holder))
        births = [_put_new(account), *(_put(entry) for entry in feed), _put(event)]
        try:
            self._transact([*guards, *claims, *births])
        except ConditionFailedError as refused:
            if refused.failed.isdisjoint(range(len(guards))):
                return False
            raise
        return True

    # Login and sessions

    def start_session(
        self,
        login: Login,
        session: Session,
        news: Sequence[Record],
        *,
        new_hash: str | None,
        device: str | None,
    ) -> Login | None:
        """Open a session and record the login, provided that the record is as it was read.

        Returns ``None`` when done, else the record as it is now. ``new_hash`` replaces the
        password's hash by a stronger one; the failures of ``device`` are forgotten.
        """
        values = {
            ":none": encode(0),
            ":account": encode(session.account_id),
            ":read": encode(login.logins),
            ":next": encode(login.logins + 1),
            ":now": encode(session.created_at),
            ":hash": encode(login.password_hash),
            ":new": encode(new_hash or login.password_hash),
        }
        record = "SET logins = :next, last_login_at = :now, password_hash = :new"
        same = "account_id = :account AND logins = :read AND password_hash = :hash"
        operations: list[dict[str, Any]] = [
            {
                "Update": {
                    "Key": login.key(),
                    "ConditionExpression": same,
                    "UpdateExpression": f"{record}, failures = :none",
                    "ExpressionAttributeValues": values,
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
            },
            _put(session),
            *(_put(record) for record in news),
        ]
        if device:
            operations.append(_delete(Login.key_of(login.mac, device)))
        if login.twin_mac:
            twin = {
                "logins": login.logins + 1,
                "last_login_at": session.created_at,
                "password_hash": new_hash or login.password_hash,
            }
            expected = {"account_id": session.account_id}
            operations.append(_update(Login.key_of(login.twin_mac), twin, expected))
        try:
            self._transact(operations)
        except ConditionFailedError as refused:
            item = refused.items[0]
            return Login.from_item(item) if item else self.get(Login, login.key()) or login
        return None

    def touch_session(self, session: Session) -> None:
        """Store when a session was last seen, unless it ended meanwhile."""
        try:
            self._client.update_item(
                TableName=self._name,
                Key=session.key(),
                ConditionExpression="secret_sha256 = :secret",
                UpdateExpression="SET seen_at = :seen_at, expires_at = :expires_at",
                ExpressionAttributeValues={
                    ":secret": encode(session.secret_sha256),
                    ":seen_at": encode(session.seen_at),
                    ":expires_at": encode(session.expires_at),
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def end_session(self, account_id: str, slot: int, secret_sha256: bytes) -> None:
        """Forget a session, if it is still in its place."""
        try:
            self._client.delete_item(
                TableName=self._name,
                Key=Session.key_of(account_id, slot),
                ConditionExpression="secret_sha256 = :secret",
                ExpressionAttributeValues={":secret": encode(secret_sha256)},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def sessions(self, account_id: str) -> list[Session]:
        """Return what stands in an account's places, sessions that are over too."""
        return self._all(Session, Session.partition(account_id))

    def revoke_session(self, session: Session, entry: Activity) -> bool:
        """End a session and say so in the feed; ``False`` when it had ended."""
        secret = encode(session.secret_sha256)
        delete = {
            "Key": session.key(),
            "ConditionExpression": "secret_sha256 = :secret",
            "ExpressionAttributeValues": {":secret": secret},
        }
        try:
            self._transact([{"Delete": delete}, _put(entry)])
        except ConditionFailedError:
            return False
        return True

    # An account's own changes

    def update_account(
        self,
        account_id: str,
        changes: Mapping[str, str | int | None],
        *records: Record,
        expected: Mapping[str, str | int | None] | None = None,
    ) -> bool:
        """Change attributes of an account, ``None`` removing one, and write what belongs to it.

        Returns ``False``, and writes nothing, when the account is gone or an ``expected``
        attribute is not as given (``None``: absent).
        """
        try:
            self._transact(
                [
                    _update(
                        Account.key_of(account_id),
                        changes,
                        {"id": account_id, **(expected or {})},
                    ),
                    *(_put(record) for record in records),
                ]
            )
        except ConditionFailedError:
            return False
        return True

    def put_recovery_link(
        self, account: Account, link: Link, message: Outgoing, slot: MailSlot, now: int
    ) -> bool:
        """Make a link the one good recovery link of an account, unless the slot is full.

        The message that is to carry it remembers it, for when sending fails.
        """
        change = _update(Account.key_of(account.id), {"recovery_id": link.id}, {"id": account.id})
        return self._put_account_link(change, link, message, _take(slot, now))

    def ask_email(
        self,
        account_id: str,
        changes: Mapping[str, str | None],
        mail: Outgoing,
        slots: Sequence[MailSlot],
        now: int,
    ) -> bool:
        """Note the address that an account asks for, with its mail, unless a slot is full.

        Then nothing changes, and the link of the address asked for before stays good. Returns
        ``False`` when the account is gone.
        """
        update = _update(Account.key_of(account_id), changes, {"id": account_id})
        try:
            self._transact([update, _put(mail), *(_take(slot, now) for slot in slots)])
        except ConditionFailedError as refused:
            return 0 not in refused.failed
        return True

    def put_email_change_link(self, account: Account, link: Link, message: Outgoing) -> bool:
        """Make a link the one that confirms an account's new address, if it is still asked for.

        The message that is to carry it remembers it, for when sending fails.
        """
        expected = {"id": account.id, "new_email": account.new_email}
        change = _update(Account.key_of(account.id), {"email_change_id": link.id}, expected)
        return self._put_account_link(change, link, message)

    def _put_account_link(
        self,
        change: dict[str, Any],
        link: Link,
        message: Outgoing,
        *others: dict[str, Any],
    ) -> bool:
        carried = {"link_id": link.id, "link_issued_at": link.issued_at}
        remember = _update(message.key(), carried, {"id": message.id})
        try:
            self._transact([change, remember, _put(link), *others])
        except ConditionFailedError:
            return False
        return True

    def change_password(
        self,
        account: Account,
        password_hash: str,
        *records: Record,
        link: Link | None = None,
        kept_slot: int | None = None,
    ) -> bool:
        """Replace a password, end the account's sessions but one, and kill its recovery links.

        With ``link``, consumes it. Returns ``False``, and changes nothing, when the account has
        changed meanwhile or the link is no longer its newest.
        """
        expected = {"id": account.id, "recovery_id": account.recovery_id}
        new = {"password_hash": password_hash, "failures": 0, "attempted_at": None}
        operations = [
            _update(Account.key_of(account.id), {"recovery_id": None}, expected),
            *(
                _update(Login.key_of(mac), new, {"account_id": account.id})
                for mac in (account.email_mac, account.nir_mac)
                if mac
            ),
            *_end_sessions(account.id, kept_slot),
            *(_put(record) for record in records),
        ]
        if link:
            operations.append(_delete(link.key(), {"id": link.id}))
        try:
            self._transact(operations)
        except ConditionFailedError:
            return False
        return True

    def change_email(
        self,
        account: Account,
        login: Login,
        link: Link,
        *records: Record,
        kept_slot: int | None,
        now: int,
    ) -> EmailChange:
        """Give an account the address of a link: its login moves, other sessions end.

        ``login`` is that of the present address. The link is consumed, and with the change
        every link asked for before dies.
        """
        undone = link.purpose == Purpose.EMAIL_UNDO
        moved = replace(login, mac=link.email_mac or "", failures=0, attempted_at=None)
        changes = {
            "email": link.email,
            "email_mac": link.email_mac,
            "new_email": None,
            "new_email_mac": None,
            "email_change_id": None,
            "recovery_id": None,
            "mail_bounced_at": None,
            **({"undone_from": link.issued_at, "undone_at": now} if undone else {}),
        }
        expected = {"id": account.id, "email_mac": account.email_mac}
        operations = [
            _claim(moved),
            _update(Account.key_of(account.id), changes, expected),
            _delete(
                login.key(),
                {
                    "account_id": account.id,
                    "password_hash": login.password_hash,
                    "logins": login.logins,
                },
            ),
            _delete(link.key(), {"id": link.id}),
            *_end_sessions(account.id, kept_slot),
            *(_put(record) for record in records),
        ]
        if account.nir_mac:
            twin = {"twin_mac": link.email_mac}
            operations.append(
                _update(Login.key_of(account.nir_mac), twin, {"account_id": account.id})
            )
        try:
            self._transact(operations)
        except ConditionFailedError as refused:
            return EmailChange.TAKEN if refused.failed == frozenset({0}) else EmailChange.STALE
        return EmailChange.DONE

    def schedule_deletion(self, account: Account, deletion: Deletion, *records: Record) -> bool:
        """Note when an account is to be deleted and end its sessions; ``False`` if it was noted."""
        try:
            self._transact(
                [
                    _update(
                        Account.key_of(account.id),
                        {"deletion_at": deletion.deletion_at},
                        {"id": account.id, "deletion_at": None},
                    ),
                    _put(deletion),
                    *_end_sessions(account.id, None),
                    *(_put(record) for record in records),
                ]
            )
        except ConditionFailedError:
            return False
        return True

    def deletions(self, day: int) -> list[Deletion]:
        """Return the deletions due on the day of a time."""
        return self._all(Deletion, Deletion.partition(day))

    def delete_account(self, account: Account, event: Outgoing) -> bool:
        """Forget an account and free its identifiers; ``False`` when it changed meanwhile."""
        macs = [mac for mac in (account.email_mac, account.nir_mac) if mac]
        expected = {
            "id": account.id,
            "deletion_at": account.deletion_at,
            "email_mac": account.email_mac,
        }
        operations = [
            _delete(Account.key_of(account.id), expected),
            *(_delete(Login.key_of(mac), {"account_id": account.id}) for mac in macs),
            *_end_sessions(account.id, None),
            _put(event),
        ]
        if account.siret_mac:
            holder = SiretHolder(mac=account.siret_mac, account_id=account.id)
            operations.append(_delete(holder.key(), {"account_id": account.id}))
        try:
            self._transact(operations)
        except ConditionFailedError:
            return False
        return True

    def forget_feed(self, account_id: str) -> None:
        """Delete the feed of an account that is gone."""
        self._delete_all(Activity.partition(account_id))

    def forget_deletion(self, deletion: Deletion) -> None:
        """Drop a deletion that was done or taken back."""
        self._client.delete_item(TableName=self._name, Key=deletion.key())

    # Affiliation

    def set_affiliation(
        self, read: Account, account: Account, holder: SiretHolder | None, *records: Record
    ) -> bool:
        """Store the back office's word, unless another came since the account was read.

        ``holder`` claims a Siret that the account did not have; raises ``ConditionFailedError``
        when another account has it.
        """
        changes = {
            "affiliation": account.affiliation,
            "affiliation_at": account.affiliation_at,
            "affiliation_reason": account.affiliation_reason,
            "siret": account.siret,
            "siret_mac": account.siret_mac,
        }
        expected = {"id": read.id, "affiliation_at": read.affiliation_at}
        update = _update(Account.key_of(read.id), changes, expected)
        operations = [update, *(_put(record) for record in records)]
        if holder:
            operations.append(_put_new(holder))
        try:
            self._transact(operations)
        except ConditionFailedError as refused:
            if 0 in refused.failed:
                return False
            raise
        return True

    # Outbox

    def put_link(self, link: Link) -> None:
        """Store a link that is about to be sent."""
        self._client.put_item(TableName=self._name, Item=link.to_item())

    def forget_outgoing(self, outgoing_id: str) -> None:
        """Delete a message that was sent."""
        self._client.delete_item(TableName=self._name, Key=Outgoing.key_of(outgoing_id))

    def note_unsent(self, message: Unsent) -> None:
        """Remember that a message could not be sent."""
        self._client.put_item(TableName=self._name, Item=message.to_item())

    def unsent(self) -> list[Unsent]:
        """Return the messages that could not be sent at least once, oldest id first."""
        return self._all(Unsent, Unsent.PARTITION)

    def replay(self, message: Unsent, now: int) -> bool:
        """Have the stream bring a message again; ``False`` when it was sent meanwhile."""
        mark = _update(Outgoing.key_of(message.id), {"redriven_at": now}, {"id": message.id})
        try:
            self._transact([mark, _delete(message.key())])
        except ConditionFailedError:
            self._client.delete_item(TableName=self._name, Key=message.key())
            return False
        return True

    # Operators

    def end_sessions(self, account_id: str, *records: Record) -> None:
        """End every session of an account, and write what tells of it."""
        self._transact([*_end_sessions(account_id, None), *(_put(record) for record in records)])

    def lift_limits(
        self,
        login_macs: Sequence[str],
        mails: Iterable[tuple[str, str]],
        account_id: str | None,
        audit: Audit,
    ) -> None:
        """Forget failed logins, mails sent (recipient, kind) and that an address bounced."""
        operations = [
            *(
                _update(Login.key_of(mac), {"failures": 0, "attempted_at": None}, {"mac": mac})
                for mac in login_macs
                if self.get(Login, Login.key_of(mac))
            ),
            *(_delete(key(f"MAIL#{recipient}", kind)) for recipient, kind in mails),
            *(_delete(Bounce.key_of(mac)) for mac in login_macs),
            _put(audit),
        ]
        if account_id:
            forget = {"mail_bounced_at": None}
            operations.append(_update(Account.key_of(account_id), forget, {"id": account_id}))
        self._transact(operations)

    # Partitions

    def _all[R: Record](self, kind: type[R], partition: str) -> list[R]:
        """Return every record of a partition."""
        return [kind.from_item(item) for item in self._items(partition)]

    def _items(self, partition: str) -> Iterator[Attributes]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="pk = :partition",
            ExpressionAttributeValues={":partition": encode(partition)},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]

    def _delete_all(self, partition: str) -> None:
        """Delete every record of a partition."""
        for item in self._items(partition):
            self._client.delete_item(TableName=self._name, Key={"pk": item["pk"], "sk": item["sk"]})

    # Transactions

    def _transact(self, operations: Iterable[dict[str, Any]]) -> None:
        """Write all or nothing; tries again while another transaction holds one of the items.

        Raises ``ConditionFailedError`` when a condition does not hold, ``Problem(UNAVAILABLE)``
        when the items stay busy.
        """
        writes: Any = [
            {action: {"TableName": self._name, **body} for action, body in operation.items()}
            for operation in operations
        ]
        for attempt in range(_RETRIES):
            if attempt:
                time.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311 - no secret
            try:
                self._client.transact_write_items(TransactItems=writes)
            except self._client.exceptions.TransactionCanceledException as cancelled:
                _raise_unless_busy(cancelled)
            else:
                return
        raise Problem(UNAVAILABLE, retry_after=1)


def _raise_unless_busy(cancelled: ClientError) -> None:
    """Raise what a cancelled transaction means, or return when it is worth another try."""
    response: Any = cancelled.response
    reasons: Sequence[Mapping[str, Any]] = response.get("CancellationReasons", [])
    codes = [reason.get("Code") for reason in reasons]
    failed = frozenset(n for n, code in enumerate(codes) if code == "ConditionalCheckFailed")
    if failed:
        raise ConditionFailedError(failed, [reason.get("Item") for reason in reasons])
    if not {"TransactionConflict", "ThrottlingError"}.intersection(codes):
        raise cancelled


def _put(
    record: Record, condition: str | None = None, values: Attributes | None = None
) -> dict[str, Any]:
    """Return the operation that writes a record, whatever was there unless a condition says."""
    if isinstance(record, Activity | Audit):
        condition = "attribute_not_exists(pk)"  # the trails are only ever added to
    operation: dict[str, Any] = {"Item": record.to_item()}
    if condition:
        operation["ConditionExpression"] = condition
    if values:
        operation["ExpressionAttributeValues"] = values
    return {"Put": operation}


def _update(
    at: Attributes,
    changes: Mapping[str, str | int | None],
    expected: Mapping[str, str | int | None],
) -> dict[str, Any]:
    """Return the operation that changes attributes, ``None`` removing one, if all is as expected.

    ``expected`` gives the value that each named attribute must have; ``None``: it must be absent.
    """
    sets = {name: value for name, value in changes.items() if value is not None}
    removes = [name for name, value in changes.items() if value is None]
    clauses = [f"SET {', '.join(f'{name} = :{name}' for name in sets)}"] if sets else []
    if removes:
        clauses.append(f"REMOVE {', '.join(removes)}")
    condition, values = _expect(expected)
    return {
        "Update": {
            "Key": at,
            "UpdateExpression": " ".join(clauses),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values
            | {f":{name}": encode(value) for name, value in sets.items()},
        }
    }


def _delete(
    at: Attributes, expected: Mapping[str, str | int | None] | None = None
) -> dict[str, Any]:
    """Return the operation that deletes a record, if it is as expected."""
    operation: dict[str, Any] = {"Key": at}
    if expected:
        condition, values = _expect(expected)
        operation |= {
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
    return {"Delete": operation}


def _expect(expected: Mapping[str, str | int | None]) -> tuple[str, Attributes]:
    """Return the condition that attributes have given values, and those values."""
    condition = " AND ".join(
        f"attribute_not_exists({name})" if value is None else f"{name} = :was_{name}"
        for name, value in expected.items()
    )
    return condition, {
        f":was_{name}": encode(value) for name, value in expected.items() if value is not None
    }


def _end_sessions(account_id: str, kept_slot: int | None) -> Iterator[dict[str, Any]]:
    """Yield the operations that empty an account's places, but one."""
    for slot in range(Session.PLACES):
        if slot != kept_slot:
            yield _delete(Session.key_of(account_id, slot))


def _check_receives(email_mac: str, now: int) -> dict[str, Any]:
    """Return the check that mails to an address do not come back, lately."""
    return {
        "ConditionCheck": {
            "Key": Bounce.key_of(email_mac),
            "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
            "ExpressionAttributeValues": {":now": encode(now)},
        }
    }


def _put_new(record: Record) -> dict[str, Any]:
    """Return the operation that writes a record where there is none."""
    return _put(record, "attribute_not_exists(pk)")


def _claim(login: Login) -> dict[str, Any]:
    """Return the operation that gives an identifier to an account, if no account has it.

    An update rather than a put: failed logins may have left a count under the identifier.
    """
    item = login.to_item()
    attributes = {name: value for name, value in item.items() if name not in {"pk", "sk"}}
    attributes |= {"expires_at": encode(FOREVER), "kept_until": encode(FOREVER)}
    return {
        "Update": {
            "Key": login.key(),
            "ConditionExpression": "attribute_not_exists(account_id)",
            "UpdateExpression": "SET " + ", ".join(f"{name} = :{name}" for name in attributes),
            "ExpressionAttributeValues": {f":{name}": each for name, each in attributes.items()},
        }
    }


def _take(slot: MailSlot, now: int) -> dict[str, Any]:
    """Return the operation that notes a mail, if the slot's limits allow one more now.

    The times of the last mails stand in ``sent1`` (the newest), ``sent2`` …; a limit of *n* mails
    is kept by looking at the *n*-th.
    """
    most = max(limit.count for limit in slot.limits)
    allowed = " AND ".join(
        f"(attribute_not_exists(sent{limit.count}) OR sent{limit.count} <= :before{n})"
        for n, limit in enumerate(slot.limits)
    )
    shifted = [f"sent{n} = if_not_exists(sent{n - 1}, :never)" for n in range(most, 1, -1)]
    values = {f":before{n}": encode(now - limit.seconds) for n, limit in enumerate(slot.limits)} | {
        ":now": encode(now),
        ":expires_at": encode(now + DAY),
    }
    if shifted:
        values[":never"] = encode(0)
    return {
        "Update": {
            "Key": key(f"MAIL#{slot.recipient}", slot.kind),
            "ConditionExpression": allowed,
            "UpdateExpression": "SET "
            + ", ".join([*shifted, "sent1 = :now", "expires_at = :expires_at"]),
            "ExpressionAttributeValues": values,
        }
    }


@functools.cache
def table() -> Table:
    """Return the table that this function's environment names."""
    return Table(aws.dynamodb(), settings().table_name)
