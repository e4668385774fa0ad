# Completion of tcptool's command line for fish.
# Made by completions/generate from the program's own tables: do not edit.

# Options whose value may be a word of its own.
function __tcptool_takes_value
    switch $argv[1]
        case serve
            contains -- $argv[2] --bind -b --port -p --backlog --max-conns --accept-timeout --port-file --socket-mode --socket-group --drain --workers --allow --deny --max-conns-per-host --user --chroot --reply --reply-file --buffer --encoding -e --local-encoding --errors --eol --tls-cert --tls-key --tls-ca --tls-name --tls-pin --tls-psk --tls-alpn --tls-min --idle-timeout --deadline --handshake-timeout --recv-size --rate --user-timeout --log
        case send
            contains -- $argv[2] --bind -b --connect-timeout --proxy --proxy-tls-ca --retry --file -f --until --encoding -e --local-encoding --errors --eol --tls-cert --tls-key --tls-ca --tls-name --tls-pin --tls-psk --tls-alpn --tls-min --idle-timeout --deadline --handshake-timeout --recv-size --rate --user-timeout --log
        case chat
            contains -- $argv[2] --bind -b --port -p --backlog --max-conns --accept-timeout --port-file --socket-mode --socket-group --drain --connect-timeout --proxy --proxy-tls-ca --retry --allow --deny --max-conns-per-host --user --chroot --bye --name --history --buffer --encoding -e --local-encoding --errors --eol --tls-cert --tls-key --tls-ca --tls-name --tls-pin --tls-psk --tls-alpn --tls-min --idle-timeout --deadline --handshake-timeout --recv-size --rate --user-timeout --log
        case upper
            contains -- $argv[2] --bind -b --port -p --backlog --max-conns --accept-timeout --port-file --socket-mode --socket-group --drain --workers --allow --deny --max-conns-per-host --user --chroot --encoding -e --local-encoding --errors --eol --tls-cert --tls-key --tls-ca --tls-name --tls-pin --tls-psk --tls-alpn --tls-min --idle-timeout --deadline --handshake-timeout --recv-size --rate --user-timeout --log
        case wait
            contains -- $argv[2] --send --expect --bind -b --connect-timeout --proxy --proxy-tls-ca --encoding -e --local-encoding --errors --eol --tls-cert --tls-key --tls-ca --tls-name --tls-pin --tls-psk --tls-alpn --tls-min --idle-timeout --deadline --handshake-timeout --recv-size --user-timeout
        case '*'
            false
    end
end

function __tcptool_needs_command
    test (count (commandline -opc)) -eq 1
end

function __tcptool_uses
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]
end

# True behind --.
function __tcptool_ended
    contains -- -- (commandline -opc)
end

# True when so many words that are no options stand before the present one.
function __tcptool_operands
    set -l words (commandline -opc)
    set -l operands 0
    set -l skip 0
    for word in $words[3..-1]
        if test $skip -eq 1
            set skip 0
        else if string match -q -- '-?*' $word
            __tcptool_takes_value $words[2] $word; and set skip 1
        else
            set operands (math $operands + 1)
            # HOST:PORT is two in one.
            test $operands -eq 1; and string match -rq '^([^:]+|\[.*\]):[^:]*$' -- $word; and set operands 2
        end
    end
    test $operands -eq $argv[1]
end

function __tcptool_encodings
    iconv -l 2>/dev/null | string replace -r '//.*' ''
end

function __tcptool_ports
    string match -rg '^([^#\s]+)\s+[0-9]+/tcp' </etc/services 2>/dev/null
end

complete -c tcptool -f
complete -c tcptool -n __tcptool_needs_command -l help -d 'print help and exit'
complete -c tcptool -n __tcptool_needs_command -l version -d 'print the version and exit'
complete -c tcptool -n __tcptool_needs_command -a serve -d 'Listen; print what clients send, reply, or run a program'
complete -c tcptool -n '__tcptool_uses help; and __tcptool_operands 0' -a serve -d 'Listen; print what clients send, reply, or run a program'
complete -c tcptool -n __tcptool_needs_command -a send -d 'Connect; send a message or standard input; print the reply'
complete -c tcptool -n '__tcptool_uses help; and __tcptool_operands 0' -a send -d 'Connect; send a message or standard input; print the reply'
complete -c tcptool -n __tcptool_needs_command -a chat -d 'Chat in lines, with one peer or in a room'
complete -c tcptool -n '__tcptool_uses help; and __tcptool_operands 0' -a chat -d 'Chat in lines, with one peer or in a room'
complete -c tcptool -n __tcptool_needs_command -a upper -d 'Listen; reply with everything in upper case'
complete -c tcptool -n '__tcptool_uses help; and __tcptool_operands 0' -a upper -d 'Listen; reply with everything in upper case'
complete -c tcptool -n __tcptool_needs_command -a wait -d 'Wait until addresses accept connections, then run a program'
complete -c tcptool -n '__tcptool_uses help; and __tcptool_operands 0' -a wait -d 'Wait until addresses accept connections, then run a program'
complete -c tcptool -n __tcptool_needs_command -a help -d 'Print help on a command'

