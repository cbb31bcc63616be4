"""What is deployed: its size, its byte-code, and what a cold start does not load."""

import ast
import gzip
import json
import re
import subprocess
import textwrap
from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib import metadata
from importlib.util import cache_from_source, source_hash
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from botocore.session import get_session

from benchmarks.artefacts import BANK, SIGNATURES, Build, without_bytecode, zipped
from benchmarks.worker import PYTHON, environment
from benchmarks.world import CHECK_SIGNATURES, FUNCTIONS
from tests.world.cloud import ROOT

if TYPE_CHECKING:
    from tools.stack.stack import Stack

pytestmark = pytest.mark.stack

LOCKS = {
    "DependenciesLayer": ROOT / "layers" / "dependencies" / "requirements.txt",
    "SignaturesLayer": ROOT / "layers" / "signatures" / "requirements.txt",
    "BankLayer": ROOT / "layers" / "bank" / "requirements.txt",
}
MODULES = 680
"""Modules that are loaded once a function is imported; Account, the heaviest, has 663."""
OF_SIGNATURES = 120
"""Modules more that a function loads which checks signatures; Passkeys has 745 in all."""
_NOT_OF_AWS = {"sign", "verify"}
"""Ours of mandates, and one of argon2, with the names of KMS calls."""


@pytest.fixture(scope="module")
def built(stack: "Stack") -> Build:
    """Return what was built for the stack."""
    return Build(stack.build_folder)


def test_packages_are_small(built: Build) -> None:
    """Dependencies are below 14 MB zipped, signatures 8, bank 2.5; functions 100 kB, Web 110."""
    assert zipped(built.folder / "DependenciesLayer") <= 14_000_000
    assert zipped(built.folder / SIGNATURES) <= 8_000_000
    assert zipped(built.folder / BANK) <= 2_500_000
    most = dict.fromkeys(FUNCTIONS, 100_000) | {"Web": 110_000}
    assert not {name for name in FUNCTIONS if zipped(built.code(name)) > most[name]}


def test_every_function_is_measured(built: Build) -> None:
    """The benchmarks list every function of the template."""
    folders = {path.name for path in built.folder.iterdir() if path.is_dir()}
    assert folders == FUNCTIONS.keys() | {each.name for each in built.all_layers}


def test_layers_have_their_bytecode(built: Build) -> None:
    """Every module of a layer has byte-code: a cold start cannot write to /opt."""
    assert [path for layer in built.all_layers for path in without_bytecode(layer)] == []


@pytest.mark.parametrize("layer", LOCKS)
def test_a_layer_has_what_was_published(built: Build, layer: str) -> None:
    """Every module of a layer, and the source of its byte-code, is as its package published it.

    The hashes are those of the wheels, as the tests' environment stores them.
    """
    site = built.folder / layer / "python"
    names = re.findall(r"^([\w-]+)==", LOCKS[layer].read_text(), re.MULTILINE)
    published = {
        str(file): file.hash and file.hash.value
        for name in names
        for file in metadata.distribution(name).files or ()
    }
    modules = list(site.rglob("*.py"))
    assert len(modules) > 150
    for path in modules:
        content = path.read_bytes()
        digest = urlsafe_b64encode(sha256(content).digest()).decode().rstrip("=")
        assert published.get(str(path.relative_to(site))) == digest, path
        assert Path(cache_from_source(path)).read_bytes()[8:16] == source_hash(content), path


def test_botocore_reads_little(built: Build) -> None:
    """Botocore's data are those of the services called, without documentation."""
    data = built.folder / "DependenciesLayer" / "python" / "botocore" / "data"
    assert (data / "endpoints.json").stat().st_size < 100_000
    texts = [gzip.decompress(model.read_bytes()) for model in data.rglob("service-2.json.gz")]
    assert texts
    assert not [text for text in texts if b'"documentation":"' in text]


