"""Runs gcloud commands in forks of one process that has loaded gcloud: loading is most of a command's time.

serve SOCKET SDK        answers calls until its standard input ends
call SOCKET ARGUMENT... is one gcloud command: the fork gets its arguments, environment, folder and streams
"""

import json
import os
import socket
import sys


def call(path, arguments):
    request = json.dumps({'arguments': arguments, 'environment': dict(os.environ), 'folder': os.getcwd()})
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        socket.send_fds(connection, [b'\n'], [0, 1, 2])
        connection.sendall(request.encode())
        connection.shutdown(socket.SHUT_WR)
        # A fork that died by a signal reports nothing.
        sys.exit(int(connection.recv(16) or 1))


def serve(path, sdk):
    import select
    import signal

    sys.path[:0] = [f'{sdk}/lib/third_party', f'{sdk}/lib']
    from googlecloudsdk import gcloud_main

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    print('ready', flush=True)
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            answer(connection, gcloud_main)
        connection.close()


def answer(connection, gcloud_main):
    """Runs one command in a fork that ends as gcloud itself does, and reports its exit code."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    request = json.load(connection.makefile())
    command = os.fork()
    if command > 0:
        _, status = os.waitpid(command, 0)
        if os.WIFEXITED(status):
            connection.sendall(str(os.WEXITSTATUS(status)).encode())
        os._exit(0)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request['folder'])
    os.environ.clear()
    os.environ.update(request['environment'])
    sys.argv = ['gcloud', *request['arguments']]
    sys.exit(gcloud_main.main())


if __name__ == '__main__':
    if sys.argv[1] == 'serve':
        serve(*sys.argv[2:])
    else:
        call(sys.argv[2], sys.argv[3:])
