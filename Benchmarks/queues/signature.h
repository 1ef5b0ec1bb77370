/* Signature Version 4 of requests to SQS in JSON. */
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *key_id, *secret;

static char *append_hex(char *at, const unsigned char *bytes) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    *at = 0;
    return at;
}

static void hash(const void *bytes, size_t count, char *hex) {
    unsigned char digest[32];
    SHA256(bytes, count, digest);
    append_hex(hex, digest);
}

static void keyed(const void *key, int length, const char *text, unsigned char *code) {
    HMAC(EVP_sha256(), key, length, (const unsigned char *)text, strlen(text), code, NULL);
}

/* Of a day: clients keep it, and so does each thread. */
static const unsigned char *signing_key(const char *day) {
    static _Thread_local char of_day[16];
    static _Thread_local unsigned char key[32];
    if (strcmp(day, of_day) != 0) {
        char first[256];
        snprintf(first, sizeof first, "AWS4%s", secret);
        keyed(first, strlen(first), day, key);
        keyed(key, 32, "us-east-1", key);
        keyed(key, 32, "sqs", key);
        keyed(key, 32, "aws4_request", key);
        strcpy(of_day, day);
    }
    return key;
}

/* Appends the headers X-Amz-Date and Authorization. */
static char *append_signature(char *at, int port, const char *action, const char *body, size_t length) {
    time_t seconds = time(NULL);
    struct tm parts;
    char day[16], moment[32], of_body[65], canonical[1024], of_request[65], text[256];
    unsigned char code[32];
    gmtime_r(&seconds, &parts);
    strftime(day, sizeof day, "%Y%m%d", &parts);
    strftime(moment, sizeof moment, "%Y%m%dT%H%M%SZ", &parts);
    hash(body, length, of_body);
    int count = sprintf(canonical,
        "POST\n/\n\ncontent-type:application/x-amz-json-1.0\nhost:127.0.0.1:%d\nx-amz-date:%s\nx-amz-target:AmazonSQS.%s\n\n"
        "content-type;host;x-amz-date;x-amz-target\n%s", port, moment, action, of_body);
    hash(canonical, count, of_request);
    sprintf(text, "AWS4-HMAC-SHA256\n%s\n%s/us-east-1/sqs/aws4_request\n%s", moment, day, of_request);
    keyed(signing_key(day), 32, text, code);
    at += sprintf(at, "X-Amz-Date: %s\r\nAuthorization: AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/sqs/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=", moment, key_id, day);
    return append_hex(at, code) + sprintf(at + 64, "\r\n");
}

/* The form of one: emulators tell services by it, and nobody verifies it. */
static char *append_form(char *at) {
    return at + sprintf(at, "Authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/sqs/aws4_request, "
        "SignedHeaders=host, Signature=0\r\n");
}
