// A disk that fails and forgets, between a process and its data folder: loaded with LD_PRELOAD.
//
// What is written below SLUICE_DISK_FOLDER is noted in a journal of the process, SLUICE_DISK_JOURNAL.PID, before it is
// done, with the bytes of before, and every sync with what it made durable. When all processes are dead, `power.py`
// takes away from the folder what no sync has covered, in whole or in part: what a loss of power may leave.
//
// SLUICE_DISK_CONTROL is a file that both sides map: the next so many operations succeed, and one fails.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum fault { NONE = 0, FULL = 1, WRITE_ERROR = 2, SYNC_ERROR = 3, SHORT_WRITE = 4 };

// Its layout is known to power.py.
struct control {
    // Of the next fault.
    volatile int32_t fault;
    // A disk that is full stays so until `fault` is taken back; the other faults happen once.
    volatile int32_t reserve_is_spent;
    // Operations that still succeed.
    volatile int64_t countdown;
    // Faults that have happened.
    volatile int64_t happened;
    // Syncs that are answered without making anything durable: a disk that lies.
    volatile int64_t lies;
    volatile int64_t syncs;
    volatile int64_t written;
    // Of the entries of the journal, whichever process writes them.
    volatile int64_t sequence;
};

static struct control *control;
static char folder[PATH_MAX];
static size_t folder_length;
static char side[PATH_MAX + 8];
static int journal = -1;
static uint64_t saved;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define MOST_FILES 65536
// 0 = not looked at yet, 1 = none of ours, 2 = ours.
static unsigned char known[MOST_FILES];

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("SLUICE_DISK_FOLDER");
    const char *to = getenv("SLUICE_DISK_JOURNAL");
    const char *controls = getenv("SLUICE_DISK_CONTROL");
    if (!where || !to || !controls) return;
    folder_length = strlen(where);
    if (folder_length == 0 || folder_length >= sizeof folder - 2) return;
    memcpy(folder, where, folder_length);
    snprintf(side, sizeof side, "%s.side", folder);
    int file = syscall(SYS_openat, AT_FDCWD, controls, O_RDWR | O_CLOEXEC, 0);
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    if (mapped == MAP_FAILED) return;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s.%d", to, getpid());
    journal = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    control = mapped;
    // What the process starts has nothing to do with the folder.
    unsetenv("LD_PRELOAD");
}

// SQLite's shared memory and the lock mean nothing after a loss of power.
static int is_ours(const char *path) {
    if (!control || strncmp(path, folder, folder_length) != 0 || path[folder_length] != '/') return 0;
    size_t length = strlen(path);
    if (length > 4 && strcmp(path + length - 4, "-shm") == 0) return 0;
    return length < 5 || strcmp(path + length - 5, "/lock") != 0;
}

static int path_of(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

// Where a path that may be relative leads, links aside.
static int absolute(int directory, const char *name, char *path) {
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return 1;
    }
    char base[PATH_MAX];
    if (directory == AT_FDCWD ? !getcwd(base, sizeof base) : !path_of(directory, base)) return 0;
    return snprintf(path, PATH_MAX, "%s/%s", base, name) < PATH_MAX;
}

static int file_is_ours(int file) {
    if (!control || file < 0 || file >= MOST_FILES) return 0;
    if (known[file] == 0) {
        char path[PATH_MAX];
        // The folder itself is synced for the names in it.
        known[file] = path_of(file, path) && (is_ours(path) || strcmp(path, folder) == 0) ? 2 : 1;
    }
    return known[file] == 2;
}

static uint64_t inode_of(int file, uint64_t *size) {
    struct stat status;
    if (fstat(file, &status) != 0) return 0;
    if (size) *size = S_ISREG(status.st_mode) ? status.st_size : 0;
    return status.st_ino;
}

// MARK: The journal. Each entry: kind, length of the rest, sequence, inode, then what the kind has.

struct head {
    uint32_t kind, length;
    uint64_t sequence, inode;
};

static void note(char kind, uint64_t inode, const struct iovec *parts, int count) {
    struct iovec all[8];
    struct head head = {kind, 0, __atomic_add_fetch(&control->sequence, 1, __ATOMIC_SEQ_CST), inode};
    all[0] = (struct iovec){&head, sizeof head};
    for (int i = 0; i < count; i++) {
        all[i + 1] = parts[i];
        head.length += parts[i].iov_len;
    }
    // A journal with a hole would accuse the process of what it has not done.
    if (syscall(SYS_writev, journal, all, count + 1) != (long)(sizeof head + head.length)) abort();
}

