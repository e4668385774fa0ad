"""Becomes haproxy, between clients and the server on BACKEND_PORT.

haproxy.py PORT_FILE BACKEND_PORT BIND_WORDS SERVER_WORDS: the words are more settings of the
bind and the server line, such as accept-proxy and send-proxy-v2.
"""
import os
import socket
import sys

port_file, backend_port, bind_words, server_words = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", 0))
listener.set_inheritable(True)
with open("haproxy.cfg", "w") as file:
    file.write(
        f"""
global
  maxconn 100
defaults
  mode tcp
  timeout connect 30s
  timeout client 30s
  timeout server 30s
  timeout check 30s
listen between
  bind fd@{listener.fileno()} {bind_words}
  server behind 127.0.0.1:{backend_port} {server_words}
"""
    )
with open(port_file, "w") as file:
    print(listener.getsockname()[1], file=file)
os.execvp("haproxy", ["haproxy", "-db", "-f", "haproxy.cfg"])
