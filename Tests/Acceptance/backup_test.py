import contextlib
import shutil
import sqlite3
import threading
import time

import harness
from harness import BUSY, DAMAGED, DONE, FAILED, STALLED, USAGE
from sqs_case import Server, make_client

LINES = """\
pipeline: lines
source: {queue: lines-in}
archive: {keep: 30d}
deliver: {to: "sqlite:lines.db", table: lines, key: [n], columns: {n: integer}}
"""

DROP = """\
pipeline: drop
source: {bucket: drop}
archive: {keep: 30d}
deliver: {to: "sqlite:drop.db", table: drop, columns: {n: integer}}
"""


class BackupTest(harness.Case):
    def restore(self, backup, expect=DONE):
        """Into a folder of its own, which the test works on from now on."""
        self.data = self.folder / f"restored-{len(list(self.folder.iterdir()))}"
        return self.json("restore", str(backup), expect=expect)

    def backup(self, name="backup", expect=DONE):
        return self.json("backup", name, expect=expect)

    def test_whole(self):
        """a backup has queues, dead letters, ledger, raw copies and objects; what is restored starts paused"""
        lines, drop = self.write("lines.yaml", LINES), self.write("drop.yaml", DROP)
        self.write("some.jsonl", "".join(f'{{"n": {n}}}\n' for n in range(100)) + "no JSON\n")
        self.write("object.jsonl", "".join(f'{{"n": {n}}}\n' for n in range(1_000)))
        self.orders("send", "lines-in", "some.jsonl", expect=DONE)
        self.orders("put", "drop", "object.jsonl", expect=DONE)
        self.orders("run", lines, drop, "--until-idle", expect=harness.DEAD)
        self.write("later.jsonl", '{"n": 1000}\n')
        self.orders("send", "lines-in", "later.jsonl", expect=DONE)
        report = self.backup()
        self.assertEqual((report["messages"], report["objects"], report["problems"]), (2, 1, []))
        (before, was) = self.json("status"), self.data
        self.orders("archive", "export", "lines", "-o", "raw-1", expect=DONE)
        restored = self.restore("backup")
        self.assertEqual(restored["messages"], 2)
        self.assertEqual(
            restored["paused"], ["drop/split", "drop/sqlite", "drop/transform", "lines/sqlite", "lines/transform"])
        after = self.json("status")
        for one, other in zip(before["pipelines"], after["pipelines"]):
            self.assertEqual(one["queues"], other["queues"])
        self.assertTrue(after["adds_up"])
        self.orders("archive", "verify", "lines", expect=DONE)
        self.orders("archive", "export", "lines", "-o", "raw-2", expect=DONE)
        self.assertEqual((self.folder / "raw-1").read_bytes(), (self.folder / "raw-2").read_bytes())
        self.orders("data", "check", expect=DONE)
        self.orders("run", lines, drop, "--until-idle", expect=STALLED)
        for pipeline in ("lines", "drop"):
            self.orders("resume", pipeline, expect=DONE)
        self.orders("run", lines, drop, "--until-idle", expect=harness.DEAD)
        with sqlite3.connect(self.folder / "lines.db") as database:
            self.assertEqual(database.execute("SELECT count(*), max(n) FROM lines").fetchone(), (101, 1000))
        self.data = was
        self.orders("data", "check", expect=DONE)

    def test_under_load(self):
        """backups of a folder that is written to are each of one moment: what was answered before is in, all adds up"""
        server = Server()
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        client = make_client(server.endpoint)
        client.create_queue(QueueName="q")
        answered, failed, stop = [], [], threading.Event()
        self.addCleanup(stop.set)

        def send():
            own, number = make_client(server.endpoint), 0
            while not stop.is_set():
                entries = [{"Id": f"{n}", "MessageBody": f"{number + n} " + "x" * 500} for n in range(10)]
                own.send_message_batch(QueueUrl="q", Entries=entries)
                number += 10
                answered.append(number)

        def churn():
            own = make_client(server.endpoint)
            while not stop.is_set():
                for message in own.receive_message(QueueUrl="q", MaxNumberOfMessages=10).get("Messages", []):
                    if not message["Body"].startswith("1"):
                        own.delete_message(QueueUrl="q", ReceiptHandle=message["ReceiptHandle"])

        def guarded(work):
            try:
                work()
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=guarded, args=(work,)) for work in (send, churn)]
        for thread in threads:
            thread.start()
        self.data = server.folder / "data"
        self.until(lambda: len(answered) > 0, True)
        backups = []
        for number in range(5):
            time.sleep(0.5)
            before = answered[-1]
            report = self.backup(f"backup-{number}")
            self.assertEqual(report["problems"], [])
            backups.append((before, f"backup-{number}", report["messages"]))
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        server.stop()
        for before, name, messages in backups:
            self.restore(name)
            self.orders("data", "check", expect=DONE)
            queue = self.json("queue", "show", "q")
            self.assertEqual(queue["ready"] + queue["in_flight"], messages)
            self.assertEqual(queue["ledger"]["sent"], messages + queue["ledger"].get("done", 0))
            self.assertGreaterEqual(queue["ledger"]["sent"], before)
            shutil.rmtree(self.data)

    def test_refused(self):
        """a backup goes into no folder that has something in it, and is made of data folders alone"""
        self.orders("send", "q", self.write("a.jsonl", "{}\n"), expect=DONE)
        self.write("occupied", "x")
        answer = self.orders("backup", "occupied", expect=FAILED)
        self.assertIn("is there already", answer.err)
        (self.folder / "empty").mkdir()
        self.backup("empty")
        self.assertIn("is there already", self.orders("backup", "empty", expect=FAILED).err)
        self.assertEqual(self.orders("restore", "nothing", expect=(FAILED, USAGE)).out, "")
        answer = self.orders("restore", "empty", expect=FAILED)
        self.assertIn("is there already", answer.err)
        self.orders("data", "check", expect=DONE)
        self.assertEqual(list(self.folder.glob("*.partial*")), [])

    def test_damaged(self):
        """what is damaged is in the backup and said, and the same at the restore"""
        self.write("drop.yaml", DROP)
        self.write("object.jsonl", '{"n": 1}\n{"n": 2}\n')
        self.orders("put", "drop", "object.jsonl", expect=DONE)
        (blob,) = [path for path in (self.data / "objects").rglob("*") if len(path.name) == 64]
        blob.chmod(0o600)
        content = bytearray(blob.read_bytes())
        content[3] ^= 1
        blob.write_bytes(content)
        self.assertIn("not those that were stored", self.orders("data", "check", expect=DAMAGED).out)
        report = self.backup(expect=DAMAGED)
        self.assertEqual(len(report["problems"]), 1)
        self.assertEqual(self.restore("backup", expect=DAMAGED)["problems"][0].split(":")[0], report["problems"][0].split(":")[0])

    def test_damaged_message(self):
        """a backup of a store that is damaged is there, and says so; it is not restored"""
        self.orders("send", "q", self.write("a.jsonl", "".join(f"{'x' * n}\n" for n in range(1, 100))), expect=DONE)
        with contextlib.closing(sqlite3.connect(f"file:{self.data / 'store.db'}?mode=ro", uri=True)) as database:
            (header,) = database.execute("SELECT header FROM chunk").fetchone()
        store = bytearray((self.data / "store.db").read_bytes())
        store[store.index(header[:40]) + 30] ^= 4
        (self.data / "store.db").write_bytes(store)
        report = self.backup(expect=DAMAGED)
        self.assertIn("chunk 1", report["problems"][0])
        self.assertNotIn("messages", report)
        before = sorted(path.name for path in self.folder.iterdir())
        self.data = self.folder / "again"
        self.assertIn("chunk 1", self.orders("restore", "backup", expect=DAMAGED).err)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), before)

    def test_missing(self):
        """an object whose bytes are gone does not keep the rest from being backed up"""
        self.orders("put", "drop", self.write("object.jsonl", '{"n": 1}\n'), expect=DONE)
        (blob,) = [path for path in (self.data / "objects").rglob("*") if len(path.name) == 64]
        blob.unlink()
        self.assertIn("not there", self.backup(expect=DAMAGED)["problems"][0])
        self.assertTrue((self.folder / "backup" / "store.db").exists())

    def test_places(self):
        """a slash at the end, an empty folder; not into itself, and not from a folder in use"""
        self.orders("send", "q", self.write("a.jsonl", "{}\n"), expect=DONE)
        (self.folder / "empty").mkdir()
        self.backup("empty/")
        self.assertIn("which is to be copied", self.orders("backup", self.data / "b", expect=FAILED).err)
        process = self.spawn("run")
        self.until(lambda: (self.data / "control.sock").exists(), True)
        live, self.data = self.data, self.folder / "restored"
        self.assertIn("make a backup of it", self.orders("restore", live, expect=BUSY).err)
        self.terminate(process)
        self.orders("restore", live, expect=DONE)
        self.orders("data", "check", expect=DONE)
        self.assertRegex(
            self.orders("backup", "text", expect=DONE).out, r"text: [\d.]+ KB with 1 message, 0 objects and 0 segments of raw copies\n")
        self.assertEqual(list(self.folder.rglob("*.partial*")), [])

    def test_overwriting(self):
        """what a kill has left of overwriting what was deleted keeps nobody from opening the folder"""
        self.orders("send", "q", self.write("a.jsonl", "{}\n"), expect=DONE)
        with contextlib.closing(sqlite3.connect(self.data / "store.db")) as database:
            database.execute("CREATE TABLE zeros (data BLOB NOT NULL)")
        self.backup()
        self.orders("data", "check", expect=DONE)

    def test_killed(self):
        """a backup that is killed leaves nothing under its name, and the folder as it was"""
        self.orders("send", "q", self.write("a.jsonl", "".join(f'{{"n": {n}}}\n' for n in range(50_000))), expect=DONE)
        hit = 0
        for number in range(5):
            name = f"b-{number}"
            process = self.spawn("backup", name)
            # As soon as it has begun, or a little later.
            while process.poll() is None and not list(self.folder.glob(f"{name}.partial-*")):
                time.sleep(0.001)
            time.sleep(self.random.uniform(0, 0.02) * number)
            process.kill()
            process.wait()
            hit += len(list(self.folder.glob(f"{name}.partial-*")))
            if not (self.folder / name).exists():
                continue
            self.data, was = self.folder / name, self.data
            self.orders("data", "check", expect=DONE)
            self.data = was
        self.assertGreater(hit, 0, "no backup was killed while it was made")
        self.orders("data", "check", expect=DONE)
        self.assertEqual(self.backup("another")["messages"], 50_000)
