import json
import os
import signal
import subprocess

import harness
from harness import DEAD, DONE, EXAMPLE, FAILED, TIMEOUT, USAGE

GOOD = b'{"order_id":"1997-01-000001","customer_id":"00001","date":"19970101","cds":"1","dollars":"11.77"}\n'


class InputTest(harness.Case):
    def test_skip(self):
        """to skip more lines than there are is a mistake, and stores nothing"""
        lines = self.write("two.jsonl", '{"n": 1}\n{"n": 2}\n')
        answer = self.orders("send", "orders-in", lines, "--skip", "3", expect=USAGE)
        self.assertIn("the input has only 2 lines", answer.err)
        self.orders("send", "orders-in", lines, "--skip", "2", expect=DONE)

    def dead_letters(self):
        return self.queue(self.pipeline(), "dead_letters")["ready"]

    def test_empty_file(self):
        """an empty file stores nothing and is no error"""
        self.orders("send", "orders-in", self.write("empty", b""), expect=DONE)
        self.orders("run", "--until-idle", expect=DONE)

    def test_line_ends(self):
        """LF, CRLF, empty lines and a last line without an end are one message a line"""
        self.orders("send", "orders-in", self.write("ends", b"\n" + GOOD + b"\r\n\n" + GOOD[:-1] + b"\r\n" + GOOD[:-1]))
        self.orders("run", "--until-idle", expect=DONE)
        self.assertEqual(self.queue(self.pipeline(), "intake")["sent"], 3)

    def test_large_line(self):
        """a line of 200 MB is refused by its number, in bounded memory, and the rest goes on"""
        path = self.folder / "large"
        with open(path, "wb") as file:
            file.write(GOOD)
            for _ in range(200):
                file.write(b"x" * 2**20)
            file.write(b"\n" + GOOD)
        answer = self.orders("send", "orders-in", path, expect=DEAD)
        self.assertRegex(answer.text, r"\b2\b")
        self.assertLess(answer.peak_memory, 150 * 2**20, "bytes of memory that `send` took at most")
        self.orders("run", "--until-idle", expect=DONE)
        self.assertEqual(self.queue(self.pipeline(), "intake")["sent"], 2)

    def test_bytes(self):
        """invalid UTF-8, NUL bytes and deep nesting become dead letters, harm nobody, and keep their bytes"""
        lines = [
            b'{"customer_id":"\xff\xfe"}\n',
            b"\x00\x00\x00\n",
            b"[" * 100_000 + b"\n",
            b'{"customer_id":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}\n",
            b'{"customer_id":"00001","order_id":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
            b"not json\n",
            b'{"customer_id":"00001"} trailing\n',
        ]
        self.orders("send", "orders-in", self.write("bytes", GOOD + b"".join(lines) + GOOD), expect=DONE)
        self.orders("run", "--until-idle", expect=DEAD)
        self.assertEqual(self.dead_letters(), len(lines))
        self.assertEqual(self.rows(), 1)
        self.orders("dlq", "orders", expect=DONE)
        self.orders("data", "check", expect=DONE)

    def test_reasons(self):
        """each broken record of the example is dead for its own reason"""
        reasons = (EXAMPLE / "data" / "broken-reasons.txt").read_text().splitlines()
        for line, reason in zip(self.broken(), reasons, strict=True):
            with self.subTest(reason):
                self.data = self.folder / f"data-{reason}"
                self.orders("send", "orders-in", "-", input=line, expect=DONE)
                self.orders("run", "--until-idle", expect=DEAD)
                self.assertIn(reason, self.orders("dlq", "orders", expect=DONE).out)

    def test_pipes(self):
        """a pipe that closes ends the input; a reader that goes away is no crash and no hang"""
        reading, writing = os.pipe()
        sender = self.spawn("send", "orders-in", "-", stdin=reading)
        os.close(reading)
        os.write(writing, GOOD + GOOD[:20])
        os.close(writing)
        self.assertEqual(sender.wait(30), DONE)

        reading, writing = os.pipe()
        status = self.spawn("status", stdout=writing)
        os.close(writing)
        os.close(reading)
        status.wait(30)

    def unread(self, *arguments, to="pipe"):
        """How a command ends whose stdout cannot be written, and what it says on stderr."""
        if to == "pipe":
            reading, writing = os.pipe()
            os.close(reading)
        else:
            writing = os.open(to, os.O_WRONLY)
        lines = self.write("one.jsonl", '{"n": 1}\n')
        process = self.spawn(
            *[lines if word == "LINES" else word for word in arguments], stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        err = process.communicate(timeout=60)[1].decode()
        return process.returncode, err

    def test_reader_gone(self):
        """a command that shows things ends with its reader as other tools do; on a full disk it says so and fails"""
        self.orders("send", "some-in", input=b'{"n": 1}\n', expect=DONE)
        for command in (["status"], ["status", "--json"], ["queue", "ls"], ["version"], ["--help"], ["data", "info"],
                        ["status", "--watch", "--interval", "100ms"], ["schema"], []):
            with self.subTest(command):
                self.assertEqual(self.unread(*command)[0], -signal.SIGPIPE)
                code, err = self.unread(*command, to="/dev/full")
                self.assertEqual(code, FAILED, err)
                self.assertIn("stdout cannot be written: No space left on device", err)

    def test_report_lost(self):
        """a command that has done something has not failed because its report cannot be written; it says so"""
        for to, reason in (("pipe", "Broken pipe"), ("/dev/full", "No space left on device")):
            with self.subTest(to):
                code, err = self.unread("send", "some-in", "LINES", to=to)
                self.assertEqual(code, DONE, err)
                self.assertIn(f"the report of what was done cannot be written to stdout: {reason}", err)
        self.assertEqual(json.loads(self.orders("queue", "show", "some-in", "--json", expect=DONE).out)["ready"], 2)
        definition = self.write(
            "lines.yaml", 'pipeline: lines\nsource: {queue: some-in}\ndeliver: {to: "sqlite:x.db", table: t, key: [id]}\n')
        self.orders("run", definition, "--until-idle", expect=DEAD)
        for command in (["pause", "lines"], ["resume", "lines"], ["dlq", "redrive", "--all", "--limit", "1"],
                        ["dlq", "discard", "--all", "--reason", "a test", "--yes"], ["data", "upgrade"]):
            with self.subTest(command):
                code, err = self.unread(*command)
                self.assertEqual(code, DONE, err)
                self.assertIn("the report of what was done cannot be written to stdout: Broken pipe", err)
        ledger = self.queue(self.pipeline("lines"), "dead_letters")
        self.assertEqual((ledger["moved_out"], ledger["discarded"], ledger["ready"]), (1, 1, 0))

    def test_closed_stdout(self):
        """a stdout that is closed from the start is no file of the store's"""
        command = f"exec '{harness.ORDERS}' send some-in --data '{self.data}' >&-"
        done = subprocess.run(["sh", "-c", command], input=b'{"n": 1}\n', stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn(b"cannot be written to stdout", done.stderr)
        self.orders("data", "check", expect=DONE)

    def test_no_answer(self):
        """a send that is over while the process it sends to does not answer says what may be stored"""
        self.write("lines.yaml", 'pipeline: lines\nsource: {queue: lines-in}\ndeliver: {to: "sqlite:x.db", table: t}\n')
        run = self.spawn("run", "lines.yaml")
        self.orders("wait", "--ready", "--timeout", "30s", expect=DONE)
        run.send_signal(signal.SIGSTOP)
        self.addCleanup(run.send_signal, signal.SIGCONT)
        answer = self.orders("send", "lines-in", "--timeout", "1s", input=b'{"n": 1}\n', expect=TIMEOUT)
        self.assertEqual(answer.out, "0 lines stored in lines-in; nothing was sent\n", answer)

    def test_groupless(self):
        """a record without the group of its definition is dead at intake, which is no sink"""
        definition = self.write(
            "lines.yaml", "pipeline: lines\nsource: {queue: lines-in}\nqueue: {type: fifo, group: $.g}\n"
            'deliver: {to: "sqlite:x.db", table: t}\n')
        self.orders("send", "lines-in", input=b'{"n": 1}\n', expect=DONE)
        self.orders("run", definition, "--until-idle", expect=DEAD)
        self.assertRegex(self.orders("dlq", expect=DONE).out, r"\n1 +1 +intake  it has no message group")
        self.assertRegex(
            self.orders("dlq", "show", "--all", expect=DONE).out, r"failed .* intake  it has no message group: nothing is")

    def test_missing_file(self):
        """a file that is not there is named"""
        answer = self.orders("send", "orders-in", "no-such-file.jsonl")
        self.assertNotIn(answer.code, (DONE, DEAD), answer)
        self.assertIn("no-such-file.jsonl", answer.err)

    def test_wrong_command_line(self):
        """a wrong command line is exit 64"""
        for arguments in (["sned"], ["send"], ["run", "--no-such-flag"], ["send", "orders-in", "f", "--skip", "-1"]):
            with self.subTest(arguments):
                self.orders(*arguments, expect=harness.USAGE)

    def test_two_processes(self):
        """a second run in the same folder is exit 75 and names the first"""
        first = self.spawn("run", stderr=subprocess.PIPE)
        first.stderr.readline()
        second = self.orders("run", "--timeout", "1s", expect=harness.BUSY)
        self.assertIn(str(first.pid), second.err)
        self.assertEqual(self.terminate(first), DONE)
