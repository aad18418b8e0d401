"""Baselines: what a user would otherwise pick, with the calls of `Workspace`."""

from amodal.baselines.cca import CCA
from amodal.baselines.kernel_ridge import KernelRidge
from amodal.baselines.procrustes import Procrustes
from amodal.baselines.ridge import Ridge
from amodal.baselines.transport_cca import TransportCCA

__all__ = ["CCA", "KernelRidge", "Procrustes", "Ridge", "TransportCCA"]
