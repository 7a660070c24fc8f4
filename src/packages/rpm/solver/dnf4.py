"""Chooses packages with dnf 4's libraries."""

import dnf
import dnf.exceptions
import dnf.subject
import hawkey
from asked import answers, asked, fits


def choose(request):
    base = open_base(request)
    try:
        base.fill_sack(load_system_repo=False)
    except dnf.exceptions.RepoError as error:
        return {"failure": str(error)}
    overrides = add_overrides(base, request)
    exclude_others(base, request, overrides)
    unknown = mark(base, request)
    if unknown:
        names = sorted({package.name for package in base.sack.query()})
        return {"unknown": unknown, "names": names}
    try:
        base.resolve()
    except dnf.exceptions.DepsolveError as error:
        rules = [list(problem) for problem in base._goal.problem_rules()]
        return {"problems": rules or [[str(error)]]}
    chosen = list(base.transaction.install_set)
    available = {}
    for name in request["pins"]:
        packages = base.sack.query(flags=hawkey.IGNORE_EXCLUDES).filterm(name=name)
        available[name] = sorted({"%s.%s" % (evr(package), package.arch) for package in packages})
    return {
        "packages": [describe(package) for package in chosen],
        "answers": answers(request, {p.name for p in chosen}, lambda spec: {p.name for p in query_of(base, spec)}),
        "available": available,
    }


def open_base(request):
    conf = dnf.conf.Conf()
    conf.installroot = request["root"]
    conf.cachedir = request["cache"]
    conf.persistdir = request["state"]
    conf.logdir = request["state"]
    conf.reposdir = []
    conf.varsdir = []
    conf.plugins = False
    conf.pluginpath = []
    conf.best = True
    conf.strict = True
    conf.obsoletes = True
    conf.skip_if_unavailable = False
    conf.install_weak_deps = request["recommends"]
    conf.excludepkgs = request["exclude"]
    conf.gpgcheck = False
    conf.ignorearch = True
    # A newer version of what the exclusions leave is what is wanted, not the newest of all.
    conf.protect_running_kernel = False
    conf.protected_packages = []
    conf.installonlypkgs = []
    conf.substitutions["arch"] = request["architecture"]
    conf.substitutions["basearch"] = request["architecture"]
    conf.substitutions["releasever"] = request["release"]
    if request["modulePlatform"]:
        conf.module_platform_id = request["modulePlatform"]
    base = dnf.Base(conf)
    for item in request["repositories"]:
        repo = dnf.repo.Repo(item["id"], conf)
        repo.baseurl = ["file://" + item["directory"]]
        repo.priority = item["priority"]
        repo.cost = item["cost"]
        repo.includepkgs = item["includes"]
        repo.excludepkgs = item["excludes"]
        repo.module_hotfixes = item["moduleHotfixes"]
        repo.gpgcheck = False
        repo.repo_gpgcheck = False
        repo.skip_if_unavailable = False
        base.repos.add(repo)
        repo.enable()
        # The directory has what was verified just now, and not what it had a moment ago.
        repo._repo.expire()
    return base


def add_overrides(base, request):
    if not request["overrides"]:
        return []
    return base.add_remote_rpms(request["overrides"], strict=True)


def exclude_others(base, request, overrides):
    """Leaves of each package what pins, overrides, locked and chosen repositories allow."""
    sack = base.sack
    local = {(package.name, package.arch) for package in overrides}
    local_names = {package.name for package in overrides}
    for name, arch in sorted(local):
        others = sack.query().filterm(name=name, arch=[arch, "noarch"])
        exclude(sack, [package for package in others if package not in overrides])
    pins = request["pins"]
    pinned = set()
    for name, pin in sorted(pins.items()):
        if name in local_names:
            continue
        found = list(sack.query().filterm(name=name))
        fitting = [package for package in found if fits(evr(package), package.arch, pin)]
        pinned.update(fitting)
        if fitting:
            exclude(sack, [package for package in found if package not in fitting])
    locked = [item["id"] for item in request["repositories"] if item["lockedOnly"]]
    if locked:
        exclude(sack, [p for p in sack.query().filterm(reponame=locked) if p not in pinned])
    if request["pinnedOnly"]:
        exclude(sack, [p for p in sack.query() if p not in pinned and p not in overrides])
    for item in request["repositoryPackages"]:
        names = set()
        for spec in item["packages"]:
            found = query_of(base, spec).filter(reponame=item["repository"])
            names.update(package.name for package in found)
        if names:
            others = sack.query().filterm(name=sorted(names), reponame__neq=item["repository"])
            exclude(sack, [package for package in others if package not in overrides])


def exclude(sack, packages):
    if packages:
        sack.add_excludes(sack.query().filterm(pkg=packages))


def mark(base, request):
    """Asks for what the request names; gives what nothing provides."""
    unknown = []
    for spec, repository in asked(request):
        try:
            base.install(spec, reponame=repository)
        except dnf.exceptions.Error:
            every = dnf.subject.Subject(spec).get_best_query(
                base.sack, with_nevra=True, with_provides=True, with_filenames=True,
                query=base.sack.query(flags=hawkey.IGNORE_EXCLUDES))
            excluded = sorted({"%s-%s.%s" % (p.name, evr(p), p.arch) for p in every})
            unknown.append({"spec": spec, "repository": repository, "excluded": excluded[:8]})
    return unknown


def query_of(base, spec):
    return dnf.subject.Subject(spec).get_best_query(
        base.sack, with_nevra=True, with_provides=True, with_filenames=True)


def evr(package):
    return package.evr[2:] if package.evr.startswith("0:") else package.evr


def describe(package):
    checksum = package.returnIdSum() if package.reponame != hawkey.CMDLINE_REPO_NAME else ("", "")
    return {
        "name": package.name,
        "version": evr(package),
        "architecture": package.arch,
        "source": package.sourcerpm or "",
        "repository": package.reponame,
        "path": package.location or "",
        "base": package.baseurl or "",
        "size": package.downloadsize,
        "algorithm": checksum[0],
        "checksum": checksum[1],
        "vendor": package.vendor or "",
    }
