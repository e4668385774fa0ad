/*
 * Explains what happens, step by step, in the terms of the socket interface, for those who
 * learn TCP (--explain). Every step is printed on standard error when it happens. Steps are
 * numbered: those of a client that was accepted by themselves, with its address in front, and
 * so is what is connected to for the sake of clients; all others are numbered together.
 */
#ifndef NET_EXPLAIN_H
#define NET_EXPLAIN_H

/* Explains all threads from now on, to the end of the program. encoding is that of the wire, and
 * is not copied; NULL: UTF-8. */
void explain_start(const char *encoding);

#endif
