/*
 * The words of --explain: every step as a whole format, in one table, so that it can be
 * translated. Where the program does something other than the recv and send of a tutorial, the
 * step says so.
 */
#ifndef NET_EXPLAIN_WORDS_H
#define NET_EXPLAIN_WORDS_H

/* clang-format off */

/* The calls. */
#define EXPLAIN_CALL_LOOK_UP        "getaddrinfo %s"
#define EXPLAIN_CALL_LOOK_UP_ANY    "getaddrinfo"
#define EXPLAIN_CALL_SOCKET         "socket"
#define EXPLAIN_CALL_BIND           "bind %s"
#define EXPLAIN_CALL_LISTEN         "listen %zu"
#define EXPLAIN_CALL_PAUSE          "(accept4 paused)"
#define EXPLAIN_CALL_ACCEPT         "accept4"
#define EXPLAIN_CALL_INHERITED      "(inherited)"
#define EXPLAIN_CALL_CONNECT        "connect %s"
#define EXPLAIN_CALL_RECV           "recv"
#define EXPLAIN_CALL_RECV_1         "recv %zu byte"
#define EXPLAIN_CALL_RECV_N         "recv %zu bytes"
#define EXPLAIN_CALL_SEND           "send"
#define EXPLAIN_CALL_SEND_1         "send %zu byte"
#define EXPLAIN_CALL_SEND_N         "send %zu bytes"
#define EXPLAIN_CALL_FAILURE        "getsockopt SO_ERROR"
#define EXPLAIN_CALL_SENDFILE       "sendfile"
#define EXPLAIN_CALL_SPLICE         "splice"
#define EXPLAIN_CALL_SENDFILE_1     "sendfile %zu byte"
#define EXPLAIN_CALL_SENDFILE_N     "sendfile %zu bytes"
#define EXPLAIN_CALL_SPLICE_1       "splice %zu byte"
#define EXPLAIN_CALL_SPLICE_N       "splice %zu bytes"
#define EXPLAIN_CALL_LEND           "fork, exec"
#define EXPLAIN_CALL_TLS_SENT       "TLS > %s"
#define EXPLAIN_CALL_TLS_RECEIVED   "TLS < %s"
#define EXPLAIN_CALL_TLS_READ_1     "SSL_read %zu byte"
#define EXPLAIN_CALL_TLS_READ_N     "SSL_read %zu bytes"
#define EXPLAIN_CALL_TLS_WRITE_1    "SSL_write %zu byte"
#define EXPLAIN_CALL_TLS_WRITE_N    "SSL_write %zu bytes"
#define EXPLAIN_CALL_STAGE          "(%s)"
#define EXPLAIN_CALL_SHUTDOWN       "shutdown SHUT_WR"
#define EXPLAIN_CALL_CLOSE          "close"
#define EXPLAIN_CALL_TCP_INFO       "TCP_INFO"

/* Looking a name up. */
#define EXPLAIN_ONE_ADDRESS         "one address: %s"
#define EXPLAIN_ADDRESSES           "%zu addresses: %s"
#define EXPLAIN_ADDRESSES_V6        "%zu addresses: %s; IPv6 is tried first"
#define EXPLAIN_ADDRESSES_V4        "%zu addresses: %s; IPv4 is tried first"
#define EXPLAIN_IS_ADDRESS          "it is an address already: nothing is looked up"
#define EXPLAIN_ANY_ADDRESS         "every address of this machine: %s"

/* Sockets. */
#define EXPLAIN_SOCKET_V4           "a TCP socket for IPv4; not connected yet"
#define EXPLAIN_SOCKET_V6           "a TCP socket for IPv6; not connected yet"
#define EXPLAIN_SOCKET_UNIX         "a stream socket of this machine (unix); not connected yet"
#define EXPLAIN_SOCKET_VSOCK        "a stream socket between virtual machines; not connected yet"
#define EXPLAIN_BOUND               "the socket has this address now; SO_REUSEADDR is set, so that old connections in TIME_WAIT do not prevent it"
#define EXPLAIN_BOUND_ANY_PORT      "the socket has this address now; the kernel picks a free port"
#define EXPLAIN_BOUND_UNIX          "the socket has this address now"
#define EXPLAIN_FAILED              "failed: %s"

