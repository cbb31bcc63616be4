"""One emulator with the portal deployed in it: start, deploy, query, stop."""

import fcntl
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, Any, Self

from tools.stack import roles

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
HOST = "127.0.0.1"
DOMAIN = "portail.localhost"
REGION = "eu-west-3"
ACCOUNT = "000000000000"
STACK_NAME = "portail"
ALIAS = "live"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
}
# The functions run on this machine's processor, under this machine's Python.
ARCHITECTURE = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
LAYER_ARCHITECTURE = ARCHITECTURE if sys.platform == "linux" else "native"

# Turns off what the emulator does not support, and what would keep data that must be deleted.
PARAMETERS = (
    "AttachFirewall=false",
    # The emulator would start every function at each deployment, used or not.
    "SnapStart=None",
    "SavedQueries=false",
    "DailyBackups=false",
    "EventArchiveDays=0",
    "DeletionProtection=false",
    # The emulated SES takes any number of mails.
    "MailsPerSecond=1000",
    # Every client here is 127.0.0.1; the default is for the address of one visitor.
    "RequestsPerMinute=6000",
    # All is made up here: nothing is to be kept of a deleted account.
    "ErasesDeclarations=true",
    # A rotation of keys can be tried without waiting ten minutes.
    "KeyRefresh=5",
)
# Who answers for the site: made up, and recognizable as such.
DEMONSTRATION = (
    'PublisherName="Démonstration locale"',
    'PublisherAddress="cet ordinateur"',
    "PublisherEmail=editeur@portail.example",
    'PublisherPhone="01 99 00 00 00"',
    'PublicationDirector="la personne qui a lancé cette démonstration"',
    'HostingName="cet ordinateur"',
    'HostingAddress="cet ordinateur"',
    'HostingPhone="01 99 00 00 00"',
    'DpoName="la personne qui a lancé cette démonstration"',
    "DpoEmail=dpo@portail.example",
)

EMULATOR = Path(__file__).with_name("emulator.py")
DISK_NEEDED = 1 << 30
_PORTS = 65536
_PROVIDER_DISTANCE = 200
READY_SECONDS = 60
STOP_SECONDS = 150
WORKERS_STOP_SECONDS = 5
HEARTBEAT_SECONDS = 15


class StackError(Exception):
    """The stack cannot continue; the message tells the developer what to do."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that the emulated SES accepted."""

    id: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    sent_at: float
    sender: str = ""

    def is_to(self, part: str) -> bool:
        """Whether a lower-case part of an address is in one of the recipients'."""
        return any(part in each.lower() for each in self.to)


def say(line: str) -> None:
    """Print a line and flush; ignore a closed terminal."""
    with suppress(OSError):
        print(line, flush=True)


@contextmanager
def _step(label: str) -> Generator[None]:
    """Print the name of a step, then its duration."""
    say(f"{label} …")
    started = time.monotonic()
    yield
    say(f"{label}: done in {time.monotonic() - started:.1f} s")


