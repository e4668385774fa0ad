/* core/landlock: what a process may still do, tried in a process that has given it up. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/landlock.h"
#include "core/rights.h"

static char base[] = "/tmp/landlock.XXXXXX";

/* Returns 0 or the errno of opening a file below the directory of the test. */
static int try_to_open(const char *name, int flags)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", base, name);
    fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int try_to_remove(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", base, name);
    return unlink(path) < 0 ? errno : 0;
}

static int try_to_connect(const struct sockaddr *to, socklen_t length)
{
    int fd = socket(to->sa_family, SOCK_STREAM, 0), result;

    result = connect(fd, to, length) < 0 ? errno : 0;
    close(fd);
    return result;
}

static int try_port(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return try_to_connect((struct sockaddr *)&to, sizeof(to));
}

static int allow(struct landlock *l, const char *name, uint64_t rights)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", base, name);
    return landlock_allow_path(l, path, rights, NULL);
}

/* Returns 0, or the number of the line that is wrong. */
#define EXPECT(condition) \
    if (!(condition))     \
    return __LINE__ % 256

static int act(void)
{
    struct landlock l;
    uint64_t net;
    int kept = open("/dev/null", O_WRONLY | O_CLOEXEC);

    EXPECT(landlock_open(&l, false, NULL) == 0);
    net = l.net;
    EXPECT(allow(&l, "read", LANDLOCK_MAY_READ) == 0);
    EXPECT(allow(&l, "append", LANDLOCK_MAY_WRITE | LANDLOCK_MAY_CREATE) == 0);
    EXPECT(allow(&l, "remove", LANDLOCK_MAY_REMOVE) == 0);
    EXPECT(allow(&l, "missing", LANDLOCK_MAY_READ) == 0);
    EXPECT(landlock_allow_port(&l, 1, NULL) == 0);
    EXPECT(rights_gain_none(NULL) == 0 && landlock_enforce(&l, NULL) == 0);
    landlock_close(&l);

    EXPECT(try_to_open("read/file", O_RDONLY) == 0);
    EXPECT(try_to_open("read/file", O_WRONLY) == EACCES);
    EXPECT(try_to_open("read/new", O_WRONLY | O_CREAT) == EACCES);
    EXPECT(try_to_open("read", O_RDONLY | O_DIRECTORY) == EACCES);
    EXPECT(try_to_remove("read/file") == EACCES);
    EXPECT(try_to_open("append/file", O_WRONLY) == 0);
    EXPECT(try_to_open("append/file", O_RDONLY) == EACCES);
    EXPECT(try_to_open("append/new", O_WRONLY | O_CREAT) == 0);
    EXPECT(try_to_open("remove/file", O_RDONLY) == EACCES);
    EXPECT(try_to_remove("remove/file") == 0);
    EXPECT(try_to_open("other/file", O_RDONLY) == EACCES);
    EXPECT(write(kept, "x", 1) == 1);
    if (net != 0) {
        EXPECT(try_port(1) == ECONNREFUSED);
        EXPECT(try_port(2) == EACCES);
    }
    return 0;
}

static void limits_the_access_to_files(void **state)
{
    struct landlock l;
    int status;
    pid_t child;

    (void)state;
    assert_int_equal(landlock_open(&l, false, NULL), 0);
    if (l.fd < 0)
        skip();
    landlock_close(&l);
    child = fork();
    if (child == 0)
        _exit(act());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) != 0)
        fail_msg("line %d is wrong (modulo 256)", WEXITSTATUS(status));
}

static int make_files(void **state)
{
    static const char *const names[] = {"read", "append", "remove", "other"};
    char path[128], file[32];

    (void)state;
    assert_non_null(mkdtemp(base));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", base, names[i]);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(file, sizeof(file), "%s/file", names[i]);
        assert_int_equal(try_to_open(file, O_WRONLY | O_CREAT), 0);
    }
    return 0;
}

static int remove_files(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_the_access_to_files),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
