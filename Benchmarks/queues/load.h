/* What all loads share: what they count, and how they say it.
 *
 * A load prints one line: messages a second, from its begin to the moment when the last of them was done; the 50th and 99th
 * percentile of the time of a send in microseconds; messages sent; messages deleted or acknowledged; its own CPU seconds; and
 * how many messages its server says that it still has, -1 = it was not asked. */
#include <arpa/inet.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most_times = 1 << 22 };

static int port;
/* Moments, as `now` counts. */
static double begun, until;
static _Atomic double last;
/* Messages: a server has taken them; it was told that they are done. */
static atomic_long sent, done;
static atomic_long count_times;
/* Microseconds of a send. */
static float *times;

static void fail(const char *what) { perror(what); exit(1); }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void begin(double seconds) {
    times = malloc(most_times * sizeof *times);
    begun = now();
    until = begun + seconds;
}

static int is_over(void) { return now() >= until; }
static long left(void) { return sent - done; }

static void count(atomic_long *counter, int messages) {
    atomic_fetch_add(counter, messages);
    last = now();
}

static void note_time(double start) {
    long place = atomic_fetch_add(&count_times, 1);
    if (place < most_times) times[place] = (now() - start) * 1e6;
}

/* 1 KB of text. */
static const char *payload(void) {
    static char text[1025];
    if (!text[0]) for (int i = 0; i < 1024; i++) text[i] = 'a' + i % 26;
    return text;
}

static int connect_to_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static int compare(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static double own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void print_result(double cpu, long waiting) {
    long some = count_times < most_times ? count_times : most_times, all = done ? done : sent;
    qsort(times, some, sizeof *times, compare);
    printf("%.1f %.1f %.1f %ld %ld %.6f %ld\n", all ? all / (last - begun) : 0, some ? times[some / 2] : 0,
        some ? times[some * 99 / 100] : 0, (long)sent, (long)done, cpu, waiting);
}
