/* Load for a server of SQS, and a server that does nothing: what this machine's sockets and this client could do at most.
 *
 *   sqsload load PORT QUEUE-URL send|batch|drain CONNECTIONS SECONDS
 *   sqsload stub
 *
 * AWS JSON 1.0 on kept connections of 127.0.0.1, one thread each, bodies of 1 KB; `batch` sends ten a request, `drain`
 * receives ten and deletes them in one batch. A connection that the server closes is opened again. `load` prints
 * messages a second, and the 50th and 99th percentile of a request in microseconds. `stub` prints its port, answers every
 * request alike, and ends with its standard input. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { room = 1 << 17, most_times = 1 << 21 };

static void fail(const char *what) { perror(what); exit(1); }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int write_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t done = write(fd, bytes, count);
        if (done <= 0) return 0;
        bytes += done;
        count -= done;
    }
    return 1;
}

/* Reads one HTTP message that has a Content-Length, or none and no body. Its length, or 0 at the end. */
static size_t read_message(int fd, char *buffer, char **body) {
    size_t have = 0;
    for (;;) {
        buffer[have] = 0;
        char *end = strstr(buffer, "\r\n\r\n");
        if (end) {
            size_t length = 0;
            for (char *line = buffer; line < end; line = strstr(line, "\r\n") + 2)
                if (strncasecmp(line, "content-length:", 15) == 0) length = strtoul(line + 15, NULL, 10);
            size_t whole = end + 4 - buffer + length;
            if (whole >= room) fail("a message that is too long");
            if (have >= whole) {
                *body = end + 4;
                return whole;
            }
        }
        if (have + 1 >= room) fail("a head that is too long");
        ssize_t got = read(fd, buffer + have, room - have - 1);
        if (got <= 0) return 0;
        have += got;
    }
}

/* The client. */

static int port, seconds, count_connections;
static const char *url, *mode;
static atomic_long messages, requests;
static float *times;

static int open_connection(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

struct client { int fd; char *request, *answer; };

/* Asks, and waits for the answer's body. */
static char *ask(struct client *client, const char *action, const char *body, size_t length) {
    double start = now();
    char *found;
    for (int attempt = 0;; attempt++) {
        int head = sprintf(client->request,
            "POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/x-amz-json-1.0\r\n"
            "Authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, "
            "Signature=0\r\nX-Amz-Target: AmazonSQS.%s\r\nContent-Length: %zu\r\n\r\n", port, action, length);
        memcpy(client->request + head, body, length);
        if (write_all(client->fd, client->request, head + length) && read_message(client->fd, client->answer, &found)) break;
        if (attempt == 3) fail("no answer");
        close(client->fd);
        client->fd = open_connection();
    }
    if (strncmp(client->answer, "HTTP/1.1 200", 12) != 0 || *found != '{' || strstr(found, "\"Code\"")) {
        fprintf(stderr, "%s\n", client->answer);
        exit(1);
    }
    if (strcasestr(client->answer, "\nconnection: close")) {
        close(client->fd);
        client->fd = open_connection();
    }
    long place = atomic_fetch_add(&requests, 1);
    if (place < most_times) times[place] = (now() - start) * 1e6;
    return found;
}

static char *append_entry(char *at, int n, const char *text) {
    return at + sprintf(at, "%s{\"Id\":\"%d\",\"MessageBody\":\"%s\"}", n ? "," : "", n, text);
}

/* Deletes what an answer of ReceiveMessage has; how many that were. */
static int delete_all(struct client *client, char *answer, char *body) {
    char *at = body + sprintf(body, "{\"QueueUrl\":\"%s\",\"Entries\":[", url);
    int count = 0;
    for (char *found = answer; (found = strstr(found, "\"ReceiptHandle\":")); count++) {
        char *begin = strchr(found + 16, '"') + 1, *end = strchr(begin, '"');
        at += sprintf(at, "%s{\"Id\":\"%d\",\"ReceiptHandle\":\"%.*s\"}", count ? "," : "", count, (int)(end - begin), begin);
        found = end;
    }
    at += sprintf(at, "]}");
    if (count) ask(client, "DeleteMessageBatch", body, at - body);
    return count;
}

static void *run(void *unused) {
    (void)unused;
    struct client client = {open_connection(), malloc(room), malloc(room)};
    char *body = malloc(room), text[1025];
    for (int i = 0; i < 1024; i++) text[i] = 'a' + i % 26;
    text[1024] = 0;
    double until = now() + seconds;
    while (now() < until) {
        if (strcmp(mode, "send") == 0) {
            int length = sprintf(body, "{\"QueueUrl\":\"%s\",\"MessageBody\":\"%s\"}", url, text);
            ask(&client, "SendMessage", body, length);
            atomic_fetch_add(&messages, 1);
        } else if (strcmp(mode, "batch") == 0) {
            char *at = body + sprintf(body, "{\"QueueUrl\":\"%s\",\"Entries\":[", url);
            for (int n = 0; n < 10; n++) at = append_entry(at, n, text);
            at += sprintf(at, "]}");
            ask(&client, "SendMessageBatch", body, at - body);
            atomic_fetch_add(&messages, 10);
        } else {
            int length = sprintf(body, "{\"QueueUrl\":\"%s\",\"MaxNumberOfMessages\":10}", url);
            int count = delete_all(&client, ask(&client, "ReceiveMessage", body, length), body);
            if (count == 0) break;
            atomic_fetch_add(&messages, count);
        }
    }
    return NULL;
}

static int compare(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void load(void) {
    pthread_t threads[256];
    times = malloc(most_times * sizeof *times);
    double start = now();
    for (int i = 0; i < count_connections; i++) pthread_create(&threads[i], NULL, run, NULL);
    for (int i = 0; i < count_connections; i++) pthread_join(threads[i], NULL);
    double took = now() - start;
    long count = requests < most_times ? requests : most_times;
    qsort(times, count, sizeof *times, compare);
    printf("%.0f %.0f %.0f %ld\n", messages / took, times[count / 2], times[count * 99 / 100], (long)messages);
}

/* The server that does nothing. */

static void *serve(void *argument) {
    int fd = (int)(long)argument;
    char *buffer = malloc(room), *body;
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}";
    while (read_message(fd, buffer, &body) && write_all(fd, answer, sizeof answer - 1)) {}
    close(fd);
    free(buffer);
    return NULL;
}

static void *accept_all(void *argument) {
    int listener = (int)(long)argument, one = 1;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) fail("accept");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        pthread_t thread;
        pthread_create(&thread, NULL, serve, (void *)(long)fd);
        pthread_detach(thread);
    }
    return NULL;
}

static void stub(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 256) < 0) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    pthread_t thread;
    pthread_create(&thread, NULL, accept_all, (void *)(long)listener);
    while (getchar() != EOF) {}
}

int main(int count, char **words) {
    if (count == 2 && strcmp(words[1], "stub") == 0) {
        stub();
        return 0;
    }
    if (count != 7 || strcmp(words[1], "load") != 0) {
        fprintf(stderr, "usage: sqsload load PORT QUEUE-URL send|batch|drain CONNECTIONS SECONDS\n       sqsload stub\n");
        return 64;
    }
    port = atoi(words[2]);
    url = words[3];
    mode = words[4];
    count_connections = atoi(words[5]);
    seconds = atoi(words[6]);
    if (count_connections < 1 || count_connections > 256) return 64;
    load();
    return 0;
}
