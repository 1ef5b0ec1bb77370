#include "CPQ.h"

#include <dlfcn.h>
#include <stdio.h>

// ConnStatusType and ExecStatusType of libpq-fe.h, and the fields of postgres_ext.h.
enum { connection_ok = 0, command_ok = 1, tuples_ok = 2 };
enum { field_state = 'C', field_primary = 'M', field_detail = 'D' };

static struct {
  cpq_connection *(*PQconnectdbParams)(const char *const *, const char *const *, int);
  int (*PQstatus)(const cpq_connection *);
  char *(*PQerrorMessage)(const cpq_connection *);
  void (*PQfinish)(cpq_connection *);
  void *(*PQsetNoticeProcessor)(cpq_connection *, void (*)(void *, const char *), void *);
  cpq_result *(*PQexecParams)(
      cpq_connection *, const char *, int, const unsigned *, const char *const *, const int *, const int *, int);
  int (*PQresultStatus)(const cpq_result *);
  char *(*PQresultErrorField)(const cpq_result *, int);
  int (*PQntuples)(const cpq_result *);
  int (*PQnfields)(const cpq_result *);
  char *(*PQgetvalue)(const cpq_result *, int, int);
  int (*PQgetisnull)(const cpq_result *, int, int);
  void (*PQclear)(cpq_result *);
  cpq_cancel *(*PQgetCancel)(cpq_connection *);
  int (*PQcancel)(cpq_cancel *, char *, int);
  void (*PQfreeCancel)(cpq_cancel *);
} pq;

static bool find(void *library, void **function, const char *name, const char **missing) {
  *function = dlsym(library, name);
  if (*function == NULL) *missing = name;
  return *function != NULL;
}

#define FIND(name) find(opened, (void **)&pq.name, #name, &missing)

const char *cpq_open(void) {
  static void *library = NULL;
  static char problem[256];
  if (library != NULL) return NULL;
#ifdef __APPLE__
  const char *name = "libpq.5.dylib";
#else
  const char *name = "libpq.so.5";
#endif
  void *opened = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (opened == NULL) {
    const char *error = dlerror();
    snprintf(problem, sizeof problem, "%s", error != NULL ? error : "it cannot be opened");
    return problem;
  }
  const char *missing = NULL;
  bool is_whole = FIND(PQconnectdbParams) && FIND(PQstatus) && FIND(PQerrorMessage) && FIND(PQfinish)
      && FIND(PQsetNoticeProcessor) && FIND(PQexecParams) && FIND(PQresultStatus) && FIND(PQresultErrorField)
      && FIND(PQntuples) && FIND(PQnfields) && FIND(PQgetvalue) && FIND(PQgetisnull) && FIND(PQclear)
      && FIND(PQgetCancel) && FIND(PQcancel) && FIND(PQfreeCancel);
  if (!is_whole) {
    snprintf(problem, sizeof problem, "%s has no %s", name, missing);
    dlclose(opened);
    return problem;
  }
  library = opened;
  return NULL;
}

// libpq writes notices to standard error, where our log is.
static void ignore_notice(void *context, const char *message) { (void)context; (void)message; }

cpq_connection *cpq_connect(const char *url) {
  // What stands before `dbname` gives way to the address, what stands behind it does not.
  const char *const keywords[] = {"application_name", "connect_timeout", "dbname", "client_encoding", NULL};
  const char *const values[] = {"sluice", "10", url, "UTF8", NULL};
  cpq_connection *connection = pq.PQconnectdbParams(keywords, values, 1);
  if (connection != NULL) pq.PQsetNoticeProcessor(connection, ignore_notice, NULL);
  return connection;
}

bool cpq_is_connected(cpq_connection *connection) { return pq.PQstatus(connection) == connection_ok; }
const char *cpq_message(cpq_connection *connection) { return pq.PQerrorMessage(connection); }
void cpq_finish(cpq_connection *connection) { pq.PQfinish(connection); }

cpq_result *cpq_execute(cpq_connection *connection, const char *sql, int count, const char *const *parameters) {
  return pq.PQexecParams(connection, sql, count, NULL, parameters, NULL, NULL, 0);
}

bool cpq_is_success(cpq_result *result) {
  int status = pq.PQresultStatus(result);
  return status == command_ok || status == tuples_ok;
}

const char *cpq_state(cpq_result *result) { return pq.PQresultErrorField(result, field_state); }
const char *cpq_primary(cpq_result *result) { return pq.PQresultErrorField(result, field_primary); }
const char *cpq_detail(cpq_result *result) { return pq.PQresultErrorField(result, field_detail); }
int cpq_rows(cpq_result *result) { return pq.PQntuples(result); }
int cpq_columns(cpq_result *result) { return pq.PQnfields(result); }

const char *cpq_value(cpq_result *result, int row, int column) {
  return pq.PQgetisnull(result, row, column) ? NULL : pq.PQgetvalue(result, row, column);
}

void cpq_clear(cpq_result *result) { pq.PQclear(result); }

cpq_cancel *cpq_new_cancel(cpq_connection *connection) { return pq.PQgetCancel(connection); }

bool cpq_send_cancel(cpq_cancel *cancel) {
  char problem[256];
  return pq.PQcancel(cancel, problem, sizeof problem) != 0;
}

void cpq_free_cancel(cpq_cancel *cancel) { pq.PQfreeCancel(cancel); }
