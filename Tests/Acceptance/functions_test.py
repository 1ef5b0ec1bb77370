import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import time

import harness
from harness import DEAD, DONE, STALLED

DEFINITION = """\
pipeline: lines
source: {queue: lines-in}
transform:
  runtime: python3
  handler: handler.handler
  code: ./code
  batch: 32
  timeout: %s
  environment: {%s}
  backoff: {first: 0s, max: 0s}
  concurrency: 1
queue: {max_receive_count: 2}
deliver: {to: "sqlite:lines.db", table: lines, key: [n]}
"""
COUNT = 50
BAD = 17

# What a record makes the function do, and the words that its dead letter must have.
DEADLY = {
    "exit0": "exit status 0",
    "exit1": "exit status 1",
    "sys-exit": "exit status 2",
    "half0": "exit status 0",
    "half1": "exit status 1",
    "segv": "segmentation fault",
    "loop": "timeout after 2 s",
    "child": "exit status 1",
    "late": "timeout after 2 s",
    "stream-error": "Stream.Broke: half-way",
    "raise": "ZeroDivisionError: division by zero",
    "garbage": "",
    "null": "",
    "large": "7340",
    "foreign": "",
    "twice": "",
    "forget": "did not account for it",
    "no-base64": "base64",
    "unknown-result": "Fine",
    "fails": "n is odd",
}
# What must concern nobody.
HARMLESS = ["after0", "after1", "flood", "long-line", "old-id", "stream", "stream-cut"]

# What it is given goes back as it came: Firehose's record has `data`, and so has the answer.
CURL = """\
#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
headers=$(mktemp)
while event=$(curl -sS -D "$headers" "$api/next"); do
  id=$(sed -n 's/^lambda-runtime-aws-request-id: *\\([^[:space:]]*\\).*/\\1/Ip' "$headers")
  printf '%s' "$event" | sed 's/"recordId"/"result":"Ok","recordId"/g' | curl -sS --data-binary @- "$api/$id/response" >/dev/null
done
"""


