import json
import subprocess
import unittest

import harness
from harness import DEFINITION, DONE

# Each is a definition with one mistake that the schema has to find as `check` does: the kind of mistake, and the lines.
GOOD = """\
pipeline: p
source: {queue: in}
transform: {handler: h.handler, runtime: python3}
deliver: {to: "sqlite:x.db", table: t}
"""
HTTP = """\
pipeline: p
source: {queue: in}
deliver: {to: "https://h/o", headers: {X-A: 7}, method: PUT, body: jsonl, compression: gzip}
"""
MISTAKES = {
    "an unknown key": GOOD + "tabel: t\n",
    "an unknown key further in": GOOD.replace("table: t", "tabel: t, table: t"),
    "a required key is missing": GOOD.replace("source: {queue: in}\n", ""),
    "a required key further in is missing": GOOD.replace(", table: t", ""),
    "a map where a value belongs": GOOD.replace("table: t", "table: {a: b}"),
    "a value where a map belongs": GOOD.replace("{queue: in}", "in"),
    "a list where a map belongs": GOOD + "dead_letters: [14d]\n",
    "no value": GOOD + "queue:\n",
    "a word that is none of the words": GOOD + "queue: {type: fifi}\n",
    "a number that is too small": GOOD + "queue: {max_receive_count: 0}\n",
    "a number that is too large": GOOD + "queue: {max_receive_count: 1001}\n",
    "a number that is not whole": GOOD + "queue: {max_receive_count: 1.5}\n",
    "a text where a number belongs": GOOD + "queue: {max_receive_count: five}\n",
    "a duration without a unit": GOOD.replace("python3}", "python3, timeout: 30}"),
    "a duration with a unit that is none": GOOD.replace("python3}", "python3, timeout: 30x}"),
    "a duration that is too long": GOOD.replace("python3}", "python3, timeout: 16m}"),
    "a duration that is too short": GOOD.replace("python3}", "python3, timeout: 999ms}"),
    "a size that is too large": GOOD.replace("python3}", "python3, memory: 10241MB}"),
    "a size that is too small": GOOD.replace("python3}", "python3, memory: 127MB}"),
    "a size without a unit": GOOD + "max_record: 1000\n",
    "a rate without a unit": GOOD.replace("table: t", "table: t, rate: 500"),
    "no flag": GOOD.replace("table: t", "table: t, create: maybe"),
    "no path": GOOD + "id: order_id\n",
    "a name with other characters": GOOD.replace("pipeline: p", "pipeline: Orders"),
    "a name that is too long": GOOD.replace("pipeline: p", "pipeline: " + "p" * 41),
    "a kind of sink that is none": GOOD.replace("sqlite:x.db", "mongo:x"),
    "a runtime that is none": GOOD.replace("runtime: python3", "runtime: ruby3"),
    "a handler without a module": GOOD.replace("h.handler", "handler"),
    "two of which there is one": GOOD.replace("python3}", "python3, function: f}"),
    "none of which there is one": GOOD.replace("handler: h.handler, runtime: python3", "timeout: 5s"),
    "a type of column that is none": GOOD.replace("table: t", "table: t, columns: {a: strnig}"),
    "a rule without its end": GOOD.replace("python3}", "python3, errors: [{match: E}]}"),
    "a list of two": GOOD.replace("{queue: in}", "[{queue: in}, {queue: out}]"),
    "a share that is none": GOOD.replace("python3}", "python3, pause_when: often}"),
    "a variable with a bad name": GOOD.replace("python3}", 'python3, environment: {"A-B": x}}'),
    "a header that is no name": HTTP.replace("X-A", "X A"),
    "a method that is none": HTTP.replace("PUT", "GET"),
    "another version of the format": GOOD + "sluice: 2\n",
}
RIGHT = {
    "as short as it goes": "pipeline: p\nsource: {queue: in}\ndeliver: {to: sqlite:x.db, table: t}\n",
    "a delivery by HTTP": HTTP,
    "x- keys": GOOD + "x-anything: {a: [1]}\n",
    "put in from outside": GOOD.replace("python3}", 'python3, timeout: "${LIMIT:-5s}", concurrency: "${N:-2}"}'),
    "numbers as texts": GOOD + 'queue: {max_receive_count: "5"}\n',
    "none": GOOD + "archive: none\n",
    "lists of one": GOOD.replace("{queue: in}", "[{queue: in}]"),
    "texts that look like numbers": GOOD.replace("table: t", "table: 2024"),
    "all the ways of a subject": GOOD + "subject: {a: $.a, b: [$.b, $.c], d: {path: $.d, normalise: [trim]}}\n",
    "a subject alone": GOOD + "subject: $.a\n",
    "the ends of ranges": GOOD.replace("python3}", "python3, timeout: 15m, memory: 10240MB, batch: 10000, batch_window: 5m}"),
    "rules": GOOD.replace("python3}", "python3, errors: [{match: E*, then: reject}]}"),
}

# Validates what comes in as JSON: a schema and documents; answers with the names of those that do not fit.
VALIDATE = """\
import json, sys, jsonschema
schema, documents = json.load(sys.stdin)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
json.dump([name for name, document in documents.items() if not validator.is_valid(document)], sys.stdout)
"""

READ = "import sys, json, yaml; json.dump(list(yaml.safe_load_all(sys.stdin)), sys.stdout, default=str)"


class SchemaTest(harness.Case):
    def setUp(self):
        super().setUp()
        probe = [str(harness.PYTHON), "-c", "import jsonschema, yaml"]
        if not harness.PYTHON.exists() or subprocess.run(probe, stderr=subprocess.DEVNULL).returncode:
            raise unittest.SkipTest("there is no .build/venv with jsonschema and PyYAML; scripts/test makes it")

    def python(self, program, text):
        done = subprocess.run([str(harness.PYTHON), "-c", program], input=text, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def wrong(self, texts):
        """The names of those that the schema does not take."""
        schema = json.loads(self.orders("schema", expect=DONE).out)
        documents = {}
        for name, text in texts.items():
            for number, document in enumerate(self.python(READ, text)):
                documents[name if number == 0 else f"{name} {number}"] = document
        return self.python(VALIDATE, json.dumps([schema, documents]))

    def test_examples(self):
        """the examples' definitions, and all that is right, validate against the schema"""
        examples = {str(path): path.read_text() for path in harness.ROOT.glob("Examples/*/*.yaml")}
        self.assertGreaterEqual(len(examples), 2)
        self.assertEqual(self.wrong(examples | RIGHT), [])
        self.write("h.py", "")
        for name, text in RIGHT.items():
            with self.subTest(name):
                self.orders("check", self.write("right.yaml", text), expect=DONE)

    def test_mistakes(self):
        """every kind of mistake that `check` finds in a key, the schema finds too"""
        wrong = self.wrong(MISTAKES)
        for name, text in MISTAKES.items():
            with self.subTest(name):
                self.assertIn(name, wrong)
                self.orders("check", self.write("wrong.yaml", text), expect=DEFINITION)
