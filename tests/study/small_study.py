"""A study so small that it takes a second."""

from dataclasses import replace

from amodal.study.settings import BUDGETS, StudySettings


def small_settings(**changed) -> StudySettings:
    """Two numbers of matches, two seeds, four steps."""
    own = {
        "pairings": ("image-attributes",),
        "latents": ("default",),
        "methods": ("tr", "cont", "tr+cont+dcy+cy"),
        "methods_elsewhere": ("tr",),
        "matches": (8, 20),
        "matches_elsewhere": (8,),
        "seeds": (0, 1),
        "unmatched": 60,
        "matchable": 60,
        "pool": 40,
        "test": 24,
        "steps": 4,
        "batch": 8,
        "evaluate_every": 2,
    }
    return replace(BUDGETS["smoke"], **(own | changed))
