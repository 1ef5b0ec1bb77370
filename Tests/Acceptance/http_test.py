import gzip
import http.server
import json
import os
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from unittest import mock

import harness
from harness import DONE, FAILED

DEFINITION = """\
pipeline: %(name)s
source: {queue: %(name)s-in}
queue: {max_receive_count: 1%(queue)s}
deliver:
  to: %(to)s
  backoff: {first: 50ms, max: 100ms}
  breaker: {probe: 1s}
"""


class Answer:
    """What a server says: a status, headers, a body; or bytes as they are, after which it hangs up."""

    def __init__(self, status=200, body=b"", headers=(), raw=None, until=None):
        """`until`: an event to wait for before the server hangs up."""
        self.status, self.body, self.headers, self.raw, self.until = status, body, dict(headers), raw, until


class Request:
    def __init__(self, handler, body):
        self.method, self.path, self.headers = handler.command, handler.path, handler.headers
        self.body = gzip.decompress(body) if handler.headers.get("Content-Encoding") == "gzip" else body
        self.moment = time.monotonic()

    @property
    def key(self):
        return self.headers["Idempotency-Key"]

    @property
    def records(self):
        text = self.body.decode()
        return json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]

    @property
    def numbers(self):
        return [record["n"] for record in self.records]


class Server:
    """Answers as `script` says, given a request and how many there were before it."""

    def __init__(self, script=lambda request, number: Answer(), port=0, tls=None, bind="127.0.0.1"):
        self.requests, self.script, self.lock = [], script, threading.Lock()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                request = Request(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))
                with owner.lock:
                    owner.requests.append(request)
                    number = len(owner.requests) - 1
                answer = owner.script(request, number)
                if answer.raw is not None:
                    self.wfile.write(answer.raw)
                    if answer.until:
                        answer.until.wait(60)
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_POST = do_PUT = do_PATCH = do_OPTIONS = handle_one

            def log_message(self, *arguments):
                pass

        class Threads(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # whoever hangs up on us, or does not trust us

        self.server = Threads((bind, port), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def posted(self):
        """What was taken or not, probes of `check` left out."""
        return [request for request in self.requests if request.method != "OPTIONS"]


class Proxy(socketserver.ThreadingTCPServer):
    """Connects whoever asks with CONNECT, and keeps whereto."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        self.asked = []
        owner = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                words = self.rfile.readline().split()
                while self.rfile.readline().strip():
                    pass
                owner.asked.append(words[:2])
                host, port = words[1].decode().rsplit(":", 1)
                with socket.create_connection((host, int(port))) as there:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                    back = threading.Thread(target=self.pump, args=(there, self.connection), daemon=True)
                    back.start()
                    self.pump(self.connection, there)
                    back.join()

            @staticmethod
            def pump(source, target):
                try:
                    while data := source.recv(65536):
                        target.sendall(data)
                    target.shutdown(socket.SHUT_WR)
                except OSError:
                    pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class HTTPTest(harness.Case):
    def setUp(self):
        super().setUp()
        proxies = [name for name in os.environ if name.lower().endswith("_proxy")]
        patch = mock.patch.dict(os.environ, {name: "" for name in proxies})
        patch.start()
        self.addCleanup(patch.stop)

    def serve(self, *arguments, **options):
        server = Server(*arguments, **options)
        self.addCleanup(server.close)
        return server

    def define(self, to, *lines, name="orders", queue=""):
        if isinstance(to, Server):
            to = f"http://127.0.0.1:{to.port}/v1/orders"
        text = DEFINITION % {"to": to, "name": name, "queue": queue}
        return self.write(f"{name}.yaml", text + "".join(f"  {line}\n" for line in lines))

    def send(self, count, first=0, name="orders"):
        text = "".join(f'{{"n":{n}}}\n' for n in range(first, first + count))
        self.orders("send", f"{name}-in", input=text.encode(), expect=DONE)

    def deliver(self, count, to, *lines):
        """Sends so many records through the pipeline and runs it to its end."""
        self.define(to, *lines)
        self.send(count)
        return self.orders("run", "orders.yaml", "--until-idle")

    def start(self):
        self.log = self.folder / "run.log"
        with open(self.log, "wb") as log:
            process = self.spawn("run", "orders.yaml", stderr=log)
        self.orders("wait", "orders", "--ready", "--timeout", "60s", expect=DONE)
        return process

    def step(self):
        return next(step for step in self.pipeline()["steps"] if step["step"] == "http")

    def eventually(self, what, condition, timeout=60):
        deadline = time.monotonic() + timeout
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"it does not come to it: {what}\n{self.log.read_text()}")
            time.sleep(0.05)

    def breaker_opens(self, reason):
        self.eventually("the breaker opens", lambda: self.step()["state"] == "breaker_open")
        self.assertIn(reason, self.step()["reason"])

    def all_delivered(self, count, dead=0):
        """No receive was spent, too: with `max_receive_count: 1` the first would have been the last."""
        pipeline = self.pipeline()
        self.assertEqual((pipeline["delivered"], pipeline["dead"], pipeline["waiting"]), (count, dead, 0))

    def letters(self):
        answer = self.orders("dlq", "show", "--all", "-n", "100", "--json", expect=DONE)
        return [json.loads(line) for line in answer.out.splitlines()]

    # What is sent

    def test_forms(self):
        """arrays, lines and single records arrive whole, in order, compressed, a hundred at most, with a key each"""
        for body, lines in (("array", ["compression: gzip"]), ("jsonl", ["method: PUT"]), ("single", ["batch: 7"])):
            with self.subTest(body):
                server = self.serve()
                self.data = self.folder / f"data-{body}"
                self.deliver(250 if body != "single" else 30, server, f"body: {body}", *lines)
                numbers = [n for request in server.requests for n in request.numbers]
                self.assertEqual(numbers, list(range(len(numbers))))
                self.all_delivered(len(numbers))
                keys = [request.key for request in server.requests]
                self.assertEqual(len(set(keys)), len(keys))
                self.assertLessEqual(max(len(request.numbers) for request in server.requests), 100)

    def test_order(self):
        """single requests of a FIFO pipeline keep the order of each group, also behind failures"""
        failed = set()

        def script(request, number):
            record = request.records[0]
            if record["n"] % 7 == 3 and record["n"] not in failed:
                failed.add(record["n"])
                return Answer(503)
            return Answer(422 if record["n"] % 11 == 5 else 200)

        server = self.serve(script)
        self.define(server, "body: single", "batch: 10", queue=", type: fifo, group: $.g")
        lines = b"".join(b'{"n":%d,"g":"%d"}\n' % (n, n % 3) for n in range(40))
        self.orders("send", "orders-in", input=lines, expect=DONE)
        self.orders("run", "orders.yaml", "--until-idle")
        bad = [n for n in range(40) if n % 11 == 5]
        self.all_delivered(40 - len(bad), dead=len(bad))
        for group in range(3):
            taken = [r.records[0]["n"] for r in server.requests if r.records[0]["n"] % 3 == group]
            self.assertEqual(sorted(set(taken), key=taken.index), list(range(group, 40, 3)))

    # What answers mean

    def test_outage(self):
        """500 for a while costs no receive, and everything is delivered afterwards"""
        server = self.serve(lambda request, number: Answer(500, b"oh no") if number < 3 else Answer())
        answer = self.deliver(150, server)
        self.assertEqual(answer.code, DONE)
        self.assertNotIn("The breaker opened", answer.err)
        self.all_delivered(150)
        taken = sorted(n for request in server.requests[3:] for n in request.numbers)
        self.assertEqual(taken, list(range(150)))

    def test_retry_after(self):
        """429 with Retry-After: nothing at all is sent before"""
        answers = [Answer(429, headers={"Retry-After": "2"})]
        server = self.serve(lambda request, number: answers[number] if number < len(answers) else Answer())
        self.assertEqual(self.deliver(250, server).code, DONE)
        self.all_delivered(250)
        self.assertGreaterEqual(server.requests[1].moment - server.requests[0].moment, 1.9)

    def test_one_bad(self):
        """400 for one record of a hundred: it alone is dead, with the words of the answer"""
        server = self.serve(
            lambda request, number: Answer(400, b"no such \x1b[31mcolour") if 42 in request.numbers else Answer())
        self.deliver(100, server)
        self.all_delivered(99, dead=1)
        letter, = self.letters()
        failure, = letter["failures"]
        self.assertTrue(failure["reason"].endswith("answers 400: no such [31mcolour"), failure)
        self.assertEqual((letter["body_text"], failure["type"]), ('{"n":42}', "http:400"))
        taken = [n for request in server.requests if 42 not in request.numbers for n in request.numbers]
        self.assertEqual(sorted(taken), [n for n in range(100) if n != 42], "each was taken once")

    def test_too_large(self):
        """413 makes the batches smaller, and one record that is too large is dead"""
        server = self.serve(
            lambda request, number: Answer(413) if len(request.numbers) > 30 or 7 in request.numbers else Answer())
        self.deliver(200, server)
        self.all_delivered(199, dead=1)

    def test_named(self):
        """an answer that names failed records: they are dead, and nothing is sent twice"""
        def script(request, number):
            errors = [{"index": i, "reason": f"no {n}"} for i, n in enumerate(request.numbers) if n % 10 == 9]
            return Answer(207, json.dumps({"errors": errors}).encode(), {"Content-Type": "application/json"})

        server = self.serve(script)
        self.deliver(100, server)
        self.all_delivered(90, dead=10)
        self.assertEqual(sorted(n for request in server.requests for n in request.numbers), list(range(100)))

    def test_refused_connection(self):
        """nobody at the address opens the breaker; it closes by itself when somebody is there"""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.define(f"http://127.0.0.1:{port}/")
        self.send(5)
        process = self.start()
        self.breaker_opens("refuses the connection")
        server = self.serve(port=port)
        self.orders("wait", "orders", "--idle", "--timeout", "60s", expect=DONE)
        self.all_delivered(5)
        self.assertEqual(self.terminate(process), DONE)

    def test_token(self):
        """a wrong token opens the breaker and is shown nowhere; a reload with the right one goes on"""
        def script(request, number):
            given = request.headers.get("Authorization", "")
            return Answer() if given == "Bearer right-t0ken" else Answer(401, f"not {given}".encode())

        server = self.serve(script)
        token = self.write("token", "wrong-t0ken\n")
        self.define(server, 'headers: {Authorization: "Bearer ${file:token}"}')
        self.send(5)
        process = self.start()
        self.breaker_opens("answers 401")
        said = [self.orders(*words).text for words in (
            ("status",), ("status", "--json"), ("show", "orders.yaml"), ("check", "--connect", "orders.yaml"),
            ("logs", "orders"))]
        token.write_text("right-t0ken\n")
        said.append(self.orders("reload", "orders.yaml", expect=DONE).text)
        self.orders("wait", "orders", "--idle", "--timeout", "60s", expect=DONE)
        self.all_delivered(5)
        self.terminate(process)
        said.append(self.log.read_text())
        for text in said:
            self.assertNotIn("t0ken", text)

    def test_redirect(self):
        """a redirect to another host is not followed, and the reason names it"""
        elsewhere = self.serve()
        server = self.serve(
            lambda request, number: Answer(308, headers={"Location": f"http://localhost:{elsewhere.port}/orders"}))
        self.define(server)
        self.send(3)
        self.start()
        self.breaker_opens(f"sends us on to http://localhost:{elsewhere.port}/orders")
        self.assertEqual(elsewhere.requests, [])

    # Broken services

    def test_half_answers(self):
        """an answer that breaks off, or that does not come in time, is no answer: the same record, the same key"""
        ended = threading.Event()
        self.addCleanup(ended.set)

        def script(request, number):
            half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
            broken = [Answer(raw=half), Answer(raw=b""), Answer(raw=b"", until=ended), Answer(raw=half, until=ended)]
            return broken[number] if number < len(broken) else Answer()

        server = self.serve(script)
        answer = self.deliver(1, server, "timeout: 1s")
        self.assertEqual(answer.code, DONE)
        self.assertNotIn("The breaker opened", answer.err)
        self.all_delivered(1)
        self.assertEqual(len(server.requests), 5)
        self.assertEqual(len({request.key for request in server.requests}), 1)

    def test_garbage(self):
        """something that is not HTTP opens the breaker, and a probe closes it"""
        server = self.serve(
            lambda request, number: Answer(raw=b"220 mail.example.com ESMTP\r\n") if number == 0 else Answer())
        self.define(server)
        self.send(5)
        self.start()
        self.orders("wait", "orders", "--idle", "--timeout", "60s", expect=DONE)
        self.all_delivered(5)
        self.assertIn("not HTTP", self.log.read_text())

    # The way

    def certificates(self):
        """A CA of our own, and a certificate for localhost that it signed."""
        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA")
        openssl("req", *key, "-keyout", "host.key", "-out", "host.csr", "-subj", "/CN=localhost")
        self.write("names", "subjectAltName=DNS:localhost\n")
        openssl("x509", "-req", "-in", "host.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", "host.pem", "-days", "2", "-extfile", "names")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "host.pem", self.folder / "host.key")
        return context

    def test_tls(self):
        """a certificate is checked: its signer, and its name; SSL_CERT_FILE names other signers"""
        server = self.serve(tls=self.certificates())
        self.define(f"https://localhost:{server.port}/orders")
        self.send(3)
        answer = self.orders("check", "--connect", "orders.yaml", expect=FAILED)
        self.assertIn("TLS", answer.text)
        with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(self.folder / "ca.pem")}):
            wrong = self.define(f"https://127.0.0.1:{server.port}/orders", name="wrong")
            self.assertIn("TLS", self.orders("check", "--connect", wrong, expect=FAILED).text)
            self.assertEqual(server.requests, [], "nothing is said to somebody who is not trusted")
            self.assertIn("ready", self.orders("check", "--connect", "orders.yaml", expect=DONE).text)
            self.assertEqual([request.method for request in server.requests], ["OPTIONS"])
            self.orders("run", "orders.yaml", "--until-idle", expect=DONE)
        self.assertEqual([n for request in server.posted for n in request.numbers], [0, 1, 2])
        self.all_delivered(3)

    def test_proxy(self):
        """the proxy of the environment is used, but for hosts that NO_PROXY names"""
        server, proxy = self.serve(), Proxy()
        self.addCleanup(proxy.server_close)
        self.addCleanup(proxy.shutdown)
        with mock.patch.dict(os.environ, {"HTTP_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}"}):
            self.assertEqual(self.deliver(3, server).code, DONE)
            with mock.patch.dict(os.environ, {"NO_PROXY": "example.com,127.0.0.1"}):
                self.send(3, first=3)
                self.orders("run", "orders.yaml", "--until-idle", expect=DONE)
        self.assertEqual(proxy.asked, [[b"CONNECT", b"127.0.0.1:%d" % server.port]])
        self.all_delivered(6)

    def test_check(self):
        """`check --connect` sends no record, and says who does not let us in"""
        server = self.serve(lambda request, number: Answer(403 if request.path == "/closed" else 405))
        self.define(server)
        self.assertIn("http: ready", self.orders("check", "--connect", "orders.yaml", expect=DONE).text)
        self.define(f"http://127.0.0.1:{server.port}/closed")
        self.assertIn("403 to OPTIONS", self.orders("check", "--connect", "orders.yaml", expect=FAILED).text)
        self.define("http://no-such-host.invalid/")
        self.assertIn("DNS", self.orders("check", "--connect", "orders.yaml", expect=FAILED).text)
        self.assertEqual(server.posted, [])
