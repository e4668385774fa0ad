# Completion of tcptool's command line for fish.
# Made by completions/generate from the program's own tables: do not edit.

# Options whose value may be a word of its own.
function __tcptool_takes_value
    switch $argv[1]
        case serve
            contains -- $argv[2] --bind -b --port -p --backlog --max-conns --accept-timeout --port-file --drain --workers --reply --reply-file --encoding -e --local-encoding --errors --eol --idle-timeout --deadline --recv-size --user-timeout
        case send
            contains -- $argv[2] --bind -b --connect-timeout --retry --file -f --until --encoding -e --local-encoding --errors --eol --idle-timeout --deadline --recv-size --user-timeout
        case chat
            contains -- $argv[2] --bind -b --port -p --backlog --max-conns --accept-timeout --port-file --drain --connect-timeout --retry --bye --name --history --buffer --encoding -e --local-encoding --errors --eol --idle-timeout --deadline --recv-size --user-timeout
        case upper
            contains -- $argv[2] --bind -b --port -p --backlog --max-conns --accept-timeout --port-file --drain --workers --encoding -e --local-encoding --errors --eol --idle-timeout --deadline --recv-size --user-timeout
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
complete -c tcptool -n __tcptool_needs_command -l help -d 'tell what there is'
complete -c tcptool -n __tcptool_needs_command -l version -d 'tell the version'
complete -c tcptool -n __tcptool_needs_command -a serve -d 'Listen; print what clients send, or answer them'
complete -c tcptool -n '__tcptool_uses help; and __tcptool_operands 0' -a serve -d 'Listen; print what clients send, or answer them'
complete -c tcptool -n __tcptool_needs_command -a send -d 'Connect; send a message or standard input; print the reply'
complete -c tcptool -n '__tcptool_uses help; and __tcptool_operands 0' -a send -d 'Connect; send a message or standard input; print the reply'
complete -c tcptool -n __tcptool_needs_command -a chat -d 'Talk in lines: two parties, or a room'
complete -c tcptool -n '__tcptool_uses help; and __tcptool_operands 0' -a chat -d 'Talk in lines: two parties, or a room'
complete -c tcptool -n __tcptool_needs_command -a upper -d 'Listen; answer everything in upper case'
complete -c tcptool -n '__tcptool_uses help; and __tcptool_operands 0' -a upper -d 'Listen; answer everything in upper case'
complete -c tcptool -n __tcptool_needs_command -a help -d 'Tell about a command'

