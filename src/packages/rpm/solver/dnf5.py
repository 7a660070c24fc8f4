"""Chooses packages with dnf 5's libraries."""

import os

import libdnf5
import libdnf5.base
import libdnf5.repo
import libdnf5.rpm
from asked import answers, asked, fits


def choose(request):
    modular = [item["id"] for item in request["repositories"] if has_modules(item) and not item["moduleHotfixes"]]
    if modular:
        return {"modular": modular}
    base = open_base(request)
    sack = base.get_repo_sack()
    try:
        add_repositories(sack, request)
        sack.load_repos(libdnf5.repo.Repo.Type_AVAILABLE)
        overrides = add_overrides(sack, request)
    except RuntimeError as error:
        return {"failure": str(error)}
    available = versions(base, request)
    exclude_others(base, request, overrides)
    goal = libdnf5.base.Goal(base)
    unknown = mark(base, goal, request)
    if unknown:
        return explain(base, unknown)
    transaction = goal.resolve()
    if transaction.get_problems() != libdnf5.base.GoalProblem_NO_PROBLEM:
        return {"problems": [list(transaction.get_resolve_logs_as_strings())]}
    chosen = [item.get_package() for item in transaction.get_transaction_packages()]
    return {
        "packages": [describe(package) for package in chosen],
        "answers": answers(request, names_of(chosen), lambda spec: names_of(matching(base, spec))),
        "available": available,
    }


def has_modules(repository):
    """Without the module of the platform, which dnf 5 may not find, it hides nothing of what modules hide."""
    return any("-modules.yaml" in name for name in os.listdir(os.path.join(repository["directory"], "repodata")))


def open_base(request):
    base = libdnf5.base.Base()
    config = base.get_config()
    config.installroot = request["root"]
    config.use_host_config = False
    config.cachedir = request["cache"]
    config.system_cachedir = request["cache"]
    config.system_state_dir = request["state"]
    config.transaction_history_dir = request["state"]
    config.persistdir = request["state"]
    config.logdir = request["state"]
    config.reposdir = []
    config.varsdir = []
    config.plugins = False
    config.best = True
    config.skip_broken = False
    config.skip_unavailable = False
    config.skip_if_unavailable = False
    config.obsoletes = True
    config.install_weak_deps = request["recommends"]
    config.exclude_from_weak_autodetect = False
    config.ignorearch = True
    config.installonlypkgs = []
    config.protected_packages = []
    config.protect_running_kernel = False
    config.pkg_gpgcheck = False
    # What the repositories have is here in full or not at all.
    config.optional_metadata_types = ["filelists"]
    if request["modulePlatform"]:
        config.module_platform_id = request["modulePlatform"]
    variables = base.get_vars()
    variables.set("arch", request["architecture"])
    variables.set("basearch", request["architecture"])
    variables.set("releasever", request["release"] or "0")
    base.setup()
    return base


def add_repositories(sack, request):
    for item in request["repositories"]:
        repo = sack.create_repo(item["id"])
        config = repo.get_config()
        config.baseurl = ["file://" + item["directory"]]
        config.priority = item["priority"]
        config.cost = item["cost"]
        config.module_hotfixes = item["moduleHotfixes"]
        config.pkg_gpgcheck = False
        config.repo_gpgcheck = False
        config.skip_if_unavailable = False
        # The directory has what was verified just now, and not what it had a moment ago.
        repo.expire()


def add_overrides(sack, request):
    if not request["overrides"]:
        return []
    sack.add_cmdline_packages(request["overrides"])
    found = every(sack.get_base())
    found.filter_repo_id(["@commandline"])
    return list(found)


