import concurrent.futures
import json
import os
import re
import signal
import socket
import subprocess
import time
import uuid

import harness
from harness import DONE, RIGHTS, USAGE
from sqs_case import ACCOUNT, ClientError, Server, SQSCase, make_client

UNAVAILABLE = 69

HANDLER = """\
import base64, json, os, urllib.request

def handler(event, context):
    endpoint = os.environ["AWS_ENDPOINT_URL_SQS"]
    for record in event["records"]:
        request = urllib.request.Request(
            endpoint, json.dumps({"QueueUrl": "told", "MessageBody": json.dumps(record["record"])}).encode(),
            {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"})
        urllib.request.urlopen(request).read()
    return {"records": [{"id": r["id"], "result": "Ok", "record": r["record"]} for r in event["records"]]}
"""

PIPELINE = """\
pipeline: lines
source: {queue: lines-in}
queue: {%s}
%s
deliver: {to: "sqlite:lines.db", table: lines, key: [n], create: true}
"""


class DurabilityTest(SQSCase):
    """What a client was told holds, whatever becomes of the process."""

    options = ()

    def restart(self):
        port = self.server.port
        self.server.kill()
        self.server.start(f"127.0.0.1:{port}")

    def test_kill(self):
        """after a kill everything that was answered is there: messages, receipts, counts, attributes, ids"""
        url, dead = self.with_dead_letters(count=5, VisibilityTimeout="60", tags={"a": "b"})
        fifo = self.make(fifo=True)
        sent = {self.send(url, f"{n}", MessageAttributes={"k": {"DataType": "String", "StringValue": f"{n}"}})["MessageId"]
                for n in range(20)}
        first = self.send(fifo, "x", MessageGroupId="g", MessageDeduplicationId="d")
        held = self.receive(url, limit=3)
        self.delete(url, held[0])
        attributes = self.attributes(url)
        gone = self.make()
        self.sqs.delete_queue(QueueUrl=gone)
        self.restart()
        self.assertEqual(self.attributes(url), attributes)
        self.assertEqual(self.sqs.list_queue_tags(QueueUrl=url)["Tags"], {"a": "b"})
        rest = self.receive(url) + self.receive(url)
        self.assertEqual({m["MessageId"] for m in rest}, sent - {m["MessageId"] for m in held})
        self.delete(url, *held[1:])
        self.sqs.change_message_visibility_batch(QueueUrl=url, Entries=[
            {"Id": f"{n}", "ReceiptHandle": m["ReceiptHandle"], "VisibilityTimeout": 0} for n, m in enumerate(rest[:10])])
        again = self.receive(url, AttributeNames=["All"], MessageAttributeNames=["All"])
        self.assertEqual({m["Attributes"]["ApproximateReceiveCount"] for m in again}, {"2"})
        self.assertEqual({m["MessageAttributes"]["k"]["StringValue"] == m["Body"] for m in again}, {True})
        twice = self.send(fifo, "y", MessageGroupId="g", MessageDeduplicationId="d")
        self.assertEqual((twice["MessageId"], twice["SequenceNumber"]), (first["MessageId"], first["SequenceNumber"]))
        with self.refused("AWS.SimpleQueueService.QueueDeletedRecently"):
            self.make(name=gone.rsplit("/", 1)[1])

    def test_kill_while_sending(self):
        """of several senders whose server is killed, again and again, nothing that was answered is missing"""
        url = self.make()
        answered = set()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            def send(worker):
                client, done = make_client(self.endpoint), set()
                deadline = time.monotonic() + 6
                n = 0
                while time.monotonic() < deadline:
                    batch = [f"{worker} {n + i}" for i in range(10)]
                    try:
                        answer = client.send_message_batch(
                            QueueUrl=url, Entries=[{"Id": f"{i}", "MessageBody": body} for i, body in enumerate(batch)])
                        done |= {batch[int(entry["Id"])] for entry in answer["Successful"]}
                    except Exception:
                        time.sleep(0.02)
                    n += 10
                return done

            workers = [pool.submit(send, worker) for worker in range(4)]
            for _ in range(8):
                time.sleep(self.random.uniform(0.3, 0.8))
                self.restart()
            for worker in workers:
                answered |= worker.result()
        found = set()
        while bodies := self.bodies(url):
            found |= set(bodies)
        self.assertGreater(len(answered), 500)
        self.assertEqual(answered - found, set())

    def test_move_task_goes_on(self):
        """a move task goes on after a kill"""
        url, dead = self.with_dead_letters()
        for n in range(8):
            self.send(url, f"{n}")
        for _ in range(2):
            self.receive(url, VisibilityTimeout=0)
        destination = self.make()
        self.sqs.start_message_move_task(
            SourceArn=self.arn(dead), DestinationArn=self.arn(destination), MaxNumberOfMessagesPerSecond=4)
        time.sleep(0.6)
        self.restart()
        state = lambda: [
            (t["Status"], t["ApproximateNumberOfMessagesMoved"])
            for t in self.sqs.list_message_move_tasks(SourceArn=self.arn(dead))["Results"]]
        self.until(state, [("COMPLETED", 8)])
        self.assertEqual(len(self.receive(destination)), 8)

    def test_shutdown(self):
        """at a shutdown those who wait get their empty answer, and what is asked is answered"""
        server = Server()
        client = make_client(server.endpoint)
        url = client.create_queue(QueueName="q")["QueueUrl"]
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            waiting = [pool.submit(make_client(server.endpoint).receive_message, QueueUrl=url, WaitTimeSeconds=20)
                       for _ in range(10)]
            time.sleep(1)
            start = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - start, 5)
            for one in waiting:
                self.assertNotIn("Messages", one.result())