class Stack:
    """An emulator and its files, in `.local/<name>`; developers and tests have one each.

    `port` is that of a new emulator. While one runs, its own port is used.
    """

    def __init__(
        self, name: str, port: int, *, keeps_state: bool = True, home: Path = LOCAL
    ) -> None:
        self.name = name
        self.folder = home / name
        self.keeps_state = keeps_state
        self.front = ""
        """Where people reach the portal of the next emulator, if elsewhere."""
        self._new_port = port
        self._record = self.folder / "emulator.json"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port of the running emulator, or of the next one."""
        running = self._running()
        return running["port"] if running else self._new_port

    @property
    def endpoint(self) -> str:
        """The URL for AWS clients."""
        return f"http://{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """The portal's address, for browsers and mails: no slash at the end."""
        running = self._running()
        front = running.get("front") if running else self.front
        return front or f"http://{DOMAIN}:{self.port}"

    @property
    def provider_port(self) -> int:
        """The port of its login provider: two hundred above, 4766 for 4566."""
        above = self.port + _PROVIDER_DISTANCE
        return above if above < _PORTS else self.port - _PROVIDER_DISTANCE

    @property
    def provider_url(self) -> str:
        """The address of its login provider, and its issuer."""
        return f"http://{HOST}:{self.provider_port}"

    @property
    def build_folder(self) -> Path:
        """The folder of the built functions and layers, a folder each, named as in the template."""
        return self.folder / "build"

    @property
    def is_running(self) -> bool:
        """Whether the emulator runs."""
        return self._running() is not None

    def _running(self) -> dict[str, Any] | None:
        """Process id, port and front of the emulator, which locks its record while it runs."""
        with suppress(FileNotFoundError), self._record.open() as record:
            try:
                fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return json.load(record)
        return None

    # Queries

    def get(self, path: str, host: str | None = None) -> tuple[int, bytes]:
        """Return status and body of a GET, with `host` as Host header (default: the emulator's)."""
        connection = HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request("GET", path, headers={"Host": host} if host else {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def mails(self) -> list[Mail]:
        """Every mail sent since the emulator started, oldest first."""
        _, body = self.get("/_ministack/ses/messages")
        accounts: dict[str, list[dict[str, Any]]] = json.loads(body)["messages"]
        mails = [
            Mail(
                id=sent["MessageId"],
                to=tuple(sent["To"]),
                subject=sent["Subject"],
                text=sent["BodyText"] or "",
                html=sent["BodyHtml"] or "",
                sent_at=sent["Timestamp"],
                sender=sent.get("Source") or "",
            )
            for sent in accounts.get(ACCOUNT, [])
        ]
        return sorted(mails, key=lambda mail: mail.sent_at)

    def client(self, service: str) -> Any:
        """Return an AWS client of the emulator."""
        # Imported at first use: starting and stopping do not need it.
        from botocore.session import get_session  # noqa: PLC0415

        return get_session().create_client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",
        )

    def resource(self, logical_id: str) -> str:
        """Return the name of a resource of the portal, by its name in the template."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=STACK_NAME, LogicalResourceId=logical_id
        )
        return found["StackResourceDetail"]["PhysicalResourceId"]

    def put_event(self, source: str, detail_type: str, detail: dict[str, Any]) -> None:
        """Put an event on the portal's bus."""
        entry = {
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
            "EventBusName": STACK_NAME,
        }
        answer = self.client("events").put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise StackError(f"The bus refused the event: {answer['Entries']}")

    def newest_account(self) -> str:
        """Return the id of the account created last."""
        accounts = self.accounts()
        if not accounts:
            raise StackError("There is no account yet: sign up first.")
        return max(accounts, key=lambda account_id: accounts[account_id])

    def accounts(self) -> Mapping[str, int]:
        """Return when each account was created, by its id."""
        return {
            item["id"]["S"]: int(item["created_at"]["N"])
            for item in self.scan("ACCOUNT#")
            if item["sk"] == {"S": "ACCOUNT"}
        }

    def scan(self, prefix: str) -> list[dict[str, Any]]:
        """Return the items whose partition begins with a prefix."""
        stacks = self.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stacks[0]["Outputs"]}
        pages = (
            self.client("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=outputs["TableName"],
                FilterExpression="begins_with(pk, :prefix)",
                ExpressionAttributeValues={":prefix": {"S": prefix}},
            )
        )
        return [item for page in pages for item in page["Items"]]

    # Starting and stopping

    def start(self) -> None:
        """Start the emulator and wait until it is ready."""
        if self.is_running:
            raise StackError(f"The stack “{self.name}” already runs on port {self.port}.")
        self._check_disk()
        self._check_port()
        python = LOCAL / "stack" / "bin" / "python"
        if not python.exists():
            raise StackError("The emulator is not installed: run `make up`, which installs it.")
        if not self.keeps_state:
            shutil.rmtree(self.folder / "state", ignore_errors=True)
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        for folder in ("state", "tmp"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        self._forget_stream_positions()
        with _step(f"Starting the emulator on port {self._new_port}"):
            self._process = self._spawn(python)
            try:
                self._wait_ready(self._process)
            except BaseException:
                self.stop()
                raise

    def _check_disk(self) -> None:
        free = shutil.disk_usage(ROOT).free
        if free < DISK_NEEDED:
            raise StackError(
                f"Only {free >> 20} MiB are free on the disk of {ROOT}: the local stack needs "
                f"{DISK_NEEDED >> 20} MiB. Free some, then try again."
            )

    def _check_port(self) -> None:
        if is_taken(self._new_port):
            raise StackError(
                f"Port {self._new_port} is taken by another program. "
                f"Choose another, for example: make up PORT={free_port()}"
            )

    def _forget_stream_positions(self) -> None:
        """Make the stream's readers start at its beginning.

        The emulator stores how far they read, but not the stream: after a restart they would skip
        as many new records as there were old ones, and no mail would be sent until then.
        """
        path = self.folder / "state" / "lambda.json"
        with suppress(FileNotFoundError, KeyError):
            state = json.loads(path.read_text())
            del state["payload"]["dynamodb_stream_positions"]
            path.write_text(json.dumps(state))

    def _spawn(self, python: Path) -> subprocess.Popen[bytes]:
        """Start the emulator as leader of a new session, to which its workers belong.

        The functions get the emulator's environment: it has none of the developer's variables.
        """
        environment = {
            "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder / "tmp"),
            "TMPDIR": str(self.folder / "tmp"),
            "LANG": "C.UTF-8",
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self._new_port),
            "AUTH": "true",  # IAM is enforced: tools/stack/roles.py
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1" if self.keeps_state else "0",
            "STATE_DIR": str(self.folder / "state"),
            "S3_DATA_DIR": str(self.folder / "state" / "s3"),
            # No listener except the gateway, no container.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{self.folder}/no-docker",
        }
        with self._record.open("a+") as record, (self.folder / "emulator.log").open("wb") as log:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
            process = subprocess.Popen(
                [python, "-P", EMULATOR],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(record.fileno(),),
            )
            record.truncate(0)
            found = {"pid": process.pid, "port": self._new_port, "front": self.front}
            json.dump(found, record)
        return process

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise StackError(f"The emulator ended by itself.\n{self._log_tail('emulator')}")
            with suppress(OSError, HTTPException):
                if self.get("/_ministack/ready")[0] == HTTPStatus.OK:
                    return
            time.sleep(0.1)
        raise StackError(
            f"The emulator is not ready after {READY_SECONDS} s.\n{self._log_tail('emulator')}"
        )

    def stop(self) -> None:
        """Stop the emulator, which saves its state first, and every worker that it started."""
        running = self._running()
        if not running:
            return
        pid = running["pid"]
        with _step("Stopping the emulator"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            # It would wait for its workers, one by one: stop them, they have no state to save.
            with suppress(FileNotFoundError):
                subprocess.run(["pkill", "-P", str(pid)], check=False)
            patience = STOP_SECONDS if self.keeps_state else WORKERS_STOP_SECONDS
            if not _wait(lambda: not self.is_running, patience):
                if self.keeps_state:
                    say("The emulator does not stop: killing it, its last writes are lost.")
                os.killpg(pid, signal.SIGKILL)
            # Workers end with the emulator, unless they are busy.
            if not _wait(lambda: not self._group_lives(pid), WORKERS_STOP_SECONDS):
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
                _wait(lambda: not self._group_lives(pid), WORKERS_STOP_SECONDS)
            shutil.rmtree(self.folder / "tmp", ignore_errors=True)

    def _group_lives(self, group: int) -> bool:
        """Whether a process of the emulator is left."""
        if self._process:
            self._process.poll()
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def forget(self) -> None:
        """Stop, then delete everything the stack stored."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Start and deploy, for a `with` block."""
        self.start()
        try:
            self.deploy()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # Deploying

    def deploy(self) -> None:
        """Build what changed, deploy it, and wait until the portal answers."""
        if not self.is_running:
            raise StackError(f"The stack “{self.name}” does not run: start it with `make up`.")
        build = self.build()
        with _step("Deploying"):
            self._sam(
                "deploy",
                "--template-file",
                build / "template.yaml",
                "--parameter-overrides",
                f"Architecture={ARCHITECTURE}",
                f"DomainName={DOMAIN}",
                f"PublicUrl={self.url}",
                f"SsoIssuer={self.provider_url}",
                "SsoClientId=portail",
                *PARAMETERS,
                *DEMONSTRATION,
            )
            self._complete_roles()
            self._allow_plain_http()
        with _step("Waiting for the portal"):
            self._wait_portal()

    def build(self) -> Path:
        """Build the functions and layers that changed; return their folder."""
        if not (ROOT / "template.yaml").exists():
            raise StackError("There is no template.yaml to deploy.")
        self.folder.mkdir(parents=True, exist_ok=True)
        # The cache ignores the architecture: use one for each.
        cache = self.folder / f"cache-{LAYER_ARCHITECTURE}"
        with _step("Building the functions and layers"):
            self._sam("build", "--build-dir", self.build_folder, "--cache-dir", cache)
        self._release()
        return self.build_folder

    def _complete_roles(self) -> None:
        """Have the emulator enforce the functions' roles."""
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        names = [each["Role"].rpartition("/")[2] for page in pages for each in page["Functions"]]
        roles.complete(self.client("iam"), names, self.resource("FunctionBoundary"))

    def _allow_plain_http(self) -> None:
        """Remove the bucket's policy: it requires TLS, which the emulator has not."""
        self.client("s3").delete_bucket_policy(Bucket=self.resource("Files"))

    def _release(self) -> None:
        """Make this deployment publish versions: the built template gets a release of its own.

        As its default: the emulator transforms a template without the values given to parameters.
        """
        template = self.build_folder / "template.yaml"
        before, parameter, after = template.read_text().partition("\n  Release:\n")
        template.write_text(f'{before}{parameter}    Default: "{time.time():.0f}"\n{after}')

    def _sam(self, command: str, *options: str | Path) -> None:
        """Run a sam command; its output is a log file, shown only on failure."""
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
            **CREDENTIALS,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            # Never the developer's own account, whatever their configuration files.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ENDPOINT_URL": self.endpoint,
            "LAMBDA_ARCHITECTURE": LAYER_ARCHITECTURE,
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.5",
        }
        configuration = ("--config-file", ROOT / "samconfig.toml", "--config-env", "local")
        with (self.folder / f"{command}.log").open("wb") as log:
            status = _run(
                [sys.executable, "-m", "samcli", command, *configuration, *options],
                environment,
                log,
            )
        if status:
            raise StackError(f"`sam {command}` failed.\n{self._log_tail(command)}")

    def _wait_portal(self) -> None:
        """Wait until the home page is served on the custom domain, as for a browser."""
        deadline = time.monotonic() + READY_SECONDS
        seen = "no answer"
        while time.monotonic() < deadline:
            try:
                status, body = self.get("/", host=f"{DOMAIN}:{self.port}")
            except (OSError, HTTPException) as error:
                seen = repr(error)
            else:
                if status == HTTPStatus.OK:
                    return
                seen = f"{status} {body[:500].decode(errors='replace')}"
            time.sleep(0.5)
        raise StackError(f"The portal does not answer well: {seen}\n{self._log_tail('emulator')}")

    def _log_tail(self, log: str) -> str:
        path = self.folder / f"{log}.log"
        lines = path.read_text(errors="replace").splitlines()[-40:]
        return "\n".join([*lines, f"(all of it: {path.relative_to(ROOT)})"])


