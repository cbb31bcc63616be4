"""The mails of the payments: nothing of a bank account is in them."""

from pathlib import Path

from portal.identity.mails import notices
from portal.payments import feed

MAILS = notices(Path(__file__).with_name("templates"), *feed.KINDS)