def test_the_layer_describes_every_call(built: Build) -> None:
    """The layer's botocore has every method that the code calls."""
    data = built.folder / "DependenciesLayer" / "python" / "botocore" / "data"
    called = {
        node.func.attr
        for folder in ("functions", "layers/shared")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    session = get_session()
    for model in data.rglob("service-2.json.gz"):
        described = {xform_name(each) for each in _json(model)["operations"]}
        service = model.parents[1].name
        published = session.get_service_model(service).operation_names
        wanted = {xform_name(each) for each in published} & called - _NOT_OF_AWS
        assert wanted <= described, service


def test_the_layer_calls_the_addresses_of_aws(built: Build) -> None:
    """Without its endpoint rules, botocore finds the same endpoints as with them."""
    answers = _in_layer(
        built,
        """
        from botocore.session import get_session
        session = get_session()
        answer = {
            f"{service} {region}": session.create_client(service, region).meta.endpoint_url
            for service in session.get_available_services()
            for region in ("eu-west-3", "eu-central-1", "us-east-1")
        }
        """,
    )
    assert len(answers) == 3 * 9
    session = get_session()
    session.set_credentials("testing", "testing")
    for name, address in answers.items():
        service, region = name.split()
        assert session.create_client(service, region).meta.endpoint_url == address


def test_a_transaction_is_sent_with_its_token(built: Build) -> None:
    """The shortened model has the token that makes a repeated transaction harmless."""
    body = _in_layer(
        built,
        """
        from botocore.awsrequest import AWSResponse
        from portal.core import aws
        sent = []
        def answer(request, **_):
            sent.append(request.body)
            return AWSResponse(request.url, 200, {}, None)
        aws.dynamodb().meta.events.register("before-send", answer)
        try:
            aws.dynamodb().transact_write_items(TransactItems=[])
        except AttributeError:
            pass  # an answer without a body
        answer = json.loads(sent[0])
        """,
    )
    assert len(body["ClientRequestToken"]) == 36


def test_a_snapshot_has_clients_and_no_key(built: Build) -> None:
    """A snapshot has the AWS clients and no secret."""
    made, keyrings = _in_layer(
        built,
        f"""
        import app
        from portal.core import aws, keys
        {_SNAPSHOT}
        clients = (aws.dynamodb, aws.secrets_manager)
        answer = [each.cache_info().currsize for each in clients], len(keys._cache)
        """,
    )
    assert made == [1, 1]
    assert keyrings == 0


_ADDRESSES = {"email_validator.syntax", "idna"}
_PHONES = {"phonenumbers"}


@pytest.mark.parametrize(
    ("function", "rules"),
    [
        ("Signup", _ADDRESSES | _PHONES),
        ("Account", _ADDRESSES | _PHONES),
        ("Contact", _ADDRESSES),
    ],
)
def test_a_snapshot_has_the_slow_rules(built: Build, function: str, rules: set[str]) -> None:
    """A snapshot has the rules loaded that are slow to load."""
    loaded = _in_layer(
        built, f"import app, sys\n{_SNAPSHOT}\nanswer = sorted(sys.modules)", function
    )
    assert rules == set(loaded) & (_ADDRESSES | _PHONES)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_functions_load_few_modules(built: Build, function: str) -> None:
    """Every function starts from its package alone and loads few modules.

    Asyncio comes with Powertools: with its resolvers of routes, which are imported together, and
    with its batch processor. No other function loads it.
    """
    modules = set(_in_layer(built, "import app, sys; answer = sorted(sys.modules)", function))
    if not modules & _WITH_ASYNCIO:
        assert "asyncio" not in modules
    assert len(modules) <= MODULES + OF_SIGNATURES * (function in CHECK_SIGNATURES)


_WITH_ASYNCIO = {
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.batch",
}
_SNAPSHOT = """\
for hook, arguments, named in __import__("snapshot_restore_py").get_before_snapshot(): \
hook(*arguments, **named)"""
"""What Lambda does before it takes a snapshot."""


def _in_layer(built: Build, program: str, function: str = "Login") -> Any:
    """Run a program with only a function's package; return its ``answer``."""
    text = f"import json\n{textwrap.dedent(program)}\nprint('\\n' + json.dumps(answer))"
    done = subprocess.run(  # noqa: S603 - our own program
        [PYTHON, "-s", "-c", text],
        env=environment(built.code(function), built.layers_of(function)),
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _json(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))