static void note_path(char kind, uint64_t inode, const char *first, const char *second, const char *third) {
    struct iovec parts[3] = {
        {(void *)first, strlen(first) + 1}, {(void *)second, strlen(second) + 1}, {(void *)third, strlen(third) + 1}};
    note(kind, inode, parts, 3);
}

// The bytes of before, from `offset` on.
static void note_write(int file, const void *bytes, size_t count, off_t offset) {
    uint64_t size = 0, inode = inode_of(file, &size);
    size_t old = offset < (off_t)size ? size - offset : 0;
    if (old > count) old = count;
    char *before = malloc(old + 1);
    // The descriptor may be open for writing only.
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    int reader = old ? syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (reader >= 0) {
        size_t done = 0;
        while (done < old) {
            ssize_t n = pread(reader, before + done, old - done, offset + done);
            if (n <= 0) break;
            done += n;
        }
        old = done;
        syscall(SYS_close, reader);
    }
    uint64_t numbers[4] = {offset, size, old, count};
    struct iovec parts[3] = {{numbers, sizeof numbers}, {before, old}, {(void *)bytes, count}};
    note('W', inode, parts, 3);
    control->written += count;
    free(before);
}

static void note_size(int file, off_t to) {
    uint64_t size = 0, inode = inode_of(file, &size);
    size_t old = to < (off_t)size ? size - to : 0;
    char *before = malloc(old + 1);
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    int reader = old ? syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (reader >= 0) {
        ssize_t n = pread(reader, before, old, to);
        old = n > 0 ? n : 0;
        syscall(SYS_close, reader);
    }
    uint64_t numbers[3] = {to, size, old};
    struct iovec parts[2] = {{numbers, sizeof numbers}, {before, old}};
    note('T', inode, parts, 2);
    free(before);
}

// What is about to lose its name keeps its bytes under another.
static void save(const char *path, char *where) {
    where[0] = 0;
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode)) return;
    if (snprintf(where, PATH_MAX, "%s/%d-%llu", side, getpid(), (unsigned long long)++saved) >= PATH_MAX
        || link(path, where) != 0)
        where[0] = 0;
}

// MARK: Faults

static int is_reserve(const char *path) {
    size_t length = strlen(path);
    return length > 8 && strcmp(path + length - 8, "/reserve") == 0;
}

// Whether this operation fails, and with what; 0 = it does not.
static int fault_at(enum fault kind) {
    int fault = control->fault;
    if (fault == NONE) return 0;
    if (fault == FULL) {
        if (kind == SYNC_ERROR || control->reserve_is_spent) return 0;
        if (control->countdown > 0) return control->countdown--, 0;
        control->happened++;
        return ENOSPC;
    }
    if (fault == SYNC_ERROR ? kind != SYNC_ERROR : kind == SYNC_ERROR) return 0;
    if (control->countdown > 0) return control->countdown--, 0;
    control->fault = NONE;
    control->happened++;
    return fault == SHORT_WRITE ? -1 : EIO;
}

// MARK: What is looked at

static int opened(int file, int flags, int was_there) {
    if (file < 0 || file >= MOST_FILES || !control) return file;
    known[file] = 0;
    if (!(flags & O_CREAT) || was_there || !file_is_ours(file)) return file;
    char path[PATH_MAX];
    if (!path_of(file, path)) return file;
    pthread_mutex_lock(&lock);
    note_path('C', inode_of(file, NULL), path, "", "");
    pthread_mutex_unlock(&lock);
    return file;
}

static int open_at(int directory, const char *name, int flags, mode_t mode) {
    int was_there = 1;
    if (control && (flags & (O_CREAT | O_TRUNC))) {
        char path[PATH_MAX];
        if (absolute(directory, name, path) && is_ours(path)) {
            struct stat status;
            was_there = lstat(path, &status) == 0;
            if (!was_there) {
                int error = fault_at(WRITE_ERROR);
                if (error > 0) return errno = error, -1;
            } else if ((flags & O_TRUNC) && S_ISREG(status.st_mode)) {
                // As two steps, so that the bytes of before are noted.
                int file = syscall(SYS_openat, directory, name, (flags & ~(O_TRUNC | O_EXCL)) | O_CLOEXEC, mode);
                if (file >= 0) {
                    pthread_mutex_lock(&lock);
                    note_size(file, 0);
                    pthread_mutex_unlock(&lock);
                    syscall(SYS_close, file);
                }
            }
        }
    }
    return opened(syscall(SYS_openat, directory, name, flags, mode), flags, was_there);
}

