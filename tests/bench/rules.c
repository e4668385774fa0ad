/* Times access rules: how long it takes to read a file of them, and to look an address up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands/access_source.h"

enum { RULES = 100000, ADDRESSES = 1 << 16, LOOK_UPS = 5 << 20 };

static uint32_t random_word(void)
{
    static uint64_t state = 88172645463325252;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

/* Of the processor, which others may use, too. */
static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Fills the first bits of an address of a family; IPv6 addresses are below 2000::/3. */
static void random_address(struct addr *a, int family, unsigned bits)
{
    uint32_t words[4] = {0};

    for (unsigned i = 0; i < 4 && i * 32 < bits; i++)
        words[i] = random_word();
    if (bits % 32 != 0)
        words[bits / 32] &= UINT32_MAX << (32 - bits % 32);
    if (family == AF_INET6)
        words[0] = (words[0] & UINT32_MAX >> 3) | 0x20000000;
    for (unsigned i = 0; i < 4; i++)
        words[i] = htonl(words[i]);
    *a = (struct addr){.length = family == AF_INET ? sizeof(a->in) : sizeof(a->in6)};
    a->sa.sa_family = (sa_family_t)family;
    if (family == AF_INET)
        memcpy(&a->in.sin_addr, words, 4);
    else
        memcpy(&a->in6.sin6_addr, words, 16);
}

static void write_rules(FILE *file, int family)
{
    for (int i = 0; i < RULES; i++) {
        unsigned bits = family == AF_INET ? 16 + random_word() % 17 : 24 + random_word() % 41;
        char text[ADDR_TEXT_SIZE];
        struct addr a;

        random_address(&a, family, bits);
        addr_format(&a, text);
        *strrchr(text, ':') = '\0';
        fprintf(file, "%s/%u\n", text, bits);
    }
}

static void time_look_ups(const struct access_rules *rules, int family, const char *name)
{
    struct addr *addresses = calloc(ADDRESSES, sizeof(*addresses));
    unsigned permitted = 0;
    double began;

    if (addresses == NULL)
        exit(1);
    for (int i = 0; i < ADDRESSES; i++)
        random_address(&addresses[i], family, family == AF_INET ? 32 : 128);
    began = now_ns();
    for (int i = 0; i < LOOK_UPS; i++) {
        const char *word;

        permitted += access_permits(rules, &addresses[i % ADDRESSES], &word);
    }
    printf("%s: %.1f ns for a look-up (%u of %d permitted)\n", name, (now_ns() - began) / LOOK_UPS,
           permitted, LOOK_UPS);
    free(addresses);
}

static int measure(int family, const char *name)
{
    char path[] = "@/tmp/tcptool-rules-XXXXXX";
    const char *word = path;
    struct option_words deny = {&word, 1}, allow = {NULL, 0};
    struct access access = ACCESS_INIT;
    struct access_source source = {.allow = &allow, .deny = &deny, .access = &access};
    struct error why = {0};
    int fd = mkstemp(path + 1), failed = 1;
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    struct run run;
    double began;

    if (file == NULL || run_init(&run, 0, &why) < 0)
        return 1;
    write_rules(file, family);
    fclose(file);
    began = now_ns();
    failed = access_source_open(&source, &run, &why);
    printf("%s: %.1f ms to read %d rules\n", name, (now_ns() - began) / 1e6, RULES);
    if (!failed)
        time_look_ups(&access.rules, family, name);
    else
        puts(why.text);
    unlink(path + 1);
    access_source_close(&source);
    run_clear(&run);
    error_clear(&why);
    return failed;
}

int main(void)
{
    return measure(AF_INET, "IPv4") | measure(AF_INET6, "IPv6") ? 1 : 0;
}
