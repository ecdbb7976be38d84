"""The hosts' image and podman's settings: made once, then found again."""
import hashlib
import os
import re
import resource
import subprocess

SUITE = "bookworm"
PACKAGES = ("iproute2", "openssh-server", "procps", "python3", "sudo")
RUNTIMES = ("crun", "runc")


class LabError(Exception):
    """Something the lab needs is missing or refuses; the message says what to do."""


def run(*command, **options):
    """Run a program and return its standard output; its own words on failure."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)
    except FileNotFoundError:
        raise LabError(f"{command[0]} is missing; make lab-up installs what the lab needs") from None
    if done.returncode:
        raise LabError(f"{' '.join(command[:3])} ... failed ({done.returncode}): {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def ensure(settings, suite=SUITE, packages=PACKAGES):
    """Name of an image with these packages; built, and `settings` (a containers.conf) written, where missing."""
    name = f"localhost/linuxnet-lab:{suite}-{_digest(suite, packages)}"
    settings.parent.mkdir(parents=True, exist_ok=True)
    if not settings.exists():
        settings.write_text(_settings(), encoding="utf-8")
    os.environ["CONTAINERS_CONF"] = str(settings)
    if subprocess.run(("podman", "image", "exists", name), check=False).returncode:
        print(f"lab: building the image {name} (about half a minute)", flush=True)
        _build(name, suite, packages)
    if "runtime" not in settings.read_text(encoding="utf-8"):
        settings.write_text(_settings(_working_runtime(name)), encoding="utf-8")
    return name


def _digest(suite, packages):
    return hashlib.sha256(repr((suite, packages)).encode()).hexdigest()[:8]


def _settings(runtime=None):
    """Limits that this process has already, because raising one needs a right that a container host may lack."""
    limits = ", ".join(f'"{name}={value}:{value}"' for name, value in (
        ("nofile", _limit(resource.RLIMIT_NOFILE, 4096)), ("nproc", _limit(resource.RLIMIT_NPROC, 4096)),
    ))
    engine = f'[engine]\nruntime = "{runtime}"\n' if runtime else ""
    return f'{engine}[network]\nnetwork_backend = "netavark"\n[containers]\ndefault_ulimits = [{limits}]\n'


def _limit(which, enough):
    hard = resource.getrlimit(which)[1]
    return enough if hard == resource.RLIM_INFINITY else min(hard, enough)


def _build(name, suite, packages):
    build = ("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}", *apt_options(), suite, "-", *apt_sources(suite))
    with subprocess.Popen(build, stdout=subprocess.PIPE) as builder:
        identity = run("podman", "import", "--quiet", "-", stdin=builder.stdout)
    if builder.returncode:
        raise LabError(f"the image could not be built: mmdebstrap ended with {builder.returncode}; its own words are above")
    run("podman", "tag", identity, name)


def apt_sources(suite, security=True):
    """The suite on this machine's own Debian mirrors; none known: mmdebstrap's default."""
    rows = run("apt-get", "indextargets", "--format", "$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)", "Created-By: Packages").splitlines()
    found = [mirror for mirror in map(re.compile(r"Debian\|(\S+)\|\w+?(-updates|-security)?\|(\w\S*)").fullmatch, rows) if mirror]
    archives = sorted({f"deb {mirror[1]} {suite}{mirror[2] or ''} {mirror[3]}" for mirror in found if security or not mirror[2]})
    return archives if found or security else [f"deb http://deb.debian.org/debian {suite} main"]


def apt_options():
    """What this machine's apt says about reaching mirrors: proxies, certificates, retries."""
    kept = re.compile(r'Acquire::(https?::|Check-|Retries).*"[^"]+";')
    return [f"--aptopt={line}" for line in run("apt-config", "dump").splitlines() if kept.match(line)]


def _working_runtime(name):
    """The first OCI runtime that starts a container here: crun, for one, refuses hybrid cgroups."""
    refusals = []
    for runtime in RUNTIMES:
        tried = subprocess.run(
            ("podman", "--runtime", runtime, "run", "--rm", "--network=none", name, "true"), capture_output=True, text=True, check=False,
        )
        if not tried.returncode:
            return runtime
        refusals.append(f"{runtime}: {tried.stderr.strip()}")
    raise LabError("no OCI runtime starts a container on this machine; install runc or crun. " + "; ".join(refusals))
