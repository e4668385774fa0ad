/* One half of transcode: from any encoding that iconv knows to UTF-8. */
#ifndef TEXT_DECODE_H
#define TEXT_DECODE_H

#include "text/substitute.h"

/* A new filter that reads rules->reads, as transcode.h describes it, or NULL
 * with errno set. The rules are copied. */
struct filter *decode_new(const struct substitute *rules);

#endif
