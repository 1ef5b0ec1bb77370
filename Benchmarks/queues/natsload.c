/* A work queue of NATS JetStream under load: natsload PORT SECONDS
 *
 * One connection publishes messages, ten at a time; another pulls ten at a time, four pulls under way, and acknowledges each
 * message. */
#include "broker.h"

/* What came: 'M' a message, 'S' the status of a pull that is over, 'P' a PING, 'I' all else. */
struct event { int kind; char reply[256], text[4096]; };

static void read_text(struct reader *reader, struct event *event, size_t bytes) {
    size_t some = bytes < sizeof event->text ? bytes : sizeof event->text - 1;
    read_bytes(reader, event->text, some);
    event->text[some] = 0;
    read_bytes(reader, NULL, bytes - some + 2);
}

static void next(struct reader *reader, struct event *event) {
    char line[1024], subject[256], last_word[256];
    int id, head, bytes;
    read_line(reader, line, sizeof line);
    event->kind = 'I';
    event->reply[0] = 0;
    if (strncmp(line, "MSG ", 4) == 0) {
        event->kind = 'M';
        if (sscanf(line, "MSG %255s %d %255s %d", subject, &id, last_word, &bytes) == 4) strcpy(event->reply, last_word);
        else if (sscanf(line, "MSG %255s %d %d", subject, &id, &bytes) != 3) fail("MSG");
        read_text(reader, event, bytes);
    } else if (strncmp(line, "HMSG ", 5) == 0) {
        event->kind = 'S';
        if (sscanf(line, "HMSG %255s %d %d %d", subject, &id, &head, &bytes) != 4) fail("HMSG");
        read_text(reader, event, bytes);
    } else if (strncmp(line, "PING", 4) == 0) {
        event->kind = 'P';
        write_text(reader, "PONG\r\n");
    } else if (strncmp(line, "-ERR", 4) == 0) {
        fprintf(stderr, "%s\n", line);
        exit(1);
    }
}

static struct reader *open_client(void) {
    struct reader *reader = open_reader();
    struct event greeting;
    next(reader, &greeting);
    write_text(reader, "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n");
    return reader;
}

/* JetStream answers errors as it answers all else. */
static void check(const struct event *event) {
    if (strstr(event->text, "\"error\"")) { fprintf(stderr, "%s\n", event->text); exit(1); }
}

static void ask(struct reader *reader, const char *subject, const char *json, struct event *event) {
    char text[2048];
    sprintf(text, "SUB answers 9\r\nUNSUB 9 1\r\nPUB %s answers %zu\r\n%s\r\n", subject, strlen(json), json);
    write_text(reader, text);
    do next(reader, event); while (event->kind != 'M');
    check(event);
}

static void *publish(void *unused) {
    (void)unused;
    struct reader *reader = open_client();
    struct event event;
    char *batch = malloc(1 << 16);
    write_text(reader, "SUB taken 1\r\n");
    while (is_publishing()) {
        while (may_publish(10)) {
            char *at = batch;
            for (int n = 0; n < 10; n++) at += sprintf(at, "PUB work taken 1024\r\n%s\r\n", payload());
            count_published(10);
            write_bytes(reader, batch, at - batch);
        }
        if (confirmed == published) { usleep(100); continue; }
        next(reader, &event);
        if (event.kind != 'M') continue;
        check(&event);
        count_confirmed();
    }
    has_published = 1;
    return NULL;
}

/* Acknowledgements are written when ten are there, and when nothing else is there to be read: a reader that waits owes none. */
static void *consume(void *unused) {
    (void)unused;
    struct reader *reader = open_client();
    struct event event;
    static const char wanted[] = "{\"batch\":10,\"expires\":100000000}";
    char pull[256], acks[8192], *at = acks;
    sprintf(pull, "PUB $JS.API.CONSUMER.MSG.NEXT.WORK.worker inbox %zu\r\n%s\r\n", strlen(wanted), wanted);
    write_text(reader, "SUB inbox 1\r\n");
    for (int n = 0; n < 4; n++) write_text(reader, pull);
    long received = 0;
    for (int unsettled = 0; is_consuming();) {
        next(reader, &event);
        if (event.kind == 'S') write_text(reader, pull);
        if (event.kind == 'M') {
            at += sprintf(at, "PUB %s 4\r\n+ACK\r\n", event.reply);
            unsettled++;
            if (++received % 10 == 0) at += sprintf(at, "%s", pull);
        }
        if (unsettled == 10 || (unsettled && is_empty(reader))) {
            write_bytes(reader, acks, at - acks);
            count(&done, unsettled);
            at = acks;
            unsettled = 0;
        }
    }
    return NULL;
}

/* Nobody says when an acknowledgement has been read: it is asked until none is missing, for a second at most. */
static long ask_waiting(struct reader *reader) {
    struct event event;
    long waiting = -1;
    for (int attempt = 0; waiting != 0 && attempt < 50; attempt++) {
        if (attempt) usleep(20000);
        ask(reader, "$JS.API.STREAM.INFO.WORK", "", &event);
        char *found = strstr(event.text, "\"messages\":");
        waiting = found ? atol(found + 11) : -1;
    }
    return waiting;
}

int main(int count, char **words) {
    int seconds;
    read_words(count, words, &seconds);
    struct reader *reader = open_client();
    struct event event;
    ask(reader, "$JS.API.STREAM.CREATE.WORK",
        "{\"name\":\"WORK\",\"subjects\":[\"work\"],\"retention\":\"workqueue\",\"storage\":\"file\",\"num_replicas\":1}",
        &event);
    ask(reader, "$JS.API.CONSUMER.DURABLE.CREATE.WORK.worker",
        "{\"stream_name\":\"WORK\",\"config\":"
        "{\"durable_name\":\"worker\",\"ack_policy\":\"explicit\",\"max_ack_pending\":10000}}",
        &event);
    double cpu = run_load(seconds);
    print_result(cpu, ask_waiting(reader));
    return 0;
}
