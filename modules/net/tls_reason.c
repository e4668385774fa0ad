/* Owns the words for failures of TLS. */
#include "net/tls_reason.h"

#include <stdbool.h>
#include <string.h>

enum {
    SHOWN_MAX = 40,
    ALERT_REASONS = 1000, /* SSL_AD_REASON_OFFSET: an alert of the peer, and its number */
    ALERT_MAX = 255,
};

static const struct words {
    int reason;
    const char *text;
} words[] = {
    {SSL_R_NO_SHARED_CIPHER, "no cipher in common"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, "no key exchange in common"},
    {SSL_R_NO_SUITABLE_GROUPS, "no key exchange in common"},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "no signature algorithm in common"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "no TLS version in common (--tls-min)"},
    {SSL_R_VERSION_TOO_LOW, "no TLS version in common (--tls-min)"},
    {SSL_R_WRONG_VERSION_NUMBER, "no TLS version in common (--tls-min)"},
    {SSL_R_NO_PROTOCOLS_AVAILABLE, "no TLS version in common (--tls-min)"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "the client has presented no certificate"},
    {SSL_R_BINDER_DOES_NOT_VERIFY, "the peer holds another key (--tls-psk)"},
    {SSL_R_UNEXPECTED_MESSAGE, "the peer does not keep to the protocol"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "a damaged record has arrived"},
    {SSL_R_PACKET_LENGTH_TOO_LONG, "a damaged record has arrived"},
    {SSL_R_BAD_RECORD_TYPE, "a damaged record has arrived"},
};

void tls_reason_take(struct error *err)
{
    const struct tls_library *lib = tls_library();
    unsigned long code = lib->ERR_peek_error();
    int reason = ERR_GET_REASON(code);
    const char *text = lib->ERR_reason_error_string(code);

    lib->ERR_clear_error();
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= ALERT_REASONS &&
        reason <= ALERT_REASONS + ALERT_MAX && text != NULL) {
        const char *alert = strstr(text, "alert "); /* "tlsv1 alert unknown ca" */

        error_set(err, EXITCODE_FAILED, "rejected by the peer: %s",
                  alert != NULL ? alert + sizeof("alert ") - 1 : text);
        return;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == words[i].reason)
            text = words[i].text;
    error_set(err, EXITCODE_FAILED, "%s", text != NULL ? text : "TLS failed");
}

bool tls_reason_is_tls(char first)
{
    return first >= SSL3_RT_CHANGE_CIPHER_SPEC && first <= SSL3_RT_APPLICATION_DATA;
}

void tls_reason_not_tls(const char *bytes, size_t n, struct error *err)
{
    size_t shown = 0;

    while (shown < n && shown < SHOWN_MAX && bytes[shown] >= ' ' && bytes[shown] <= '~')
        shown++;
    if (shown > 0)
        error_set(err, EXITCODE_FAILED, "the peer does not speak TLS: it sent \"%.*s\"", (int)shown,
                  bytes);
    else
        error_set(err, EXITCODE_FAILED, "the peer does not speak TLS");
}
