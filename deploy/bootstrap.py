"""Makes `.venv` with the pinned requirements, once, and says in one line what is in the way.

Standard library only, and written so that an old Python can still read it and say that it is too old.
Usage: bootstrap.py run|dev [--port PORT]
"""

import hashlib
import os
import socket
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "installed.txt")
FILES = {"run": ["requirements.txt"], "dev": ["requirements.txt", "requirements-s3.txt", "requirements-dev.txt"]}


def stop(words):
    sys.stderr.write(words + "\n")
    sys.exit(1)


def check_python():
    if sys.version_info < (3, 11):
        have = ".".join(str(part) for part in sys.version_info[:3])
        stop("MPD Atelier needs Python 3.11 or newer; this is %s. Try `make run PYTHON=python3.11`." % have)


def check_folder():
    state = os.environ.get("ATELIER_STATE") or os.path.join(ROOT, "var")
    for wanted_folder in (ROOT, state):
        folder = wanted_folder
        while not os.path.exists(folder):
            folder = os.path.dirname(folder)
        probe = os.path.join(folder, ".atelier-probe-%d" % os.getpid())
        try:
            with open(probe, "w"):
                pass
            os.remove(probe)
        except OSError:
            stop("Cannot write to %s. Use a folder that you own (ATELIER_STATE moves the data elsewhere)." % folder)


def check_port(port):
    try:
        number = int(port)
        if not 0 < number < 65536:
            raise ValueError
    except ValueError:
        stop("PORT must be a number from 1 to 65535, not %r." % port)
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", number))
    except OSError as error:
        stop("Port %s cannot be used (%s). Try `make run PORT=%d`." % (port, error.strerror, min(number + 1, 65535)))
    finally:
        probe.close()


def wanted(kind):
    """What a finished install of this kind would write into the stamp."""
    digest = hashlib.sha256(sys.version.encode())
    for name in FILES[kind] + ["constraints.txt"]:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return "%s %s" % (kind, digest.hexdigest())


def installed():
    try:
        with open(STAMP) as file:
            return file.read().split("\n")
    except OSError:
        return []


def install(kind):
    if wanted(kind) in installed() or wanted("dev") in installed():
        return
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(python):
        print("Making .venv", flush=True)
        if subprocess.call([sys.executable, "-m", "venv", VENV]) != 0:
            stop("Could not make .venv: the lines above say why (on Debian and Ubuntu: apt-get install python3-venv).")
    print("Installing the pinned requirements (a few minutes the first time)", flush=True)
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["-r", os.path.join(ROOT, FILES[kind][-1]), "-c", os.path.join(ROOT, "constraints.txt")]
    if subprocess.call(command) != 0:
        stop("pip could not install the requirements: its last lines say why. Run the same command again when mended.")
    with open(STAMP, "w") as file:
        file.write("\n".join({wanted(kind)} | ({wanted("run")} if kind == "dev" else set())))


def main(arguments):
    kind = arguments[0] if arguments else "run"
    if kind not in FILES:
        stop("Usage: bootstrap.py run|dev [--port PORT]")
    check_python()
    check_folder()
    if "--port" in arguments:
        check_port(arguments[arguments.index("--port") + 1])
    install(kind)


if __name__ == "__main__":
    main(sys.argv[1:])