/* Listening. */
#define EXPLAIN_LISTENING_1         "the kernel now completes handshakes on %s by itself; %u connection can wait in the backlog until it is accepted"
#define EXPLAIN_LISTENING_N         "the kernel now completes handshakes on %s by itself; %u connections can wait in the backlog until they are accepted"
#define EXPLAIN_LISTENING_CUT       "the kernel now completes handshakes on %s by itself; it has reduced the backlog to %u (net.core.somaxconn)"
#define EXPLAIN_LISTENING_UNKNOWN   "connections to %s wait in the backlog until they are accepted"
#define EXPLAIN_ACCEPTED            "a second socket, for this client alone; the listening socket goes on listening (accept4 is accept that also sets O_NONBLOCK)"
#define EXPLAIN_ACCEPTED_FULL       "a second socket, for this client alone; the backlog was full, so that the kernel ignores the SYNs of other clients, who try again after 1 s"
#define EXPLAIN_PAUSED_1            "%zu connection is served, which is the limit (--max-conns); further ones wait in the backlog"
#define EXPLAIN_PAUSED_N            "%zu connections are served, which is the limit (--max-conns); further ones wait in the backlog"
#define EXPLAIN_INHERITED           "a connected socket from the program that started this one, which has accepted it"
#define EXPLAIN_INHERITED_LISTENER  "a listening socket at %s from the program that started this one"
#define EXPLAIN_LENT                "a program gets the socket itself: its calls are its own, and are not seen here"

/* Connecting. */
#define EXPLAIN_CONNECTED           "connected after %s ms by the three-way handshake (SYN, SYN-ACK, ACK); the kernel picked our port, %u"
#define EXPLAIN_CONNECTED_FROM      "connected after %s ms by the three-way handshake (SYN, SYN-ACK, ACK), from our port %u"
#define EXPLAIN_CONNECTED_LOCAL     "connected after %s ms; no handshake is needed on one machine"
#define EXPLAIN_CONNECTING          "a SYN is sent; no reply has come yet"
#define EXPLAIN_CONNECT_REFUSED     "refused: a RST came back; no server listens there"
#define EXPLAIN_CONNECT_TIMED_OUT   "timed out: no reply to any SYN; a firewall may drop them, or no machine has the address"
#define EXPLAIN_CONNECT_UNREACHABLE "unreachable: no route leads there (%s)"

/* Data. */
#define EXPLAIN_ASCII               "\"%.*s\""
#define EXPLAIN_ASCII_AND_1         "\"%.*s\" and %zu more byte"
#define EXPLAIN_ASCII_AND_N         "\"%.*s\" and %zu more bytes"
#define EXPLAIN_TEXT                "\"%.*s\" is %s in %s"
#define EXPLAIN_TEXT_AND_1          "\"%.*s\" is %s in %s; %zu more byte follows"
#define EXPLAIN_TEXT_AND_N          "\"%.*s\" is %s in %s; %zu more bytes follow"
#define EXPLAIN_BYTES               "no text: %s"
#define EXPLAIN_BYTES_AND_1         "no text: %s and %zu more byte"
#define EXPLAIN_BYTES_AND_N         "no text: %s and %zu more bytes"
#define EXPLAIN_RECORDS             "TLS records: what is in them is in the steps TLS and SSL"
#define EXPLAIN_SENDFILE            "from the file to the socket inside the kernel, where a tutorial reads the file and calls send"
#define EXPLAIN_SPLICE_FROM         "from the socket to the output inside the kernel, where a tutorial calls recv and write; the bytes are not seen here"
#define EXPLAIN_SPLICE_TO           "from the input to the socket inside the kernel, where a tutorial calls read and send; the bytes are not seen here"
#define EXPLAIN_DISCARDED           "taken without being copied (MSG_TRUNC): already looked at, or not needed"
#define EXPLAIN_SEND_BLOCKED        "would block (EAGAIN): the send buffer is full, because the peer does not read; it is tried again once there is room"
#define EXPLAIN_END                 "the peer has closed its side (FIN): end of data; we can still send"
#define EXPLAIN_END_BOTH            "the peer has closed its side (FIN): end of data"
#define EXPLAIN_END_LOCAL           "the peer has closed its side: end of data; we can still send"
#define EXPLAIN_END_BOTH_LOCAL      "the peer has closed its side: end of data"
#define EXPLAIN_RECV_RESET          "reset: a RST came back; the peer closed with data unread, asked for a reset, or its program died"
#define EXPLAIN_RECV_RESET_SENT     "reset: a RST came back; the peer closed before it had read what we sent, asked for a reset, or its program died"
#define EXPLAIN_SEND_RESET          "reset: the peer has closed its socket, and a RST came back for data that we had sent"