complete -c tcptool -n '__tcptool_uses serve' -s b -l bind -x -a 'localhost 0.0.0.0 127.0.0.1 [::] [::1]' -d 'listen on this address; may be given again'
complete -c tcptool -n '__tcptool_uses serve' -s p -l port -x -a '(__tcptool_ports)' -d 'listen on PORT; 0: the system chooses'
complete -c tcptool -n '__tcptool_uses serve' -l backlog -x -d 'how many may wait to be accepted (128)'
complete -c tcptool -n '__tcptool_uses serve' -s 1 -l once -d 'take one connection and end with its outcome'
complete -c tcptool -n '__tcptool_uses serve' -l max-conns -x -d 'how many at a time (1000; 0: no limit)'
complete -c tcptool -n '__tcptool_uses serve' -l accept-timeout -x -d 'end when no one has connected within TIME'
complete -c tcptool -n '__tcptool_uses serve' -l port-file -r -F -d 'write the port number to FILE once listening'
complete -c tcptool -n '__tcptool_uses serve' -l drain -x -d 'let connections end for TIME when stopped (5s)'
complete -c tcptool -n '__tcptool_uses serve' -l workers -x -d 'share the port among N threads (1)'
complete -c tcptool -n '__tcptool_uses serve' -l reply -x -d 'answer each client\'s first data with TEXT'
complete -c tcptool -n '__tcptool_uses serve' -l reply-file -r -F -d 'send each client the content of FILE'
complete -c tcptool -n '__tcptool_uses serve' -l echo -d 'send everything back; print nothing'
complete -c tcptool -n '__tcptool_uses serve' -l discard -d 'count what comes and drop it'
complete -c tcptool -n '__tcptool_uses serve' -l label -d 'print lines, each with its client\'s address'
complete -c tcptool -n '__tcptool_uses serve' -l raw -d 'print the bytes as they are, also on a terminal'
complete -c tcptool -n '__tcptool_uses serve' -l progress -d 'with --once: show how far it has come'
complete -c tcptool -n '__tcptool_uses serve' -s e -l encoding -x -a '(__tcptool_encodings)' -d 'the encoding on the wire; see iconv -l'
complete -c tcptool -n '__tcptool_uses serve' -l local-encoding -x -a '(__tcptool_encodings)' -d 'the encoding here (utf-8)'
complete -c tcptool -n '__tcptool_uses serve' -l errors -x -a 'strict replace escape ignore' -d 'what becomes of data that cannot be converted'
complete -c tcptool -n '__tcptool_uses serve' -l eol -x -a 'none lf crlf' -d 'what ends a message or a line on the wire'
complete -c tcptool -n '__tcptool_uses serve' -l idle-timeout -x -d 'end a connection on which nothing moved for TIME'
complete -c tcptool -n '__tcptool_uses serve' -l deadline -x -d 'end everything after TIME'
complete -c tcptool -n '__tcptool_uses serve' -l recv-size -x -d 'take at most SIZE in one read'
complete -c tcptool -n '__tcptool_uses serve' -s 4 -l ipv4 -d 'use IPv4 only'
complete -c tcptool -n '__tcptool_uses serve' -s 6 -l ipv6 -d 'use IPv6 only'
complete -c tcptool -n '__tcptool_uses serve' -l sendall -d 'keep sending until all is sent (the default)'
complete -c tcptool -n '__tcptool_uses serve' -l no-sendall -d 'make one send call, and fail if it does not take all'
complete -c tcptool -n '__tcptool_uses serve' -l nodelay -d 'send small pieces at once (TCP_NODELAY)'
complete -c tcptool -n '__tcptool_uses serve' -l keepalive -d 'probe a silent peer, after IDLE (SO_KEEPALIVE)'
complete -c tcptool -n '__tcptool_uses serve' -l user-timeout -x -d 'give up when sent data is not acknowledged for TIME'
complete -c tcptool -n '__tcptool_uses serve' -s v -l verbose -d 'say more on standard error'
complete -c tcptool -n '__tcptool_uses serve' -s q -l quiet -d 'say nothing but errors'
complete -c tcptool -n '__tcptool_uses serve' -l help -d 'tell about this command'

complete -c tcptool -n '__tcptool_uses send' -s b -l bind -x -a 'localhost 0.0.0.0 127.0.0.1 [::] [::1]' -d 'connect from this local address (and port)'
complete -c tcptool -n '__tcptool_uses send' -l connect-timeout -x -d 'give up connecting after TIME (10s; 0: never)'
complete -c tcptool -n '__tcptool_uses send' -l retry -x -d 'try again for TIME while connecting fails'
complete -c tcptool -n '__tcptool_uses send' -s f -l file -r -F -d 'send the content of FILE'
complete -c tcptool -n '__tcptool_uses send' -l progress -d 'show how far it has come'
complete -c tcptool -n '__tcptool_uses send' -l until -x -a 'eof first line none' -d 'how much of an answer to wait for (eof: all)'
complete -c tcptool -n '__tcptool_uses send' -l no-half-close -d 'keep the sending side open at the end of the input'
complete -c tcptool -n '__tcptool_uses send' -l raw -d 'print the answer as it is, also on a terminal'
complete -c tcptool -n '__tcptool_uses send' -s e -l encoding -x -a '(__tcptool_encodings)' -d 'the encoding on the wire; see iconv -l'
complete -c tcptool -n '__tcptool_uses send' -l local-encoding -x -a '(__tcptool_encodings)' -d 'the encoding here (utf-8)'
complete -c tcptool -n '__tcptool_uses send' -l errors -x -a 'strict replace escape ignore' -d 'what becomes of data that cannot be converted'
complete -c tcptool -n '__tcptool_uses send' -l eol -x -a 'none lf crlf' -d 'what ends a message or a line on the wire'
complete -c tcptool -n '__tcptool_uses send' -l idle-timeout -x -d 'end a connection on which nothing moved for TIME'
complete -c tcptool -n '__tcptool_uses send' -l deadline -x -d 'end everything after TIME'
complete -c tcptool -n '__tcptool_uses send' -l recv-size -x -d 'take at most SIZE in one read'
complete -c tcptool -n '__tcptool_uses send' -s 4 -l ipv4 -d 'use IPv4 only'
complete -c tcptool -n '__tcptool_uses send' -s 6 -l ipv6 -d 'use IPv6 only'
complete -c tcptool -n '__tcptool_uses send' -l sendall -d 'keep sending until all is sent (the default)'
complete -c tcptool -n '__tcptool_uses send' -l no-sendall -d 'make one send call, and fail if it does not take all'
complete -c tcptool -n '__tcptool_uses send' -l nodelay -d 'send small pieces at once (TCP_NODELAY)'
complete -c tcptool -n '__tcptool_uses send' -l keepalive -d 'probe a silent peer, after IDLE (SO_KEEPALIVE)'
complete -c tcptool -n '__tcptool_uses send' -l user-timeout -x -d 'give up when sent data is not acknowledged for TIME'
complete -c tcptool -n '__tcptool_uses send' -s v -l verbose -d 'say more on standard error'
complete -c tcptool -n '__tcptool_uses send' -s q -l quiet -d 'say nothing but errors'
complete -c tcptool -n '__tcptool_uses send' -l help -d 'tell about this command'
complete -c tcptool -n '__tcptool_uses send; and __tcptool_operands 0' -a 'localhost (__fish_print_hostnames)' -d host
complete -c tcptool -n '__tcptool_uses send; and __tcptool_operands 1' -a '(__tcptool_ports)'

