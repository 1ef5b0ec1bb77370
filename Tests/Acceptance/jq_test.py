import ctypes
import json
import shutil
import sqlite3
import subprocess

import harness
from harness import DEAD, DEFINITION, DONE

PIPELINE = """\
pipeline: lines
source: {queue: lines-in}
transform:
  jq: %s
  batch: 32
  timeout: %s
  environment: {CURRENCY: EUR}
  memory: 128MB
  concurrency: 1
queue: {max_receive_count: 2}
deliver: {to: "sqlite:lines.db", table: lines, key: [n]}
"""
COUNT = 50
BAD = 17

# What a record may make a program do, and the words that its dead letter must have.
DEADLY = {
    "loop": ("def f: f; f", "timeout after 2 s"),
    "outputs without end": ('repeat("x" * 100000)', "more than 6291456 bytes"),
    # Where there are control groups the reason names the limit, elsewhere the signal of an allocation that failed.
    "memory without end": ('reduce range(100) as $i ("x"; . + .)', "before it answered"),
    "no stack": ("def f: [f]; f", ""),
    "error": ('error("n is \\(.n)")', "n is 17"),
    "no message": ("error(null)", "null"),
    "halt": ("halt", "`halt`"),
    "halt_error": ('"bye" | halt_error', "bye"),
    "input": ("input", "each record is a run of its own"),
    "large number": ("{n: (.id + 1)}", "9007199254740993"),
    "large number in a text": ('{n: (.id | tostring | tonumber + 1)}', "9007199254740993"),
    "nested too deep": ("{n, deep: (reduce range(20000) as $i (1; [.]))}", "nested too deep for jq"),
}


class JQTest(harness.Case):
    def setUp(self):
        super().setUp()
        try:
            ctypes.CDLL("libjq.so.1")
        except OSError:
            self.skipTest("libjq is not installed; scripts/setup does it on Debian")

    def define(self, program, timeout="2s"):
        return self.write("lines.yaml", PIPELINE % (json.dumps(program), timeout))

    def send(self, lines):
        self.orders("send", "lines-in", self.write("lines.jsonl", "".join(line + "\n" for line in lines)), expect=DONE)

    def rows(self, columns="n"):
        with sqlite3.connect(f"file:{self.folder / 'lines.db'}?mode=ro", uri=True) as database:
            return database.execute(f"SELECT {columns} FROM lines ORDER BY n").fetchall()

    def only_dead_letter(self):
        answer = self.orders("dlq", "show", "--all", "--json", expect=DONE)
        letters = [json.loads(line) for line in answer.out.splitlines()]
        self.assertEqual(len(letters), 1, f"dead letters\n{answer}")
        return json.dumps(letters[0], ensure_ascii=False)

    def outputs(self, program, *records):
        """What `try` makes of records, and its exit code."""
        answer = self.orders("try", self.define(program), input="".join(r + "\n" for r in records).encode())
        return answer.out.splitlines(), answer.code

    def test_deadly(self):
        """whatever a jq program does for one record, the others come through, and that one is dead with the reason"""
        for name, (deed, words) in DEADLY.items():
            with self.subTest(name):
                shutil.rmtree(self.data, ignore_errors=True)
                for path in self.folder.glob("lines.db*"):
                    path.unlink()
                records = [json.dumps({"n": n}) for n in range(COUNT)]
                records[BAD] = '{"n": %d, "do": true, "id": 9007199254740993}' % BAD
                self.send(records)
                definition = self.define(f"if .do then {deed} else {{n}} end")
                self.orders("run", definition, "--until-idle", expect=DEAD, timeout=120)
                self.assertEqual(self.rows(), [(n,) for n in range(COUNT) if n != BAD], "rows")
                self.assertIn(words, self.only_dead_letter())
                self.assertEqual(self.queue(self.pipeline("lines"), "intake")["done"], COUNT - 1)

    def test_outputs(self):
        """several values are several rows, empty is filtered, and numbers arrive as they were written"""
        self.send(['{"items": [{"n": 1, "id": 9007199254740993}, {"n": 2, "id": 10.00}]}', '{"items": []}'])
        self.orders("run", self.define(".items[]"), "--until-idle", expect=DONE)
        self.assertEqual(self.rows("n, id"), [(1, 9007199254740993), (2, 10)])
        [transform] = [s for s in self.pipeline("lines")["steps"] if s["step"].endswith("transform")]
        self.assertEqual(transform["ledger"]["filtered"], 1)

    def test_digits_in_texts(self):
        """texts of numbers, and numbers of texts, have the digits of the record, whatever is done with them"""
        lines, code = self.outputs(
            '{key: "o-\\(.id)", tail: (.id | tostring | .[-4:]), digits: (.id | tostring | length), n: (.text | tonumber)}',
            '{"id": 12345678901234567890123, "text": "9007199254740993"}')
        self.assertEqual(code, DONE, lines)
        self.assertEqual(lines, [
            'line 1  → {"key":"o-12345678901234567890123","tail":"0123","digits":23,"n":9007199254740993}'])

    def test_confined(self):
        """a program sees the definition's variables and nothing else of the host: no variable, no file"""
        (self.folder / "secret.json").write_text('"secret"')
        (self.folder / "lib.jq").write_text("def secret: 1;")
        self.assertEqual(
            self.outputs("{n: 1, seen: [env, $ENV.PATH, $ENV.CURRENCY, input_filename]}", "1"),
            (['line 1  → {"n":1,"seen":[{"CURRENCY":"EUR","TZ":":UTC"},null,"EUR",null]}'], DONE))
        for program in (
            f'import "secret" as $s {{search: "{self.folder}"}}; $s', f'include "lib" {{search: "{self.folder}"}}; secret',
        ):
            answer = self.orders("check", self.define(program), expect=DEFINITION)
            self.assertIn("a program here reads no files", answer.err)

    def test_debug(self):
        """what debug and stderr write is in the log, and the record passes"""
        answer = self.orders("try", self.define("debug | stderr | {n}"), input=b'{"n": 1}\n', expect=DONE)
        self.assertEqual(answer.out, 'line 1  → {"n":1}\n')
        self.assertIn('["DEBUG:",{"n":1}]', answer.err)

    def test_not_json(self):
        """a record that is not JSON is refused with the reason, also where jq would take it"""
        lines, code = self.outputs(".", "{'n': 1}", "NaN", "[1] [2]", '{"n":01}', '{"n":1}')
        self.assertEqual(code, DEAD)
        self.assertEqual([" DEAD: it is not JSON" in line for line in lines], [True] * 4 + [False], lines)

    def test_like_jq(self):
        """every plain purchase comes out as it does of the jq program"""
        if not shutil.which("jq"):
            self.skipTest("there is no jq to compare with; apt-get install jq")
        program = '{n: .order_id, amount: (.dollars | tonumber * 100 | round / 100), tags: [.date[0:4], "é\\u0000"]}'
        path = self.write("all.jsonl", b"".join(self.purchases()[:5_000]))
        expected = subprocess.run(["jq", "-c", program, path], check=True, stdout=subprocess.PIPE).stdout.splitlines()
        answer = self.orders("try", self.define(program, "30s"), path, "-n", "5000", "--json", expect=DONE)
        outputs = [json.loads(line)["outputs"][0].encode() for line in answer.out.splitlines()]
        self.assertEqual(outputs, expected)
