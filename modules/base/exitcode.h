/* The exit statuses of tcptool, the same for every command. */
#ifndef BASE_EXITCODE_H
#define BASE_EXITCODE_H

enum exitcode {
    EXITCODE_OK = 0,
    EXITCODE_FAILED = 1,           /* the network or a file failed */
    EXITCODE_USAGE = 2,            /* the command line is wrong */
    EXITCODE_DATA = 65,            /* data could not be converted (EX_DATAERR of sysexits.h) */
    EXITCODE_TIMEOUT = 124,        /* a time limit passed (as timeout(1) says it) */
    EXITCODE_NOT_EXECUTABLE = 126, /* PROGRAM cannot be run (as shells say it) */
    EXITCODE_NOT_FOUND = 127,      /* there is no such PROGRAM */
    /* Never a status of ours: standard output was closed, and the program ends
     * as SIGPIPE would end it. The value is how a shell shows that. */
    EXITCODE_PIPE = 141,
};

#endif
