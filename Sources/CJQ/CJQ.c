#include "CJQ.h"

#include <dlfcn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

// jv_kind of jq.h.
enum { kind_invalid = 0, kind_string = 5, kind_array = 6 };

static struct {
  cjq_program *(*jq_init)(void);
  void (*jq_teardown)(cjq_program **);
  void (*jq_set_error_cb)(cjq_program *, cjq_tell, void *);
  void (*jq_set_input_cb)(cjq_program *, cjq_give, void *);
  void (*jq_set_debug_cb)(cjq_program *, cjq_tell, void *);
  void (*jq_set_stderr_cb)(cjq_program *, cjq_tell, void *); // since 1.7
  int (*jq_compile)(cjq_program *, const char *);
  void (*jq_start)(cjq_program *, cjq_value, int);
  cjq_value (*jq_next)(cjq_program *);
  cjq_value (*jv_parse_sized)(const char *, int);
  cjq_value (*jv_dump_string)(cjq_value, int);
  cjq_value (*jv_number)(double);
  cjq_value (*jv_string)(const char *);
  cjq_value (*jv_string_sized)(const char *, int);
  int (*jv_array_length)(cjq_value);
  cjq_value (*jv_array_get)(cjq_value, int);
  cjq_value (*jv_invalid_with_msg)(cjq_value);
  int (*jv_invalid_has_msg)(cjq_value);
  cjq_value (*jv_invalid_get_msg)(cjq_value);
  int (*jv_get_kind)(cjq_value);
  const char *(*jv_string_value)(cjq_value);
  int (*jv_string_length_bytes)(cjq_value);
  cjq_value (*jv_copy)(cjq_value);
  void (*jv_free)(cjq_value);
} jq;

static bool find(void *library, void **function, const char *name, const char **missing) {
  *function = dlsym(library, name);
  if (*function == NULL && missing != NULL) *missing = name;
  return *function != NULL;
}

#define FIND(name) find(library, (void **)&jq.name, #name, &missing)

const char *cjq_open(void) {
  static void *library = NULL;
  static char problem[256];
  if (library != NULL) return NULL;
#ifdef __APPLE__
  const char *name = "libjq.1.dylib";
#else
  const char *name = "libjq.so.1";
#endif
  void *opened = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (opened == NULL) {
    const char *error = dlerror();
    snprintf(problem, sizeof problem, "%s", error != NULL ? error : "it cannot be opened");
    return problem;
  }
  const char *missing = NULL;
  {
    void *library = opened;
    FIND(jq_init) && FIND(jq_teardown) && FIND(jq_set_error_cb) && FIND(jq_set_input_cb) && FIND(jq_set_debug_cb)
        && FIND(jq_compile) && FIND(jq_start) && FIND(jq_next)
        && FIND(jv_parse_sized) && FIND(jv_dump_string) && FIND(jv_number) && FIND(jv_string)
        && FIND(jv_string_sized) && FIND(jv_array_length) && FIND(jv_array_get)
        && FIND(jv_invalid_with_msg) && FIND(jv_invalid_has_msg) && FIND(jv_invalid_get_msg) && FIND(jv_get_kind)
        && FIND(jv_string_value) && FIND(jv_string_length_bytes) && FIND(jv_copy) && FIND(jv_free);
    find(library, (void **)&jq.jq_set_stderr_cb, "jq_set_stderr_cb", NULL);
  }
  if (missing != NULL) {
    snprintf(problem, sizeof problem, "%s has no %s: jq 1.6 or newer is needed", name, missing);
    dlclose(opened);
    return problem;
  }
  library = opened;
  return NULL;
}

bool cjq_is_old(void) { return jq.jq_set_stderr_cb == NULL; }

cjq_program *cjq_new(void) { return jq.jq_init(); }
void cjq_delete(cjq_program *program) { jq.jq_teardown(&program); }

bool cjq_compile(cjq_program *program, const char *source, cjq_tell tell, void *context) {
  jq.jq_set_error_cb(program, tell, context);
  bool compiles = jq.jq_compile(program, source) != 0;
  jq.jq_set_error_cb(program, NULL, NULL);
  return compiles;
}

void cjq_set_callbacks(cjq_program *program, cjq_give input, cjq_tell debug, cjq_tell errors, void *context) {
  jq.jq_set_input_cb(program, input, context);
  jq.jq_set_debug_cb(program, debug, context);
  if (jq.jq_set_stderr_cb != NULL) jq.jq_set_stderr_cb(program, errors, context);
}

void cjq_start(cjq_program *program, cjq_value input) { jq.jq_start(program, input, 0); }
cjq_value cjq_next(cjq_program *program) { return jq.jq_next(program); }

cjq_value cjq_parse(const char *text, int length) { return jq.jv_parse_sized(text, length); }
cjq_value cjq_dump(cjq_value value) { return jq.jv_dump_string(value, 0); }
cjq_value cjq_number(double number) { return jq.jv_number(number); }
cjq_value cjq_text(const char *bytes, int length) { return jq.jv_string_sized(bytes, length); }
cjq_value cjq_failure(const char *message) { return jq.jv_invalid_with_msg(jq.jv_string(message)); }

bool cjq_is_valid(cjq_value value) { return jq.jv_get_kind(value) != kind_invalid; }
bool cjq_is_string(cjq_value value) { return jq.jv_get_kind(value) == kind_string; }
int cjq_array_length(cjq_value value) {
  return jq.jv_get_kind(value) == kind_array ? jq.jv_array_length(jq.jv_copy(value)) : -1;
}
cjq_value cjq_element(cjq_value array, int place) { return jq.jv_array_get(jq.jv_copy(array), place); }
bool cjq_has_message(cjq_value value) { return jq.jv_invalid_has_msg(jq.jv_copy(value)) != 0; }
cjq_value cjq_message(cjq_value value) { return jq.jv_invalid_get_msg(value); }
const char *cjq_bytes(cjq_value value) { return jq.jv_string_value(value); }
int cjq_length(cjq_value value) { return jq.jv_string_length_bytes(jq.jv_copy(value)); }
void cjq_free(cjq_value value) { jq.jv_free(value); }

extern char **environ;

bool cjq_confine(char **variables) {
  environ = variables;
  tzset(); // reads the file of the time zone
  // Files that are open stay open, and pipes are no files that grow.
  const int resources[] = {RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_NPROC};
  const struct rlimit none = {0, 0};
  for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
    if (setrlimit(resources[i], &none) != 0) return false;
  }
  return true;
}
