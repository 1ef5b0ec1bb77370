import concurrent.futures
import datetime
import hashlib
import http.client
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.parse
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials

import harness
from harness import DONE, USAGE
from sqs_case import ACCOUNT, ClientError, Server, SQSCase, make_client

CLI = harness.ROOT / ".build" / "venv" / "bin" / "aws"
UNAVAILABLE = 69
FORM = "application/x-www-form-urlencoded"
KEYS = {"SLUICE_ACCESS_KEY_ID": "AKIDEXAMPLE", "SLUICE_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}


class Raw:
    """Requests as they stand on the wire."""

    def request(self, method="POST", path="/", body=b"", headers=None, endpoint=None):
        parts = urllib.parse.urlsplit(endpoint or self.endpoint)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, answer.headers, data

    def action(self, name, headers=None, path="/", **parameters):
        """In JSON."""
        status, headers, body = self.request(
            path=path, body=json.dumps(parameters),
            headers={"X-Amz-Target": f"AmazonSQS.{name}", "Content-Type": "application/x-amz-json-1.0", **(headers or {})})
        return status, json.loads(body) if body else {}

    def form(self, path="/", headers=None, **parameters):
        """In the Query protocol."""
        status, _, body = self.request(
            path=path, body=urllib.parse.urlencode(parameters), headers={"Content-Type": FORM, **(headers or {})})
        return status, body.decode()

    def socket(self):
        parts = urllib.parse.urlsplit(self.endpoint)
        return socket.create_connection((parts.hostname, parts.port), timeout=30)


class WireTest(Raw, SQSCase):
    def test_command_line(self):
        """the aws command line works as it is"""
        environment = {
            "PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1", "HOME": str(self.folder),
            "AWS_PAGER": "",
        }

        def aws(*words):
            done = subprocess.run([CLI, "--endpoint-url", self.endpoint, "sqs", *words], env=environment, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout) if done.stdout else {}

        url = aws("create-queue", "--queue-name", self.name())["QueueUrl"]
        sent = aws("send-message", "--queue-url", url, "--message-body", "hello")
        (message,) = aws("receive-message", "--queue-url", url, "--attribute-names", "All")["Messages"]
        self.assertEqual((message["MessageId"], message["Body"]), (sent["MessageId"], "hello"))
        aws("delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
        self.assertEqual(aws("receive-message", "--queue-url", url), {})

    def test_json_on_the_wire(self):
        """JSON: what is empty has no body, an error has its type and its old code"""
        name = self.name()
        status, headers, body = self.request(
            body=json.dumps({"QueueName": name}), headers={"X-Amz-Target": "AmazonSQS.CreateQueue"})
        self.assertEqual((status, headers["Content-Type"]), (200, "application/x-amz-json-1.0"))
        self.assertRegex(headers["x-amzn-RequestId"], r"^[0-9a-f-]{36}$")
        self.assertEqual(json.loads(body), {"QueueUrl": f"{self.endpoint}/{ACCOUNT}/{name}"})
        status, headers, body = self.request(
            body=json.dumps({"QueueUrl": name, "Tags": {"a": "b"}}), headers={"X-Amz-Target": "AmazonSQS.TagQueue"})
        self.assertEqual((status, body), (200, b""))
        status, headers, body = self.request(
            body=b'{"QueueUrl":"http://h/000000000000/nothing"}', headers={"X-Amz-Target": "AmazonSQS.ReceiveMessage"})
        self.assertEqual(status, 400)
        self.assertEqual(headers["x-amzn-query-error"], "AWS.SimpleQueueService.NonExistentQueue;Sender")
        self.assertEqual(
            json.loads(body),
            {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The specified queue does not exist."})

    def test_query_on_the_wire(self):
        """Query: answers and errors in XML, the action in a form or in the address"""
        name = self.name()
        status, text = self.form(Action="CreateQueue", QueueName=name, Version="2012-11-05")
        self.assertEqual(status, 200)
        self.assertRegex(
            text, r'^<\?xml version="1\.0"\?><CreateQueueResponse xmlns="http://queue\.amazonaws\.com/doc/2012-11-05/">'
            rf"<CreateQueueResult><QueueUrl>{self.endpoint}/{ACCOUNT}/{name}</QueueUrl></CreateQueueResult>"
            r"<ResponseMetadata><RequestId>[0-9a-f-]{36}</RequestId></ResponseMetadata></CreateQueueResponse>$")
        status, headers, body = self.request(
            "GET", f"/{ACCOUNT}/{name}?Action=SendMessage&MessageBody=a%20b%2Bc&Version=2012-11-05")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/xml"), body)
        status, text = self.form(f"/{ACCOUNT}/{name}", Action="ReceiveMessage")
        self.assertIn("<Body>a b+c</Body>", text)
        status, text = self.form(Action="ReceiveMessage", QueueUrl=f"{self.endpoint}/{ACCOUNT}/{name}")
        self.assertIn("<ReceiveMessageResult/>", text)
        status, text = self.form(Action="ReceiveMessage", QueueUrl="nothing")
        self.assertEqual(status, 400)
        self.assertRegex(
            text, r"<Error><Type>Sender</Type><Code>AWS\.SimpleQueueService\.NonExistentQueue</Code><Message>The specified "
            r"queue does not exist for this wsdl version\.</Message><Detail/></Error><RequestId>[0-9a-f-]{36}</RequestId>")
        for path, action in (("/", "Nonsense"), (f"/{ACCOUNT}/{name}", "Nonsense"), (f"/{ACCOUNT}/{name}", "CreateQueue"),
                             (f"/{ACCOUNT}/{name}", "ListQueues")):
            status, _, body = self.request("GET", f"{path}?Action={action}&QueueName=x")
            self.assertEqual(status, 400)
            self.assertIn(b"<Code>InvalidAction</Code>", body)
            self.assertIn(b"<Message>The action %s is not valid for this endpoint.</Message>" % action.encode(), body)
        status, _, body = self.request("GET", f"/{ACCOUNT}/{name}?Action=SendMessage")
        self.assertEqual(status, 400)
        self.assertIn(b"<Code>MissingParameter</Code><Message>The request must contain the parameter MessageBody.", body)
        status, _, body = self.request("GET", f"/{ACCOUNT}/{name}")
        self.assertEqual(status, 404)
        self.assertIn(b"<UnknownOperationException", body)
        status, _, body = self.request("GET", f"/{ACCOUNT}/{name}?Action=GetQueueUrl&QueueName={name}")
        self.assertIn(f"<QueueUrl>{self.endpoint}/{ACCOUNT}/{name}</QueueUrl>", body.decode())

    def test_forms_of_urls(self):
        """a queue is found by all forms of its URL"""
        name = self.name()
        url = self.make(name=name)
        for form in (url, f"http://elsewhere:1/{ACCOUNT}/{name}", f"{ACCOUNT}/{name}", name,
                     f"http://h/queue/us-east-1/{ACCOUNT}/{name}", f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{name}"):
            with self.subTest(form=form):
                status, answer = self.action("GetQueueAttributes", QueueUrl=form, AttributeNames=["QueueArn"])
                self.assertEqual((status, answer["Attributes"]["QueueArn"].rsplit(":", 1)[1]), (200, name))

    def test_regions_and_accounts(self):
        """region, account and name are a queue; its URL leads to where it was asked for"""
        name = self.name()
        urls = {
            ("us-east-1", "test"): f"{self.endpoint}/{ACCOUNT}/{name}",
            ("eu-west-1", "test"): f"{self.endpoint}/queue/eu-west-1/{ACCOUNT}/{name}",
            ("us-east-1", "123456789012"): f"{self.endpoint}/123456789012/{name}",
        }
        for (region, key), url in urls.items():
            client = make_client(self.endpoint, region=region, key=key)
            self.assertEqual(client.create_queue(QueueName=name)["QueueUrl"], url)
            client.send_message(QueueUrl=url, MessageBody=f"{region} {key}")
        for (region, key), url in urls.items():
            client = make_client(self.endpoint, region=region, key=key)
            self.assertEqual(client.list_queues(QueueNamePrefix=name)["QueueUrls"], [url])
            (message,) = client.receive_message(QueueUrl=url)["Messages"]
            self.assertEqual(message["Body"], f"{region} {key}")
        host = f"sqs.eu-west-1.localhost:{self.server.port}"
        status, answer = self.action("GetQueueUrl", {"Host": host}, QueueName=name)
        self.assertEqual((status, answer), (200, {"QueueUrl": f"http://{host}/{ACCOUNT}/{name}"}))

    def test_hosts(self):
        """a page of somebody else, or a name that leads here by a trick, gets nothing"""
        name = self.name()
        for host in ("evil.example", "127.0.0.1.evil.example", "10.0.0.1"):
            status, _, body = self.request(
                body=json.dumps({"QueueName": name}), headers={"X-Amz-Target": "AmazonSQS.CreateQueue", "Host": host})
            self.assertEqual(status, 403, body)
            self.assertIn(b"SLUICE_ALLOWED_HOSTS", body)
        for origin in ("https://evil.example", "null"):
            status, _, _ = self.request(
                body=urllib.parse.urlencode({"Action": "CreateQueue", "QueueName": name}),
                headers={"Content-Type": FORM, "Origin": origin})
            self.assertEqual(status, 403)
        with self.refused("AWS.SimpleQueueService.NonExistentQueue"):
            self.sqs.get_queue_url(QueueName=name)
        for host in ("localhost", "sqs.us-east-1.localhost.localstack.cloud:4566", "x.127.0.0.1"):
            status, _ = self.action("ListQueues", {"Host": host, "Origin": "http://localhost:3000"})
            self.assertEqual(status, 200)

    def test_not_found(self):
        """what nobody serves says what is served"""
        self.assertEqual(self.request("GET", "/health")[::2], (200, b"ok\n"))
        self.assertEqual(self.request("GET", "/ready")[::2], (200, b"ready\n"))
        status, _, body = self.request("GET", "/")
        self.assertEqual(status, 404)
        self.assertIn(b"SQS", body)

    def test_nonsense(self):
        """what is no request is refused, and the server goes on"""
        for text, status in (
            (b"\x16\x03\x01\x02\x00\x01", b"400"), (b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/9.9\r\n\r\n", b"400"),
            (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
            (b"POST / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", b"431"),
            (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
            (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        ):
            with self.subTest(text=text[:60]), self.socket() as wire:
                wire.sendall(text)
                self.assertEqual(wire.recv(1000).split(b" ")[1], status)
        for body in (b"", b"{", b"[]", b'{"QueueUrl":1}', b'{"QueueUrl":{"a":[]}}', b"\xff\xfe", b'{"QueueName":"\xed\xa0\x80"}'):
            with self.subTest(body=body):
                status, _, _ = self.request(body=body, headers={"X-Amz-Target": "AmazonSQS.CreateQueue"})
                self.assertEqual(status, 400)
        self.assertEqual(self.request("GET", "/health")[0], 200)

    def test_pipelining(self):
        """requests that are sent ahead are answered in their order"""
        url = self.make()
        with self.socket() as wire:
            count = 20
            for n in range(count):
                body = json.dumps({"QueueUrl": url, "MessageBody": f"{n}"}).encode()
                wire.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.SendMessage\r\nContent-Length: %d\r\n\r\n%s"
                             % (len(body), body))
            text = b""
            while text.count(b"HTTP/1.1 200") < count:
                text += wire.recv(65536)
        digests = re.findall(rb'"MD5OfMessageBody":"(\w+)"', text)
        self.assertEqual(digests, [hashlib.md5(b"%d" % n).hexdigest().encode() for n in range(count)])

    def test_half_closed(self):
        """a client that has sent its last request gets its answer still"""
        with self.socket() as wire:
            wire.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wire.shutdown(socket.SHUT_WR)
            self.assertIn(b"200 OK", wire.recv(1000))

    def test_gone(self):
        """a client that goes away while it waits for a message takes none"""
        url = self.make()
        body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}).encode()
        with self.socket() as wire:
            wire.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n"
                         b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            time.sleep(0.3)
        time.sleep(0.7)
        self.send(url, "a")
        self.assertEqual(self.bodies(url), ["a"])

    def test_refused_in_turn(self):
        """a request that is refused is answered after the ones before it"""
        url = self.make()
        body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 1}).encode()
        with self.socket() as wire:
            wire.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n"
                         b"Content-Length: %d\r\n\r\n%s" % (len(body), body) +
                         b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n")
            answer = b""
            while piece := wire.recv(10_000):
                answer += piece
        self.assertEqual(re.findall(rb"HTTP/1.1 (\d+)", answer), [b"200", b"413"])

    def test_expect(self):
        """a client that asks before it sends is told to go on"""
        body = json.dumps({"QueueName": self.name()}).encode()
        with self.socket() as wire:
            wire.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.CreateQueue\r\nExpect: 100-continue\r\n"
                         b"Content-Length: %d\r\n\r\n" % len(body))
            self.assertIn(b"100 Continue", wire.recv(100))
            wire.sendall(body)
            self.assertIn(b"200 OK", wire.recv(1000))

    def test_a_thousand_wait(self):
        """a thousand receives wait at one queue for one message: one of them gets it, at once"""
        url = self.make()
        body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 4}).encode()
        request = (b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\nConnection: close\r\n"
                   b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        wires = [self.socket() for _ in range(1000)]
        try:
            for wire in wires:
                wire.sendall(request)
            time.sleep(1)
            self.send(url)
            answers = []
            for wire in wires:
                text = b""
                while part := wire.recv(65536):
                    text += part
                answers.append(text.partition(b"\r\n\r\n")[2])
        finally:
            for wire in wires:
                wire.close()
        self.assertEqual(answers.count(b"{}"), 999)
        (message,) = (answer for answer in answers if answer != b"{}")
        self.assertEqual(len(json.loads(message)["Messages"]), 1)

    def test_ten_thousand_are_idle(self):
        """ten thousand idle connections disturb nobody"""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 11_000:
            self.skipTest(f"only {hard} files may be open")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        wires = []
        try:
            for _ in range(10_000):
                wires.append(self.socket())
            url = self.make()
            start = time.monotonic()
            for n in range(100):
                self.send(url, f"{n}")
            self.assertLess(time.monotonic() - start, 5)
            with open(f"/proc/{self.server.process.pid}/status") as status:
                resident = int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])
            self.assertLess(resident, 400_000, "kilobytes")
        finally:
            for wire in wires:
                wire.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def test_deleted_while_polled(self):
        """a queue that is deleted ends the receives that wait there"""
        url = self.make()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = pool.submit(self.receive, url, WaitTimeSeconds=20)
            time.sleep(0.5)
            self.sqs.delete_queue(QueueUrl=url)
            with self.refused("AWS.SimpleQueueService.NonExistentQueue"):
                waiting.result(10)

    def test_made_twice_at_once(self):
        """of two clients that make the same queue at once both have it, or the other attribute is refused"""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for _ in range(10):
                name = self.name()
                make = lambda delay: self.sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": delay})
                asked = [pool.submit(make, delay) for delay in "12121212"]
                outcomes = []
                for one in asked:
                    try:
                        outcomes.append(one.result()["QueueUrl"].rsplit("/", 1)[1])
                    except ClientError as error:
                        outcomes.append(error.response["Error"]["Code"])
                self.assertEqual(outcomes.count(name), 4, outcomes)
                self.assertEqual(outcomes.count("QueueAlreadyExists"), 4, outcomes)


