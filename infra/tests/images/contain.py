#!/usr/bin/env python3
"""contain.py ROOT PROGRAM [ARGUMENT...]: runs a program of an image as a container engine would that was asked for
a read-only root, no capabilities and the user 65532.

Mounts are private to the process and go with it. What it runs ends with whoever started it. Needs root and Linux.
"""

import ctypes
import os
import signal
import sys

USER = 65532

# From <linux/sched.h>, <linux/mount.h> and <linux/prctl.h>.
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 1, 24, 38, 47, 4

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    converted = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    if getattr(libc, name)(*converted) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def mount_read_only(root):
    """Makes a root of the folder that nothing can be written to, seen by this process alone."""
    root = os.fsencode(root)
    call("unshare", CLONE_NEWNS)
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    call("mount", root, root, None, MS_BIND, None)
    call("mount", None, root, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, None)


def give_up_privileges():
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        capabilities = range(int(file.read()) + 1)
    yield  # /proc is out of reach from here on.
    for capability in capabilities:
        call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
    call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def refusal(root):
    """What the kernel says against the read-only mount, or None; asked in a child, so nothing stays."""
    said, saying = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            mount_read_only(root)
        except OSError as error:
            os.write(saying, str(error).encode())
        os._exit(0)
    os.close(saying)
    with os.fdopen(said) as pipe:
        words = pipe.read()
    os.waitpid(child, 0)
    return words or None


def main(root, *command):
    starter = os.getppid()
    try:
        mount_read_only(root)
    except OSError as error:
        print(f"not covered, a read-only root: {error}", file=sys.stderr)
    privileges = give_up_privileges()
    next(privileges)
    os.chdir(root)
    os.chroot(".")
    next(privileges, None)
    call("prctl", PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != starter:
        sys.exit("whoever started this is gone")
    os.execve(command[0], command, os.environ)


if __name__ == "__main__":
    main(*sys.argv[1:])
