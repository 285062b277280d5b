# SPDX-License-Identifier: MIT
"""Install the build into a folder, and use it from outside as a stranger's program would.

    install.py BUILD SESSION.c

The example is compiled with what pkg-config says and nothing else, and run; the installed
command names its version and its man page is where man looks for it.
"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile


def run(command, **keywords):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **keywords)
    if done.returncode != 0:
        sys.exit("%s\n%s" % (" ".join(map(str, command)), done.stdout))
    return done.stdout


def one(root, pattern):
    found = sorted(root.rglob(pattern))
    if not found:
        sys.exit("nothing was installed as " + pattern)
    return found[0]


def main():
    build, source = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "root"
        run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", str(root)])
        library = one(root, "libconfreg.so").parent
        asked = {**os.environ, "PKG_CONFIG_LIBDIR": str(library / "pkgconfig"),
                 "PKG_CONFIG_SYSROOT_DIR": str(root)}
        flags = shlex.split(run(["pkg-config", "--cflags", "--libs", "confreg"], env=asked))
        program = pathlib.Path(folder) / "session"
        run(["cc", "-std=c99", "-Wall", "-Werror", "-o", program, source, *flags])
        installed = {**os.environ, "LD_LIBRARY_PATH": str(library)}
        print(run([program, "lmdb:" + folder + "/store"], env=installed), end="")
        print(run([one(root, "bin/confreg"), "--version"], env=installed), end="")
        one(root, "man1/confreg-instance-create.1*")
        one(root, "sys/store_driver.h")


if __name__ == "__main__":
    main()
