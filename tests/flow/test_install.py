"""make install: the installed program finds its modules, and everything it says is there is there."""
import subprocess

from flow import DESKHAND, ROOT, contains, equal, main, os


def install(place):
    """Installs the build under test; returns how to call what was installed, without any other on its way."""
    prefix = place.dir + "/prefix"
    r = subprocess.run(["make", "install", "PREFIX=" + prefix, "BUILD=" + os.path.relpath(os.path.dirname(DESKHAND), ROOT)], cwd=ROOT,
                       capture_output=True, text=True, check=False, timeout=600)
    equal(r.returncode, 0, r.stderr)
    env = {"HOME": place.dir, "PATH": prefix + "/bin:/usr/bin:/bin"}

    def call(*words):
        return subprocess.run(["deskhand", *words], cwd=place.dir, env=env, capture_output=True, text=True, check=False, timeout=120)

    return prefix, call


def test_what_is_installed_works(place):
    prefix, call = install(place)
    for words in (["new", "hello"], ["run", "hello"], ["check", "hello"], ["test", "hello"]):
        r = call(*words)
        equal(r.returncode, 0, "%s: %s%s" % (words, r.stdout, r.stderr))
    shipped = os.path.join(prefix, "share/deskhand/robots/sme_loan")
    r = call("check", shipped)  # its screen lies beside the robots' folder, its words come from modules
    equal(r.returncode, 0, r.stdout)
    contains(r.stdout, "screens: loan-core")
    r = call("check", "hello", "--types")
    types = r.stdout.split("do: add ")[1].split(" to the libraries")[0]
    equal(types, os.path.realpath(prefix + "/share/deskhand/types"))
    equal(os.listdir(types), ["deskhand.lua"])
    equal(os.path.exists(place.dir + "/hello/.types.lua"), True)


def test_each_command_has_its_page_and_completion(place):
    prefix, call = install(place)
    names = call("help", "--names").stdout.split("\n")[:-1]
    equal("read" in names, True, "a command that a module brings")
    for name in names:
        page = "%s/share/man/man1/deskhand-%s.1" % (prefix, name.replace(" ", "-"))
        with open(page, encoding="utf-8") as f:
            contains(f.read(), ".SH SYNOPSIS")
    completion = prefix + "/share/bash-completion/completions/deskhand"
    script = 'source "%s"; COMP_WORDS=(deskhand re); COMP_CWORD=1; _deskhand; echo "${COMPREPLY[*]}"' % completion
    r = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=20)
    equal(r.stderr, "")
    contains(r.stdout, "read")


def test_uninstall_leaves_nothing(place):
    prefix, _ = install(place)
    subprocess.run(["make", "uninstall", "PREFIX=" + prefix], cwd=ROOT, check=True, timeout=60, capture_output=True)
    left = [os.path.join(folder, f) for folder, _, files in os.walk(prefix) for f in files]
    equal(left, [])


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