static mode_t mode_of(int flags, va_list rest) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = mode_of(flags, rest); \
        va_end(rest); \
        return open_at(AT_FDCWD, path, flags | O_LARGEFILE, mode); \
    }
#define OPENAT(name) \
    int name(int directory, const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = mode_of(flags, rest); \
        va_end(rest); \
        return open_at(directory, path, flags | O_LARGEFILE, mode); \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }

int mkstemp(char *template) {
    REAL(mkstemp);
    return opened(real(template), O_CREAT, 0);
}

int mkostemp(char *template, int flags) {
    REAL(mkostemp);
    return opened(real(template, flags), O_CREAT, 0);
}

int mkstemps(char *template, int suffix) {
    REAL(mkstemps);
    return opened(real(template, suffix), O_CREAT, 0);
}

int close(int file) {
    if (file >= 0 && file < MOST_FILES) known[file] = 0;
    return syscall(SYS_close, file);
}

int dup2(int from, int to) {
    if (to >= 0 && to < MOST_FILES) known[to] = 0;
    REAL(dup2);
    return real(from, to);
}

static ssize_t write_at(int file, const void *bytes, size_t count, off_t offset, int moves) {
    pthread_mutex_lock(&lock);
    if (moves) {
        uint64_t size = 0;
        inode_of(file, &size);
        offset = fcntl(file, F_GETFL) & O_APPEND ? (off_t)size : lseek(file, 0, SEEK_CUR);
    }
    int error = fault_at(WRITE_ERROR);
    ssize_t done = -1;
    if (error > 0) {
        errno = error;
    } else {
        if (error < 0 && count > 1) count /= 2;
        note_write(file, bytes, count, offset);
        done = moves ? syscall(SYS_write, file, bytes, count) : syscall(SYS_pwrite64, file, bytes, count, offset);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int file, const void *bytes, size_t count) {
    if (!file_is_ours(file)) return syscall(SYS_write, file, bytes, count);
    // What has no place in a file is a pipe or a socket.
    if (lseek(file, 0, SEEK_CUR) < 0) return syscall(SYS_write, file, bytes, count);
    return write_at(file, bytes, count, 0, 1);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    if (!file_is_ours(file)) return syscall(SYS_pwrite64, file, bytes, count, offset);
    return write_at(file, bytes, count, offset, 0);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    return pwrite(file, bytes, count, offset);
}

// In pieces: who calls it has to go on after a part of it anyway.
ssize_t writev(int file, const struct iovec *parts, int count) {
    if (!file_is_ours(file)) return syscall(SYS_writev, file, parts, count);
    for (int i = 0; i < count; i++)
        if (parts[i].iov_len > 0) return write(file, parts[i].iov_base, parts[i].iov_len);
    return 0;
}

ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *where, size_t count, unsigned flags) {
    if (file_is_ours(to)) return errno = ENOSYS, -1;
    return syscall(SYS_copy_file_range, from, at, to, where, count, flags);
}

// Through memory, so that it is a write like any other.
ssize_t sendfile(int to, int from, off_t *at, size_t count) {
    if (!file_is_ours(to)) return syscall(SYS_sendfile, to, from, at, count);
    char bytes[65536];
    if (count > sizeof bytes) count = sizeof bytes;
    ssize_t n = at ? pread(from, bytes, count, *at) : read(from, bytes, count);
    if (n <= 0) return n;
    ssize_t done = write(to, bytes, n);
    if (at && done > 0) *at += done;
    if (!at && done < n) lseek(from, (done > 0 ? done : 0) - n, SEEK_CUR);
    return done;
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t count) { return sendfile(to, from, at, count); }

