"""List prices of AWS in us-east-1, one row each, without free tiers and savings plans.

eu-west-3 costs up to a fifth more. To renew one, read its page, and change its amount and its day.
"""

from dataclasses import dataclass
from datetime import date

MONTH_SECONDS = 730 * 3600
"""A month as AWS counts it."""
_READ = date(2026, 11, 28)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for so many units, the page that says so, and the day on which it was read."""

    what: str
    dollars: float
    unit: str
    units: float
    page: str
    read: date = _READ

    @property
    def each(self) -> float:
        """Dollars for one unit."""
        return self.dollars / self.units


_MILLION = 1_000_000
_PAGE = "https://aws.amazon.com/{}/pricing/"
_LAMBDA, _WAF, _TABLE = _PAGE.format("lambda"), _PAGE.format("waf"), _PAGE.format("dynamodb")
_WATCH, _KMS, _SECRETS = (_PAGE.format(each) for each in ("cloudwatch", "kms", "secrets-manager"))

GATEWAY = Price(
    "API Gateway, REST API", 3.50, "a million requests", _MILLION, _PAGE.format("api-gateway")
)
FIREWALL = Price("WAF, requests", 0.60, "a million", _MILLION, _WAF)
FIREWALL_LIST = Price("WAF, web ACL", 5.00, "a month", 1, _WAF)
FIREWALL_RULE = Price("WAF, rule or managed group", 1.00, "a month", 1, _WAF)
INVOCATION = Price("Lambda, calls", 0.20, "a million", _MILLION, _LAMBDA)
GIB_SECOND = Price("Lambda, memory on arm64", 0.0000133334, "a GiB-second", 1, _LAMBDA)
SNAPSHOT = Price("SnapStart, snapshot kept", 0.0000015046, "a GiB-second", 1, _LAMBDA)
RESTORED = Price("SnapStart, snapshot restored", 0.0001397998, "a GiB", 1, _LAMBDA)
WRITE_UNIT = Price("DynamoDB, write units on demand", 0.625, "a million", _MILLION, _TABLE)
READ_UNIT = Price("DynamoDB, read units on demand", 0.125, "a million", _MILLION, _TABLE)
STORED = Price("DynamoDB, stored", 0.25, "a GB and month", 1, _TABLE)
CONTINUOUS_BACKUP = Price("DynamoDB, continuous backups", 0.20, "a GB and month", 1, _TABLE)
DAILY_BACKUP = Price(
    "Backup, each copy of the table", 0.10, "a GB and month", 1, _PAGE.format("backup")
)
FILES = Price("S3, stored", 0.023, "a GB and month", 1, _PAGE.format("s3"))
FILE_WRITTEN = Price("S3, objects written", 0.005, "a thousand", 1_000, _PAGE.format("s3"))
EVENT = Price("EventBridge, own events", 1.00, "a million", _MILLION, _PAGE.format("eventbridge"))
MAIL = Price("SES, mails", 0.10, "a thousand", 1_000, _PAGE.format("ses"))
KEY = Price("KMS, key", 1.00, "a month; 2.00 and 3.00 in its second and third year", 1, _KMS)
KEY_CALL = Price("KMS, calls", 0.03, "for 10,000", 10_000, _KMS)
SECRET = Price("Secrets Manager, secret", 0.40, "a month", 1, _SECRETS)
SECRET_CALL = Price("Secrets Manager, calls", 0.05, "for 10,000", 10_000, _SECRETS)
LOG = Price("CloudWatch, logs taken in", 0.50, "a GB", 1e9, _WATCH)
LOG_KEPT = Price("CloudWatch, logs kept", 0.03, "a GB and month", 1e9, _WATCH)
METRIC = Price("CloudWatch, metric of one's own", 0.30, "a month, by the hour", 1, _WATCH)
ALARM = Price("CloudWatch, alarm, for each metric", 0.10, "a month", 1, _WATCH)
DASHBOARD = Price("CloudWatch, dashboard", 3.00, "a month", 1, _WATCH)
TRACE = Price("X-Ray, traces kept", 5.00, "a million", _MILLION, _PAGE.format("xray"))
SENT_OUT = Price(
    "data sent out", 0.09, "a GB", 1e9, "https://aws.amazon.com/ec2/pricing/on-demand/"
)

PRICES = tuple(each for each in tuple(globals().values()) if isinstance(each, Price))
"""All of the above, in this order."""