class FunctionsTest(harness.Case):
    def setUp(self):
        super().setUp()
        shutil.copytree(pathlib.Path(__file__).parent / "functions", self.folder / "code")

    def define(self, timeout="2s", environment=""):
        return self.write("lines.yaml", DEFINITION % (timeout, environment))

    def send(self, *bad):
        """Sends COUNT records; those of `bad`, from BAD on, do what it says."""
        records = [{"n": n} for n in range(COUNT)]
        for place, deed in enumerate(bad):
            records[BAD + place]["do"] = deed
        text = "".join(json.dumps(record) + "\n" for record in records)
        self.orders("send", "lines-in", self.write("lines.jsonl", text), expect=DONE)

    def numbers(self):
        """The records in the table."""
        with sqlite3.connect(f"file:{self.folder / 'lines.db'}?mode=ro", uri=True) as database:
            return [n for (n,) in database.execute("SELECT n FROM lines ORDER BY n")]

    def only_dead_letter(self):
        answer = self.orders("dlq", "show", "--all", "--json", expect=DONE)
        letters = [json.loads(line) for line in answer.out.splitlines()]
        self.assertEqual(len(letters), 1, f"dead letters\n{answer}")
        return json.dumps(letters[0])

    def test_deadly(self):
        """whatever a function does for one record, the others come through, and that one is dead with the reason"""
        for deed, words in DEADLY.items():
            with self.subTest(deed):
                self.start_afresh()
                self.send(deed)
                self.orders("run", self.define(), "--until-idle", expect=DEAD, timeout=120)
                self.assertEqual(self.numbers(), [n for n in range(COUNT) if n != BAD], "rows")
                self.assertIn(words, self.only_dead_letter())
                pipeline = self.pipeline("lines")
                self.assertEqual(self.queue(pipeline, "intake")["dead_lettered"], 1)
                self.assertEqual(self.queue(pipeline, "intake")["done"], COUNT - 1)

    def test_harmless(self):
        """output without end, an end after the answer, an answer to an old invocation: nobody is harmed"""
        for deed in HARMLESS:
            with self.subTest(deed):
                self.start_afresh()
                self.send(deed)
                self.orders("run", self.define("20s"), "--until-idle", expect=DONE, timeout=120)
                self.assertEqual(self.numbers(), list(range(COUNT)), "rows")

    def test_dropped(self):
        """a record that the function drops is filtered, and counted as that"""
        self.send("drop")
        self.orders("run", self.define(), "--until-idle", expect=DONE)
        self.assertEqual(self.numbers(), [n for n in range(COUNT) if n != BAD])
        [transform] = [s for s in self.pipeline("lines")["steps"] if s["step"].endswith("transform")]
        self.assertEqual(transform["ledger"]["filtered"], 1)

    def test_try(self):
        """`try` and `dlq try` say what the code makes of records, and leave everything as it is"""
        records = self.write("some.jsonl", '{"n": 1}\n\n{"n": 2, "do": "fails"}\n{"n": 3, "do": "drop"}\n')
        definition = self.define()
        answer = self.orders("try", definition, records, expect=DEAD)
        self.assertEqual(
            answer.out, 'line 1  → {"n": 1}\nline 3  DEAD: n is odd (Odd)\nline 4  filtered\n', answer)
        self.assertFalse(self.data.exists(), "it made a data folder")

        self.orders("send", "lines-in", records, expect=DONE)
        self.orders("run", definition, "--until-idle", expect=DEAD)
        self.orders("dlq", "try", "--all", "-f", definition, expect=DEAD)
        handler = self.folder / "code" / "handler.py"
        handler.write_text(handler.read_text().replace('deed == "fails"', 'deed == "mended"'))
        answer = self.orders("dlq", "try", "--all", "-f", definition, expect=DONE)
        self.assertIn('→ {"n": 2, "do": "fails"}', answer.out)
        self.assertEqual(self.queue(self.pipeline("lines"), "dead_letters")["ready"], 1, "it is still there")

    def test_start(self):
        """a handler that cannot be imported pauses the step, said once, and no receive is spent"""
        self.send()
        answer = self.orders("run", self.define(environment="BREAK_IMPORT: 1"), "--until-idle", expect=STALLED)
        self.assertIn("Unable to import module 'handler': No module named 'a_module_that_nobody_has'", answer.err)
        self.assertEqual(answer.err.count("A function failed at its start"), 1, answer)
        self.assertEqual(self.queue(self.pipeline("lines"), "intake")["dead_lettered"], 0)
        self.orders("resume", "lines", expect=DONE)
        self.orders("run", self.define(), "--until-idle", expect=DONE)
        self.assertEqual(self.numbers(), list(range(COUNT)))

    def test_command(self):
        """any client of the Runtime API will do: a shell script with curl, and AWS's own for Python"""
        script = self.folder / "code" / "function.sh"
        script.write_text(CURL)
        script.chmod(0o755)
        clients = {"curl": "[./function.sh]", "awslambdaric": f"[{harness.PYTHON}, -m, awslambdaric, handler.handler]"}
        for name, command in clients.items():
            with self.subTest(name):
                self.start_afresh()
                self.send()
                definition = self.define("20s").read_text()
                definition = definition.replace("runtime: python3", "command: " + command)
                definition = definition.replace("  handler: handler.handler\n", "")
                self.orders("run", self.write("lines.yaml", definition), "--until-idle", expect=DONE, timeout=120)
                self.assertEqual(self.numbers(), list(range(COUNT)), "rows")

    def test_memory(self):
        """a function that wants more memory than it may have is ended, and its record dead with that reason"""
        self.send("leak")
        definition = self.define("20s")
        words = "the function used more than 256 MB of memory" if self.groups(definition) else "MemoryError"
        self.orders("run", definition, "--until-idle", expect=DEAD, timeout=120)
        self.assertEqual(self.numbers(), [n for n in range(COUNT) if n != BAD])
        self.assertIn(words, self.only_dead_letter())

    def test_fork_bomb(self):
        """a fork bomb is held by the limit of processes, and is gone with the invocation"""
        definition = self.define("2s")
        definition.write_text(definition.read_text().replace("concurrency: 1", "concurrency: 1\n  memory: 4GB"))
        if "processes" not in self.groups(definition):
            self.skipTest("NO LIMIT OF PROCESSES IS IN FORCE HERE (`sluice check` says why): a fork bomb is not tried")
        self.send("fork-bomb")
        process = self.spawn("run", definition, "--until-idle")
        most = 0
        while process.poll() is None:
            for group in self.control_groups("[0-9]*"):
                try:
                    most = max(most, int((group / "pids.current").read_text()))
                except OSError:
                    continue  # of another controller, or it has ended meanwhile
            time.sleep(0.05)
        self.assertEqual(process.returncode, DEAD)
        self.assertTrue(500 < most <= 1024, f"at most {most} processes were seen at once")
        self.assertEqual(self.numbers(), [n for n in range(COUNT) if n != BAD])
        self.assertIn("timeout after 2 s", self.only_dead_letter())
        self.assert_nothing_left()

    def test_runaway(self):
        """a child that leaves the process group and keeps the pipes open holds up nobody, and ends too"""
        nap = str(self.random.randrange(10_000, 1_000_000))
        definition = self.define("20s", f"NAP: '{nap}'")
        self.send("runaway")
        self.orders("run", definition, "--until-idle", expect=DEAD, timeout=60)
        self.assertEqual(self.numbers(), [n for n in range(COUNT) if n != BAD])
        self.assertIn("exit status 1", self.only_dead_letter())
        if not self.groups(definition):
            subprocess.run(["pkill", "-f", f"^sleep {nap}$"])
            self.skipTest("there are no control groups here: what leaves its process group outlives its function")
        self.wait_until(lambda: not self.processes("sleep", nap), "the function's child was left behind")
        self.assert_nothing_left()

    def test_storm(self):
        """a function that fails at its start, with thousands of records waiting, is not started again and again"""
        starts = self.folder / "starts"
        definition = self.define(environment=f"BREAK_IMPORT: 1, STARTS: {starts}")
        definition.write_text(
            definition.read_text().replace("concurrency: 1", "concurrency: 4").replace("batch: 32", "batch: 1"))
        text = "".join(json.dumps({"n": n}) + "\n" for n in range(5_000))
        self.orders("send", "lines-in", self.write("lines.jsonl", text), expect=DONE)
        self.orders("run", definition, "--until-idle", expect=STALLED)
        # Three rounds, each at most as many as may run at once.
        self.assertLessEqual(len(starts.read_text()), 3 * 4)
        intake = self.queue(self.pipeline("lines"), "intake")
        # What was released is invisible until its time comes.
        self.assertEqual(intake["ready"] + intake["in_flight"], 5_000, "none is dead")

    def test_kill(self):
        """kill -9 of the host leaves nothing behind that a function has started, and the next run goes on"""
        self.send("sleep")
        nap = str(self.random.randrange(10_000, 1_000_000))
        definition = self.define("60s", f"NAP: '{nap}'")
        process = self.spawn("run", definition)
        self.wait_until(lambda: len(self.processes("sleep", nap)) == 2, "the function does not get to it")
        process.kill()
        process.wait()
        if self.groups(definition):
            self.wait_until(lambda: not self.processes("sleep", nap), "the function's children were left behind")
            self.assert_nothing_left()
        else:
            self.wait_until(lambda: len(self.processes("sleep", nap)) == 1, "the function's child was left behind")
            subprocess.run(["pkill", "-f", f"^sleep {nap}$"])
        self.wait_until(lambda: not self.processes("python_runtime.py", str(self.data)), "the function was left behind")
        self.orders("run", self.define("2s"), "--until-idle", expect=DEAD, timeout=120)
        self.assertEqual(self.numbers(), [n for n in range(COUNT) if n != BAD])
        self.assertEqual(list((self.data / "tmp").iterdir()), [], "temporary folders were left behind")

    def test_kills(self):
        """kill -9 of the host at random, again and again: nothing lost, nothing doubled, nothing left running"""
        definition = self.define("20s")
        definition.write_text(
            definition.read_text().replace("concurrency: 1", "concurrency: 3").replace("batch: 32", "batch: 5")
            .replace("key: [n]", "mode: insert").replace("max_receive_count: 2", "max_receive_count: 20"))
        count = 2_000
        text = "".join(json.dumps({"n": n}) + "\n" for n in range(count))
        self.orders("send", "lines-in", self.write("lines.jsonl", text), expect=DONE)
        for _ in range(8):
            process = self.spawn("run", definition)
            time.sleep(self.random.uniform(0.1, 0.8))
            process.kill()
            process.wait()
        self.orders("run", definition, "--until-idle", expect=DONE, timeout=120)
        self.assertEqual(self.numbers(), list(range(count)))
        self.assertEqual(self.queue(self.pipeline("lines"), "intake")["done"], count)
        self.wait_until(lambda: not self.processes("python_runtime.py", str(self.data)), "a function was left behind")
        self.assert_nothing_left()

    def groups(self, definition):
        """What control groups limit here, in the words of `check`; empty = nothing."""
        line = self.orders("check", definition, expect=DONE).err
        self.assertRegex(line, "memory (and processes )?of functions (is|are) limited", "`check` says what holds")
        if "limited by control groups" not in line:
            return ""
        return "memory and processes" if "memory and processes" in line else "memory"

    def assert_nothing_left(self):
        """No control group of a host that is gone."""
        self.wait_until(lambda: not self.left_groups(), f"control groups were left behind: {self.left_groups()}")

    def left_groups(self):
        groups = self.control_groups("sluice-*-[0-9]*")
        return [group for group in groups if not pathlib.Path(f"/proc/{group.name.rpartition('-')[2]}").exists()]

    def control_groups(self, pattern):
        """Those whose name matches, of hosts and in them; groups come and go meanwhile."""
        folders = [pathlib.Path(folder) for folder, _, _ in os.walk("/sys/fs/cgroup") if "/sluice-" in folder]
        return [folder for folder in folders if folder.match(pattern)]

    def processes(self, *words):
        """The command lines that have all of the words in them."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue  # it has ended meanwhile
            if all(word in command for word in words):
                found.append(command)
        return found

    def wait_until(self, condition, words):
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline, words)
            time.sleep(0.02)

    def start_afresh(self):
        shutil.rmtree(self.data, ignore_errors=True)
        for path in self.folder.glob("lines.db*"):
            path.unlink()
