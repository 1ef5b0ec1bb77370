// The part of libjq's C interface that Sluice uses, declared here and found with dlopen: a machine without libjq runs
// everything else. It has been the same since jq 1.6, and 1.7 and 1.8 keep it.
#ifndef CJQ_H
#define CJQ_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// libjq's `jv`, a counted reference to a JSON value: two registers, passed by value.
typedef struct {
  unsigned char kind_flags;
  unsigned char pad;
  unsigned short offset;
  int size;
  union {
    void *pointer;
    double number;
  } content;
} cjq_value;

/// libjq's `jq_state`: one compiled program. Used by one thread at a time.
typedef struct cjq_program cjq_program;

typedef void (*cjq_tell)(void *context, cjq_value message);
typedef cjq_value (*cjq_give)(cjq_program *program, void *context);

/// Opens libjq, once; called before any other function, by one thread at a time.
/// Returns NULL, or what is missing: valid until the next call.
const char *cjq_open(void);

/// Whether libjq is 1.6, which takes `error(null)` for `empty`.
bool cjq_is_old(void);

cjq_program *cjq_new(void);
void cjq_delete(cjq_program *program);
/// `tell` is given each mistake, a text.
bool cjq_compile(cjq_program *program, const char *source, cjq_tell tell, void *context);
/// What `input` gives, and where `debug` and, from jq 1.7 on, `stderr` go.
void cjq_set_callbacks(cjq_program *program, cjq_give input, cjq_tell debug, cjq_tell errors, void *context);
/// Begins a run. Takes `input`.
void cjq_start(cjq_program *program, cjq_value input);
/// The next output; an invalid value when there is none, with a message when that is a failure.
cjq_value cjq_next(cjq_program *program);

/// Reads one JSON text; an invalid value with a message when it is none. Copies what it needs.
cjq_value cjq_parse(const char *text, int length);
/// Writes compact JSON: a text. Takes `value`.
cjq_value cjq_dump(cjq_value value);
cjq_value cjq_number(double number);
/// A text of UTF-8.
cjq_value cjq_text(const char *bytes, int length);
cjq_value cjq_failure(const char *message);

bool cjq_is_valid(cjq_value value);
bool cjq_is_string(cjq_value value);
/// -1 when it is no array. Does not take `value`.
int cjq_array_length(cjq_value value);
/// Does not take `array`.
cjq_value cjq_element(cjq_value array, int place);
/// Whether an invalid value is a failure. Does not take `value`.
bool cjq_has_message(cjq_value value);
/// Takes `value`.
cjq_value cjq_message(cjq_value value);
/// Of a text: its bytes, valid as long as the value. Do not take `value`.
const char *cjq_bytes(cjq_value value);
int cjq_length(cjq_value value);
void cjq_free(cjq_value value);

/// Takes from this process, for good, what a program does not need: from here on it opens no file and no connection,
/// writes no file and starts no process. Its environment becomes `variables`, NULL at its end: what `$ENV` shows. The
/// list and its texts must live as long as the process. False, with errno, when the kernel refuses.
bool cjq_confine(char **variables);

#ifdef __cplusplus
}
#endif

#endif
