"""The servers of the queue benchmark: each on loopback, on a port and in a folder of its own, and gone afterwards."""
import contextlib
import functools
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import typing
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent.parent
BUILD = HERE / ".build"
SLUICE = pathlib.Path(os.environ.get("SLUICE", HERE.parent / ".build" / "release" / "sluice")).absolute()
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE_", "AWS_"))} | {
    "PATH": f"{os.environ['PATH']}:/usr/sbin"}
KEYS = {"SLUICE_ACCESS_KEY_ID": "bench", "SLUICE_SECRET_ACCESS_KEY": "a-secret-of-the-benchmark"}


class Load(typing.NamedTuple):
    """What a load prints; load.h says what each is."""

    rate: float
    half: float
    most: float
    sent: int
    done: int
    client_cpu: float
    waiting: int

    @classmethod
    def run(cls, program, *words):
        done = subprocess.run([BUILD / program, *map(str, words)], stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"{program} {' '.join(map(str, words))} ended with {done.returncode}")
        return cls(*(kind(word) for kind, word in zip(cls.__annotations__.values(), done.stdout.split(), strict=True)))

    @property
    def count(self):
        return self.done or self.sent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@functools.cache
def can_trace():
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(["strace", "-f", "--seccomp-bpf", "true"], stderr=subprocess.DEVNULL).returncode == 0


def new_folder():
    return pathlib.Path(tempfile.mkdtemp(prefix="queues-", dir=BUILD))


class Server:
    """Processes of one session, so that all of them are counted and all of them end."""

    # Stops it at its syncs alone; what is attached to a process stops it at every system call.
    tracer = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=fsync,fdatasync,sync_file_range", "-e", "signal=none", "-o",
              "FOLDER/trace"]

    def __init__(self, command, *, ready=None, environment=None, files=None, folder=None, traced=False, name=None):
        """`ready`: a pattern of its output, whose first group, if it has one, is the port; `None` = somebody accepts.
        `folder`: of the caller, who removes it. `traced`: so that `syncs` counts."""
        self.is_folder_ours = folder is None
        self.folder = folder or new_folder()
        self.name = name or pathlib.Path(command[0]).name
        self.port = free_port()
        # Messages that it has to have.
        self.waiting = 0
        for path, text in (files or {}).items():
            (self.folder / path).write_text(self.fill(text))
        with open(self.folder / "output", "wb") as output:
            self.process = subprocess.Popen(
                list(map(self.fill, [*(self.tracer if traced else []), *command])), stdin=subprocess.PIPE, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, cwd=self.folder,
                env=ENVIRONMENT | {key: self.fill(value) for key, value in (environment or {}).items()})
        with self.stopped_on_failure():
            self.wait_until(lambda: self.has_said(ready) if ready else self.accepts())

    def fill(self, text):
        return str(text).replace("FOLDER", str(self.folder)).replace("PORT", str(self.port))

    @contextlib.contextmanager
    def stopped_on_failure(self):
        try:
            yield
        except BaseException:
            self.stop()
            raise

    def wait_until(self, is_ready, seconds=300):
        end = time.monotonic() + seconds
        while not is_ready():
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"{self.name} does not start: {self.output()[-2000:]}")
            time.sleep(0.02)

    def output(self):
        return (self.folder / "output").read_text(errors="replace")

    def has_said(self, pattern):
        found = re.search(pattern, self.output(), re.MULTILINE)
        if found and found.groups():
            self.port = int(found[1])
        return found

    def accepts(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True

    def processes(self):
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[3]) == self.process.pid and fields[0] != "Z":
                    yield path, fields

    def cpu(self):
        """Seconds, so far."""
        return sum(int(fields[11]) + int(fields[12]) for _, fields in self.processes()) / os.sysconf("SC_CLK_TCK")

    def written(self):
        """Bytes that went to the disk, so far."""
        total = 0
        for path, _ in self.processes():
            with contextlib.suppress(OSError):
                total += int(re.search(r"^write_bytes: (\d+)", (path / "io").read_text(), re.MULTILINE)[1])
        return total

    def load(self, mode, connections, seconds, messages=0):
        """Counts what the load has sent and deleted, and ends everything if the server counts otherwise."""
        load = self.run_load(mode, connections, seconds, messages)
        self.waiting += load.sent - load.done
        if load.waiting not in (-1, self.waiting):
            sys.exit(f"{self.name} says that it has {load.waiting:,} messages, and it has to have {self.waiting:,}")
        return load

    def syncs(self):
        """So far."""
        # One that takes long is in two lines, of which the second has no parenthesis.
        return len(re.findall(r"sync(?:_file_range)?\(", (self.folder / "trace").read_text()))

    def stop(self):
        self.process.stdin.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            for path, _ in list(self.processes()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(path.name), number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
        if self.is_folder_ours:
            shutil.rmtree(self.folder, ignore_errors=True)


class SQS(Server):
    """A server that speaks SQS."""

    scheme = "http"
    secret = ()
    # Of a cycle: as of the brokers (broker.h).
    most_waiting = 2000

    def run_load(self, mode, connections, seconds, messages):
        url = f"{self.scheme}://127.0.0.1:{self.port}/000000000000/bench"
        return Load.run("sqsload", self.port, url, mode, connections, seconds, messages, self.most_waiting, *self.secret)


class Emulator(SQS):
    """Its receives read the whole queue, so that few messages wait in it."""

    most_waiting = 100

    def __init__(self, command, **more):
        super().__init__(command, **more)
        with self.stopped_on_failure():
            self.wait_until(self.has_made_queue)

    def has_made_queue(self):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/", data=b'{"QueueName":"bench"}',
            headers={"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.CreateQueue",
                     "Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/sqs/aws4_request, "
                                      "SignedHeaders=host, Signature=0"})
        with contextlib.suppress(OSError), urllib.request.urlopen(request):
            return True


