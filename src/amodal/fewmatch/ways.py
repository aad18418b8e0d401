"""Ways from one modality to another through matches with others."""

from collections.abc import Collection


def shortest_way(
    source: str, target: str, steps: Collection[tuple[str, str]]
) -> tuple[str, ...] | None:
    """The fewest modalities to pass from one to another, both included; None without a way.

    Example:
        >>> shortest_way("image", "sound", [("image", "text"), ("text", "sound")])
        ('image', 'text', 'sound')
        >>> shortest_way("sound", "image", [("image", "text"), ("text", "sound")]) is None
        True
    """
    ways: list[tuple[str, ...]] = [(source,)]
    for way in ways:  # grows while it is read: breadth first
        if way[-1] == target:
            return way
        onward = sorted(after for before, after in steps if before == way[-1])
        ways += [(*way, after) for after in onward if after not in way]
    return None
