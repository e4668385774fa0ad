/* Parses and formats numbers. Knows nothing of what they are for. */
#include "base/num.h"

#include <stdio.h>
#include <string.h>

/* Reads decimal digits at *word and moves it behind them; -1 for none, or too many. */
static int read_digits(const char **word, uint64_t *value)
{
    const char *p = *word;
    uint64_t sum = 0;

    if (*p < '0' || *p > '9')
        return -1;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(*p - '0'), &sum))
            return -1;
    }
    *word = p;
    *value = sum;
    return 0;
}

int num_parse(const char *word, uint64_t min, uint64_t max, uint64_t *value)
{
    uint64_t number;

    if (read_digits(&word, &number) < 0 || *word != '\0' || number < min || number > max)
        return -1;
    *value = number;
    return 0;
}

/* The unit's length in milliseconds, or 0 for a unit that there is not. */
static uint64_t unit_ms(const char *unit)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(unit, units[i].name) == 0)
            return units[i].ms;
    return 0;
}

int num_parse_duration(const char *word, int64_t *value_ms)
{
    enum { FRACTION_DIGITS = 9 };
    uint64_t whole, unit, total, fraction = 0, scale = 1;

    whole = 0;
    if (*word != '.' && read_digits(&word, &whole) < 0)
        return -1;
    if (*word == '.') {
        int digits = 0;

        for (word++; *word >= '0' && *word <= '9'; word++) {
            if (++digits > FRACTION_DIGITS)
                return -1;
            fraction = fraction * 10 + (uint64_t)(*word - '0');
            scale *= 10;
        }
        if (digits == 0)
            return -1;
    }
    unit = unit_ms(word);
    if (unit == 0 || __builtin_mul_overflow(whole, unit, &total) ||
        __builtin_add_overflow(total, (fraction * unit + scale - 1) / scale, &total) ||
        total > INT64_MAX / 4)
        return -1;
    *value_ms = (int64_t)total;
    return 0;
}

int num_parse_size(const char *word, uint64_t *value_bytes)
{
    static const char units[] = "KMG";
    uint64_t number, factor = 1;

    if (read_digits(&word, &number) < 0)
        return -1;
    if (*word != '\0') {
        const char *unit = strchr(units, *word);

        if (unit == NULL || word[1] != '\0')
            return -1;
        factor <<= 10 * (unit - units + 1);
    }
    if (__builtin_mul_overflow(number, factor, &number) || number > INT64_MAX)
        return -1;
    *value_bytes = number;
    return 0;
}

void num_format_duration(int64_t value_ms, char *text, size_t size)
{
    if (value_ms % 3600000 == 0 && value_ms > 0)
        snprintf(text, size, "%lldh", (long long)(value_ms / 3600000));
    else if (value_ms % 60000 == 0 && value_ms > 0)
        snprintf(text, size, "%lldm", (long long)(value_ms / 60000));
    else if (value_ms % 1000 == 0)
        snprintf(text, size, "%llds", (long long)(value_ms / 1000));
    else if (value_ms > 1000 && value_ms % 100 == 0)
        snprintf(text, size, "%lld.%llds", (long long)(value_ms / 1000),
                 (long long)(value_ms % 1000 / 100));
    else
        snprintf(text, size, "%lldms", (long long)value_ms);
}
