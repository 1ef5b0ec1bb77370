// The part of libpq's C interface that Sluice uses, declared here and found with dlopen: a machine without libpq runs
// everything else. All of it is older than PostgreSQL 9.0.
#ifndef CPQ_H
#define CPQ_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/// libpq's `PGconn`. Used by one thread at a time.
typedef struct cpq_connection cpq_connection;
/// libpq's `PGresult`.
typedef struct cpq_result cpq_result;
/// libpq's `PGcancel`: what another thread needs to end a statement.
typedef struct cpq_cancel cpq_cancel;

/// Opens libpq, once; called before any other function, by one thread at a time.
/// Returns NULL, or what is missing: valid until the next call.
const char *cpq_open(void);

/// Connects to a `postgres://` address. NULL without memory; else to be finished, also if it failed.
cpq_connection *cpq_connect(const char *url);
bool cpq_is_connected(cpq_connection *connection);
/// What the last call on the connection failed with; valid until the next.
const char *cpq_message(cpq_connection *connection);
void cpq_finish(cpq_connection *connection);

/// Runs one statement; parameters and results are texts, NULL is null. NULL without memory or connection.
cpq_result *cpq_execute(cpq_connection *connection, const char *sql, int count, const char *const *parameters);
bool cpq_is_success(cpq_result *result);
/// Fields of a failure; NULL when it has none.
const char *cpq_state(cpq_result *result);
const char *cpq_primary(cpq_result *result);
const char *cpq_detail(cpq_result *result);
int cpq_rows(cpq_result *result);
int cpq_columns(cpq_result *result);
/// NULL is null; valid as long as the result.
const char *cpq_value(cpq_result *result, int row, int column);
void cpq_clear(cpq_result *result);

cpq_cancel *cpq_new_cancel(cpq_connection *connection);
/// Asks the server to end the statement that runs. From any thread.
bool cpq_send_cancel(cpq_cancel *cancel);
void cpq_free_cancel(cpq_cancel *cancel);

#ifdef __cplusplus
}
#endif

#endif
