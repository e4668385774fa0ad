/* Tries each address once, and prints which accept connections. */
#ifndef COMMANDS_WAIT_NOW_H
#define COMMANDS_WAIT_NOW_H

#include "commands/wait_address.h"
#include "commands/wait_try.h"

/* Runs the loop until every port has been tried once, and prints a line for each on standard
 * output, in order. Marks the run as failed when one of them is closed. */
void wait_now(struct wait_tries *tries, struct wait_addresses *addresses);

#endif
