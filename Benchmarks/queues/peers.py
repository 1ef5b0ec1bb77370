"""The servers of the queue benchmark: each on loopback, on a port and a folder of its own, and gone afterwards."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent.parent
BUILD = HERE / ".build"
SLUICE = pathlib.Path(os.environ.get("SLUICE", HERE.parent / ".build" / "release" / "sluice"))
LOAD = BUILD / "sqsload"
KEYS = {"SLUICE_ACCESS_KEY_ID": "bench", "SLUICE_SECRET_ACCESS_KEY": "a-secret-of-the-benchmark"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """Processes of one session, so that all of them are counted and all of them end."""

    account = "000000000000"

    def __init__(self, command, *, ready=None, port=None, environment=None, files=None, deadline=90):
        """`ready`: a pattern of its output, whose first group, if it has one, is the port; `None` = somebody accepts."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-", dir=BUILD))
        self.port = port or free_port()
        for name, text in (files or {}).items():
            (self.folder / name).write_text(self.fill(text))
        self.process = subprocess.Popen(
            [self.fill(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, cwd=self.folder,
            env=dict(os.environ, **{name: self.fill(value) for name, value in (environment or {}).items()}))
        try:
            if ready:
                self.wait_for_line(ready)
            else:
                self.wait_for_port(deadline)
        except BaseException:
            self.stop()
            raise

    def fill(self, text):
        return str(text).replace("FOLDER", str(self.folder)).replace("PORT", str(self.port))

    def wait_for_line(self, pattern):
        for line in self.process.stdout:
            if found := re.search(pattern, line.decode(errors="replace")):
                self.port = int(found[1]) if found.groups() else self.port
                return
        sys.exit(f"{self.process.args[0]} does not start")

    def wait_for_port(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        sys.exit(f"{self.process.args[0]} does not start: {self.process.stdout.read1(2000).decode(errors='replace')}")

    def processes(self):
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError):
                fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[3]) == self.process.pid:
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

    def syncs(self, seconds):
        """Counts syncs while the load runs; `None` = there is no strace."""
        if not shutil.which("strace"):
            return None
        pids = [word for path, _ in self.processes() for word in ("-p", path.name)]
        trace = self.folder / "trace"
        return subprocess.Popen(
            ["timeout", "-s", "INT", str(seconds), "strace", "-f", "-c", "-o", trace, "-e",
             "trace=fsync,fdatasync,sync_file_range,msync", *pids], stderr=subprocess.DEVNULL), trace

    def stop(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            for path, _ in list(self.processes()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(path.name), number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


class SQS(Server):
    """A server that speaks SQS."""

    secret = ()
    scheme = "http"

    def create_queue(self):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/", data=b'{"QueueName":"bench"}',
            headers={"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.CreateQueue",
                     # Emulators tell services by it; nobody verifies it.
                     "Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/sqs/aws4_request, "
                                      "SignedHeaders=host, Signature=0"})
        urllib.request.urlopen(request).read()

    def load(self, mode, connections, seconds):
        """Messages a second, the percentiles of a request in µs, and how many messages it were."""
        url = f"{self.scheme}://127.0.0.1:{self.port}/{self.account}/bench"
        done = subprocess.run(
            [LOAD, "load", str(self.port), url, mode, str(connections), str(seconds), *self.secret], check=True,
            stdout=subprocess.PIPE, text=True)
        rate, half, most, count = done.stdout.split()
        return float(rate), float(half), float(most), int(count)


class Broker(Server):
    load_program = ""

    def load(self, mode, connections, seconds):
        done = subprocess.run(
            [BUILD / self.load_program, str(self.port), str(seconds)], check=True, stdout=subprocess.PIPE, text=True)
        rate, count = done.stdout.split()
        return float(rate), None, None, int(count)


def sluice(data=None):
    server = SQS([SLUICE, "run", "--data", data or "FOLDER/data", "--listen", "127.0.0.1:PORT"], ready=r"http://\S+:(\d+) ")
    server.create_queue()
    return server


def sluice_tls():
    """TLS, and every request signed. The queue is made before, by a server without either."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-", dir=BUILD))
    plain = sluice(folder / "data")
    plain.process.terminate()
    plain.process.wait(60)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, stderr=subprocess.DEVNULL)
    server = SQS(
        [SLUICE, "run", "--data", folder / "data", "--listen", "127.0.0.1:PORT", "--cert", folder / "cert.pem", "--key",
         folder / "key.pem"], ready=r"https://\S+:(\d+) ", environment=KEYS)
    server.scheme = "https"
    server.secret = ("tls", *KEYS.values())
    plain.stop()
    return server


def localstack():
    server = SQS(
        [BUILD / "venv-localstack" / "bin" / "python", "-m", "localstack.runtime.main"], environment={
            "GATEWAY_LISTEN": "127.0.0.1:PORT", "SERVICES": "sqs", "EAGER_SERVICE_LOADING": "0", "DNS_ADDRESS": "0",
            "SKIP_SSL_CERT_DOWNLOAD": "1", "DISABLE_EVENTS": "1", "LS_LOG": "error", "SQS_DISABLE_CLOUDWATCH_METRICS": "1",
            "FILESYSTEM_ROOT": "FOLDER"})
    wait_for_sqs(server)
    return server


def ministack():
    server = SQS([BUILD / "venv-ministack" / "bin" / "ministack"], environment={"GATEWAY_PORT": "PORT"})
    wait_for_sqs(server)
    return server


def wait_for_sqs(server):
    end = time.monotonic() + 60
    while True:
        try:
            return server.create_queue()
        except (urllib.error.URLError, ConnectionError) as error:
            if time.monotonic() > end:
                server.stop()
                sys.exit(f"{server.process.args[0]}: {error}")
            time.sleep(0.2)


def nothing():
    return SQS([LOAD, "stub"], ready=r"^(\d+)$")


def nginx():
    text = "user root; daemon off; worker_processes 1; pid FOLDER/pid; error_log /dev/null; events {} http { access_log off; " \
           "keepalive_requests 1000000000; server { listen 127.0.0.1:PORT; root FOLDER; } }"
    return SQS(["/usr/sbin/nginx", "-c", "FOLDER/nginx.conf"], files={"nginx.conf": text, "index.html": "x" * 1024})


def nats():
    server = Broker(
        ["nats-server", "-c", "FOLDER/nats.conf"],
        files={"nats.conf": 'listen: 127.0.0.1:PORT\njetstream { store_dir: "FOLDER/data" }\n'})
    server.load_program = "natsload"
    return server


def redis():
    server = Broker(
        ["redis-server", "--port", "PORT", "--bind", "127.0.0.1", "--dir", "FOLDER", "--appendonly", "yes", "--appendfsync",
         "always", "--save", ""])
    server.load_program = "redisload"
    return server


def rabbitmq():
    # Not /usr/sbin's, which changes to a user of its own that may not write here.
    server = Broker(
        ["/usr/lib/rabbitmq/bin/rabbitmq-server"], ready="completed with", environment={
            "RABBITMQ_NODENAME": "bench-PORT@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": "PORT",
            "RABBITMQ_DIST_PORT": str(free_port()), "ERL_EPMD_PORT": str(free_port()), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": "FOLDER/mnesia", "RABBITMQ_LOG_BASE": "FOLDER/log", "RABBITMQ_PID_FILE": "FOLDER/pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "FOLDER/plugins", "HOME": "FOLDER"})
    server.load_program = "amqpload"
    return server
