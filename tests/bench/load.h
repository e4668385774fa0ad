/*
 * The modes of the load generator. Each prints its result as one line of JSON
 * on standard output. Those that hold many connections say "ready" first, begin
 * when a line comes in, and keep the connections until their input ends, so
 * that whoever measures a server can look at it before and after.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

/* Bulk data: load_bulk.c. */
void load_blast(int count, char **arguments);
void load_sink(int count, char **arguments);
void load_stream(int count, char **arguments);
void load_drain(int count, char **arguments);

/* Many connections: load_many.c. */
void load_echo(int count, char **arguments);
void load_short(int count, char **arguments);
void load_idle(int count, char **arguments);

/* Bulk data, requests and handshakes over TLS: load_tls.c. */
void load_tls_blast(int count, char **arguments);
void load_tls_sink(int count, char **arguments);
void load_tls_echo(int count, char **arguments);
void load_tls_handshakes(int count, char **arguments);

/* A room: load_chat.c. */
void load_chat(int count, char **arguments);

/* The readers of a broadcast: load_readers.c. */
void load_readers(int count, char **arguments);

/* Programs run one after another: load_runs.c. */
void load_runs(int count, char **arguments);

/* Says "ready" and waits for a line. */
void wait_for_go(void);

/* Waits for the end of standard input. */
void hold_until_end(void);

#endif