complete -c tcptool -n '__tcptool_uses serve' -s b -l bind -x -a 'localhost 0.0.0.0 127.0.0.1 [::] [::1]' -d 'listen on ADDR or unix:PATH (repeatable)'
complete -c tcptool -n '__tcptool_uses serve' -s p -l port -x -a '(__tcptool_ports)' -d 'listen on PORT; 0 picks a free port (8888)'
complete -c tcptool -n '__tcptool_uses serve' -l backlog -x -d 'queue up to N pending connections (128)'
complete -c tcptool -n '__tcptool_uses serve' -s 1 -l once -d 'serve one connection, exit with its status'
complete -c tcptool -n '__tcptool_uses serve' -l max-conns -x -d 'serve up to N at a time; 0 sets no limit (1000)'
complete -c tcptool -n '__tcptool_uses serve' -l accept-timeout -x -d 'exit when no client connects within TIME'
complete -c tcptool -n '__tcptool_uses serve' -l port-file -r -F -d 'write the port to FILE once listening'
complete -c tcptool -n '__tcptool_uses serve' -l socket-mode -x -d 'the mode of unix:PATH (0600 less the umask)'
complete -c tcptool -n '__tcptool_uses serve' -l socket-group -x -d 'the group of unix:PATH'
complete -c tcptool -n '__tcptool_uses serve' -l drain -x -d 'when stopped, wait TIME for clients (5s)'
complete -c tcptool -n '__tcptool_uses serve' -l workers -x -d 'share the port among N threads (1)'
complete -c tcptool -n '__tcptool_uses serve' -l allow -x -d 'serve clients of RULE or @FILE only (repeatable)'
complete -c tcptool -n '__tcptool_uses serve' -l deny -x -d 'refuse clients of RULE or @FILE (repeatable)'
complete -c tcptool -n '__tcptool_uses serve' -l max-conns-per-host -x -d 'serve up to N per address (IPv6: /64) at a time'
complete -c tcptool -n '__tcptool_uses serve' -l accept-proxy -d 'require a PROXY header from each client'
complete -c tcptool -n '__tcptool_uses serve' -l user -x -d 'once listening, become this user'
complete -c tcptool -n '__tcptool_uses serve' -l chroot -x -d 'once listening, make DIR the root directory'
complete -c tcptool -n '__tcptool_uses serve' -l no-sandbox -d 'keep rights that are not needed'
complete -c tcptool -n '__tcptool_uses serve' -l reply -x -d 'reply to each client\'s first data with TEXT'
complete -c tcptool -n '__tcptool_uses serve' -l reply-file -r -F -d 'send each client the contents of FILE'
complete -c tcptool -n '__tcptool_uses serve' -l echo -d 'send everything back, print nothing'
complete -c tcptool -n '__tcptool_uses serve' -l discard -d 'count received data and discard it'
complete -c tcptool -n '__tcptool_uses serve' -l broadcast -d 'send standard input to all clients'
complete -c tcptool -n '__tcptool_uses serve' -l broker -d 'send what a client sends to all others'
complete -c tcptool -n '__tcptool_uses serve' -l buffer -x -d 'keep up to SIZE for slow clients (8M)'
complete -c tcptool -n '__tcptool_uses serve' -l label -d 'print lines, each with its client\'s address'
complete -c tcptool -n '__tcptool_uses serve' -l raw -d 'print exact bytes, on a terminal too'
complete -c tcptool -n '__tcptool_uses serve' -l progress -d 'with --once: show bytes and rate'
complete -c tcptool -n '__tcptool_uses serve' -s e -l encoding -x -a '(__tcptool_encodings)' -d 'the wire encoding; see iconv -l'
complete -c tcptool -n '__tcptool_uses serve' -l local-encoding -x -a '(__tcptool_encodings)' -d 'the local encoding (utf-8)'
complete -c tcptool -n '__tcptool_uses serve' -l errors -x -a 'strict replace escape ignore' -d 'how to handle conversion errors'
complete -c tcptool -n '__tcptool_uses serve' -l eol -x -a 'none lf crlf' -d 'the line ending of messages and lines sent'
complete -c tcptool -n '__tcptool_uses serve' -l tls -d 'encrypt with TLS'
complete -c tcptool -n '__tcptool_uses serve' -l tls-cert -r -F -d 'present the certificate chain in FILE (PEM)'
complete -c tcptool -n '__tcptool_uses serve' -l tls-key -r -F -d 'the key of --tls-cert (in the same FILE)'
complete -c tcptool -n '__tcptool_uses serve' -l tls-ca -x -d 'trust these authorities only'
complete -c tcptool -n '__tcptool_uses serve' -l tls-name -x -d 'ask for NAME and verify it (HOST)'
complete -c tcptool -n '__tcptool_uses serve' -l tls-pin -x -d 'trust this public key only (repeatable)'
complete -c tcptool -n '__tcptool_uses serve' -l tls-psk -r -F -d 'share the key in FILE with the peer'
complete -c tcptool -n '__tcptool_uses serve' -l tls-alpn -x -d 'require one of these protocols, as "h2,http/1.1"'
complete -c tcptool -n '__tcptool_uses serve' -l tls-min -x -d 'the oldest version of TLS (1.2)'
complete -c tcptool -n '__tcptool_uses serve' -l tls-insecure -d 'verify no peer'
complete -c tcptool -n '__tcptool_uses serve' -l idle-timeout -x -d 'close a connection idle for TIME'
complete -c tcptool -n '__tcptool_uses serve' -l deadline -x -d 'end everything after TIME'
complete -c tcptool -n '__tcptool_uses serve' -l handshake-timeout -x -d 'limit handshakes and headers to TIME (10s)'
complete -c tcptool -n '__tcptool_uses serve' -l recv-size -x -d 'read at most SIZE at a time'
complete -c tcptool -n '__tcptool_uses serve' -l rate -x -d 'move SIZE per second at most, in each direction'
complete -c tcptool -n '__tcptool_uses serve' -s 4 -l ipv4 -d 'use IPv4 only'
complete -c tcptool -n '__tcptool_uses serve' -s 6 -l ipv6 -d 'use IPv6 only'
complete -c tcptool -n '__tcptool_uses serve' -l sendall -d 'keep sending until all is sent (default)'
complete -c tcptool -n '__tcptool_uses serve' -l no-sendall -d 'make one send call, fail unless it takes all'
complete -c tcptool -n '__tcptool_uses serve' -l nodelay -d 'send small pieces at once (TCP_NODELAY)'
complete -c tcptool -n '__tcptool_uses serve' -l keepalive -d 'probe an idle peer, after IDLE (SO_KEEPALIVE)'
complete -c tcptool -n '__tcptool_uses serve' -l user-timeout -x -d 'fail when sent data is not acknowledged for TIME'
complete -c tcptool -n '__tcptool_uses serve' -s v -l verbose -d 'report more on standard error'
complete -c tcptool -n '__tcptool_uses serve' -s q -l quiet -d 'report errors only'
complete -c tcptool -n '__tcptool_uses serve' -l timestamps -d 'print the time before every message'
complete -c tcptool -n '__tcptool_uses serve' -l log -r -F -d 'log events to FILE as JSON lines (-: stderr)'
complete -c tcptool -n '__tcptool_uses serve' -l hexdump -d 'dump all data to FILE (stderr), as hexdump -C'
complete -c tcptool -n '__tcptool_uses serve' -l explain -d 'explain every step, in the calls of sockets'
complete -c tcptool -n '__tcptool_uses serve' -l help -a 'where access rights output text tls limits connection messages all' -d 'print help and exit'
complete -c tcptool -n '__tcptool_uses serve; and __tcptool_operands 0' -a '(__fish_complete_command)'
complete -c tcptool -n '__tcptool_uses serve; and not __tcptool_operands 0' -F

