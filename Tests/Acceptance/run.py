#!/usr/bin/env python3
"""Runs the acceptance tests: run.py [FILE…] [-k PART-OF-A-NAME]. Exit 1 when one fails."""
import argparse
import sys
import time
import unittest

import harness


class Lines(unittest.TextTestResult):
    """One line a test: what it says about the product, and how long it took."""

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()
        self.subtests_failed = False
        print(f"  …   {test.shortDescription()}", flush=True)

    def line(self, word, test, more=""):
        print(f"{word:5} {test.shortDescription()}  ({time.monotonic() - self.started:.1f} s){more}", flush=True)

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)
        self.line("ok", test)

    def addSubTest(self, test, subtest, error):
        unittest.TestResult.addSubTest(self, test, subtest, error)
        if error:
            print(f"FAIL  {subtest.shortDescription()} {subtest._subDescription()}", flush=True)

    def addFailure(self, test, error):
        unittest.TestResult.addFailure(self, test, error)
        self.line("FAIL", test)

    def addError(self, test, error):
        unittest.TestResult.addError(self, test, error)
        self.line("ERROR", test)

    def addSkip(self, test, reason):
        unittest.TestResult.addSkip(self, test, reason)
        self.line("SKIP", test, f": {reason}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("files", nargs="*", help="kill, functions, …: the names before _test.py; all")
    arguments.add_argument("-k", dest="pattern", help="only tests whose name has this in it")
    options = arguments.parse_args()
    if not harness.ORDERS.exists():
        sys.exit(f"there is no {harness.ORDERS}; build it: swift build -c release --package-path Examples/orders")
    loader = unittest.TestLoader()
    if options.pattern:
        loader.testNamePatterns = [f"*{options.pattern}*"]
    folder = str(harness.ROOT / "Tests" / "Acceptance")
    patterns = [f"{name}_test.py" for name in options.files] or ["*_test.py"]
    suite = unittest.TestSuite(loader.discover(folder, pattern) for pattern in patterns)
    print(f"seed {harness.SEED} (again: SEED={harness.SEED} {folder}/run.py)", flush=True)
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Lines, verbosity=0).run(suite)
    if result.testsRun == 0:
        sys.exit("no test was found")
    skipped = f", {len(result.skipped)} SKIPPED" if result.skipped else ""
    failed = len(result.failures) + len(result.errors)
    print(f"acceptance: {result.testsRun} tests, {failed} failed{skipped}; seed {harness.SEED}")
    sys.exit(not result.wasSuccessful())


main()
