"""An ONNX graph, put together node by node; nothing else imports onnx."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from amodal.errors import MissingExtraError

OPSET = 18
"""Of the standard operators: read by onnxruntime 1.14 (2023) and everything later."""
FORM = 8
"""The version of the file format that goes with it."""
BATCH = "row"
"""The name of the dimension that may have any length."""


def onnx_package() -> Any:
    """The module onnx.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
    except ModuleNotFoundError as error:
        if error.name != "onnx":
            raise
        raise MissingExtraError("onnx", "onnx") from error
    return onnx


@dataclass
class Graph:
    """Nodes and constants. Values are known by names; every call gives the name of what it adds."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def constant(self, value: Any) -> str:
        """An array, of its own type: float32 for tensors of it and for Python's numbers."""
        if isinstance(value, torch.Tensor):
            value = value.detach().numpy()
        elif type(value) is float:  # numpy's float64 is one, too, and stays what it is
            value = np.float32(value)
        name = f"constant{len(self.constants)}"
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        self.constants.append(onnx_package().numpy_helper.from_array(array, name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output."""
        return self.add_many(operator, *inputs, outputs=1, **attributes)[0]

    def add_many(
        self, operator: str, *inputs: str, outputs: int, **attributes: Any
    ) -> tuple[str, ...]:
        """A node with several outputs."""
        names = tuple(f"{operator}{len(self.nodes)}.{number}" for number in range(outputs))
        made = onnx_package().helper.make_node(operator, list(inputs), list(names), **attributes)
        self.nodes.append(made)
        return names

    def reduce(self, operator: str, value: str, *axes: int, keep: bool = False) -> str:
        """ReduceMean, ReduceSum, ... over some axes."""
        over = self.constant(np.array(axes, dtype=np.int64))
        return self.add(operator, value, over, keepdims=int(keep))

    def unit(self, value: str, *, least: float) -> str:
        """Vectors on the last axis divided by their length, or by `least` where that is more."""
        length = self.reduce("ReduceL2", value, -1, keep=True)
        return self.add("Div", value, self.add("Max", length, self.constant(least)))

    def split(self, value: str, sizes: Sequence[int]) -> tuple[str, ...]:
        """Adjacent columns of the last axis."""
        if len(sizes) == 1:
            return (value,)
        wanted = self.constant(np.array(sizes, dtype=np.int64))
        return self.add_many("Split", value, wanted, outputs=len(sizes), axis=-1)

    def join(self, values: Sequence[str]) -> str:
        """Columns side by side."""
        return values[0] if len(values) == 1 else self.add("Concat", *values, axis=-1)

    def finish(
        self, given: tuple[str, int], told: Mapping[str, tuple[str, int | None]], notes: Any
    ) -> Any:
        """The whole model, checked by onnx.

        Args:
            given: the input's name and width.
            told: output -> its value, and its width; None for one number a row.
            notes: texts by name, kept in the file.
        """
        onnx, helper = onnx_package(), onnx_package().helper
        number = onnx.TensorProto.FLOAT
        for name, (value, _) in told.items():
            self.nodes.append(helper.make_node("Identity", [value], [name]))
        outputs = [
            helper.make_tensor_value_info(name, number, [BATCH, width] if width else [BATCH])
            for name, (_, width) in told.items()
        ]
        inputs = [helper.make_tensor_value_info(given[0], number, [BATCH, given[1]])]
        graph = helper.make_graph(self.nodes, "amodal", inputs, outputs, self.constants)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=FORM,
            producer_name="amodal",
        )
        helper.set_model_props(model, dict(notes))
        onnx.checker.check_model(model, full_check=True)
        return model