class Broker(Server):
    """It has a load of its own."""

    def __init__(self, load_program, command, **more):
        super().__init__(command, **more)
        self.load_program = load_program

    def run_load(self, mode, connections, seconds, messages):
        return Load.run(self.load_program, self.port, seconds)


class Sync:
    """No server: a file to which 1 KB is appended and synced, again and again."""

    def load(self, mode, connections, seconds, messages=0):
        times = []
        with tempfile.TemporaryFile(dir=BUILD) as file:
            begun = now = time.perf_counter()
            cpu = time.process_time()
            while now < begun + seconds:
                os.write(file.fileno(), b"x" * 1024)
                os.fdatasync(file.fileno())
                times.append((time.perf_counter() - now) * 1e6)
                now = time.perf_counter()
        return Load(len(times) / (now - begun), statistics.median(times), statistics.quantiles(times, n=100)[98], len(times),
                    0, time.process_time() - cpu, -1)

    def cpu(self):
        return 0

    def written(self):
        return 0

    def stop(self):
        pass


def sluice(options=(), **more):
    # The queue is made by the command, which needs neither TLS nor a signature.
    make = '"$0" queue create bench --data "$1/data" -q && exec "$0" run --data "$1/data" --listen 127.0.0.1:0 "${@:2}"'
    return SQS(
        ["bash", "-c", make, SLUICE, "FOLDER", *options], name="sluice", ready=r"https?://\S+:(\d+) ", **more)


def sluice_tls(**more):
    """TLS, and every request signed and verified."""
    certificate, key = BUILD / "queues-certificate.pem", BUILD / "queues-key.pem"
    if not certificate.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
             "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    server = sluice(("--cert", certificate, "--key", key), environment=KEYS, **more)
    server.scheme = "https"
    server.secret = tuple(KEYS.values())
    return server


def localstack(**more):
    python = BUILD / "venv-localstack" / "bin" / "python"
    return Emulator([python, "-m", "localstack.runtime.main"], name="localstack", environment={
        "GATEWAY_LISTEN": "127.0.0.1:PORT", "SERVICES": "sqs", "EAGER_SERVICE_LOADING": "0", "DNS_ADDRESS": "0",
        "SKIP_SSL_CERT_DOWNLOAD": "1", "DISABLE_EVENTS": "1", "LS_LOG": "error", "SQS_DISABLE_CLOUDWATCH_METRICS": "1",
        "FILESYSTEM_ROOT": "FOLDER"}, **more)


def ministack(**more):
    return Emulator([BUILD / "venv-ministack" / "bin" / "ministack"], environment={
        "GATEWAY_PORT": "PORT", "BIND_HOST": "127.0.0.1", "PERSIST_STATE": "1", "STATE_DIR": "FOLDER/state"}, **more)


def nothing(**more):
    return SQS([BUILD / "stub"], ready=r"^(\d+)$", **more)


def nginx(**more):
    text = ("daemon off; worker_processes 1; pid FOLDER/pid; error_log stderr; events {}\n"
            "http { access_log off; keepalive_requests 1000000000; server { listen 127.0.0.1:PORT; root FOLDER; } }\n")
    # Who is root has workers of another user, who may not read the folder.
    user = "user root;\n" if os.getuid() == 0 else ""
    return SQS(
        ["nginx", "-e", "stderr", "-c", "FOLDER/nginx.conf"],
        files={"nginx.conf": user + text, "index.html": "x" * 1024}, **more)


def nats(**more):
    return Broker(
        "natsload", ["nats-server", "-c", "FOLDER/nats.conf"],
        files={"nats.conf": 'listen: 127.0.0.1:PORT\njetstream { store_dir: "FOLDER/data" }\n'}, **more)


def redis(**more):
    return Broker(
        "redisload", ["redis-server", "--port", "PORT", "--bind", "127.0.0.1", "--dir", "FOLDER", "--appendonly", "yes",
                      "--appendfsync", "always", "--save", ""], **more)


def rabbitmq(**more):
    # Not /usr/sbin's, which changes to a user of its own that may not write here. The port mapper is started before, in this
    # session: else it starts one that stays.
    return Broker(
        "amqpload", ["sh", "-c", "epmd & exec /usr/lib/rabbitmq/bin/rabbitmq-server"], name="rabbitmq",
        ready="completed with", environment={
            "RABBITMQ_NODENAME": "bench-PORT@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": "PORT",
            "RABBITMQ_DIST_PORT": str(free_port()), "ERL_EPMD_PORT": str(free_port()), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": "FOLDER/mnesia", "RABBITMQ_LOG_BASE": "FOLDER/log", "RABBITMQ_PID_FILE": "FOLDER/pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "FOLDER/plugins", "HOME": "FOLDER"}, **more)
