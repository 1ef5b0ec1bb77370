/* HTTP/1.1 messages on a connection, with or without TLS. */
#include <openssl/ssl.h>
#include <strings.h>

enum { room = 1 << 17 };

struct connection { int fd; SSL *tls; };

static ssize_t read_some(struct connection at, char *bytes, size_t count) {
    return at.tls ? SSL_read(at.tls, bytes, count) : read(at.fd, bytes, count);
}

/* 0 = the other side has closed it. */
static int write_all(struct connection at, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t done = at.tls ? SSL_write(at.tls, bytes, count) : write(at.fd, bytes, count);
        if (done <= 0) return 0;
        bytes += done;
        count -= done;
    }
    return 1;
}

/* Reads one message that has a Content-Length, or none and no body. Its length, or 0 at the end. */
static size_t read_message(struct connection at, char *buffer, char **body) {
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
        ssize_t got = read_some(at, buffer + have, room - have - 1);
        if (got <= 0) return 0;
        have += got;
    }
}