def exclude_others(base, request, overrides):
    """Leaves of each package what the config, pins, overrides, locked and chosen repositories allow."""
    for spec in request["exclude"]:
        exclude(base, named(base, spec), set())
    for item in request["repositories"]:
        for spec in item["excludes"]:
            found = named(base, spec)
            found.filter_repo_id([item["id"]])
            exclude(base, found, set())
        if item["includes"]:
            kept = set()
            for spec in item["includes"]:
                kept.update(package.get_id().id for package in named(base, spec))
            found = every(base)
            found.filter_repo_id([item["id"]])
            exclude(base, found, kept)
    local_names = {package.get_name() for package in overrides}
    local = {package.get_id().id for package in overrides}
    for package in overrides:
        found = every(base)
        found.filter_name([package.get_name()])
        found.filter_arch([package.get_arch(), "noarch"])
        exclude(base, found, local)
    pinned = set(local)
    for name, pin in sorted(request["pins"].items()):
        if name in local_names:
            continue
        found = every(base)
        found.filter_name([name])
        fitting = {package.get_id().id for package in found if fits(package.get_evr(), package.get_arch(), pin)}
        pinned.update(fitting)
        if fitting:
            exclude(base, found, fitting)
    locked = [item["id"] for item in request["repositories"] if item["lockedOnly"]]
    if locked:
        found = every(base)
        found.filter_repo_id(locked)
        exclude(base, found, pinned)
    if request["pinnedOnly"]:
        exclude(base, every(base), pinned)
    for item in request["repositoryPackages"]:
        names = set()
        for spec in item["packages"]:
            found = matching(base, spec)
            found.filter_repo_id([item["repository"]])
            names.update(package.get_name() for package in found)
        if names:
            found = every(base)
            found.filter_name(sorted(names))
            found.filter_repo_id([item["repository"]], libdnf5.common.QueryCmp_NEQ)
            exclude(base, found, local)


def exclude(base, query, kept):
    unwanted = libdnf5.rpm.PackageSet(base)
    for package in query:
        if package.get_id().id not in kept:
            unwanted.add(package)
    base.get_rpm_package_sack().add_user_excludes(unwanted)


def mark(base, goal, request):
    """Asks for what the request names; gives what nothing provides."""
    unknown = []
    for spec, repository in asked(request):
        found = matching(base, spec)
        if repository is not None:
            found.filter_repo_id([repository])
        if found.empty():
            unknown.append({"spec": spec, "repository": repository})
            continue
        settings = libdnf5.base.GoalJobSettings()
        settings.set_with_binaries(False)
        if repository is not None:
            settings.set_to_repo_ids([repository])
        goal.add_rpm_install(spec, settings)
    return unknown


def explain(base, unknown):
    """Adds to each name who would answer if nothing were excluded. Nothing can be chosen afterwards."""
    names = sorted({package.get_name() for package in every(base)})
    base.get_rpm_package_sack().clear_user_excludes()
    for item in unknown:
        found = matching(base, item["spec"])
        excluded = sorted({"%s-%s.%s" % (p.get_name(), p.get_evr(), p.get_arch()) for p in found})
        item["excluded"] = excluded[:8]
    return {"unknown": unknown, "names": names}


def versions(base, request):
    """What there is of each package that has a pin."""
    found = {}
    for name in request["pins"]:
        packages = every(base)
        packages.filter_name([name])
        found[name] = sorted({"%s.%s" % (package.get_evr(), package.get_arch()) for package in packages})
    return found


def names_of(packages):
    return {package.get_name() for package in packages}


def every(base):
    return libdnf5.rpm.PackageQuery(base)


def spec_settings():
    settings = libdnf5.base.ResolveSpecSettings()
    settings.set_with_binaries(False)
    return settings


def named(base, spec):
    settings = spec_settings()
    settings.set_with_provides(False)
    settings.set_with_filenames(False)
    query = every(base)
    query.resolve_pkg_spec(spec, settings, False)
    return query


def matching(base, spec):
    query = every(base)
    query.resolve_pkg_spec(spec, spec_settings(), False)
    return query


def describe(package):
    checksum = package.get_checksum()
    return {
        "name": package.get_name(),
        "version": package.get_evr(),
        "architecture": package.get_arch(),
        "source": package.get_sourcerpm() or "",
        "repository": package.get_repo_id(),
        "path": package.get_location() or "",
        "base": package.get_baseurl() or "",
        "size": package.get_download_size(),
        "algorithm": checksum.get_type_str(),
        "checksum": checksum.get_checksum(),
        "vendor": package.get_vendor() or "",
    }