complete -c tcptool -n '__tcptool_uses chat' -s l -l listen -d 'wait for a partner instead of connecting'
complete -c tcptool -n '__tcptool_uses chat' -s b -l bind -x -a 'localhost 0.0.0.0 127.0.0.1 [::] [::1]' -d 'the local address; may be given again to listen'
complete -c tcptool -n '__tcptool_uses chat' -s p -l port -x -a '(__tcptool_ports)' -d 'listen on PORT; 0: the system chooses'
complete -c tcptool -n '__tcptool_uses chat' -l backlog -x -d 'how many may wait to be accepted (128)'
complete -c tcptool -n '__tcptool_uses chat' -s 1 -l once -d 'take one connection and end with its outcome'
complete -c tcptool -n '__tcptool_uses chat' -l max-conns -x -d 'how many at a time (1000; 0: no limit)'
complete -c tcptool -n '__tcptool_uses chat' -l accept-timeout -x -d 'end when no one has connected within TIME'
complete -c tcptool -n '__tcptool_uses chat' -l port-file -r -F -d 'write the port number to FILE once listening'
complete -c tcptool -n '__tcptool_uses chat' -l drain -x -d 'let connections end for TIME when stopped (5s)'
complete -c tcptool -n '__tcptool_uses chat' -l connect-timeout -x -d 'give up connecting after TIME (10s; 0: never)'
complete -c tcptool -n '__tcptool_uses chat' -l retry -x -d 'try again for TIME while connecting fails'
complete -c tcptool -n '__tcptool_uses chat' -l bye -x -d 'a line that ends it (bye, 再见); may be given again'
complete -c tcptool -n '__tcptool_uses chat' -l name -x -d 'your name in a room, or the console\'s (host)'
complete -c tcptool -n '__tcptool_uses chat' -l room -d 'with --listen: a room for any number'
complete -c tcptool -n '__tcptool_uses chat' -l history -x -d 'how many lines a newcomer sees (20)'
complete -c tcptool -n '__tcptool_uses chat' -l buffer -x -d 'how much a room keeps for slow members (8M)'
complete -c tcptool -n '__tcptool_uses chat' -s e -l encoding -x -a '(__tcptool_encodings)' -d 'the encoding on the wire; see iconv -l'
complete -c tcptool -n '__tcptool_uses chat' -l local-encoding -x -a '(__tcptool_encodings)' -d 'the encoding here (utf-8)'
complete -c tcptool -n '__tcptool_uses chat' -l errors -x -a 'strict replace escape ignore' -d 'what becomes of data that cannot be converted'
complete -c tcptool -n '__tcptool_uses chat' -l eol -x -a 'none lf crlf' -d 'what ends a message or a line on the wire'
complete -c tcptool -n '__tcptool_uses chat' -l idle-timeout -x -d 'end a connection on which nothing moved for TIME'
complete -c tcptool -n '__tcptool_uses chat' -l deadline -x -d 'end everything after TIME'
complete -c tcptool -n '__tcptool_uses chat' -l recv-size -x -d 'take at most SIZE in one read'
complete -c tcptool -n '__tcptool_uses chat' -s 4 -l ipv4 -d 'use IPv4 only'
complete -c tcptool -n '__tcptool_uses chat' -s 6 -l ipv6 -d 'use IPv6 only'
complete -c tcptool -n '__tcptool_uses chat' -l sendall -d 'keep sending until all is sent (the default)'
complete -c tcptool -n '__tcptool_uses chat' -l no-sendall -d 'make one send call, and fail if it does not take all'
complete -c tcptool -n '__tcptool_uses chat' -l nodelay -d 'send small pieces at once (TCP_NODELAY)'
complete -c tcptool -n '__tcptool_uses chat' -l keepalive -d 'probe a silent peer, after IDLE (SO_KEEPALIVE)'
complete -c tcptool -n '__tcptool_uses chat' -l user-timeout -x -d 'give up when sent data is not acknowledged for TIME'
complete -c tcptool -n '__tcptool_uses chat' -s v -l verbose -d 'say more on standard error'
complete -c tcptool -n '__tcptool_uses chat' -s q -l quiet -d 'say nothing but errors'
complete -c tcptool -n '__tcptool_uses chat' -l help -d 'tell about this command'
complete -c tcptool -n '__tcptool_uses chat; and __tcptool_operands 0' -a 'localhost (__fish_print_hostnames)' -d host
complete -c tcptool -n '__tcptool_uses chat; and __tcptool_operands 1' -a '(__tcptool_ports)'