/* TLS. */
#define EXPLAIN_TLS_CLIENT_HELLO    "the versions and ciphers that the client has, half of a key exchange, and the name that it wants (SNI)"
#define EXPLAIN_TLS_SERVER_HELLO    "the version and cipher that the server chose, and its half of the key exchange"
#define EXPLAIN_TLS_EXTENSIONS      "further answers of the server, encrypted from here on"
#define EXPLAIN_TLS_CERT_REQUEST    "the server wants a certificate of the client, too"
#define EXPLAIN_TLS_CERTIFICATE     "the name and public key, signed by an authority or by itself"
#define EXPLAIN_TLS_CERT_VERIFY     "a signature over the handshake: proves who holds the private key"
#define EXPLAIN_TLS_KEY_EXCHANGE    "half of a key exchange"
#define EXPLAIN_TLS_HELLO_DONE      "the server has said everything"
#define EXPLAIN_TLS_FINISHED        "a checksum over the whole handshake: nobody has changed it"
#define EXPLAIN_TLS_TICKET          "a ticket with which a later connection can resume"
#define EXPLAIN_TLS_KEY_UPDATE      "new keys from here on"
#define EXPLAIN_TLS_OTHER           "a message of the handshake"

/* Between connecting and the data. */
#define EXPLAIN_STAGE               "done: the bytes from here on belong to the next layer"

/* The end. */
#define EXPLAIN_SHUT                "our side is closed (FIN); we can still receive"
#define EXPLAIN_SHUT_BOTH           "our side is closed, too (FIN)"
#define EXPLAIN_SHUT_LOCAL          "our side is closed; we can still receive"
#define EXPLAIN_SHUT_BOTH_LOCAL     "our side is closed, too"
#define EXPLAIN_CLOSE_LISTENER      "the listening socket is closed; clients that are accepted are not affected"
#define EXPLAIN_CLOSE_UNUSED        "the socket is not used any more"
#define EXPLAIN_CLOSE_BOTH_OURS     "both sides are closed; we closed first, so our port stays in TIME_WAIT for 60 s"
#define EXPLAIN_CLOSE_BOTH_PEERS    "both sides are closed; the peer closed first, so TIME_WAIT remains on its side"
#define EXPLAIN_CLOSE_OURS          "our side is closed (FIN), and the peer's was before; TIME_WAIT remains on its side"
#define EXPLAIN_CLOSE_HALF          "our side is closed (FIN); the peer has not closed its side yet, and gets a RST for what it still sends"
#define EXPLAIN_CLOSE_UNREAD        "data that has come is unread, so a RST is sent instead of a FIN"
#define EXPLAIN_CLOSE_ABORT         "a RST is sent instead of a FIN (SO_LINGER 0): what the peer has received is not complete"
#define EXPLAIN_CLOSE_RESET         "the connection was reset before: nothing remains of it"
#define EXPLAIN_CLOSE_LOCAL         "the connection has ended; a unix socket leaves no TIME_WAIT"
#define EXPLAIN_CLOSE_LENT          "our copy of the socket is closed"
#define EXPLAIN_TCP_INFO            "round trip %s ms, %u retransmitted, congestion window %u segments"
/* clang-format on */

#endif
