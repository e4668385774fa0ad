/*
 * The leanest programs that do the work of one row of the benchmark and nothing
 * else: no options, no messages, no limits, no regard for odd descriptors. What
 * they take is what the kernel asks for the work.
 */
#ifndef BENCH_LEAN_H
#define BENCH_LEAN_H

/* One connection copied to standard output, or standard input to one: lean_copy.c. */
void lean_receive(int count, char **arguments);
void lean_send(int count, char **arguments);

/* Servers on one epoll loop: lean_serve.c. */
void lean_echo(int count, char **arguments);
void lean_upper(int count, char **arguments);
void lean_room(int count, char **arguments);

/* Each connection joined with one to another port: lean_relay.c. */
void lean_relay(int count, char **arguments);

/* Standard input copied to many connections: lean_broadcast.c. */
void lean_broadcast(int count, char **arguments);

/* A program for each client: lean_program.c. */
void lean_program(int count, char **arguments);

/* One connection whose text is changed: lean_text.c. */
void lean_convert(int count, char **arguments);
void lean_upper_stream(int count, char **arguments);

/* The same with TLS; the file of the server's certificate and key: lean_tls.c. */
void lean_tls_receive(int count, char **arguments);
void lean_tls_send(int count, char **arguments);
void lean_tls_echo(int count, char **arguments);

/* a to z become A to Z. */
void upper_ascii(char *bytes, unsigned long n);

#endif