complete -c tcptool -n '__tcptool_uses send' -s b -l bind -x -a 'localhost 0.0.0.0 127.0.0.1 [::] [::1]' -d 'connect from this local address (and port)'
complete -c tcptool -n '__tcptool_uses send' -l connect-timeout -x -d 'give up connecting after TIME; 0 never does (10s)'
complete -c tcptool -n '__tcptool_uses send' -l proxy -x -d 'connect through a SOCKS or HTTP proxy'
complete -c tcptool -n '__tcptool_uses send' -l proxy-tls-ca -x -d 'trust these authorities for an https proxy'
complete -c tcptool -n '__tcptool_uses send' -l send-proxy -a 'v1 v2' -d 'send a PROXY header first (v1)'
complete -c tcptool -n '__tcptool_uses send' -l retry -x -d 'try again for TIME while connecting fails'
complete -c tcptool -n '__tcptool_uses send' -s f -l file -r -F -d 'send the contents of FILE'
complete -c tcptool -n '__tcptool_uses send' -l progress -d 'show bytes, rate and time left'
complete -c tcptool -n '__tcptool_uses send' -l until -x -a 'eof first line quiet none' -d 'how much of a reply to wait for (eof)'
complete -c tcptool -n '__tcptool_uses send' -l no-half-close -d 'keep the sending side open after the input'
complete -c tcptool -n '__tcptool_uses send' -l raw -d 'print exact bytes, on a terminal too'
complete -c tcptool -n '__tcptool_uses send' -s e -l encoding -x -a '(__tcptool_encodings)' -d 'the wire encoding; see iconv -l'
complete -c tcptool -n '__tcptool_uses send' -l local-encoding -x -a '(__tcptool_encodings)' -d 'the local encoding (utf-8)'
complete -c tcptool -n '__tcptool_uses send' -l errors -x -a 'strict replace escape ignore' -d 'how to handle conversion errors'
complete -c tcptool -n '__tcptool_uses send' -l eol -x -a 'none lf crlf' -d 'the line ending of messages and lines sent'
complete -c tcptool -n '__tcptool_uses send' -l tls -d 'encrypt with TLS'
complete -c tcptool -n '__tcptool_uses send' -l tls-cert -r -F -d 'present the certificate chain in FILE (PEM)'
complete -c tcptool -n '__tcptool_uses send' -l tls-key -r -F -d 'the key of --tls-cert (in the same FILE)'
complete -c tcptool -n '__tcptool_uses send' -l tls-ca -x -d 'trust these authorities only'
complete -c tcptool -n '__tcptool_uses send' -l tls-name -x -d 'ask for NAME and verify it (HOST)'
complete -c tcptool -n '__tcptool_uses send' -l tls-pin -x -d 'trust this public key only (repeatable)'
complete -c tcptool -n '__tcptool_uses send' -l tls-psk -r -F -d 'share the key in FILE with the peer'
complete -c tcptool -n '__tcptool_uses send' -l tls-alpn -x -d 'require one of these protocols, as "h2,http/1.1"'
complete -c tcptool -n '__tcptool_uses send' -l tls-min -x -d 'the oldest version of TLS (1.2)'
complete -c tcptool -n '__tcptool_uses send' -l tls-insecure -d 'verify no peer'
complete -c tcptool -n '__tcptool_uses send' -l idle-timeout -x -d 'close a connection idle for TIME'
complete -c tcptool -n '__tcptool_uses send' -l deadline -x -d 'end everything after TIME'
complete -c tcptool -n '__tcptool_uses send' -l handshake-timeout -x -d 'limit handshakes and headers to TIME (10s)'
complete -c tcptool -n '__tcptool_uses send' -l recv-size -x -d 'read at most SIZE at a time'
complete -c tcptool -n '__tcptool_uses send' -l rate -x -d 'move SIZE per second at most, in each direction'
complete -c tcptool -n '__tcptool_uses send' -s 4 -l ipv4 -d 'use IPv4 only'
complete -c tcptool -n '__tcptool_uses send' -s 6 -l ipv6 -d 'use IPv6 only'
complete -c tcptool -n '__tcptool_uses send' -l sendall -d 'keep sending until all is sent (default)'
complete -c tcptool -n '__tcptool_uses send' -l no-sendall -d 'make one send call, fail unless it takes all'
complete -c tcptool -n '__tcptool_uses send' -l nodelay -d 'send small pieces at once (TCP_NODELAY)'
complete -c tcptool -n '__tcptool_uses send' -l keepalive -d 'probe an idle peer, after IDLE (SO_KEEPALIVE)'
complete -c tcptool -n '__tcptool_uses send' -l user-timeout -x -d 'fail when sent data is not acknowledged for TIME'
complete -c tcptool -n '__tcptool_uses send' -s v -l verbose -d 'report more on standard error'
complete -c tcptool -n '__tcptool_uses send' -s q -l quiet -d 'report errors only'
complete -c tcptool -n '__tcptool_uses send' -l timestamps -d 'print the time before every message'
complete -c tcptool -n '__tcptool_uses send' -l log -r -F -d 'log events to FILE as JSON lines (-: stderr)'
complete -c tcptool -n '__tcptool_uses send' -l hexdump -d 'dump all data to FILE (stderr), as hexdump -C'
complete -c tcptool -n '__tcptool_uses send' -l explain -d 'explain every step, in the calls of sockets'
complete -c tcptool -n '__tcptool_uses send' -l help -a 'where data text tls limits connection messages all' -d 'print help and exit'
complete -c tcptool -n '__tcptool_uses send; and __tcptool_operands 0' -a 'localhost (__fish_print_hostnames)' -d host
complete -c tcptool -n '__tcptool_uses send; and __tcptool_operands 1' -a '(__tcptool_ports)'

