# Completion of tcptool's command line for bash.
# Made by completions/generate from the program's own tables: do not edit.
# shellcheck shell=bash

# Works with bash alone; the package bash-completion, where it is loaded, adds the
# hosts that ssh knows.

# Sets $words, as they are typed: bash takes HOST:PORT and --name=value apart.
_tcptool_words() {
  local i line=$COMP_LINE rest
  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=${line#"${line%%[![:space:]]*}"}
    if ((i > 0)) && [[ $rest == "$line" ]]; then
      words[${#words[@]} - 1]+=${COMP_WORDS[i]}
    else
      words+=("${COMP_WORDS[i]}")
    fi
    line=${rest#"${COMP_WORDS[i]}"}
  done
}

# Adds the words of $1 that begin with $cur, each behind $lead.
_tcptool_offer() {
  local word
  while IFS= read -r word; do
    COMPREPLY+=("$lead$word")
  done < <(compgen -W "$1" -- "$cur")
}

_tcptool_offer_files() {
  local word
  compopt -o filenames 2>/dev/null
  while IFS= read -r word; do
    COMPREPLY+=("$lead$word")
  done < <(compgen -f -- "$cur")
}

_tcptool_offer_hosts() {
  local word
  while IFS= read -r word; do
    COMPREPLY+=("$lead$word")
  done < <(
    compgen -A hostname -- "$cur"
    if declare -F _known_hosts_real >/dev/null; then
      COMPREPLY=()
      _known_hosts_real -- "$cur" 2>/dev/null
      ((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
    fi
  )
}

# Adds programs, or what a path may lead to.
_tcptool_offer_programs() {
  local word
  [[ $cur != */* ]] || compopt -o filenames 2>/dev/null
  while IFS= read -r word; do
    COMPREPLY+=("$lead$word")
  done < <(compgen -c -- "$cur" | sort -u)
}

# Names of encodings, in whichever case they are begun.
_tcptool_offer_encodings() {
  local all=
  all=$(iconv -l 2>/dev/null | sed 's,//.*,,; /:/d')
  if [[ $cur == *[a-z]* && $cur != *[A-Z]* ]]; then
    all=${all,,}
  fi
  _tcptool_offer "$all"
}

_tcptool_offer_value() {
  case $1 in
    words*) _tcptool_offer "${1#words}" ;;
    file) _tcptool_offer_files ;;
    encoding) _tcptool_offer_encodings ;;
    address) _tcptool_offer 'localhost 0.0.0.0 127.0.0.1 [::] [::1]' ;;
    port) _tcptool_offer "$(compgen -A service)" ;;
  esac
}

# HOST, or HOST:PORT
_tcptool_offer_host_port() {
  if [[ $cur == *:* && $cur != *:*:* ]]; then
    lead=${cur%%:*}:
    cur=${cur#*:}
    _tcptool_offer_value port
  else
    _tcptool_offer_hosts
  fi
}

# The program behind --, and what it is given.
_tcptool_offer_program() {
  if [[ $previous == -- ]]; then
    _tcptool_offer_programs
  fi
  _tcptool_offer_files
}

# Sets $operands: how many words that are no options stand before the present one; $ended
# behind the last option.
_tcptool_count_operands() {
  local i
  operands=0
  for ((i = 2; i < ${#words[@]} - 1; i++)); do
    case ${words[i]} in
      --)
        operands=$((operands + ${#words[@]} - 2 - i))
        ended=1
        return
        ;;
      -?*)
        _tcptool_value "$command" "${words[i]}" >/dev/null && i=$((i + 1))
        ;;
      *)
        operands=$((operands + 1))
        # Where to listen is no PROGRAM.
        if _tcptool_runs "$command"; then
          [[ ! ${words[i]} =~ ^[0-9]+$|: ]] || operands=0
          ((operands == 0)) || ended=1
          ((operands == 0)) || return
          continue
        fi
        # HOST:PORT is two in one.
        [[ $operands == 1 && ${words[i]} =~ ^([^:]+|\[.*\]):[^:]*$ ]] && operands=2
        ;;
    esac
  done
}

_tcptool_complete() {
  local command=${words[1]} previous=${words[${#words[@]} - 2]} value operands ended=
  if ((${#words[@]} == 2)); then
    _tcptool_offer "$_tcptool_command_words"
    return
  fi
  if [[ $command == help ]]; then
    ((${#words[@]} == 3)) && _tcptool_offer "${_tcptool_command_words%% help*}"
    return
  fi
  _tcptool_commands "$command" || return
  _tcptool_count_operands
  if [[ ! $ended && $previous == -* ]] && value=$(_tcptool_value "$command" "$previous"); then
    _tcptool_offer_value "$value"
  elif [[ ! $ended && $cur == --*=* ]]; then
    lead=${cur%%=*}=
    cur=${cur#*=}
    value=$(_tcptool_value "$command" "${lead%=}" || _tcptool_optional_value "$command" "${lead%=}") &&
      _tcptool_offer_value "$value"
  elif [[ ! $ended && $cur == -* ]]; then
    _tcptool_offer "$(_tcptool_options "$command")"
  elif _tcptool_connects "$command"; then
    case $operands in
      0) _tcptool_offer_host_port ;;
      1) _tcptool_offer_value port ;;
    esac
  elif _tcptool_runs "$command"; then
    if ((operands == 0)); then
      _tcptool_offer_programs
    else
      _tcptool_offer_files
    fi
  elif _tcptool_waits "$command"; then
    if [[ $ended ]]; then
      _tcptool_offer_program
    else
      _tcptool_offer_host_port
    fi
  fi
}

_tcptool() {
  local words cur lead='' typed breaks
  COMPREPLY=()
  _tcptool_words
  # In the middle of a word, what stands before the cursor counts.
  if (($# > 1)) && [[ ${COMP_WORDS[COMP_CWORD]} == "$2"?* && $2 ]]; then
    cur=${words[${#words[@]} - 1]}
    words[${#words[@]} - 1]=${cur%"${COMP_WORDS[COMP_CWORD]}"}$2
  fi
  cur=${words[${#words[@]} - 1]}
  typed=$cur
  _tcptool_complete
  # bash replaces only what follows the last of its separators.
  breaks=${COMP_WORDBREAKS//[!=:]/}
  if [[ $breaks ]]; then
    COMPREPLY=("${COMPREPLY[@]#"${typed%"${typed##*["$breaks"]}"}"}")
  fi
}

_tcptool_commands() {
  case $1 in
    serve) return 0 ;;
    send) return 0 ;;
    chat) return 0 ;;
    upper) return 0 ;;
    relay) return 0 ;;
    wait) return 0 ;;
    *) return 1 ;;
  esac
}

_tcptool_command_words='serve send chat upper relay wait help --help --version'

# All options of a command.
_tcptool_options() {
  case $1 in
    serve)
      echo '-b --bind -p --port --backlog -1 --once --max-conns --accept-timeout --port-file --socket-mode --socket-group --drain --workers --allow --deny --max-conns-per-host --accept-proxy --user --chroot --no-sandbox --reply --reply-file --echo --discard --broadcast --broker --buffer --label --raw --progress -e --encoding --eol --local-encoding --errors --tls --tls-cert --tls-key --tls-ca --tls-name --tls-pin --tls-psk --tls-alpn --tls-min --tls-insecure --idle-timeout --deadline --handshake-timeout --recv-size --rate -4 --ipv4 -6 --ipv6 --sendall --no-sendall --nodelay --keepalive --user-timeout -v --verbose -q --quiet --timestamps --log --hexdump --explain --help'
      ;;
    send)
      echo '-b --bind --connect-timeout --proxy --proxy-tls-ca --send-proxy --retry -f --file --progress --until --no-half-close --raw -e --encoding --eol --local-encoding --errors --tls --tls-cert --tls-key --tls-ca --tls-name --tls-pin --tls-psk --tls-alpn --tls-min --tls-insecure --idle-timeout --deadline --handshake-timeout --recv-size --rate -4 --ipv4 -6 --ipv6 --sendall --no-sendall --nodelay --keepalive --user-timeout -v --verbose -q --quiet --timestamps --log --hexdump --explain --help'
      ;;
    chat)
      echo '-l --listen -b --bind -p --port --backlog -1 --once --max-conns --accept-timeout --port-file --socket-mode --socket-group --drain --connect-timeout --proxy --proxy-tls-ca --send-proxy --retry --allow --deny --max-conns-per-host --accept-proxy --user --chroot --no-sandbox --bye --name --room --history --buffer -e --encoding --eol --local-encoding --errors --tls --tls-cert --tls-key --tls-ca --tls-name --tls-pin --tls-psk --tls-alpn --tls-min --tls-insecure --idle-timeout --deadline --handshake-timeout --recv-size --rate -4 --ipv4 -6 --ipv6 --sendall --no-sendall --nodelay --keepalive --user-timeout -v --verbose -q --quiet --timestamps --log --hexdump --explain --help'
      ;;
    upper)
      echo '-b --bind -p --port --backlog -1 --once --max-conns --accept-timeout --port-file --socket-mode --socket-group --drain --workers --allow --deny --max-conns-per-host --accept-proxy --user --chroot --no-sandbox --single -e --encoding --eol --local-encoding --errors --tls --tls-cert --tls-key --tls-ca --tls-name --tls-pin --tls-psk --tls-alpn --tls-min --tls-insecure --idle-timeout --deadline --handshake-timeout --recv-size --rate -4 --ipv4 -6 --ipv6 --sendall --no-sendall --nodelay --keepalive --user-timeout -v --verbose -q --quiet --timestamps --log --hexdump --explain --help'
      ;;
    relay)
      echo '-b --bind -p --port --backlog -1 --once --max-conns --accept-timeout --port-file --socket-mode --socket-group --drain --workers --allow --deny --max-conns-per-host --accept-proxy --user --chroot --no-sandbox --spread --to-any --login --to-allow --to-deny --connect-timeout --proxy --proxy-tls-ca --send-proxy --retry -e --encoding --eol --to-encoding --to-eol --errors --tls --tls-cert --tls-key --tls-ca --tls-name --tls-pin --tls-psk --tls-alpn --tls-min --tls-insecure --to-tls --to-tls-cert --to-tls-key --to-tls-ca --to-tls-name --to-tls-pin --to-tls-psk --to-tls-alpn --to-tls-min --to-tls-insecure --idle-timeout --deadline --handshake-timeout --recv-size --rate -4 --ipv4 -6 --ipv6 --sendall --no-sendall --nodelay --keepalive --user-timeout --to-ipv4 --to-ipv6 --to-sendall --to-no-sendall --to-nodelay --to-keepalive --to-user-timeout -v --verbose -q --quiet --timestamps --log --hexdump --explain --help'
      ;;
    wait)
      echo '--any --gone --send --expect --now -b --bind --connect-timeout --proxy --proxy-tls-ca --send-proxy -e --encoding --eol --local-encoding --errors --tls --tls-cert --tls-key --tls-ca --tls-name --tls-pin --tls-psk --tls-alpn --tls-min --tls-insecure --idle-timeout --deadline --handshake-timeout --recv-size -4 --ipv4 -6 --ipv6 --sendall --no-sendall --nodelay --keepalive --user-timeout -v --verbose -q --quiet --timestamps --help'
      ;;
  esac
}

# What the value of an option is; fails for one that takes no word of its own.
_tcptool_value() {
  case $1 in
    serve)
      case $2 in
        --eol) echo 'words none lf crlf' ;;
        --errors) echo 'words strict replace escape ignore' ;;
        --port-file|--reply-file|--tls-cert|--tls-key|--tls-psk|--log) echo file ;;
        --port|-p) echo port ;;
        --bind|-b) echo address ;;
        --encoding|-e|--local-encoding) echo encoding ;;
        --backlog|--max-conns|--accept-timeout|--socket-mode|--socket-group|--drain|--workers|--allow|--deny|--max-conns-per-host|--user|--chroot|--reply|--buffer|--tls-ca|--tls-name|--tls-pin|--tls-alpn|--tls-min|--idle-timeout|--deadline|--handshake-timeout|--recv-size|--rate|--user-timeout) echo other ;;
        *) return 1 ;;
      esac
      ;;
    send)
      case $2 in
        --until) echo 'words eof first line quiet none' ;;
        --eol) echo 'words none lf crlf' ;;
        --errors) echo 'words strict replace escape ignore' ;;
        --file|-f|--tls-cert|--tls-key|--tls-psk|--log) echo file ;;
        --bind|-b) echo address ;;
        --encoding|-e|--local-encoding) echo encoding ;;
        --connect-timeout|--proxy|--proxy-tls-ca|--retry|--tls-ca|--tls-name|--tls-pin|--tls-alpn|--tls-min|--idle-timeout|--deadline|--handshake-timeout|--recv-size|--rate|--user-timeout) echo other ;;
        *) return 1 ;;
      esac
      ;;
    chat)
      case $2 in
        --eol) echo 'words none lf crlf' ;;
        --errors) echo 'words strict replace escape ignore' ;;
        --port-file|--tls-cert|--tls-key|--tls-psk|--log) echo file ;;
        --port|-p) echo port ;;
        --bind|-b) echo address ;;
        --encoding|-e|--local-encoding) echo encoding ;;
        --backlog|--max-conns|--accept-timeout|--socket-mode|--socket-group|--drain|--connect-timeout|--proxy|--proxy-tls-ca|--retry|--allow|--deny|--max-conns-per-host|--user|--chroot|--bye|--name|--history|--buffer|--tls-ca|--tls-name|--tls-pin|--tls-alpn|--tls-min|--idle-timeout|--deadline|--handshake-timeout|--recv-size|--rate|--user-timeout) echo other ;;
        *) return 1 ;;
      esac
      ;;
    upper)
      case $2 in
        --eol) echo 'words none lf crlf' ;;
        --errors) echo 'words strict replace escape ignore' ;;
        --port-file|--tls-cert|--tls-key|--tls-psk|--log) echo file ;;
        --port|-p) echo port ;;
        --bind|-b) echo address ;;
        --encoding|-e|--local-encoding) echo encoding ;;
        --backlog|--max-conns|--accept-timeout|--socket-mode|--socket-group|--drain|--workers|--allow|--deny|--max-conns-per-host|--user|--chroot|--tls-ca|--tls-name|--tls-pin|--tls-alpn|--tls-min|--idle-timeout|--deadline|--handshake-timeout|--recv-size|--rate|--user-timeout) echo other ;;
        *) return 1 ;;
      esac
      ;;
    relay)
      case $2 in
        --eol) echo 'words none lf crlf' ;;
        --to-eol) echo 'words none lf crlf' ;;
        --errors) echo 'words strict replace escape ignore' ;;
        --port-file|--tls-cert|--tls-key|--tls-psk|--to-tls-cert|--to-tls-key|--to-tls-psk|--log) echo file ;;
        --port|-p) echo port ;;
        --bind|-b) echo address ;;
        --encoding|-e|--to-encoding) echo encoding ;;
        --backlog|--max-conns|--accept-timeout|--socket-mode|--socket-group|--drain|--workers|--allow|--deny|--max-conns-per-host|--user|--chroot|--login|--to-allow|--to-deny|--connect-timeout|--proxy|--proxy-tls-ca|--retry|--tls-ca|--tls-name|--tls-pin|--tls-alpn|--tls-min|--to-tls-ca|--to-tls-name|--to-tls-pin|--to-tls-alpn|--to-tls-min|--idle-timeout|--deadline|--handshake-timeout|--recv-size|--rate|--user-timeout|--to-user-timeout) echo other ;;
        *) return 1 ;;
      esac
      ;;
    wait)
      case $2 in
        --eol) echo 'words none lf crlf' ;;
        --errors) echo 'words strict replace escape ignore' ;;
        --tls-cert|--tls-key|--tls-psk) echo file ;;
        --bind|-b) echo address ;;
        --encoding|-e|--local-encoding) echo encoding ;;
        --send|--expect|--connect-timeout|--proxy|--proxy-tls-ca|--tls-ca|--tls-name|--tls-pin|--tls-alpn|--tls-min|--idle-timeout|--deadline|--handshake-timeout|--recv-size|--user-timeout) echo other ;;
        *) return 1 ;;
      esac
      ;;
    *) return 1 ;;
  esac
}

# The same for an option whose value may be left out.
_tcptool_optional_value() {
  case $1 in
    serve)
      case $2 in
        --help) echo 'words where access rights output text tls limits connection messages all' ;;
        *) return 1 ;;
      esac
      ;;
    send)
      case $2 in
        --help) echo 'words where data text tls limits connection messages all' ;;
        --send-proxy) echo 'words v1 v2' ;;
        *) return 1 ;;
      esac
      ;;
    chat)
      case $2 in
        --help) echo 'words where access rights chat text tls limits connection messages all' ;;
        --send-proxy) echo 'words v1 v2' ;;
        *) return 1 ;;
      esac
      ;;
    upper)
      case $2 in
        --help) echo 'words where access rights output text tls limits connection messages all' ;;
        *) return 1 ;;
      esac
      ;;
    relay)
      case $2 in
        --help) echo 'words where access rights target text tls limits connection messages all' ;;
        --send-proxy) echo 'words v1 v2' ;;
        *) return 1 ;;
      esac
      ;;
    wait)
      case $2 in
        --help) echo 'words what where text tls limits connection messages all' ;;
        --send-proxy) echo 'words v1 v2' ;;
        *) return 1 ;;
      esac
      ;;
    *) return 1 ;;
  esac
}

# Commands that take HOST PORT.
_tcptool_connects() {
  case $1 in
    send|chat|relay) return 0 ;;
    *) return 1 ;;
  esac
}

# Commands that take PROGRAM, whose arguments are its own.
_tcptool_runs() {
  case $1 in
    serve) return 0 ;;
    *) return 1 ;;
  esac
}

# Commands that take HOST:PORT... -- PROGRAM.
_tcptool_waits() {
  case $1 in
    wait) return 0 ;;
    *) return 1 ;;
  esac
}

complete -F _tcptool tcptool
