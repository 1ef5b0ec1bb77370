import os
import subprocess

import harness
from harness import DONE

PIPELINE = """\
pipeline: lines
source: {queue: lines-in}
queue: {max_receive_count: 1}
deliver: {to: "sqlite:lines.db", table: lines, key: [n]}
"""


class CompletionsTest(harness.Case):
    COMPLETE = """\
compopt() { :; }
source <("$0" completions bash)
function=$(complete -p "${0##*/}" | sed 's/.*-F \\([^ ]*\\).*/\\1/')
shift 0
COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
COMP_POINT=${#COMP_LINE}
"$function" "$1" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""

    def complete(self, *words):
        name = harness.ORDERS.name
        folder = f"{harness.ORDERS.parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "--norc", "-c", self.COMPLETE, str(harness.ORDERS), name, *words], cwd=self.folder,
            capture_output=True, text=True, env={"PATH": folder, "SLUICE_DATA": str(self.data)}, timeout=60)
        self.assertEqual(done.stderr, "")
        return [word.strip() for word in done.stdout.split("\n") if word.strip()]

    def test_bash(self):
        """bash completes commands, options, and the names of what runs"""
        self.assertEqual(self.complete("relo"), ["reload"])
        self.assertEqual(self.complete("dlq", "exp"), ["export"])
        self.assertEqual(self.complete("reload", "--dry"), ["--dry-run"])
        self.write("lines.yaml", PIPELINE)
        self.spawn("run", "lines.yaml")
        self.orders("wait", "--ready", "--timeout", "30s", expect=DONE)
        self.assertEqual(self.complete("status", "li"), ["lines"])
        for command in ("pause", "resume", "logs"):
            self.assertEqual(self.complete(command, ""), ["lines", "lines/transform", "lines/sqlite"])
            self.assertEqual(self.complete(command, "lines/t"), ["lines/transform"])
        self.assertIn("lines-in", self.complete("send", "li"))

    def test_others(self):
        """there is a script for zsh and for fish"""
        self.assertIn("#compdef", self.orders("completions", "zsh", expect=DONE).out)
        self.assertIn("complete -c", self.orders("completions", "fish", expect=DONE).out)