complete -c tcptool -n '__tcptool_uses chat' -s l -l listen -d 'wait for a peer instead of connecting'
complete -c tcptool -n '__tcptool_uses chat' -s b -l bind -x -a 'localhost 0.0.0.0 127.0.0.1 [::] [::1]' -d 'the local address (repeatable to listen)'
complete -c tcptool -n '__tcptool_uses chat' -s p -l port -x -a '(__tcptool_ports)' -d 'listen on PORT; 0 picks a free port (9999)'
complete -c tcptool -n '__tcptool_uses chat' -l backlog -x -d 'queue up to N pending connections (128)'
complete -c tcptool -n '__tcptool_uses chat' -s 1 -l once -d 'serve one connection, exit with its status'
complete -c tcptool -n '__tcptool_uses chat' -l max-conns -x -d 'serve up to N at a time; 0 sets no limit (1000)'
complete -c tcptool -n '__tcptool_uses chat' -l accept-timeout -x -d 'exit when no client connects within TIME'
complete -c tcptool -n '__tcptool_uses chat' -l port-file -r -F -d 'write the port to FILE once listening'
complete -c tcptool -n '__tcptool_uses chat' -l socket-mode -x -d 'the mode of unix:PATH (0600 less the umask)'
complete -c tcptool -n '__tcptool_uses chat' -l socket-group -x -d 'the group of unix:PATH'
complete -c tcptool -n '__tcptool_uses chat' -l drain -x -d 'when stopped, wait TIME for clients (5s)'
complete -c tcptool -n '__tcptool_uses chat' -l connect-timeout -x -d 'give up connecting after TIME; 0 never does (10s)'
complete -c tcptool -n '__tcptool_uses chat' -l proxy -x -d 'connect through a SOCKS or HTTP proxy'
complete -c tcptool -n '__tcptool_uses chat' -l proxy-tls-ca -x -d 'trust these authorities for an https proxy'
complete -c tcptool -n '__tcptool_uses chat' -l send-proxy -a 'v1 v2' -d 'send a PROXY header first (v1)'
complete -c tcptool -n '__tcptool_uses chat' -l retry -x -d 'try again for TIME while connecting fails'
complete -c tcptool -n '__tcptool_uses chat' -l allow -x -d 'serve clients of RULE or @FILE only (repeatable)'
complete -c tcptool -n '__tcptool_uses chat' -l deny -x -d 'refuse clients of RULE or @FILE (repeatable)'
complete -c tcptool -n '__tcptool_uses chat' -l max-conns-per-host -x -d 'serve up to N per address (IPv6: /64) at a time'
complete -c tcptool -n '__tcptool_uses chat' -l accept-proxy -d 'require a PROXY header from each client'
complete -c tcptool -n '__tcptool_uses chat' -l user -x -d 'once listening, become this user'
complete -c tcptool -n '__tcptool_uses chat' -l chroot -x -d 'once listening, make DIR the root directory'
complete -c tcptool -n '__tcptool_uses chat' -l no-sandbox -d 'keep rights that are not needed'
complete -c tcptool -n '__tcptool_uses chat' -l bye -x -d 'a line that ends the chat (repeatable)'
complete -c tcptool -n '__tcptool_uses chat' -l name -x -d 'your name in a room, or the console\'s (host)'
complete -c tcptool -n '__tcptool_uses chat' -l room -d 'with --listen: a room for many'
complete -c tcptool -n '__tcptool_uses chat' -l history -x -d 'show new members the last N lines (20)'
complete -c tcptool -n '__tcptool_uses chat' -l buffer -x -d 'keep up to SIZE for slow members (8M)'
complete -c tcptool -n '__tcptool_uses chat' -s e -l encoding -x -a '(__tcptool_encodings)' -d 'the wire encoding; see iconv -l'
complete -c tcptool -n '__tcptool_uses chat' -l local-encoding -x -a '(__tcptool_encodings)' -d 'the local encoding (utf-8)'
complete -c tcptool -n '__tcptool_uses chat' -l errors -x -a 'strict replace escape ignore' -d 'how to handle conversion errors'
complete -c tcptool -n '__tcptool_uses chat' -l eol -x -a 'none lf crlf' -d 'the line ending of messages and lines sent'
complete -c tcptool -n '__tcptool_uses chat' -l tls -d 'encrypt with TLS'
complete -c tcptool -n '__tcptool_uses chat' -l tls-cert -r -F -d 'present the certificate chain in FILE (PEM)'
complete -c tcptool -n '__tcptool_uses chat' -l tls-key -r -F -d 'the key of --tls-cert (in the same FILE)'
complete -c tcptool -n '__tcptool_uses chat' -l tls-ca -x -d 'trust these authorities only'
complete -c tcptool -n '__tcptool_uses chat' -l tls-name -x -d 'ask for NAME and verify it (HOST)'
complete -c tcptool -n '__tcptool_uses chat' -l tls-pin -x -d 'trust this public key only (repeatable)'
complete -c tcptool -n '__tcptool_uses chat' -l tls-psk -r -F -d 'share the key in FILE with the peer'
complete -c tcptool -n '__tcptool_uses chat' -l tls-alpn -x -d 'require one of these protocols, as "h2,http/1.1"'
complete -c tcptool -n '__tcptool_uses chat' -l tls-min -x -d 'the oldest version of TLS (1.2)'
complete -c tcptool -n '__tcptool_uses chat' -l tls-insecure -d 'verify no peer'
complete -c tcptool -n '__tcptool_uses chat' -l idle-timeout -x -d 'close a connection idle for TIME'
complete -c tcptool -n '__tcptool_uses chat' -l deadline -x -d 'end everything after TIME'
complete -c tcptool -n '__tcptool_uses chat' -l handshake-timeout -x -d 'limit handshakes and headers to TIME (10s)'
complete -c tcptool -n '__tcptool_uses chat' -l recv-size -x -d 'read at most SIZE at a time'
complete -c tcptool -n '__tcptool_uses chat' -l rate -x -d 'move SIZE per second at most, in each direction'
complete -c tcptool -n '__tcptool_uses chat' -s 4 -l ipv4 -d 'use IPv4 only'
complete -c tcptool -n '__tcptool_uses chat' -s 6 -l ipv6 -d 'use IPv6 only'
complete -c tcptool -n '__tcptool_uses chat' -l sendall -d 'keep sending until all is sent (default)'
complete -c tcptool -n '__tcptool_uses chat' -l no-sendall -d 'make one send call, fail unless it takes all'
complete -c tcptool -n '__tcptool_uses chat' -l nodelay -d 'send small pieces at once (TCP_NODELAY)'
complete -c tcptool -n '__tcptool_uses chat' -l keepalive -d 'probe an idle peer, after IDLE (SO_KEEPALIVE)'
complete -c tcptool -n '__tcptool_uses chat' -l user-timeout -x -d 'fail when sent data is not acknowledged for TIME'
complete -c tcptool -n '__tcptool_uses chat' -s v -l verbose -d 'report more on standard error'
complete -c tcptool -n '__tcptool_uses chat' -s q -l quiet -d 'report errors only'
complete -c tcptool -n '__tcptool_uses chat' -l timestamps -d 'print the time before every message'
complete -c tcptool -n '__tcptool_uses chat' -l log -r -F -d 'log events to FILE as JSON lines (-: stderr)'
complete -c tcptool -n '__tcptool_uses chat' -l hexdump -d 'dump all data to FILE (stderr), as hexdump -C'
complete -c tcptool -n '__tcptool_uses chat' -l explain -d 'explain every step, in the calls of sockets'
complete -c tcptool -n '__tcptool_uses chat' -l help -a 'where access rights chat text tls limits connection messages all' -d 'print help and exit'
complete -c tcptool -n '__tcptool_uses chat; and __tcptool_operands 0' -a 'localhost (__fish_print_hostnames)' -d host
complete -c tcptool -n '__tcptool_uses chat; and __tcptool_operands 1' -a '(__tcptool_ports)'

