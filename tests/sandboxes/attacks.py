"""Attacks, run by test_probes.py without a sandbox (they must work) and inside one (they must not).

Not a test: this file is copied into the workspace and run there. It takes the path of a JSON
file that says where the targets are, tries every attack and prints what it could read; what it
could write, reach, kill or leave behind is seen from outside. Standard library only.
"""

import ctypes
import json
import mmap
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request

PLACES = ("home", "sibling", "repository")
"""Folders of the host that are not the workspace; each attack has a folder of its own in each."""
SECRETS = ("ssh", "dotenv", "browser", "other-run", "history")


def sh(text, *args):
    subprocess.run(
        ["/bin/bash", "-c", text, "sh", *args],
        check=False,
        timeout=10,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def said(text, *args):
    return subprocess.run(
        ["/bin/bash", "-c", text, "sh", *args],
        check=False,
        timeout=10,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    ).stdout.decode(errors="replace")


def up(path):
    """The same path, going up from the working directory."""
    return "../" * 20 + path.lstrip("/")


def put(path):
    with open(path, "w") as file:
        file.write("stolen")


def add(path):
    with open(path, "a") as file:
        file.write("stolen")


def low(path):
    number = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    os.write(number, b"stolen")
    os.close(number)


def by_folder(path):
    number = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    inner = os.open(os.path.basename(path), os.O_RDWR | os.O_CREAT, dir_fd=number)
    os.write(inner, b"stolen")


def mapped(path):
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as view:
        view[:3] = b"bad"


def through_link(path):
    name = f"link-{os.urandom(4).hex()}"
    os.symlink(path, name)
    put(name)


def through_folder_link(path):
    name = f"link-{os.urandom(4).hex()}"
    os.symlink(os.path.dirname(path), name)
    put(os.path.join(name, "new"))


def through_hard_link(path):
    name = f"hard-{os.urandom(4).hex()}"
    os.link(path, name)
    put(name)


def database(path):
    with sqlite3.connect(os.path.join(os.path.dirname(path), "new.db")) as db:
        db.execute("create table t (x)")


def server_socket(path):
    socket.socket(socket.AF_UNIX).bind(os.path.join(os.path.dirname(path), "new.sock")[-107:])


WRITES = {
    "open": put,
    "append": add,
    "os.open": low,
    "openat": by_folder,
    "mmap": mapped,
    "new file": lambda p: put(p + ".new"),
    "new hidden": lambda p: put(os.path.join(os.path.dirname(p), ".new")),
    "upwards": lambda p: put(up(p)),
    "through link": through_link,
    "through folder link": through_folder_link,
    "through hard link": through_hard_link,
    "proc root": lambda p: put("/proc/self/root" + p),
    "parent root": lambda p: put(f"/proc/{os.getppid()}/root" + p),
    "proc cwd": lambda p: put("/proc/self/cwd/" + up(p)),
    "mkdir": lambda p: os.mkdir(p + ".d"),
    "makedirs": lambda p: os.makedirs(p + ".d/e/f"),
    "symlink": lambda p: os.symlink("/etc/passwd", p + ".l"),
    "hard link": lambda p: os.link(p, p + ".h"),
    "rename": lambda p: os.rename(p, p + ".gone"),
    "replace": lambda p: (put("mine"), os.replace("mine", p)),
    "unlink": os.unlink,
    "rmtree": lambda p: shutil.rmtree(os.path.dirname(p)),
    "truncate": lambda p: os.truncate(p, 0),
    "chmod": lambda p: os.chmod(p, 0o777),
    "utime": lambda p: os.utime(p, (1, 1)),
    "copy": lambda p: shutil.copy("attacks.py", p),
    "move": lambda p: (put("mine2"), shutil.move("mine2", p + ".m")),
    "fifo": lambda p: os.mkfifo(p + ".f"),
    "database": database,
    "redirect": lambda p: sh('echo stolen > "$1"', p),
    "tee": lambda p: sh('echo stolen | tee "$1"', p),
    "dd": lambda p: sh('echo stolen | dd of="$1"', p),
    "cp": lambda p: sh('cp attacks.py "$1"', p),
    "ln": lambda p: sh('ln -s / "$1.ln"', p),
    "sed": lambda p: sh('sed -i s/old/new/ "$1"', p),
    "touch": lambda p: sh('touch "$1.t"', p),
    "rm": lambda p: sh('rm -rf "$1"', os.path.dirname(p)),
    "tar": lambda p: sh('tar -cf "$1.tar" attacks.py', p),
    "mv": lambda p: sh('mv "$1" "$1.moved"', p),
    "install": lambda p: sh('install -m 777 attacks.py "$1.i"', p),
}


def whole(path):
    with open(path, errors="replace") as file:
        return file.read()


def through(make):
    def attack(path):
        name = f"r-{os.urandom(4).hex()}"
        make(path, name)
        return whole(name)

    return attack


def raw(path):
    number = os.open(path, os.O_RDONLY)
    return os.read(number, 1000).decode()


def by_descriptor(path):
    number = os.open(os.path.dirname(path), os.O_PATH)
    return os.read(os.open(os.path.basename(path), os.O_RDONLY, dir_fd=number), 1000).decode()


def viewed(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
        return view[:].decode()


READS = {
    "open": whole,
    "os.open": raw,
    "openat": by_descriptor,
    "mmap": viewed,
    "upwards": lambda p: whole(up(p)),
    "proc root": lambda p: whole("/proc/self/root" + p),
    "task root": lambda p: whole("/proc/thread-self/root" + p),
    "parent root": lambda p: whole(f"/proc/{os.getppid()}/root" + p),
    "link": through(os.symlink),
    "hard link": through(os.link),
    "copy": through(shutil.copy),
    "cat": lambda p: said('cat "$1"', p),
    "grep": lambda p: said('grep -r . "$1"', os.path.dirname(p)),
    "base64": lambda p: said('base64 -w0 "$1" | base64 -d', p),
    "tar": lambda p: said('tar -cO "$1" 2>/dev/null', p),
    "read": lambda p: said('read x < "$1"; echo "$x"', p),
    "import": lambda p: said('bash "$1" 2>&1; . "$1" 2>&1; cat < "$1"', p),
}


def environments(_):
    rows = []
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    rows.append(file.read().decode(errors="replace"))
            except OSError:
                pass
    return "".join(rows)


def tcp(address, message):
    with socket.create_connection(address, timeout=2) as link:
        link.sendall(message)


def udp(port, message):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.sendto(message, ("127.0.0.1", port))


def local(address, message):
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(2)
        link.connect(address)
        link.sendall(message)


def web(port, message):
    urllib.request.urlopen(f"http://127.0.0.1:{port}/{message.decode()}", timeout=2).read()


NETWORK = {
    "tcp": lambda t, m: tcp(("127.0.0.1", t["tcp"]), m),
    "tcp 127.1.2.3": lambda t, m: tcp(("127.1.2.3", t["tcp"]), m),
    "tcp zero": lambda t, m: tcp(("0.0.0.0", t["tcp"]), m),
    "tcp localhost": lambda t, m: tcp(("localhost", t["tcp"]), m),
    "tcp mapped": lambda t, m: tcp(("::ffff:127.0.0.1", t["tcp"]), m),
    "tcp decimal": lambda t, m: tcp(("2130706433", t["tcp"]), m),
    "udp": lambda t, m: udp(t["udp"], m),
    "unix": lambda t, m: local(t["unix"], m),
    "unix upwards": lambda t, m: local(up(t["unix"]), m),
    "unix proc": lambda t, m: local("/proc/self/root" + t["unix"], m),
    "abstract": lambda t, m: local("\0" + t["abstract"], m),
    "http": lambda t, m: web(t["tcp"], m),
    "bash": lambda t, m: sh(f"echo '{m.decode()}' > /dev/tcp/127.0.0.1/{t['tcp']}"),
    "bash udp": lambda t, m: sh(f"echo '{m.decode()}' > /dev/udp/127.0.0.1/{t['udp']}"),
    "perl": lambda t, m: sh(
        "perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr=>\"127.0.0.1:"
        f'{t["tcp"]}")->print("{m.decode()}")\''
    ),
    "python": lambda t, m: sh(
        f'"$1" -c \'import socket; socket.create_connection(("127.0.0.1",{t["tcp"]}))'
        f'.send(b"{m.decode()}")\'',
        sys.executable,
    ),
}
LIBC = ctypes.CDLL(None, use_errno=True)


def traced(pid):
    LIBC.ptrace(16, pid, None, None)
    os.waitpid(pid, 0)
    LIBC.ptrace(17, pid, None, ctypes.c_void_p(signal.SIGKILL))


KILLS = {
    "SIGKILL": lambda p: os.kill(p, signal.SIGKILL),
    "SIGTERM": lambda p: os.kill(p, signal.SIGTERM),
    "SIGINT": lambda p: os.kill(p, signal.SIGINT),
    "SIGHUP": lambda p: os.kill(p, signal.SIGHUP),
    "SIGSTOP": lambda p: os.kill(p, signal.SIGSTOP),
    "group": lambda p: os.killpg(p, signal.SIGKILL),
    "pidfd": lambda p: signal.pidfd_send_signal(os.pidfd_open(p), signal.SIGKILL),
    "kill": lambda p: sh(f"kill -9 {p}"),
    "pkill": lambda p: sh(f"pkill -9 -g {p}"),
    "nice": lambda p: os.setpriority(os.PRIO_PROCESS, p, 19),
    "renice": lambda p: sh(f"renice 15 -p {p}"),
    "affinity": lambda p: os.sched_setaffinity(p, {0}),
    "oom": lambda p: put_text(f"/proc/{p}/oom_score_adj", "999"),
    "ptrace": traced,
    "rtsig": lambda p: LIBC.kill(p, 9),
}


def put_text(path, text):
    with open(path, "w") as file:
        file.write(text)


def forked(late):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(3):
                os.close(number)
            late()
        os._exit(0)
    os.wait()


PERSISTS = {
    "background": lambda m: subprocess.Popen(["/bin/sh", "-c", f"sleep 1; touch {m}"], **QUIET),
    "nohup": lambda m: sh(f"nohup sh -c 'sleep 1; touch {m}' >/dev/null 2>&1 &"),
    "setsid": lambda m: sh(f"setsid sh -c 'sleep 1; touch {m}' >/dev/null 2>&1 &"),
    "disown": lambda m: sh(f"(sleep 1; touch {m}) >/dev/null 2>&1 & disown"),
    "daemon": lambda m: forked(lambda: os.execv("/bin/sh", ["sh", "-c", f"sleep 1; touch {m}"])),
    "trap": lambda m: sh(f"(trap '' TERM HUP INT; sleep 1; touch {m}) >/dev/null 2>&1 &"),
    "session": lambda m: subprocess.Popen(
        ["/bin/sh", "-c", f"sleep 1; touch {m}"], start_new_session=True, **QUIET
    ),
    "double": lambda m: sh(f"sh -c 'setsid sh -c \"sleep 1; touch {m}\" & ' >/dev/null 2>&1"),
}
QUIET = {k: subprocess.DEVNULL for k in ("stdin", "stdout", "stderr")}


def names():
    """Every attack's name, by family."""
    return {
        "write": [f"{how}/{where}" for how in WRITES for where in PLACES],
        "read": [f"{how}/{what}" for how in READS for what in SECRETS] + ["env", "environments"],
        "net": list(NETWORK),
        "kill": list(KILLS),
        "persist": list(PERSISTS),
    }


def attempt(act, *args):
    try:
        return act(*args)
    except Exception as error:
        return f"{type(error).__name__}"


def main(targets):
    read = {}
    for how, act in WRITES.items():
        for where in PLACES:
            attempt(act, targets["write"][f"{how}/{where}"])
    for how, act in READS.items():
        for what in SECRETS:
            read[f"{how}/{what}"] = str(attempt(act, targets["read"][what]))
    read["env"] = json.dumps(dict(os.environ))
    read["environments"] = attempt(environments, None)
    for how, act in NETWORK.items():
        attempt(act, targets, f"({how.replace(' ', '_')})".encode())
    for how, act in KILLS.items():
        attempt(act, targets["kill"][how])
    for how, act in PERSISTS.items():
        attempt(act, targets["persist"][how])
    sys.stdout.write("RESULT" + json.dumps(read))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with open(sys.argv[1]) as given:
            main(json.load(given))
