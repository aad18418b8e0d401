"""The answers of a workspace as nodes of a graph: what model/inference.py computes, in ONNX.

The graph is written out rather than traced: what is decided in Python (which answerer has a share,
which length scale a column has) is decided here once, and rows may be of any number.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from amodal.export.graph import Graph
from amodal.fewmatch.aligned import Affine
from amodal.fewmatch.kernel_ridge import KernelMap
from amodal.specification import LatentSpec
from amodal.workspace import Population

SHORTEST = 1e-6
"""Circular numbers shorter than this are left short, as `apply_heads` and `as_directions` do."""


@dataclass(frozen=True)
class Answers:
    """A fitted workspace, asked within a graph. Values are of normalised rows."""

    model: Any
    graph: Graph

    def normalised(self, rows: str, name: str) -> str:
        """From the unimodal model's units."""
        graph, own = self.graph, self.model.normalisation_[name]
        shifted = graph.add("Sub", rows, graph.constant(own.shift))
        if own.basis is not None:
            shifted = graph.add("MatMul", shifted, graph.constant(own.basis))
        return graph.add("Div", shifted, graph.constant(own.scale))

    def inverted(self, rows: str, name: str) -> str:
        """Back to the unimodal model's units."""
        graph, own = self.graph, self.model.normalisation_[name]
        scaled = graph.add("Mul", rows, graph.constant(own.scale))
        if own.basis is not None:
            scaled = graph.add("MatMul", scaled, graph.constant(own.basis.T))
        return graph.add("Add", scaled, graph.constant(own.shift))

    def members(self, rows: str, source: str, target: str) -> str:
        """(run, row, dim): each member's blended answer, as `answer_members`."""
        graph, ensemble = self.graph, self.model.ensemble_
        shares = ensemble.shares.get((source, target))
        if shares is None:
            return self.translated(ensemble.members, rows, source, target)
        kernel = ensemble.kernels.get((source, target))
        aligned = ensemble.aligned.get((source, target))
        ways = (
            lambda: self.translated(ensemble.members, rows, source, target),
            lambda: self.translated(ensemble.start, rows, source, target),
            lambda: self.kernel(kernel, rows, target),
            lambda: self.aligned(aligned, rows, target),
            lambda: self.translated(ensemble.self_trained, rows, source, target),
        )
        closed = (ensemble.start, kernel, aligned, ensemble.self_trained)
        there = (True, *(each is not None for each in closed))
        parts = [
            graph.add("Mul", way(), graph.constant(share))
            for way, share, known in zip(ways, shares, there, strict=True)
            if known and bool(share.any())
        ]
        return self.directions(parts[0] if len(parts) == 1 else graph.add("Sum", *parts), target)

    def answer(self, members: str, target: str) -> str:
        """(row, dim): the members' mean, as `average`."""
        return self.directions(self.graph.reduce("ReduceMean", members, 0), target)

    def expected_error(self, members: str, rows: str, source: str, target: str) -> str:
        """(row): the expected root mean squared error, as `Trust.expected_error`."""
        graph, population = self.graph, self.model.ensemble_.members
        trust = self.model.trust_[source, target]
        constant, by_disagreement, by_cycle = trust.coefficients
        there = self.translated(population, rows, source, target)
        if trust.of_blends:
            off = graph.add("Sub", members, graph.reduce("ReduceMean", members, 0, keep=True))
        else:
            off = graph.add("Sub", there, self.answer(members, target))
        back = graph.add("Sub", self.translated(population, there, target, source), rows)
        total = graph.constant(float(constant))
        for weight, error in ((by_disagreement, off), (by_cycle, back)):
            squared = graph.reduce("ReduceMean", graph.add("Mul", error, error), 0, 2)
            weighted = graph.add("Mul", squared, graph.constant(float(weight)))
            total = graph.add("Add", total, weighted)
        return graph.add("Sqrt", total)

    def states(self, rows: str, name: str) -> str:
        """(run, row, state): each member's state of rows of one modality."""
        return self._bound(self._network(self.model.ensemble_.members, f"{name}.encoder", rows))

    def translated(self, population: Population, rows: str, source: str, target: str) -> str:
        """(run, row, dim): each member's own answer, as `translate_members`."""
        state = self._bound(self._network(population, f"{source}.encoder", rows))
        raw = self._network(population, f"{target}.decoder", state)
        return self._by_block(raw, target, categorical=self._softmax, circular=self._unit)

    def kernel(self, fitted: KernelMap, rows: str, target: str) -> str:
        """(1, row, dim): kernel ridge regression in float64, as the nearest latents."""
        onnx_double, onnx_float = 11, 1
        graph = self.graph
        wide = graph.add("Cast", rows, to=onnx_double)
        apart = self._squared_distances(wide, fitted.points)
        total = graph.constant(fitted.offset)
        for length in fitted.lengths.unique():
            columns = (fitted.lengths == length).to(fitted.weights.dtype)
            scaled = graph.add("Mul", apart, graph.constant(-1 / (2 * length**2)))
            weights = graph.constant(fitted.weights * columns)
            total = graph.add("Add", total, graph.add("MatMul", graph.add("Exp", scaled), weights))
        return self._nearest(graph.add("Cast", total, to=onnx_float), target)

    def aligned(self, affine: Affine, rows: str, target: str) -> str:
        """(1, row, dim): the linear map of an alignment, as the nearest latents."""
        graph = self.graph
        centred = graph.add("Sub", rows, graph.constant(affine.shift))
        product = graph.add("MatMul", centred, graph.constant(affine.weight))
        return self._nearest(graph.add("Add", product, graph.constant(affine.offset)), target)

    def _nearest(self, rows: str, target: str) -> str:
        """(1, row, dim): as `nearest_latents`."""
        nearest = self._by_block(
            rows, target, categorical=self._nearest_probabilities, circular=self._unit
        )
        zero = self.graph.constant(np.array([0], dtype=np.int64))
        return self.graph.add("Unsqueeze", nearest, zero)

    def directions(self, rows: str, target: str) -> str:
        """Circular blocks of length 1 again, as `as_directions`."""
        return self._by_block(rows, target, circular=self._unit)

    def _by_block(self, rows: str, name: str, **ways: Any) -> str:
        """Each block's columns through the way of its kind; the others as they are."""
        spec: LatentSpec = self.model.architecture_.specs[name]
        if not any(block.kind in ways for block in spec.blocks):
            return rows
        parts = self.graph.split(rows, [block.size for block in spec.blocks])
        return self.graph.join(
            [
                ways[block.kind](part) if block.kind in ways else part
                for part, block in zip(parts, spec.blocks, strict=True)
            ]
        )

    def _softmax(self, part: str) -> str:
        return self.graph.add("Softmax", part, axis=-1)

    def _unit(self, part: str) -> str:
        return self.graph.unit(part, least=SHORTEST)

    def _nearest_probabilities(self, part: str) -> str:
        """max(p - t, 0), t the largest over k of (sum of the k largest - 1) / k (Duchi et al.)."""
        graph = self.graph
        size = graph.add("Shape", part, start=1)
        ordered = graph.add_many("TopK", part, size, outputs=2, axis=-1)[0]
        summed = graph.add("CumSum", ordered, graph.constant(np.array(1, dtype=np.int64)))
        ones = graph.add("Add", graph.add("Mul", ordered, graph.constant(0.0)), graph.constant(1.0))
        count = graph.add("CumSum", ones, graph.constant(np.array(1, dtype=np.int64)))
        over = graph.add("Div", graph.add("Sub", summed, graph.constant(1.0)), count)
        most = graph.reduce("ReduceMax", over, -1, keep=True)
        return graph.add("Relu", graph.add("Sub", part, most))

    def _squared_distances(self, rows: str, points: torch.Tensor) -> str:
        """(row, thing): |x|^2 - 2 x.p + |p|^2, at least 0, in float64."""
        graph = self.graph
        own = graph.reduce("ReduceSum", graph.add("Mul", rows, rows), 1, keep=True)
        crossed = graph.add("MatMul", rows, graph.constant(-2 * points.T))
        total = graph.add("Add", graph.add("Add", own, crossed), graph.constant((points**2).sum(1)))
        return graph.add("Max", total, graph.constant(np.float64(0)))

    def _bound(self, states: str) -> str:
        return self.graph.add("Tanh", states) if self.model.architecture_.bounded else states

    def _network(self, population: Population, prefix: str, x: str) -> str:
        """(run, row, out): a linear path plus a small network, as `encode` and `decode`."""
        graph, weights, built = self.graph, population.views(), population.architecture
        total = graph.constant(weights[f"{prefix}.bias"])
        if built.linear:
            linear = graph.add("MatMul", x, graph.constant(weights[f"{prefix}.linear"]))
            total = graph.add("Add", linear, total)
        if not built.hidden:
            return total
        for layer in range(built.layers):
            product = graph.add("MatMul", x, graph.constant(weights[f"{prefix}.weight{layer}"]))
            raw = graph.add("Add", product, graph.constant(weights[f"{prefix}.bias{layer}"]))
            silu = built.activation == "silu"
            x = graph.add("Mul", raw, graph.add("Sigmoid", raw)) if silu else graph.add("Relu", raw)
        out = graph.add("MatMul", x, graph.constant(weights[f"{prefix}.out"]))
        return graph.add("Add", out, total)
