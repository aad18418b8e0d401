"""Baselines: what a user would otherwise pick, with the calls of `Workspace`."""

from amodal.baselines.cca import CCA
from amodal.baselines.kernel_ridge import KernelRidge
from amodal.baselines.procrustes import Procrustes
from amodal.baselines.ridge import Ridge

__all__ = ["CCA", "KernelRidge", "Procrustes", "Ridge"]
