/* The other half of transcode: from UTF-8 to any encoding that iconv knows. */
#ifndef TEXT_ENCODE_H
#define TEXT_ENCODE_H

#include "text/substitute.h"

/* A new filter that writes rules->writes, as transcode.h describes it, or NULL
 * with errno set. With UTF-8 as the encoding it only checks. The rules are copied. */
struct filter *encode_new(const struct substitute *rules);

/* True when the encoding has this UTF-8 text. */
bool encode_can(const char *encoding, const char *text);

#endif