class TimeTest(SQSCase):
    """A minute passes in a second."""

    options = ("--clock-rate", "60")

    def test_retention(self):
        """a message is gone when its time is over, seen or unseen, in flight or not"""
        url = self.make(MessageRetentionPeriod="60")
        self.send(url, "a")
        self.assertEqual(self.bodies(url, VisibilityTimeout=0), ["a"])
        self.receive(url, VisibilityTimeout=90)
        time.sleep(1.2)
        self.send(url, "b")
        self.assertEqual(self.bodies(url), ["b"])
        self.until(lambda: self.attributes(url, "ApproximateNumberOfMessagesNotVisible")[
            "ApproximateNumberOfMessagesNotVisible"], "1", timeout=5)

    def test_retention_of_dead_letters(self):
        """a dead letter of a standard queue keeps its age"""
        url, dead = self.with_dead_letters(VisibilityTimeout="1")
        self.sqs.set_queue_attributes(QueueUrl=dead, Attributes={"MessageRetentionPeriod": "90"})
        self.send(url, "a")
        time.sleep(0.8)
        self.receive(url)
        time.sleep(0.1)
        self.receive(url)
        depth = lambda: self.attributes(dead, "ApproximateNumberOfMessages")["ApproximateNumberOfMessages"]
        self.assertEqual(depth(), "1")
        time.sleep(0.8)
        self.assertEqual(depth(), "0")

    def test_comes_back_first(self):
        """of a standard queue too, what comes back is received before what came later: nothing is overtaken for good"""
        url = self.make()
        self.send(url, "a")
        self.receive(url, VisibilityTimeout=60)
        self.send(url, "b")
        time.sleep(1.2)
        self.assertEqual(self.bodies(url, limit=1), ["a"])

    def test_deduplication_window(self):
        """after five minutes a deduplication id is free again"""
        url = self.make(fifo=True)
        send = lambda: self.send(url, "a", MessageGroupId="g", MessageDeduplicationId="d")["MessageId"]
        first = send()
        time.sleep(3)
        self.assertEqual(send(), first)
        time.sleep(2.5)
        self.assertNotEqual(send(), first)

    def test_names_rest(self):
        """a minute after its deletion a queue can be made again, and purged again"""
        name = self.name()
        url = self.make(name=name)
        self.sqs.purge_queue(QueueUrl=url)
        self.sqs.delete_queue(QueueUrl=url)
        time.sleep(1.2)
        self.make(name=name)
        self.sqs.purge_queue(QueueUrl=url)
        time.sleep(1.2)
        self.sqs.purge_queue(QueueUrl=url)


