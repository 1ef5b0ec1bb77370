/* A Lambda Runtime API that always has the same event ready, and throws answers away: what a client could do at most.
 *
 *   rapistub EVENT-FILE
 *
 * Listens on a loopback port of its own and prints it; then, for each connection, the moment of its first `next`, in
 * nanoseconds of CLOCK_MONOTONIC. Ends when its standard input does. Any request is understood that AWS's clients
 * write: a head, and a body by Content-Length or in chunks that end with an empty one. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most = 64, room = 8 << 20 };

static struct { int fd; char *bytes; size_t have; int asked; } connections[most];
static struct pollfd polled[most + 2];
static char *event;
static size_t event_length;

static void fail(const char *what) { perror(what); exit(1); }

static void write_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t done = write(fd, bytes, count);
        if (done <= 0) return;
        bytes += done;
        count -= done;
    }
}

static void answer(int index, const char *request) {
    int fd = connections[index].fd;
    if (strncmp(request, "GET ", 4) != 0) {
        static const char accepted[] = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
                                       "Content-Length: 15\r\n\r\n{\"status\":\"OK\"}";
        write_all(fd, accepted, sizeof accepted - 1);
        return;
    }
    struct timespec now;
    if (!connections[index].asked) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        printf("%lld\n", now.tv_sec * 1000000000LL + now.tv_nsec);
        fflush(stdout);
        connections[index].asked = 1;
    }
    static char *out;
    if (!out && !(out = malloc(event_length + 1024))) fail("malloc");
    clock_gettime(CLOCK_REALTIME, &now);
    int head = sprintf(out,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
        "Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n"
        "Lambda-Runtime-Deadline-Ms: %lld\r\n"
        "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:bench\r\n\r\n",
        event_length, now.tv_sec * 1000LL + 60000);
    memcpy(out + head, event, event_length);
    write_all(fd, out, head + event_length);
}

/* The length of the first request in the bytes of a connection; 0 = it is not all there yet. */
static size_t request_length(char *bytes, size_t have) {
    bytes[have] = 0;
    char *end = strstr(bytes, "\r\n\r\n");
    if (!end) return 0;
    size_t head = end + 4 - bytes;
    char *length = strcasestr(bytes, "\r\ncontent-length:");
    if (length && length < end) {
        size_t all = head + strtoul(length + 17, NULL, 10);
        return all <= have ? all : 0;
    }
    char *chunked = strcasestr(bytes, "\r\ntransfer-encoding:");
    if (!chunked || chunked > end) return head;
    char *last = strstr(end, "\r\n0\r\n\r\n");
    return last ? (size_t)(last + 7 - bytes) : 0;
}

static void drop(int index) {
    close(connections[index].fd);
    free(connections[index].bytes);
    connections[index].bytes = NULL;
}

static void read_from(int index) {
    ssize_t count = read(
        connections[index].fd, connections[index].bytes + connections[index].have, room - connections[index].have);
    if (count <= 0) {
        drop(index);
        return;
    }
    connections[index].have += count;
    size_t length;
    while ((length = request_length(connections[index].bytes, connections[index].have))) {
        answer(index, connections[index].bytes);
        connections[index].have -= length;
        memmove(connections[index].bytes, connections[index].bytes + length, connections[index].have);
    }
}

int main(int argc, char **argv) {
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!file) fail("rapistub EVENT-FILE");
    if (!(event = malloc(room))) fail("malloc");
    event_length = fread(event, 1, room, file);
    int server = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(server, (struct sockaddr *)&address, size) || listen(server, 64)) fail("bind");
    if (getsockname(server, (struct sockaddr *)&address, &size)) fail("getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while (1) {
        int indices[most], count = 0;
        polled[0] = (struct pollfd){.fd = server, .events = POLLIN};
        polled[1] = (struct pollfd){.fd = 0, .events = POLLIN};
        for (int index = 0; index < most; index++)
            if (connections[index].bytes) {
                indices[count] = index;
                polled[2 + count++] = (struct pollfd){.fd = connections[index].fd, .events = POLLIN};
            }
        if (poll(polled, 2 + count, -1) < 0) fail("poll");
        if (polled[1].revents) return 0;
        for (int place = 0; place < count; place++)
            if (polled[2 + place].revents) read_from(indices[place]);
        if (!polled[0].revents) continue;
        int fd = accept(server, NULL, NULL), index = 0;
        while (index < most && connections[index].bytes) index++;
        if (fd < 0 || index == most) fail("accept");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connections[index].fd = fd;
        connections[index].have = connections[index].asked = 0;
        if (!(connections[index].bytes = malloc(room + 1))) fail("malloc");
    }
}
