"""The disk below a server that is tortured (`disk.c`): its faults, and what a loss of power leaves of a folder."""
import mmap
import os
import pathlib
import shutil
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent

FULL, WRITE_ERROR, SYNC_ERROR, SHORT_WRITE = 1, 2, 3, 4
FAULTS = {FULL: "a full disk", WRITE_ERROR: "a write that fails", SYNC_ERROR: "a sync that fails",
          SHORT_WRITE: "a short write"}

HEAD = struct.Struct("=IIQQ")
CONTROL = struct.Struct("=iiqqqqqq")
SECTOR = 512


def build(folder):
    """Compiles the disk; the path of the library."""
    library = folder / "disk.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, HERE / "disk.c", "-ldl"], check=True)
    return library


class Disk:
    """Below one data folder, for as long as a server has it."""

    def __init__(self, library, data, notes):
        self.library, self.data = library, data
        self.journal, self.control = notes / "journal", notes / "control"
        self.side = pathlib.Path(f"{data}.side")
        self.control.write_bytes(bytes(CONTROL.size))
        with open(self.control, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), CONTROL.size)
        self.reset()

    def variables(self):
        return {"LD_PRELOAD": str(self.library), "SLUICE_DISK_FOLDER": str(self.data),
                "SLUICE_DISK_JOURNAL": str(self.journal), "SLUICE_DISK_CONTROL": str(self.control)}

    def reset(self):
        """What is in the folder now is durable."""
        for journal in self.journals():
            journal.unlink()
        shutil.rmtree(self.side, ignore_errors=True)
        self.side.mkdir()

    def arm(self, fault, after):
        """After so many more operations that succeed, one fails."""
        struct.pack_into("=q", self.shared, 8, after)
        struct.pack_into("=i", self.shared, 4, 0)
        struct.pack_into("=i", self.shared, 0, fault)

    def disarm(self):
        struct.pack_into("=ii", self.shared, 0, 0, 0)

    def lie(self):
        """From now on syncs are answered and do nothing."""
        struct.pack_into("=q", self.shared, 24, 1)

    @property
    def happened(self):
        return struct.unpack_from("=q", self.shared, 16)[0]

    @property
    def syncs(self):
        return struct.unpack_from("=q", self.shared, 32)[0]

    def lose_power(self, random):
        """Once the processes are dead: takes away what no sync has covered. Returns what was done, in words."""
        entries = [entry for journal in self.journals() for entry in entries_of(journal.read_bytes())]
        loss = Loss(sorted(entries, key=lambda entry: entry.sequence), self.data)
        text = loss.carry_out(random)
        self.reset()
        return text

    def journals(self):
        """One of each process."""
        return list(self.journal.parent.glob(f"{self.journal.name}.*"))


def entries_of(journal):
    place = 0
    while place + HEAD.size <= len(journal):
        kind, length, sequence, inode = HEAD.unpack_from(journal, place)
        place += HEAD.size
        if place + length > len(journal):
            # The process was killed while it noted this: it has not done it.
            break
        yield Entry(chr(kind), sequence, inode, memoryview(journal)[place:place + length])
        place += length


class Entry:
    """One operation on the folder."""

    def __init__(self, kind, sequence, inode, rest):
        self.kind, self.sequence, self.inode = kind, sequence, inode
        if kind == "W":
            self.offset, self.size, old, new = struct.unpack_from("=QQQQ", rest)
            self.old, self.new = rest[32:32 + old], rest[32 + old:32 + old + new]
        elif kind == "T":
            self.offset, self.size, old = struct.unpack_from("=QQQ", rest)
            self.old = rest[24:24 + old]
        elif kind == "S":
            self.upto, = struct.unpack("=Q", rest)
        else:
            self.paths = [part.decode() for part in bytes(rest).split(b"\0")[:3]]

    @property
    def is_data(self):
        return self.kind in "WT"


class Loss:
    """What a loss of power leaves.

    Bytes of files: any of the writes that no sync has covered may have reached the disk, in whole, in part (sectors of
    512 bytes) or not, in any order. Names: as of a journalling file system, the changes up to some moment, and at least
    those before the last sync of their folder, or of the file that got the name.
    """

    def __init__(self, entries, folder):
        self.folder = folder
        self.entries = entries
        # Of each file or folder, up to where it is durable.
        self.synced = {}
        for entry in entries:
            if entry.kind == "S":
                self.synced[entry.inode] = max(self.synced.get(entry.inode, 0), entry.upto)

    def carry_out(self, random):
        data = [e for e in self.entries if e.is_data and not self.is_durable(e)]
        names = [e for e in self.entries if e.kind in "CRUMD"]
        durable = max((index + 1 for index, e in enumerate(names) if self.is_durable(e)), default=0)
        kept_names = random.choice([durable, len(names), random.randint(durable, len(names))])
        chance = random.choice([0, 0, 0.5, 0.9, 1])
        kept = [e for e in data if random.random() < chance]
        torn = random.random() < 0.5
        files = self.files()
        for entry in reversed(data):
            self.undo(entry, files)
        for entry in kept:
            self.redo(entry, files, random if torn else None)
        lost_names = names[kept_names:]
        for entry in reversed(lost_names):
            self.undo_name(entry)
        return (f"{len(data) - len(kept)} of {len(data)} writes that were not synced are lost"
                f"{', the others are torn' if torn and kept else ''}, and {len(lost_names)} changes of names")

    def is_durable(self, entry):
        if entry.inode and self.synced.get(entry.inode, 0) >= entry.sequence:
            return True
        if entry.is_data:
            return False
        folders = {os.path.dirname(path) for path in entry.paths[:2] if path and self.is_inside(path)}
        return all(self.synced.get(inode_of(folder), 0) >= entry.sequence for folder in folders)

    def is_inside(self, path):
        return path.startswith(f"{self.folder}/")

    def files(self):
        """Where each file is now, those included that have lost their names."""
        found = {}
        for top in (self.folder, f"{self.folder}.side"):
            for directory, _, names in os.walk(top):
                for name in names:
                    path = os.path.join(directory, name)
                    found.setdefault(os.lstat(path).st_ino, path)
        return found

    def undo(self, entry, files):
        path = files.get(entry.inode)
        if path is None:
            return
        with open(path, "r+b") as file:
            if entry.old:
                file.seek(entry.offset)
                file.write(entry.old)
            file.truncate(entry.size)

    def redo(self, entry, files, random):
        path = files.get(entry.inode)
        if path is None:
            return
        with open(path, "r+b") as file:
            if entry.kind == "T":
                return file.truncate(entry.offset)
            for start, end in sectors(entry.offset, len(entry.new)):
                if random is None or random.random() < 0.5:
                    file.seek(start)
                    file.write(entry.new[start - entry.offset:end - entry.offset])

    def undo_name(self, entry):
        first, second, third = (entry.paths + ["", "", ""])[:3]
        if entry.kind == "C":
            remove(first)
        elif entry.kind == "M":
            shutil.rmtree(first, ignore_errors=True)
        elif entry.kind == "D":
            os.makedirs(first, exist_ok=True)
        elif entry.kind == "U" and second:
            os.replace(second, first)
        elif entry.kind == "R":
            if os.path.lexists(second):
                os.replace(second, first)
            if third:
                os.replace(third, second)


def sectors(offset, count):
    """The parts of a write that reach the disk as a whole."""
    place, end = offset, offset + count
    while place < end:
        following = min(end, (place // SECTOR + 1) * SECTOR)
        yield place, following
        place = following


def inode_of(path):
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def remove(path):
    try:
        os.unlink(path)
    except OSError:
        pass