class PipelineTest(harness.Case):
    """A pipeline's own queues are queues to clients, too."""

    def run_pipeline(self, queue="type: standard", transform="", *options):
        self.write("lines.yaml", PIPELINE % (queue, transform))
        log = open(self.folder / "log", "wb")
        self.process = self.spawn("run", "lines.yaml", "--listen", "127.0.0.1:0", *options, stderr=log)
        deadline = time.monotonic() + 60
        while not (found := re.search(rb"(http://\S+) ", (self.folder / "log").read_bytes())):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.sqs = make_client(found[1].decode())

    def url(self, name):
        return self.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def count(self):
        if not (self.folder / "lines.db").exists():
            return 0
        with harness.sqlite3.connect(self.folder / "lines.db") as database:
            try:
                return database.execute("SELECT count(*) FROM lines").fetchone()[0]
            except harness.sqlite3.OperationalError:
                return 0

    def test_producers(self):
        """what producers send to the intake queue comes to the table"""
        self.run_pipeline()
        url = self.url("lines-in")
        for n in range(3):
            self.sqs.send_message_batch(
                QueueUrl=url, Entries=[{"Id": f"{i}", "MessageBody": json.dumps({"n": n * 10 + i})} for i in range(10)])
        self.until(self.count, 30)
        self.assertEqual(self.pipeline("lines")["queues"][1]["ledger"]["sent"], 30)

    def test_fifo(self):
        """a FIFO intake takes the group from the record, and asks for no other"""
        self.run_pipeline("type: fifo, group: $.g")
        url = self.url("lines-in.fifo")
        self.sqs.send_message(QueueUrl=url, MessageBody='{"n":1,"g":"a"}', MessageDeduplicationId="1")
        self.sqs.send_message(QueueUrl=url, MessageBody='{"n":1,"g":"a"}', MessageDeduplicationId="1")
        self.until(self.count, 1)
        self.assertEqual(self.pipeline("lines")["queues"][1]["ledger"]["deduplicated"], 1)

    def test_who_takes_out(self):
        """what a client takes out of a pipeline's queue is in the ledger, with who and how"""
        self.run_pipeline()
        self.orders("pause", "lines", expect=DONE)
        url = self.url("lines-in")
        for n in range(5):
            self.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": n}))
        (message,) = self.sqs.receive_message(QueueUrl=url)["Messages"]
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        self.sqs.purge_queue(QueueUrl=url)
        self.assertEqual(self.pipeline("lines")["queues"][1]["ledger"]["discarded"], 5)
        shown = self.json("queue", "show", "lines-in")["discards"]
        self.assertEqual(
            [(d["action"], d["messages"], d["who"]) for d in shown], [("PurgeQueue", 4, "test"), ("DeleteMessage", 1, "test")])
        self.assertIn("DeleteMessage", self.orders("queue", "show", "lines-in", expect=DONE).out)
        for n in range(3):
            self.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": n}))
            (message,) = self.sqs.receive_message(QueueUrl=url)["Messages"]
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        # One line a minute of each client and call, whatever came in between.
        shown = self.json("queue", "show", "lines-in")["discards"]
        self.assertEqual([(d["action"], d["messages"]) for d in shown], [("PurgeQueue", 4), ("DeleteMessage", 4)])
        self.terminate(self.process)
        self.orders("data", "check", expect=DONE)

    def test_protected(self):
        """a pipeline's queues cannot be changed or deleted, and inner ones are not sent to"""
        self.run_pipeline()
        for name in ("lines-in", "lines-in-dlq", "lines-sqlite", "lines-sqlite-dlq"):
            for ask in (lambda url: self.sqs.delete_queue(QueueUrl=url),
                        lambda url: self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "1"})):
                with self.assertRaises(ClientError) as caught:
                    ask(self.url(name))
                self.assertEqual(caught.exception.response["Error"]["Code"], "AWS.SimpleQueueService.UnsupportedOperation")
                self.assertIn("lines", caught.exception.response["Error"]["Message"])
            self.assertEqual(self.sqs.create_queue(QueueName=name)["QueueUrl"], self.url(name))
            with self.assertRaises(ClientError) as caught:
                self.sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "77"})
            self.assertEqual(caught.exception.response["Error"]["Code"], "QueueAlreadyExists")
            if name != "lines-in":
                with self.assertRaises(ClientError) as caught:
                    self.sqs.send_message(QueueUrl=self.url(name), MessageBody="x")
                self.assertIn("only its steps", caught.exception.response["Error"]["Message"])
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url("lines-in"), AttributeNames=["All"])["Attributes"]
        self.assertEqual(
            json.loads(attributes["RedrivePolicy"]),
            {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:lines-in-dlq", "maxReceiveCount": "5"})
        self.sqs.tag_queue(QueueUrl=self.url("lines-in"), Tags={"team": "data"})
        self.orders("reload", "--yes", expect=(DONE, USAGE))
        self.assertEqual(self.sqs.list_queue_tags(QueueUrl=self.url("lines-in"))["Tags"], {"team": "data"})

    def test_dead_letters(self):
        """a move task redrives a pipeline's dead letters"""
        self.run_pipeline()
        self.sqs.send_message(QueueUrl=self.url("lines-in"), MessageBody="nonsense")
        depth = lambda: self.sqs.get_queue_attributes(
            QueueUrl=self.url("lines-sqlite-dlq"), AttributeNames=["ApproximateNumberOfMessages"])["Attributes"][
                "ApproximateNumberOfMessages"]
        self.until(depth, "1")
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:lines-sqlite-dlq"
        self.sqs.start_message_move_task(SourceArn=arn)
        self.until(lambda: self.sqs.list_message_move_tasks(SourceArn=arn)["Results"][0]["Status"], "COMPLETED")
        self.until(depth, "1")
        pipeline = self.pipeline("lines")
        self.assertEqual([q["ledger"].get("moved_in", 0) for q in pipeline["queues"]].count(1), 1)

    def test_functions(self):
        """a function finds the endpoint in its environment"""
        (self.folder / "fn").mkdir()
        self.write("fn/handler.py", HANDLER)
        self.run_pipeline(transform="transform: {runtime: python3, handler: handler.handler, code: fn, contract: json}")
        self.sqs.create_queue(QueueName="told")
        self.sqs.send_message(QueueUrl=self.url("lines-in"), MessageBody='{"n":7}')
        self.until(self.count, 1)
        (message,) = self.sqs.receive_message(QueueUrl=self.url("told"))["Messages"]
        self.assertEqual(json.loads(message["Body"]), {"n": 7})


class ListenTest(harness.Case):
    def test_taken(self):
        """a port that is taken is named"""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            answer = self.orders("run", "--listen", address, expect=UNAVAILABLE)
        self.assertIn(address, answer.err)

    def test_wrong_settings(self):
        """settings that make no sense are said"""
        self.orders("run", "--listen", "127.0.0.1:x", expect=USAGE)
        self.variables = {"SLUICE_ACCESS_KEY_ID": "x"}
        answer = self.orders("run", expect=USAGE)
        self.assertIn("SLUICE_SECRET_ACCESS_KEY", answer.err)
        self.variables["SLUICE_SECRET_ACCESS_KEY"] = "y"
        self.assertIn("--no-auth", self.orders("run", "--no-auth", expect=USAGE).err)

    def test_off(self):
        """nothing listens where nothing shall"""
        self.write("p.yaml", PIPELINE % ("type: standard", ""))
        answer = self.orders("run", "p.yaml", "--until-idle", "--listen", "off", expect=DONE)
        self.assertNotIn("http", answer.err)

    def serve(self, *options, **variables):
        server = Server(*options, variables=variables)
        self.addCleanup(server.kill)
        return server

    def test_open_address(self):
        """on an address that others reach there are credentials, made once and kept"""
        server = Server.__new__(Server)
        server.folder, server.options, server.variables = self.folder, (), {}
        server.start("0.0.0.0:0")
        self.addCleanup(server.kill)
        self.until(lambda: "endpoint_url" in server.text(), True)
        found = dict(re.findall(r"aws configure set (\w+) (\S+)", server.text()))
        key, secret = found["aws_access_key_id"], found["aws_secret_access_key"]
        self.assertEqual((self.data / "credentials").stat().st_mode & 0o777, 0o600)
        with self.assertRaises(ClientError):
            make_client(server.endpoint).list_queues()
        make_client(server.endpoint, key=key, secret=secret).create_queue(QueueName="q")
        server.kill()
        server.start("0.0.0.0:0")
        # An app has its own pipelines' queues, too.
        urls = make_client(server.endpoint, key=key, secret=secret).list_queues(QueueNamePrefix="q")["QueueUrls"]
        self.assertEqual([url.rsplit("/", 1)[1] for url in urls], ["q"])

    def test_no_auth(self):
        """--no-auth lets everybody in, by any name"""
        server = Server.__new__(Server)
        server.folder, server.options, server.variables = self.folder, ("--no-auth",), {}
        server.start("0.0.0.0:0")
        self.addCleanup(server.kill)
        make_client(server.endpoint).create_queue(QueueName="q")
        self.assertNotIn("aws configure", server.text())

    def test_allowed_hosts(self):
        """SLUICE_ALLOWED_HOSTS lets other names in"""
        server = self.serve(SLUICE_ALLOWED_HOSTS="sluice.internal, other")
        with socket.create_connection(("127.0.0.1", server.port)) as wire:
            for host, status in (("sluice.internal:4566", b"200"), ("other", b"200"), ("third", b"403")):
                wire.sendall(b"GET /health HTTP/1.1\r\nHost: %s\r\n\r\n" % host.encode())
                self.assertEqual(wire.recv(1000).split(b" ")[1], status)


class CommandTest(harness.Case):
    """What commands show of queues, and do to them."""

    def test_create(self):
        """queue create makes queues for clients, and leaves those that are there"""
        self.orders("queue", "create", "dead", expect=DONE)
        answer = self.json("queue", "create", "work", "--visibility-timeout", "45s", "--retention", "1h", "--delay", "5s",
                           "--dead-letters", "dead", "--max-receive-count", "3")
        self.assertEqual((answer["queue"], answer["created"]), ("work", True))
        self.assertFalse(self.json("queue", "create", "work")["created"])
        self.assertEqual(self.json("queue", "create", "line", "--fifo", "--content-based-deduplication")["queue"], "line.fifo")
        shown = self.json("queue", "show", "work")
        self.assertEqual(
            {k: shown["attributes"][k] for k in ("VisibilityTimeout", "MessageRetentionPeriod", "DelaySeconds", "RedrivePolicy")},
            {"VisibilityTimeout": "45", "MessageRetentionPeriod": "3600", "DelaySeconds": "5",
             "RedrivePolicy": "dead after 3 receives"})
        self.assertEqual(self.json("queue", "show", "line")["attributes"]["ContentBasedDeduplication"], "true")
        for wrong in (["a b"], ["x", "--retention", "10s"], ["x", "--dead-letters", "nothing"],
                      ["x", "--content-based-deduplication"], ["x", "--max-receive-count", "0"]):
            self.orders("queue", "create", *wrong, expect=USAGE)
        server = Server.__new__(Server)
        server.folder, server.options, server.variables = self.folder, (), {}
        server.start()
        self.addCleanup(server.kill)
        attributes = make_client(server.endpoint).get_queue_attributes(
            QueueUrl="work", AttributeNames=["All"])["Attributes"]
        self.assertEqual(
            json.loads(attributes["RedrivePolicy"]),
            {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead", "maxReceiveCount": "3"})

    def test_peek_and_purge(self):
        """peek shows what is there, who has it and until when, and purge takes it out"""
        server = Server.__new__(Server)
        server.folder, server.options, server.variables = self.folder, (), {}
        server.start()
        self.addCleanup(server.kill)
        sqs = make_client(server.endpoint, key="AKIDALICE")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        for n in range(4):
            sqs.send_message(QueueUrl=url, MessageBody=f"body {n}", MessageGroupId=f"tenant-{n % 2}")
        sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=60)
        (held,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=100)["Messages"]
        peek = lambda *more: [json.loads(line) for line in self.orders(
            "queue", "peek", "q", *more, "--json", expect=DONE).out.splitlines()]
        messages = peek()
        self.assertEqual([m["body_text"] for m in messages], ["body 0", "body 1", "body 2", "body 3", "later"])
        self.assertEqual([m["state"] for m in messages], ["in-flight", "ready", "ready", "ready", "delayed"])
        self.assertEqual((messages[0]["holder"], messages[0]["receive_count"]), ("AKIDALICE", 1))
        self.assertIn("visible", messages[0])
        self.assertEqual([m["body_text"] for m in peek("--state", "delayed")], ["later"])
        self.assertEqual(len(peek("-n", "2")), 2)
        shown = self.json("queue", "show", "q")
        self.assertEqual({(g["group"], g["waiting"]) for g in shown["groups"]}, {("tenant-0", 1), ("tenant-1", 2)})
        self.orders("queue", "purge", "q", expect=USAGE)
        self.assertEqual(self.json("queue", "purge", "q", "--yes")["purged"], 5)
        self.assertEqual(peek(), [])
        self.assertEqual(self.json("queue", "show", "q")["ledger"]["discarded"], 5)

    def test_metrics(self):
        """/metrics has the figures of the queues; with credentials it asks for them"""
        import base64
        import urllib.error
        import urllib.request
        keys = {"SLUICE_ACCESS_KEY_ID": "AKID", "SLUICE_SECRET_ACCESS_KEY": "secret"}
        server = Server.__new__(Server)
        server.folder, server.options, server.variables = self.folder, (), keys
        server.start()
        self.addCleanup(server.kill)
        sqs = make_client(server.endpoint, key="AKID", secret="secret")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        for n in range(3):
            sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId='a"b')
        sqs.receive_message(QueueUrl=url)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(server.endpoint + "/metrics")
        self.assertEqual(caught.exception.code, 403)
        basic = base64.b64encode(b"AKID:secret").decode()
        text = urllib.request.urlopen(urllib.request.Request(
            server.endpoint + "/metrics", headers={"Authorization": f"Basic {basic}"})).read().decode()
        for line in ("approximate_number_of_messages_visible{queue=\"q\"} 2",
                     "approximate_number_of_messages_not_visible{queue=\"q\"} 1",
                     "waiting_groups{queue=\"q\"} 1",
                     'group_dwell_seconds{queue="q",group="a\\"b"} 0',
                     "number_of_messages_sent_total{queue=\"q\"} 3"):
            self.assertIn(f"sluice_queue_{line}\n", text)