class SignatureTest(Raw, SQSCase):
    variables_of_server = KEYS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sqs = make_client(cls.endpoint, key=KEYS["SLUICE_ACCESS_KEY_ID"], secret=KEYS["SLUICE_SECRET_ACCESS_KEY"])

    def signed(self, body=b'{"QueueNamePrefix":"x"}', at=None, service="sqs", key=None, secret=None, method="POST", path="/",
               headers=None, target="AmazonSQS.ListQueues", presigned=None, protocol="json", hash_header=None):
        """A request signed by an SDK's own signer, to be changed."""
        headers = dict(headers or {})
        if protocol == "json":
            headers.update({"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"})
        elif body:
            headers["Content-Type"] = FORM
        if hash_header:
            headers["x-amz-content-sha256"] = hash_header
        request = botocore.awsrequest.AWSRequest(method, self.endpoint + path, headers, body)
        credentials = botocore.credentials.Credentials(
            key or KEYS["SLUICE_ACCESS_KEY_ID"], secret or KEYS["SLUICE_SECRET_ACCESS_KEY"])
        if presigned:
            signer = botocore.auth.SigV4QueryAuth(credentials, service, "us-east-1", expires=presigned)
        else:
            signer = botocore.auth.SigV4Auth(credentials, service, "us-east-1")
        now = datetime.datetime.now(datetime.timezone.utc) if at is None else at

        class Clock(datetime.datetime):
            @classmethod
            def now(cls, tz=None):
                return now

            @classmethod
            def utcnow(cls):
                return now.replace(tzinfo=None)

        names = [name for name in ("datetime", "get_current_datetime") if hasattr(botocore.auth, name)]
        before = {name: getattr(botocore.auth, name) for name in names}
        try:
            if "get_current_datetime" in before:
                botocore.auth.get_current_datetime = lambda remove_tzinfo=True: (
                    now.replace(tzinfo=None) if remove_tzinfo else now)
            else:
                botocore.auth.datetime.datetime = Clock
            signer.add_auth(request)
        finally:
            for name, value in before.items():
                setattr(botocore.auth, name, value)
        return request.prepare()

    def ask(self, request, body=None, headers=None):
        parts = urllib.parse.urlsplit(request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        merged = {**{k: (v.decode() if isinstance(v, bytes) else v) for k, v in request.headers.items()}, **(headers or {})}
        merged = {k: v for k, v in merged.items() if v is not None and k.lower() != "content-length"}
        status, headers, data = self.request(
            request.method, path or "/", request.body if body is None else body, {"Host": parts.netloc, **merged})
        return status, headers.get("x-amzn-query-error", "").split(";")[0], data.decode()

    def test_signed(self):
        """who signs with the right secret is let in, in both protocols"""
        url = self.make()
        self.send(url, "ä\n")
        self.assertEqual(self.bodies(url), ["ä\n"])
        query = make_client(self.endpoint, "query", key=KEYS["SLUICE_ACCESS_KEY_ID"],
                            secret=KEYS["SLUICE_SECRET_ACCESS_KEY"])
        query.send_message(QueueUrl=url, MessageBody="a&b=c %")
        self.assertEqual(query.receive_message(QueueUrl=url)["Messages"][0]["Body"], "a&b=c %")
        self.assertEqual(self.ask(self.signed())[0], 200)
        self.assertEqual(
            self.ask(self.signed(b"Action=ListQueues&Version=2012-11-05", protocol="query"))[0], 200)

    def test_php(self):
        """a client in PHP sends, receives and deletes, signed and with its own check of the digests"""
        program = harness.ROOT / "Tests" / "Acceptance" / "clients" / "async_aws.php"
        done = subprocess.run(
            ["php", program, self.endpoint, self.name(fifo=True)], capture_output=True, text=True,
            env={"PATH": os.environ["PATH"], "KEY": KEYS["SLUICE_ACCESS_KEY_ID"],
                 "SECRET": KEYS["SLUICE_SECRET_ACCESS_KEY"]})
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(result["seen"], [["one", "g", "tést"], ["two", "g", "tést"]])
        (first, one), (second, two), (third, repeated) = result["digests"]
        self.assertTrue(first and second and third)
        self.assertEqual(two, repeated)
        self.assertNotEqual(one, two)
        self.assertEqual(result["code"], "AWS.SimpleQueueService.NonExistentQueue")

    def test_wrong(self):
        """a wrong secret, an unknown key and no signature at all are refused with AWS's codes"""
        for key, secret, code in (
            (KEYS["SLUICE_ACCESS_KEY_ID"], "wrong", "SignatureDoesNotMatch"),
            ("AKIDUNKNOWN", KEYS["SLUICE_SECRET_ACCESS_KEY"], "InvalidClientTokenId"),
        ):
            for protocol in ("json", "query"):
                with self.subTest(code=code, protocol=protocol), self.refused(code, status=403):
                    make_client(self.endpoint, protocol, key=key, secret=secret).list_queues()
        status, body = self.action("ListQueues")
        self.assertEqual((status, body["__type"].split("#")[1]), (403, "MissingAuthenticationTokenException"))
        status, text = self.form(Action="ListQueues")
        self.assertEqual(status, 403)
        self.assertIn("<Code>MissingAuthenticationToken</Code>", text)
        status, code, _ = self.ask(self.signed(), headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x"})
        self.assertEqual((status, code), (400, "IncompleteSignature"))
        status, code, text = self.ask(self.signed(service="s3"))
        self.assertEqual((status, code), (403, "SignatureDoesNotMatch"))
        self.assertIn("correct service: 'sqs'", text)

    def test_tampered(self):
        """whatever is changed behind the signature is noticed"""
        request = self.signed()
        self.assertEqual(self.ask(request)[0], 200)
        date = request.headers["X-Amz-Date"]
        for change in (
            {"body": b'{"QueueNamePrefix":"y"}'}, {"headers": {"X-Amz-Target": "AmazonSQS.PurgeQueue"}},
            {"headers": {"X-Amz-Extra": "unsigned"}}, {"headers": {"Host": "localhost"}},
            {"headers": {"Content-Type": "application/json"}},
            {"headers": {"X-Amz-Date": date[:-2] + ("8Z" if date.endswith("9Z") else "9Z")}},
        ):
            with self.subTest(change=change):
                if change.get("headers", {}).get("Content-Type") and b"content-type" not in str(
                        request.headers["Authorization"]).lower().encode():
                    continue
                status, code, text = self.ask(request, **change)
                self.assertEqual((status, code), (403, "SignatureDoesNotMatch"), text)

    def test_skew(self):
        """a request of another time is refused, one of nearly now is not"""
        now = datetime.datetime.now(datetime.timezone.utc)
        for minutes, status in ((-14, 200), (14, 200), (-16, 403), (16, 403), (-60 * 24, 403)):
            with self.subTest(minutes=minutes):
                found, code, text = self.ask(self.signed(at=now + datetime.timedelta(minutes=minutes)))
                self.assertEqual(found, status, text)
                if status == 403:
                    self.assertEqual(code, "SignatureDoesNotMatch")
                    self.assertIn("Signature expired" if minutes < 0 else "Signature not yet current", text)

    def test_payload_hash(self):
        """a body may be unsigned where the header says so, and a hash has to be the body's"""
        body = b'{"QueueNamePrefix":"x"}'
        request = self.signed(hash_header="UNSIGNED-PAYLOAD")
        self.assertIn("x-amz-content-sha256", str(request.headers["Authorization"]))
        self.assertEqual(self.ask(request)[0], 200)
        self.assertEqual(self.ask(request, body=b"{}")[0], 200)
        request = self.signed(hash_header=hashlib.sha256(body).hexdigest())
        self.assertEqual(self.ask(request)[0], 200)
        self.assertEqual(self.ask(request, body=b"{}")[0], 403)

    def test_presigned(self):
        """a presigned address is good until it expires, for what it was made for"""
        name = self.name()
        url = self.make(name=name)
        path = f"/{ACCOUNT}/{name}?Action=SendMessage&MessageBody=hi%20there&Version=2012-11-05"
        request = self.signed(b"", method="GET", path=path, presigned=60, protocol="query")
        self.assertIn("X-Amz-Signature", request.url)
        self.assertEqual(self.ask(request)[0], 200)
        self.assertEqual(self.bodies(url), ["hi there"])
        request.url = request.url.replace("hi%20there", "other")
        status, _, text = self.ask(request)
        self.assertEqual(status, 403)
        self.assertIn("<Code>SignatureDoesNotMatch</Code>", text)
        past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=61)
        status, _, text = self.ask(self.signed(b"", at=past, method="GET", path=path, presigned=60, protocol="query"))
        self.assertEqual(status, 403)
        self.assertIn("Signature expired", text)
        self.assertEqual(self.receive(url), [])

    def test_any_host(self):
        """with credentials the name that a client uses does not matter"""
        with self.assertRaises(AssertionError):
            self.assertEqual(self.ask(self.signed(), headers={"Host": "evil.example"})[0], 200)
        request = self.signed(headers={"Host": "sluice.example"})
        self.assertEqual(self.ask(request, headers={"Host": "sluice.example"})[0], 200)


class TLSTest(SQSCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = harness.tempfile.TemporaryDirectory()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{cls.keys.name}/key.pem", "-out",
             f"{cls.keys.name}/cert.pem"], check=True, stderr=subprocess.DEVNULL)
        cls.options = ("--cert", f"{cls.keys.name}/cert.pem", "--key", f"{cls.keys.name}/key.pem")
        super().setUpClass()

    def test_tls(self):
        """with a certificate it speaks TLS, and its URLs say so"""
        url = self.make()
        self.assertTrue(url.startswith("https://"), url)
        self.send(url)
        self.assertEqual(self.bodies(url), ["hello"])
        context = ssl.create_default_context(cafile=f"{self.keys.name}/cert.pem")
        with socket.create_connection(("127.0.0.1", self.server.port)) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as wire:
                wire.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertIn(b"200 OK", wire.recv(1000))
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as wire:
            wire.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertNotIn(b"200 OK", wire.recv(1000))

    def test_wrong_files(self):
        """a certificate that cannot be used is said"""
        self.variables["SLUICE_LISTEN"] = "127.0.0.1:0"
        answer = self.orders(
            "run", "--cert", f"{self.keys.name}/key.pem", "--key", f"{self.keys.name}/cert.pem", expect=harness.DEFINITION)
        self.assertIn("PEM", answer.err)
        self.orders("run", "--cert", "x", expect=USAGE)
