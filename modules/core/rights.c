/* Owns the system calls that change the root, the user and the groups. */
#include "core/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/num.h"

/* Without memory or descriptors, nothing is known of the name; getpwnam(3). */
static bool has_failed(const void *found, const char *word, struct error *err)
{
    if (found != NULL || (errno != ENOMEM && errno != EMFILE && errno != ENFILE && errno != EIO))
        return false;
    error_errno(err, errno, "--user: cannot look up \"%s\"", word);
    return true;
}

static int find_group(struct rights *r, const char *word, struct error *err)
{
    const struct group *found;
    uint64_t number;

    errno = 0;
    found = getgrnam(word);
    if (has_failed(found, word, err))
        return -1;
    if (found == NULL && num_parse(word, 0, UINT32_MAX - 1, &number) < 0) {
        error_set(err, EXITCODE_USAGE, "--user: unknown group \"%s\"", word);
        return -1;
    }
    r->group = found != NULL ? found->gr_gid : (gid_t)number;
    return 0;
}

/* A number that is no user's name needs no entry, but then a group has to be named. */
static int find_user(struct rights *r, const char *word, bool has_group, struct error *err)
{
    const struct passwd *found;
    uint64_t number = 0;
    bool is_number;

    errno = 0;
    found = getpwnam(word);
    if (has_failed(found, word, err))
        return -1;
    is_number = found == NULL && num_parse(word, 0, UINT32_MAX - 1, &number) == 0;
    if (is_number)
        found = getpwuid((uid_t)number);
    if (found == NULL && !is_number)
        error_set(err, EXITCODE_USAGE, "--user: unknown user \"%s\"", word);
    else if (found == NULL && !has_group)
        error_set(err, EXITCODE_USAGE, "--user: unknown user \"%s\": expected %s:GROUP", word,
                  word);
    if (error_is_set(err))
        return -1;
    r->user = found != NULL ? found->pw_uid : (uid_t)number;
    r->group = found != NULL ? found->pw_gid : 0;
    return 0;
}

static int find_names(struct rights *r, const char *word, struct error *err)
{
    const char *colon = strchr(word, ':');
    char *user = colon != NULL ? strndup(word, (size_t)(colon - word)) : strdup(word);
    int result;

    if (user == NULL) {
        error_errno(err, ENOMEM, "--user");
        return -1;
    }
    result = find_user(r, user, colon != NULL, err);
    if (result == 0 && colon != NULL)
        result = find_group(r, colon + 1, err);
    free(user);
    return result;
}

int rights_prepare(struct rights *r, const char *user, const char *root, struct error *err)
{
    struct error why = {0};

    *r = (struct rights){.user_word = user, .root_path = root, .root = -1};
    if (user != NULL && find_names(r, user, &why) < 0) {
        error_move(err, &why);
        return -1;
    }
    if (root != NULL && (r->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
        error_errno(err, errno, "--chroot: cannot open %s", root);
        return -1;
    }
    return 0;
}

/* setresuid(2) does this by itself only for a process that was root. Returns 0 or -1. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

    return (int)syscall(SYS_capset, &header, none);
}

static bool has_become(const struct rights *r)
{
    uid_t real, effective, saved;
    gid_t real_group, effective_group, saved_group;

    return getresuid(&real, &effective, &saved) == 0 && real == r->user && effective == r->user &&
           saved == r->user && getresgid(&real_group, &effective_group, &saved_group) == 0 &&
           real_group == r->group && effective_group == r->group && saved_group == r->group &&
           getgroups(0, NULL) == 0 && (r->user == 0 || setuid(0) < 0) &&
           (r->user == 0 || r->group == 0 || setgid(0) < 0);
}

int rights_give_up(struct rights *r, struct error *err)
{
    if (r->root >= 0 && (fchdir(r->root) < 0 || chroot(".") < 0 || chdir("/") < 0)) {
        error_errno(err, errno, "cannot change the root directory to %s", r->root_path);
        return -1;
    }
    if (r->user_word == NULL)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(r->group, r->group, r->group) < 0 ||
        setresuid(r->user, r->user, r->user) < 0 || (r->user != 0 && drop_capabilities() < 0)) {
        error_errno(err, errno, "cannot become the user %s", r->user_word);
        return -1;
    }
    if (has_become(r))
        return 0;
    error_set(err, EXITCODE_FAILED, "cannot become the user %s: there is a way back", r->user_word);
    return -1;
}

int rights_gain_none(struct error *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        return 0;
    error_errno(err, errno, "cannot give up new rights");
    return -1;
}

void rights_clear(struct rights *r)
{
    if (r->root >= 0)
        close(r->root);
    r->root = -1;
}
