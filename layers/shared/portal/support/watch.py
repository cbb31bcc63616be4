"""The synthetic journey: a sign-up of nobody, whose mail must arrive.

The mail is sent to SES's mailbox simulator, which takes every mail and has no reader. So a journey
needs what a person who signs up needs: name, certificate, firewall, gateway, function, keys, table,
stream and SES. What it wrote is deleted when its mail has arrived; TTL deletes what did not.
"""

from typing import TYPE_CHECKING

from portal.core.limits import MailTimes
from portal.core.links import Link
from portal.core.writes import delete
from portal.identity.records import Registration, RegistrationOfAddress
from portal.identity.signup import VALIDATION_MAIL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.core.table import Table

ADDRESS = "success+veille@simulator.amazonses.com"
FORM: "Mapping[str, object]" = {
    "last_name": "Veille",
    "first_name": "Parcours",
    "mobile_phone": "06 12 34 56 78",
    "email": ADDRESS,
    "email_confirmation": ADDRESS,
    "nir": "2940375120005",
    "nir_key": "91",
    "siret": "35600000000048",
    "is_agent": False,
}
"""What it types: made-up numbers, which no account gets by a sign-up alone."""


def lift_limit(table: "Table", registration_id: str) -> None:
    """Let the next journey send a mail too: a mailbox gets six a day, the simulator more."""
    registration = _own(table, registration_id)
    if registration:
        sent = MailTimes.key_of(recipient=registration.mailbox_mac, kind=VALIDATION_MAIL)
        table.write(delete(sent))


def forget(table: "Table", registration_id: str) -> bool:
    """Delete what a journey wrote; return ``False`` if it is none, or was forgotten before."""
    registration = _own(table, registration_id)
    if registration is None:
        return False
    table.delete_partition(Link.partition(id=registration.id))
    listed = RegistrationOfAddress.key_of(
        email_mac=registration.email_mac,
        created_at=registration.created_at,
        registration_id=registration.id,
    )
    table.write(delete(listed))
    # Last: a run that failed before is repeated, and finds it.
    table.write(delete(registration.key()))
    return True


def _own(table: "Table", registration_id: str) -> Registration | None:
    """Return a sign-up if it is a journey's, and nobody else's."""
    registration = table.get(Registration, Registration.key_of(id=registration_id))
    # guard: forgets-its-own-only: registration.email != ADDRESS => False
    if registration is None or registration.email != ADDRESS:
        return None
    return registration
