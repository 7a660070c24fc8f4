"""What a request asks for, and what answers to it."""


def asked(request):
    """Each specification, with the repository that it is to come from, or None."""
    specs = [(spec, None) for spec in request["packages"]]
    for item in request["repositoryPackages"]:
        specs.extend((spec, item["repository"]) for spec in item["packages"])
    return specs


def answers(request, chosen, matching):
    """For what is asked for under another name than a package's: who answers.

    chosen: names of packages; matching: gives the names of the packages that a specification may mean.
    """
    return {spec: sorted(chosen & matching(spec)) for spec, _ in asked(request) if spec not in chosen}


def fits(version, architecture, pin):
    return version == pin["version"] and pin["architecture"] in (None, architecture)