complete -c tcptool -n '__tcptool_uses upper' -s b -l bind -x -a 'localhost 0.0.0.0 127.0.0.1 [::] [::1]' -d 'listen on ADDR or unix:PATH (repeatable)'
complete -c tcptool -n '__tcptool_uses upper' -s p -l port -x -a '(__tcptool_ports)' -d 'listen on PORT; 0 picks a free port (12000)'
complete -c tcptool -n '__tcptool_uses upper' -l backlog -x -d 'queue up to N pending connections (128)'
complete -c tcptool -n '__tcptool_uses upper' -s 1 -l once -d 'serve one connection, exit with its status'
complete -c tcptool -n '__tcptool_uses upper' -l max-conns -x -d 'serve up to N at a time; 0 sets no limit (1000)'
complete -c tcptool -n '__tcptool_uses upper' -l accept-timeout -x -d 'exit when no client connects within TIME'
complete -c tcptool -n '__tcptool_uses upper' -l port-file -r -F -d 'write the port to FILE once listening'
complete -c tcptool -n '__tcptool_uses upper' -l socket-mode -x -d 'the mode of unix:PATH (0600 less the umask)'
complete -c tcptool -n '__tcptool_uses upper' -l socket-group -x -d 'the group of unix:PATH'
complete -c tcptool -n '__tcptool_uses upper' -l drain -x -d 'when stopped, wait TIME for clients (5s)'
complete -c tcptool -n '__tcptool_uses upper' -l workers -x -d 'share the port among N threads (1)'
complete -c tcptool -n '__tcptool_uses upper' -l allow -x -d 'serve clients of RULE or @FILE only (repeatable)'
complete -c tcptool -n '__tcptool_uses upper' -l deny -x -d 'refuse clients of RULE or @FILE (repeatable)'
complete -c tcptool -n '__tcptool_uses upper' -l max-conns-per-host -x -d 'serve up to N per address (IPv6: /64) at a time'
complete -c tcptool -n '__tcptool_uses upper' -l accept-proxy -d 'require a PROXY header from each client'
complete -c tcptool -n '__tcptool_uses upper' -l user -x -d 'once listening, become this user'
complete -c tcptool -n '__tcptool_uses upper' -l chroot -x -d 'once listening, make DIR the root directory'
complete -c tcptool -n '__tcptool_uses upper' -l no-sandbox -d 'keep rights that are not needed'
complete -c tcptool -n '__tcptool_uses upper' -l single -d 'reply to the first read, then close'
complete -c tcptool -n '__tcptool_uses upper' -s e -l encoding -x -a '(__tcptool_encodings)' -d 'the wire encoding; see iconv -l'
complete -c tcptool -n '__tcptool_uses upper' -l local-encoding -x -a '(__tcptool_encodings)' -d 'the local encoding (utf-8)'
complete -c tcptool -n '__tcptool_uses upper' -l errors -x -a 'strict replace escape ignore' -d 'how to handle conversion errors'
complete -c tcptool -n '__tcptool_uses upper' -l eol -x -a 'none lf crlf' -d 'the line ending of messages and lines sent'
complete -c tcptool -n '__tcptool_uses upper' -l tls -d 'encrypt with TLS'
complete -c tcptool -n '__tcptool_uses upper' -l tls-cert -r -F -d 'present the certificate chain in FILE (PEM)'
complete -c tcptool -n '__tcptool_uses upper' -l tls-key -r -F -d 'the key of --tls-cert (in the same FILE)'
complete -c tcptool -n '__tcptool_uses upper' -l tls-ca -x -d 'trust these authorities only'
complete -c tcptool -n '__tcptool_uses upper' -l tls-name -x -d 'ask for NAME and verify it (HOST)'
complete -c tcptool -n '__tcptool_uses upper' -l tls-pin -x -d 'trust this public key only (repeatable)'
complete -c tcptool -n '__tcptool_uses upper' -l tls-psk -r -F -d 'share the key in FILE with the peer'
complete -c tcptool -n '__tcptool_uses upper' -l tls-alpn -x -d 'require one of these protocols, as "h2,http/1.1"'
complete -c tcptool -n '__tcptool_uses upper' -l tls-min -x -d 'the oldest version of TLS (1.2)'
complete -c tcptool -n '__tcptool_uses upper' -l tls-insecure -d 'verify no peer'
complete -c tcptool -n '__tcptool_uses upper' -l idle-timeout -x -d 'close a connection idle for TIME'
complete -c tcptool -n '__tcptool_uses upper' -l deadline -x -d 'end everything after TIME'
complete -c tcptool -n '__tcptool_uses upper' -l handshake-timeout -x -d 'limit handshakes and headers to TIME (10s)'
complete -c tcptool -n '__tcptool_uses upper' -l recv-size -x -d 'read at most SIZE at a time'
complete -c tcptool -n '__tcptool_uses upper' -l rate -x -d 'move SIZE per second at most, in each direction'
complete -c tcptool -n '__tcptool_uses upper' -s 4 -l ipv4 -d 'use IPv4 only'
complete -c tcptool -n '__tcptool_uses upper' -s 6 -l ipv6 -d 'use IPv6 only'
complete -c tcptool -n '__tcptool_uses upper' -l sendall -d 'keep sending until all is sent (default)'
complete -c tcptool -n '__tcptool_uses upper' -l no-sendall -d 'make one send call, fail unless it takes all'
complete -c tcptool -n '__tcptool_uses upper' -l nodelay -d 'send small pieces at once (TCP_NODELAY)'
complete -c tcptool -n '__tcptool_uses upper' -l keepalive -d 'probe an idle peer, after IDLE (SO_KEEPALIVE)'
complete -c tcptool -n '__tcptool_uses upper' -l user-timeout -x -d 'fail when sent data is not acknowledged for TIME'
complete -c tcptool -n '__tcptool_uses upper' -s v -l verbose -d 'report more on standard error'
complete -c tcptool -n '__tcptool_uses upper' -s q -l quiet -d 'report errors only'
complete -c tcptool -n '__tcptool_uses upper' -l timestamps -d 'print the time before every message'
complete -c tcptool -n '__tcptool_uses upper' -l log -r -F -d 'log events to FILE as JSON lines (-: stderr)'
complete -c tcptool -n '__tcptool_uses upper' -l hexdump -d 'dump all data to FILE (stderr), as hexdump -C'
complete -c tcptool -n '__tcptool_uses upper' -l explain -d 'explain every step, in the calls of sockets'
complete -c tcptool -n '__tcptool_uses upper' -l help -a 'where access rights output text tls limits connection messages all' -d 'print help and exit'