int ftruncate(int file, off_t size) {
    if (!file_is_ours(file)) return syscall(SYS_ftruncate, file, size);
    pthread_mutex_lock(&lock);
    char path[PATH_MAX];
    int reserve = path_of(file, path) && is_reserve(path);
    // Room that is given back is there, however full the disk is.
    int error = reserve ? 0 : fault_at(WRITE_ERROR), result = -1;
    if (error > 0) {
        errno = error;
    } else {
        if (reserve) control->reserve_is_spent = size == 0;
        note_size(file, size);
        result = syscall(SYS_ftruncate, file, size);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate64(int file, off64_t size) { return ftruncate(file, size); }

int fallocate(int file, int mode, off_t offset, off_t length) {
    if (file_is_ours(file) && control->fault == FULL) return errno = ENOSPC, -1;
    return syscall(SYS_fallocate, file, mode, offset, length);
}

int fallocate64(int file, int mode, off64_t offset, off64_t length) { return fallocate(file, mode, offset, length); }

int posix_fallocate(int file, off_t offset, off_t length) {
    return fallocate(file, 0, offset, length) == 0 ? 0 : errno;
}

int posix_fallocate64(int file, off64_t offset, off64_t length) { return posix_fallocate(file, offset, length); }

static int sync_with(int file, long call) {
    if (!file_is_ours(file)) return syscall(call, file);
    pthread_mutex_lock(&lock);
    int error = fault_at(SYNC_ERROR);
    uint64_t upto = control->sequence;
    uint64_t inode = inode_of(file, NULL);
    control->syncs++;
    int lies = control->lies != 0;
    pthread_mutex_unlock(&lock);
    if (error > 0) return errno = error, -1;
    if (lies) return 0;
    int result = syscall(call, file);
    if (result == 0) {
        struct iovec part = {&upto, sizeof upto};
        pthread_mutex_lock(&lock);
        note('S', inode, &part, 1);
        pthread_mutex_unlock(&lock);
    }
    return result;
}

int fsync(int file) { return sync_with(file, SYS_fsync); }
int fdatasync(int file) { return sync_with(file, SYS_fdatasync); }

static int rename_at(int from, const char *old, int to, const char *new, unsigned flags) {
    char first[PATH_MAX], second[PATH_MAX], replaced[PATH_MAX];
    if (!control || !absolute(from, old, first) || !absolute(to, new, second) || !is_ours(second))
        return syscall(SYS_renameat2, from, old, to, new, flags);
    pthread_mutex_lock(&lock);
    int error = fault_at(WRITE_ERROR), result = -1;
    if (error > 0) {
        errno = error;
    } else {
        save(second, replaced);
        result = syscall(SYS_renameat2, from, old, to, new, flags);
        if (result == 0) note_path('R', 0, first, second, replaced);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *old, const char *new) { return rename_at(AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat(int from, const char *old, int to, const char *new) { return rename_at(from, old, to, new, 0); }
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    return rename_at(from, old, to, new, flags);
}

static int unlink_at(int directory, const char *name, int flags) {
    char path[PATH_MAX], kept[PATH_MAX];
    if (!control || !absolute(directory, name, path) || !is_ours(path))
        return syscall(SYS_unlinkat, directory, name, flags);
    pthread_mutex_lock(&lock);
    if (is_reserve(path)) control->reserve_is_spent = 1;
    save(path, kept);
    int result = syscall(SYS_unlinkat, directory, name, flags);
    if (result == 0) note_path(flags & AT_REMOVEDIR ? 'D' : 'U', 0, path, kept, "");
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) { return unlink_at(AT_FDCWD, path, 0); }
int unlinkat(int directory, const char *path, int flags) { return unlink_at(directory, path, flags); }
int rmdir(const char *path) { return unlink_at(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) ? rmdir(path) : unlink(path);
}

static int mkdir_at(int directory, const char *name, mode_t mode) {
    char path[PATH_MAX];
    int result = syscall(SYS_mkdirat, directory, name, mode);
    if (result != 0 || !control || !absolute(directory, name, path) || !is_ours(path)) return result;
    pthread_mutex_lock(&lock);
    note_path('M', 0, path, "", "");
    pthread_mutex_unlock(&lock);
    return result;
}

int mkdir(const char *path, mode_t mode) { return mkdir_at(AT_FDCWD, path, mode); }
int mkdirat(int directory, const char *path, mode_t mode) { return mkdir_at(directory, path, mode); }

// A second name for what is there: as a rename whose old name stays.
int linkat(int from, const char *old, int to, const char *new, int flags) {
    char path[PATH_MAX];
    int result = syscall(SYS_linkat, from, old, to, new, flags);
    if (result != 0 || !control || !absolute(to, new, path) || !is_ours(path)) return result;
    struct stat status;
    pthread_mutex_lock(&lock);
    note_path('C', lstat(path, &status) == 0 ? status.st_ino : 0, path, "", "");
    pthread_mutex_unlock(&lock);
    return result;
}

int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }
