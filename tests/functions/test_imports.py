"""What a cold start loads, with only the packages of the layer, as on Lambda.

The development environment has more than the layer, and libraries load what they find (urllib3
loads cryptography when pyOpenSSL is there). So each function runs here in a Python of its own whose
path is the standard library, the locked packages of the layer and our own code.
"""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from benchmarks.world import CHECK_SIGNATURES, ENVIRONMENT
from portal.core.keyring import PepperKeys
from portal.identity.passwords import hash_password
from portal.identity.records import Account, Credentials, Identifier
from tests.world.cloud import ROOT
from tests.world.world import NOW, PASSWORD

LOCK = ROOT / "layers" / "dependencies" / "requirements.txt"
SIGNATURES = ROOT / "layers" / "signatures" / "requirements.txt"
BANK = ROOT / "layers" / "bank" / "requirements.txt"
# Each costs 20 to 200 ms of a cold start.
HEAVY = [
    "boto3.resources",
    "boto3.session",
    "s3transfer",
    "aws_xray_sdk",
    "dns",
    "phonenumbers",
    "jinja2",
    "cryptography",
    "webauthn",
    "email_validator",
    "stdnum",
    "sepaxml",
    "xmlschema",
    "defusedxml",
]
# Templates: of mails, and of pages, rendered at the start. Signatures: of providers, passkeys.
# Messages: of the bank.
ALLOWED = {
    "send_mail": {"jinja2"},
    "web": {"jinja2"},
    "sso": {"cryptography"},
    "passkeys": {"cryptography", "webauthn"},
    "bank": {"sepaxml", "xmlschema", "defusedxml"},
    "bank_reports": {"defusedxml"},
}
OF_SIGNATURES = {each.lower() for each in CHECK_SIGNATURES}
OF_THE_BANK = {"bank", "bank_reports"}
SECRETS = {"token": "t" * 64, "lookup": "l" * 64, "pepper": "p" * 64}
# Runs in the other Python. Every call to AWS is answered below botocore; none is sent.
PROGRAM = """
import io, json, sys

given = json.load(sys.stdin)
sys.path[:0] = given["path"]
import app

answer = None
if given["event"]:
    from botocore.awsrequest import AWSResponse
    from portal.core import aws

    class Raw(io.BytesIO):
        def stream(self, **_):
            yield self.read()

    def respond(request, **_):
        target = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        body = given["answers"][target]
        if target == "GetSecretValue":
            body = body[json.loads(request.body)["SecretId"]]
        calls.append(target)
        return AWSResponse(request.url, 200, {}, Raw(json.dumps(body).encode()))

    calls = []
    for client in (aws.dynamodb(), aws.secrets_manager()):
        client.meta.events.register("before-send", respond)
    answer = app.handler(given["event"], None) | {"calls": calls}
modules = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print("RESULT" + json.dumps({"modules": modules, "answer": answer}, default=str))
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with only the packages of the layer that every function has."""
    return linked(tmp_path_factory.mktemp("layer"), LOCK)


@pytest.fixture(scope="module")
def signatures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with also those of the layer of signatures."""
    return linked(tmp_path_factory.mktemp("layers"), LOCK, SIGNATURES)


@pytest.fixture(scope="module")
def of_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with also those of the layer of the bank."""
    return linked(tmp_path_factory.mktemp("layers"), LOCK, BANK)


def linked(folder: Path, *locks: Path) -> Path:
    """Fill a folder with the packages of these locks."""
    texts = "".join(lock.read_text() for lock in locks)
    locked = re.findall(r"^([\w.-]+)==(\S+)", texts, re.MULTILINE)
    assert len(locked) > 10
    for name, version in locked:
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            assert name not in {"botocore", "aws-lambda-powertools", "pydantic", "argon2-cffi"}
            continue
        assert distribution.version == version, f"{name} is not the one that is deployed"
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            link = folder / top
            if not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(top))))
    return folder


def run(function: str, packages: Path, event: object = None, answers: object = None) -> dict:
    """Import a function in its own Python, ask it once, and return what it loaded."""
    path = [ROOT / "functions" / function, ROOT / "layers" / "shared", packages]
    given = {"path": [*map(str, path)], "event": event, "answers": answers}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-S", "-B", "-c", PROGRAM],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
        timeout=200,  # a busy machine is no failure
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition("RESULT")[2])


def heavy(modules: dict[str, object]) -> set[str]:
    """Return which of the heavy modules were loaded."""
    return {name for name in HEAVY if name in modules}


def test_a_login_loads_nothing_heavy(packages: Path) -> None:
    """A successful login, from import to cookie, loads no heavy package."""
    account_id = "9f3e9c3e-1c0b-4b83-9d4e-0f6a4c5d7e21"
    pepper = PepperKeys({1: SECRETS["pepper"].encode()})
    identifier = Identifier(
        mac="mac", failures=1, attempted_at=NOW * 1000, account_id=account_id
    ).to_item()
    account = Account(
        id=account_id,
        created_at=NOW,
        last_name="Dupont",
        first_name="Michèle",
        mobile_phone="+33612345678",
        email="michele.dupont@example.fr",
        email_mac="mac",
    ).to_item()
    credentials = Credentials(
        account_id=account_id, password_hash=hash_password(pepper, PASSWORD)
    ).to_item()
    answers = {
        "GetSecretValue": {
            name: {"SecretString": json.dumps({"1": key}), "CreatedDate": 0}
            for name, key in SECRETS.items()
        },
        # Of the request's count and of the attempt's.
        "UpdateItem": {"Attributes": identifier | {"hits": {"N": "1"}, "expires_at": {"N": "1"}}},
        "BatchGetItem": {"Responses": {"table": [account, credentials]}},
        "TransactWriteItems": {},
    }
    event = {
        "resource": "/api/login",
        "path": "/api/login",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", "Origin": "https://portail.example"},
        "requestContext": {"requestTimeEpoch": NOW * 1000, "identity": {"sourceIp": "203.0.113.7"}},
        "body": json.dumps({"identifier": "michele.dupont@example.fr", "password": PASSWORD}),
        "isBase64Encoded": False,
    }
    result = run("login", packages, event, answers)
    answer = result["answer"]
    assert answer["statusCode"] in {200, "200", "HTTPStatus.OK"}, answer
    assert "__Host-session=" in str(answer["multiValueHeaders"])
    assert answer["calls"] == [
        "GetSecretValue",
        "UpdateItem",
        "GetSecretValue",
        "UpdateItem",
        "BatchGetItem",
        "TransactWriteItems",
    ]
    assert heavy(result["modules"]) == set()


@pytest.mark.parametrize(
    "function", sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
)
def test_a_function_loads_only_what_it_uses(
    packages: Path, signatures: Path, of_bank: Path, function: str
) -> None:
    """A function loads only the heavy packages that it needs, of the layers that it has."""
    layers = signatures if function in OF_SIGNATURES else packages
    layers = of_bank if function in OF_THE_BANK else layers
    modules = run(function, layers)["modules"]
    assert heavy(modules) <= ALLOWED.get(function, set())


def test_modules_come_from_the_layer(packages: Path) -> None:
    """The other Python has nothing of the development environment."""
    modules = run("login", packages)["modules"]
    site = next(each for each in sys.path if each.endswith("site-packages"))
    files = [file for file in modules.values() if file]
    assert not [file for file in files if file.startswith(site)]
    assert [file for file in files if file.startswith(str(packages))]