complete -c tcptool -n '__tcptool_uses wait' -l any -d 'wait for one ADDRESS only'
complete -c tcptool -n '__tcptool_uses wait' -l gone -d 'wait until connecting is no longer possible'
complete -c tcptool -n '__tcptool_uses wait' -l send -x -d 'send TEXT first'
complete -c tcptool -n '__tcptool_uses wait' -l expect -x -d 'wait for a reply that contains TEXT'
complete -c tcptool -n '__tcptool_uses wait' -l now -d 'try once, print which are open'
complete -c tcptool -n '__tcptool_uses wait' -s b -l bind -x -a 'localhost 0.0.0.0 127.0.0.1 [::] [::1]' -d 'connect from this local address (and port)'
complete -c tcptool -n '__tcptool_uses wait' -l connect-timeout -x -d 'give up connecting after TIME; 0 never does (10s)'
complete -c tcptool -n '__tcptool_uses wait' -l proxy -x -d 'connect through a SOCKS or HTTP proxy'
complete -c tcptool -n '__tcptool_uses wait' -l proxy-tls-ca -x -d 'trust these authorities for an https proxy'
complete -c tcptool -n '__tcptool_uses wait' -l send-proxy -a 'v1 v2' -d 'send a PROXY header first (v1)'
complete -c tcptool -n '__tcptool_uses wait' -s e -l encoding -x -a '(__tcptool_encodings)' -d 'the wire encoding; see iconv -l'
complete -c tcptool -n '__tcptool_uses wait' -l local-encoding -x -a '(__tcptool_encodings)' -d 'the local encoding (utf-8)'
complete -c tcptool -n '__tcptool_uses wait' -l errors -x -a 'strict replace escape ignore' -d 'how to handle conversion errors'
complete -c tcptool -n '__tcptool_uses wait' -l eol -x -a 'none lf crlf' -d 'the line ending of messages and lines sent'
complete -c tcptool -n '__tcptool_uses wait' -l tls -d 'encrypt with TLS'
complete -c tcptool -n '__tcptool_uses wait' -l tls-cert -r -F -d 'present the certificate chain in FILE (PEM)'
complete -c tcptool -n '__tcptool_uses wait' -l tls-key -r -F -d 'the key of --tls-cert (in the same FILE)'
complete -c tcptool -n '__tcptool_uses wait' -l tls-ca -x -d 'trust these authorities only'
complete -c tcptool -n '__tcptool_uses wait' -l tls-name -x -d 'ask for NAME and verify it (HOST)'
complete -c tcptool -n '__tcptool_uses wait' -l tls-pin -x -d 'trust this public key only (repeatable)'
complete -c tcptool -n '__tcptool_uses wait' -l tls-psk -r -F -d 'share the key in FILE with the peer'
complete -c tcptool -n '__tcptool_uses wait' -l tls-alpn -x -d 'require one of these protocols, as "h2,http/1.1"'
complete -c tcptool -n '__tcptool_uses wait' -l tls-min -x -d 'the oldest version of TLS (1.2)'
complete -c tcptool -n '__tcptool_uses wait' -l tls-insecure -d 'verify no peer'
complete -c tcptool -n '__tcptool_uses wait' -l idle-timeout -x -d 'close a connection idle for TIME'
complete -c tcptool -n '__tcptool_uses wait' -l deadline -x -d 'end everything after TIME (1m)'
complete -c tcptool -n '__tcptool_uses wait' -l handshake-timeout -x -d 'limit handshakes and headers to TIME (10s)'
complete -c tcptool -n '__tcptool_uses wait' -l recv-size -x -d 'read at most SIZE at a time'
complete -c tcptool -n '__tcptool_uses wait' -s 4 -l ipv4 -d 'use IPv4 only'
complete -c tcptool -n '__tcptool_uses wait' -s 6 -l ipv6 -d 'use IPv6 only'
complete -c tcptool -n '__tcptool_uses wait' -l sendall -d 'keep sending until all is sent (default)'
complete -c tcptool -n '__tcptool_uses wait' -l no-sendall -d 'make one send call, fail unless it takes all'
complete -c tcptool -n '__tcptool_uses wait' -l nodelay -d 'send small pieces at once (TCP_NODELAY)'
complete -c tcptool -n '__tcptool_uses wait' -l keepalive -d 'probe an idle peer, after IDLE (SO_KEEPALIVE)'
complete -c tcptool -n '__tcptool_uses wait' -l user-timeout -x -d 'fail when sent data is not acknowledged for TIME'
complete -c tcptool -n '__tcptool_uses wait' -s v -l verbose -d 'report more on standard error'
complete -c tcptool -n '__tcptool_uses wait' -s q -l quiet -d 'report errors only'
complete -c tcptool -n '__tcptool_uses wait' -l timestamps -d 'print the time before every message'
complete -c tcptool -n '__tcptool_uses wait' -l help -a 'what where text tls limits connection messages all' -d 'print help and exit'
complete -c tcptool -n '__tcptool_uses wait; and not __tcptool_ended' -a 'localhost (__fish_print_hostnames)' -d host
complete -c tcptool -n '__tcptool_uses wait; and __tcptool_ended' -F -a '(__fish_complete_command)'
