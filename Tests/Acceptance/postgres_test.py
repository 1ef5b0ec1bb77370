import glob
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import harness
from harness import DEAD, DONE

DEFINITION = """
pipeline: events
source: {queue: events-in}
deliver: {to: "${SHOP_URL}", table: shop.events, create: true, batch: 100, breaker: {probe: 1s}}
"""


class Server:
    """A PostgreSQL of the test's own, on a socket in a folder of its own: no port that another may have."""

    def __init__(self):
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not programs:
            raise harness.unittest.SkipTest("there is no PostgreSQL server here; scripts/setup installs one")
        self.programs = programs[-1]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-pg-"))
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.program("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8")
        self.start()

    @property
    def data(self):
        return self.folder / "data"

    @property
    def url(self):
        return f"postgres://postgres:hush-hush@/postgres?host={self.folder}"

    def program(self, name, *arguments, check=True):
        command = [f"{self.programs}/{name}", *map(str, arguments)]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        return subprocess.run(command, cwd="/", check=check, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def start(self):
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder}"
        self.program("pg_ctl", "start", "-w", "-D", self.data, "-l", self.folder / "log", "-o", options)

    def crash(self):
        self.program("pg_ctl", "stop", "-m", "immediate", "-D", self.data)

    def sql(self, sql):
        answer = self.program("psql", "-X", "-q", "-A", "-t", "-h", self.folder, "-U", "postgres", "-c", sql)
        return answer.stdout.splitlines()

    def remove(self):
        self.program("pg_ctl", "stop", "-m", "immediate", "-D", self.data, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class CuttingProxy:
    """Stands between a client and a server on a socket of its own, and cuts connections at some of the COMMITs: before the
    server has seen it, or after, when the answer is on its way. Which of both the client cannot tell."""

    def __init__(self, server, pick):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-cut-"))
        self.server, self.pick = server, pick
        self.cut = {"before": 0, "after": 0}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / ".s.PGSQL.5432"))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"postgres://postgres@/postgres?host={self.folder}"

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        behind = socket.socket(socket.AF_UNIX)
        behind.connect(str(self.server.folder / ".s.PGSQL.5432"))
        silent = threading.Event()
        threading.Thread(target=self.answers, args=(behind, client, silent), daemon=True).start()
        try:
            while data := client.recv(1 << 16):
                word = self.pick() if b"COMMIT" in data else None
                if word == "before":
                    break
                if word == "after":
                    silent.set()
                behind.sendall(data)
                if word == "after":
                    # The server is done with it when it is asked for nothing any more.
                    time.sleep(0.1)
                    break
            else:
                word = None
            if word:
                self.cut[word] += 1
        except OSError:
            pass
        for one in (client, behind):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @staticmethod
    def answers(behind, client, silent):
        try:
            while data := behind.recv(1 << 16):
                if silent.is_set():
                    return
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        self.listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgreSQLTest(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = Server()
        self.addCleanup(self.server.remove)
        self.server.sql("CREATE SCHEMA shop")
        self.definition = self.write("events.yaml", DEFINITION.replace("${SHOP_URL}", self.server.url))

    def send(self, count):
        self.orders("send", "events-in", "-", input=b"".join(b'{"n":%d}\n' % n for n in range(count)), expect=DONE)

    def test_outages(self):
        """a server that crashes, and a run that is killed, in between: every record has one row, none is a dead letter"""
        self.send(6000)
        process = self.start()
        for turn in range(8):
            time.sleep(self.random.uniform(0, 0.4))
            if turn % 2:
                self.server.crash()
                time.sleep(self.random.uniform(0, 0.3))
                self.server.start()
            else:
                process.kill()
                process.wait()
                process = self.start()
        self.assertIsNone(process.poll(), "the run ended although only its sink was gone")
        self.terminate(process)
        self.orders("run", self.definition, "--until-idle", expect=DONE)
        self.assertEqual(self.server.sql("SELECT count(*), count(DISTINCT n), max(n) FROM shop.events"), ["6000|6000|5999"])
        self.assertEqual(self.queue(self.pipeline("events"), "dead_letters")["ready"], 0)

    def start(self):
        return self.spawn("run", self.definition)

    def test_commit_cut(self):
        """a connection that is cut in the middle of COMMIT doubles nothing and loses nothing, without a key"""
        cuts = ["before", "after", None, None, "after", "before", None, None, None, None]
        turns = itertools.count()
        proxy = CuttingProxy(self.server, lambda: cuts[next(turns) % len(cuts)])
        self.addCleanup(proxy.close)
        definition = self.write("events.yaml", DEFINITION.replace("${SHOP_URL}", proxy.url))
        self.send(800)
        answer = self.orders("run", definition, "--until-idle", expect=DONE)
        self.assertGreater(min(proxy.cut.values()), 1, proxy.cut)
        self.assertEqual(self.server.sql("SELECT count(*), count(DISTINCT n) FROM shop.events"), ["800|800"], answer)

    def test_password(self):
        """another password opens the breaker, spends nothing and shows nothing; with the right one it goes on"""
        self.server.sql("CREATE ROLE writer LOGIN PASSWORD 'first-secret'; GRANT ALL ON SCHEMA shop TO writer")
        rules = self.server.data / "pg_hba.conf"
        rules.write_text("local all writer scram-sha-256\nlocal all all trust\n")
        self.server.sql("SELECT pg_reload_conf()")
        url = f"postgres://writer:first-secret@/postgres?host={self.server.folder}"
        definition = self.write("events.yaml", DEFINITION.replace("${SHOP_URL}", url))
        self.send(100)
        self.orders("run", definition, "--until-idle", expect=DONE)
        self.server.sql("ALTER ROLE writer PASSWORD 'second-secret'")
        self.send(100)
        process = self.start()
        self.addCleanup(process.kill)
        status = self.until(lambda: self.orders("status", expect=DONE).out, "breaker open")
        self.assertIn("password authentication failed", status)
        self.server.sql("ALTER ROLE writer PASSWORD 'first-secret'")
        self.orders("wait", "events", "--idle", "--timeout", "60s", expect=DONE)
        self.terminate(process)
        self.assertEqual(self.server.sql("SELECT count(*) FROM shop.events"), ["200"])
        self.assertEqual(self.queue(self.pipeline("events"), "dead_letters")["ready"], 0)
        self.assertNotIn("secret", status)

    def test_disk_full(self):
        """a server whose disk is full opens the breaker and spends nothing; with room everything is delivered, once"""
        place = self.server.folder / "small"
        place.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", place], capture_output=True)
        if mounted.returncode:
            self.skipTest("nothing can be mounted here, so no disk can be filled")
        self.addCleanup(subprocess.run, ["umount", "-l", place])
        shutil.chown(place, "postgres")
        self.server.sql(f"CREATE TABLESPACE small LOCATION '{place}'")
        self.server.sql("CREATE TABLE shop.events (n int, text text) TABLESPACE small")
        lines = b"".join(b'{"n":%d,"text":"%s"}\n' % (n, b"x" * 1000) for n in range(30_000))
        self.orders("send", "events-in", "-", input=lines, expect=DONE)
        process = self.start()
        self.addCleanup(process.kill)
        status = self.until(lambda: self.orders("status", expect=DONE).out, "breaker open")
        self.assertIn("No space left on device", status)
        subprocess.run(["mount", "-o", "remount,size=200m", place], check=True)
        self.orders("wait", "events", "--idle", "--timeout", "120s", expect=DONE)
        self.terminate(process)
        self.assertEqual(self.server.sql("SELECT count(*), count(DISTINCT n) FROM shop.events"), ["30000|30000"])
        self.assertEqual(self.queue(self.pipeline("events"), "dead_letters")["ready"], 0)

    def until(self, ask, words, timeout=60):
        deadline = time.monotonic() + timeout
        while words not in (answer := ask()):
            self.assertLess(time.monotonic(), deadline, f"{words!r} is not in {answer}")
            time.sleep(0.1)
        return answer

    def test_refused(self):
        """what the server refuses is found, and is a dead letter alone; the others are written"""
        self.server.sql("CREATE TABLE shop.events (n int CHECK (n <> 777))")
        self.send(1000)
        self.orders("run", self.definition, "--until-idle", expect=DEAD)
        self.assertEqual(self.server.sql("SELECT count(*), count(DISTINCT n) FROM shop.events"), ["999|999"])
        self.assertEqual(self.dead_letter_bodies(), [b'{"n":777}'])
        shown = self.orders("dlq", "show", "--all", expect=DONE)
        self.assertIn("events_n_check", shown.out)

    def test_check_connect(self):
        """`check --connect` finds a server that is gone and a table that is missing; no password is shown anywhere"""
        missing = self.write("missing.yaml", self.definition.read_text().replace("create: true", "create: false"))
        answer = self.orders("check", missing, "--connect")
        self.assertNotEqual(answer.code, DONE, answer)
        self.assertIn("there is no table 'shop.events'", answer.text)
        self.orders("check", self.definition, "--connect", expect=DONE)
        self.server.crash()
        gone = self.orders("check", self.definition, "--connect")
        self.assertNotEqual(gone.code, DONE, gone)
        self.assertIn(str(self.server.folder), gone.text)
        for answer in (answer, gone, self.orders("show", self.definition), self.orders("check", self.definition)):
            self.assertNotIn("hush-hush", answer.text)
