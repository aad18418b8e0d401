"""The losses once more, slowly: python loops and numpy in float64, one run, row and block each.

Nothing here is shared with the package but the names of weights: what a layer, a head or a loss
is, is written down a second time.
"""

from itertools import combinations

import numpy as np


class SlowRun:
    """One run of a population, and the batch that it sees."""

    def __init__(self, weights, architecture, batch, run: int) -> None:
        self.weights = {name: value[run].double().numpy() for name, value in weights.items()}
        self.architecture = architecture
        self.names = list(architecture.specs)
        self.matched = {n: batch.matched[n][run].double().numpy() for n in self.names}
        self.present = {n: batch.present[n][run].numpy() > 0 for n in self.names}
        self.unmatched = {n: v[run].double().numpy() for n, v in batch.unmatched.items()}
        self.things = batch.things[run].tolist()

    def network(self, prefix: str, x: np.ndarray) -> np.ndarray:
        total = self.weights[f"{prefix}.bias"][0].copy()
        if self.architecture.linear:
            total = total + x @ self.weights[f"{prefix}.linear"]
        if self.architecture.hidden:
            hidden = x
            for layer in range(self.architecture.layers):
                hidden = (
                    hidden @ self.weights[f"{prefix}.weight{layer}"]
                    + self.weights[f"{prefix}.bias{layer}"][0]
                )
                if self.architecture.activation == "relu":
                    hidden = np.maximum(hidden, 0)
                else:
                    hidden = hidden / (1 + np.exp(-hidden))
            total = total + hidden @ self.weights[f"{prefix}.out"]
        return total

    def bound(self, state: np.ndarray) -> np.ndarray:
        return np.tanh(state) if self.architecture.bounded else state

    def state(self, rows: dict[str, np.ndarray]) -> np.ndarray:
        """The fused state of one thing from its rows."""
        parts = [self.network(f"{name}.encoder", row) for name, row in rows.items()]
        return self.bound(sum(parts) / len(parts))

    def heads(self, name: str, raw: np.ndarray) -> np.ndarray:
        result = raw.copy()
        start = 0
        for block in self.architecture.specs[name].blocks:
            part = raw[start : start + block.size]
            if block.kind == "categorical":
                part = np.exp(part - part.max()) / np.exp(part - part.max()).sum()
            elif block.kind == "circular":
                part = part / np.sqrt((part**2).sum())
            result[start : start + block.size] = part
            start += block.size
        return result

    def error(self, name: str, raw: np.ndarray, goal: np.ndarray, smoothing: float = 0) -> float:
        spec = self.architecture.specs[name]
        done, start, total = self.heads(name, raw), 0, 0.0
        for block in spec.blocks:
            columns = range(start, start + block.size)
            if block.kind == "categorical":
                for c in columns:
                    wanted = goal[c] * (1 - smoothing) + smoothing / block.size
                    total -= wanted * np.log(done[c]) * block.size / spec.dim
            else:
                total += sum((done[c] - goal[c]) ** 2 for c in columns) / spec.dim
            start += block.size
        return float(total)

    def decode(self, name: str, state: np.ndarray) -> np.ndarray:
        return self.network(f"{name}.decoder", state)

    def things_with(self, *names: str) -> list[int]:
        return [i for i in range(len(self.things)) if all(self.present[n][i] for n in names)]

    def translation(self, smoothing: float = 0) -> float:
        means = []
        for source in self.names:
            for target in self.names:
                rows = self.things_with(source, target)
                if source != target and rows:
                    errors = []
                    for i in rows:
                        state = self.state({source: self.matched[source][i]})
                        raw = self.decode(target, state)
                        errors.append(self.error(target, raw, self.matched[target][i], smoothing))
                    means.append(np.mean(errors))
        return float(np.mean(means)) if means else 0.0

    def contrastive(self, scale: float) -> float:
        means = []
        for first, second in combinations(self.names, 2):
            rows = self.things_with(first, second)
            if not rows:
                continue
            own = {i: self.state({first: self.matched[first][i]}) for i in rows}
            other = {i: self.state({second: self.matched[second][i]}) for i in rows}

            def score(i: int, j: int, own=own, other=other) -> float:
                lengths = np.linalg.norm(own[i]) * np.linalg.norm(other[j])
                return scale * float(own[i] @ other[j]) / lengths

            losses = []
            for i in rows:
                rivals = [j for j in rows if j == i or self.things[j] != self.things[i]]
                forth = np.log(sum(np.exp(score(i, j)) for j in rivals)) - score(i, i)
                back = np.log(sum(np.exp(score(j, i)) for j in rivals)) - score(i, i)
                losses.append((forth + back) / 2)
            means.append(np.mean(losses))
        return float(np.mean(means)) if means else 0.0

    def demi_cycle(self) -> float:
        means = []
        for name, rows in self.unmatched.items():
            errors = [self.error(name, self.decode(name, self.state({name: x})), x) for x in rows]
            means.append(np.mean(errors))
        return float(np.mean(means))

    def cycle(self) -> float:
        means = []
        for name, rows in self.unmatched.items():
            for way in self.names:
                if way != name:
                    errors = []
                    for x in rows:
                        abroad = self.heads(way, self.decode(way, self.state({name: x})))
                        home = self.decode(name, self.state({way: abroad}))
                        errors.append(self.error(name, home, x))
                    means.append(np.mean(errors))
        return float(np.mean(means))

    def broadcast(self) -> float:
        means = []
        for size in range(2, len(self.names) + 1):
            for subset in combinations(self.names, size):
                outside = [name for name in self.names if name not in subset]
                for target in self.names:
                    rows = self.things_with(*subset, target)
                    errors, returns = [], []
                    for i in rows:
                        state = self.state({name: self.matched[name][i] for name in subset})
                        goal = self.matched[target][i]
                        errors.append(self.error(target, self.decode(target, state), goal))
                        if outside and target in subset:
                            abroad = {n: self.heads(n, self.decode(n, state)) for n in outside}
                            home = self.decode(target, self.state(abroad))
                            returns.append(self.error(target, home, goal))
                    means += [np.mean(found) for found in (errors, returns) if found]
        return float(np.mean(means)) if means else 0.0
