/* A stream of Redis under load: redisload PORT SECONDS
 *
 * One connection adds messages, ten XADD at a time; another reads ten with XREADGROUP, and acknowledges and deletes them. */
#include "broker.h"

static char *append_command(char *at, int count, const char **words) {
    at += sprintf(at, "*%d\r\n", count);
    for (int n = 0; n < count; n++) at += sprintf(at, "$%zu\r\n%s\r\n", strlen(words[n]), words[n]);
    return at;
}

struct ids { int count; char text[64][32]; };

/* Reads one answer, and returns it if it is a number; texts that look like the id of a message go into `ids`. */
static long answer(struct reader *reader, struct ids *ids) {
    char line[256], text[32];
    read_line(reader, line, sizeof line);
    // A run before this one has made the group.
    if (line[0] == '-' && strncmp(line, "-BUSYGROUP", 10) != 0) { fprintf(stderr, "%s\n", line); exit(1); }
    long number = atol(line + 1);
    if (line[0] == '*') for (long n = 0; n < number; n++) answer(reader, ids);
    if (line[0] != '$' || number < 0) return number;
    int is_short = number < (long)sizeof text;
    read_bytes(reader, is_short ? text : NULL, number);
    read_bytes(reader, NULL, 2);
    if (!is_short) return 0;
    text[number] = 0;
    if (ids && strchr(text, '-')) strcpy(ids->text[ids->count++], text);
    return 0;
}

static void *publish(void *unused) {
    (void)unused;
    struct reader *reader = open_reader();
    char *batch = malloc(1 << 16);
    const char *add[] = {"XADD", "work", "*", "m", payload()};
    while (is_publishing()) {
        while (may_publish(10)) {
            char *at = batch;
            for (int n = 0; n < 10; n++) at = append_command(at, 5, add);
            count_published(10);
            write_bytes(reader, batch, at - batch);
        }
        if (confirmed == published) { usleep(100); continue; }
        answer(reader, NULL);
        count_confirmed();
    }
    has_published = 1;
    return NULL;
}

/* Acknowledges and deletes. */
static void settle(struct reader *reader, const struct ids *ids) {
    char text[4096];
    const char *words[70] = {"XACK", "work", "workers"};
    for (int n = 0; n < ids->count; n++) words[3 + n] = ids->text[n];
    char *at = append_command(text, 3 + ids->count, words);
    words[1] = "XDEL";
    words[2] = "work";
    at = append_command(at, 2 + ids->count, words + 1);
    write_bytes(reader, text, at - text);
    if (answer(reader, NULL) != ids->count || answer(reader, NULL) != ids->count) fail("XACK, XDEL");
    count(&done, ids->count);
}

static void *consume(void *unused) {
    (void)unused;
    struct reader *reader = open_reader();
    struct ids ids;
    char text[256];
    const char *words[] = {"XREADGROUP", "GROUP", "workers", "one", "COUNT", "10", "BLOCK", "100", "STREAMS", "work", ">"};
    size_t length = append_command(text, 11, words) - text;
    while (is_consuming()) {
        write_bytes(reader, text, length);
        ids.count = 0;
        answer(reader, &ids);
        if (ids.count) settle(reader, &ids);
    }
    return NULL;
}

static long ask(struct reader *reader, int count, const char **words) {
    char text[256];
    write_bytes(reader, text, append_command(text, count, words) - text);
    return answer(reader, NULL);
}

int main(int count, char **words) {
    int seconds;
    read_words(count, words, &seconds);
    struct reader *reader = open_reader();
    ask(reader, 6, (const char *[]){"XGROUP", "CREATE", "work", "workers", "$", "MKSTREAM"});
    double cpu = run_load(seconds);
    print_result(cpu, ask(reader, 2, (const char *[]){"XLEN", "work"}));
    return 0;
}
