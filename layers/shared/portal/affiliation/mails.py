"""The mails of decisions on affiliations."""

from pathlib import Path

from portal.affiliation import feed
from portal.identity.mails import notices

MAILS = notices(Path(__file__).with_name("templates"), *feed.KINDS)