complete -c tcptool -n '__tcptool_uses upper' -s b -l bind -x -a 'localhost 0.0.0.0 127.0.0.1 [::] [::1]' -d 'listen on this address; may be given again'
complete -c tcptool -n '__tcptool_uses upper' -s p -l port -x -a '(__tcptool_ports)' -d 'listen on PORT; 0: the system chooses'
complete -c tcptool -n '__tcptool_uses upper' -l backlog -x -d 'how many may wait to be accepted (128)'
complete -c tcptool -n '__tcptool_uses upper' -s 1 -l once -d 'take one connection and end with its outcome'
complete -c tcptool -n '__tcptool_uses upper' -l max-conns -x -d 'how many at a time (1000; 0: no limit)'
complete -c tcptool -n '__tcptool_uses upper' -l accept-timeout -x -d 'end when no one has connected within TIME'
complete -c tcptool -n '__tcptool_uses upper' -l port-file -r -F -d 'write the port number to FILE once listening'
complete -c tcptool -n '__tcptool_uses upper' -l drain -x -d 'let connections end for TIME when stopped (5s)'
complete -c tcptool -n '__tcptool_uses upper' -l workers -x -d 'share the port among N threads (1)'
complete -c tcptool -n '__tcptool_uses upper' -l single -d 'answer what the first read brings, then close'
complete -c tcptool -n '__tcptool_uses upper' -s e -l encoding -x -a '(__tcptool_encodings)' -d 'the encoding on the wire; see iconv -l'
complete -c tcptool -n '__tcptool_uses upper' -l local-encoding -x -a '(__tcptool_encodings)' -d 'the encoding here (utf-8)'
complete -c tcptool -n '__tcptool_uses upper' -l errors -x -a 'strict replace escape ignore' -d 'what becomes of data that cannot be converted'
complete -c tcptool -n '__tcptool_uses upper' -l eol -x -a 'none lf crlf' -d 'what ends a message or a line on the wire'
complete -c tcptool -n '__tcptool_uses upper' -l idle-timeout -x -d 'end a connection on which nothing moved for TIME'
complete -c tcptool -n '__tcptool_uses upper' -l deadline -x -d 'end everything after TIME'
complete -c tcptool -n '__tcptool_uses upper' -l recv-size -x -d 'take at most SIZE in one read'
complete -c tcptool -n '__tcptool_uses upper' -s 4 -l ipv4 -d 'use IPv4 only'
complete -c tcptool -n '__tcptool_uses upper' -s 6 -l ipv6 -d 'use IPv6 only'
complete -c tcptool -n '__tcptool_uses upper' -l sendall -d 'keep sending until all is sent (the default)'
complete -c tcptool -n '__tcptool_uses upper' -l no-sendall -d 'make one send call, and fail if it does not take all'
complete -c tcptool -n '__tcptool_uses upper' -l nodelay -d 'send small pieces at once (TCP_NODELAY)'
complete -c tcptool -n '__tcptool_uses upper' -l keepalive -d 'probe a silent peer, after IDLE (SO_KEEPALIVE)'
complete -c tcptool -n '__tcptool_uses upper' -l user-timeout -x -d 'give up when sent data is not acknowledged for TIME'
complete -c tcptool -n '__tcptool_uses upper' -s v -l verbose -d 'say more on standard error'
complete -c tcptool -n '__tcptool_uses upper' -s q -l quiet -d 'say nothing but errors'
complete -c tcptool -n '__tcptool_uses upper' -l help -d 'tell about this command'