@contextmanager
def stack_for_tests() -> Generator[Stack]:
    """Run a stack for the tests, from an empty state; the developer's stack may run too.

    Its name is `TEST_STACK` (default: test), followed by the worker's, so that each worker of a run
    has its own stack. Two runs at once need two names.
    """
    parts = os.environ.get("TEST_STACK", "test"), os.environ.get("PYTEST_XDIST_WORKER")
    stack = Stack("-".join(filter(None, parts)), free_port(), keeps_state=False)
    stack.folder.mkdir(parents=True, exist_ok=True)
    with (stack.folder / "owner").open("a") as owner:
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                f"Another test run uses the stack “{stack.name}”: wait for its end, "
                "or name another with TEST_STACK=…"
            ) from None
        stack.stop()  # left behind by a run that was killed
        with stack:
            yield stack


def free_port(preferred: int = 0) -> int:
    """Return the preferred port when it is free, else any that is."""
    if preferred and not is_taken(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def is_taken(port: int) -> bool:
    """Return whether a program listens on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((HOST, port)) == 0:
            return True
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def _run(command: list[str | Path], environment: dict[str, str], log: IO[bytes]) -> int:
    """Run a command in a new session; kill all of it if this process is interrupted."""
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        while True:
            try:
                return process.wait(HEARTBEAT_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"  … {time.monotonic() - started:.0f} s")
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition is true; return whether that was in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
