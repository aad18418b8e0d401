"""Baselines: what a user would otherwise pick, with the calls of `Workspace`."""

from amodal.baselines.asif import ASIF
from amodal.baselines.cca import CCA
from amodal.baselines.contrastive import Contrastive
from amodal.baselines.csa import CSA
from amodal.baselines.kernel_ridge import KernelRidge
from amodal.baselines.multimodal_vae import MultimodalVAE
from amodal.baselines.procrustes import Procrustes
from amodal.baselines.ridge import Ridge
from amodal.baselines.sotalign import SOTAlign
from amodal.baselines.spectral_cca import SpectralCCA
from amodal.baselines.translators import CycleTranslators
from amodal.baselines.transport_cca import TransportCCA
from amodal.baselines.wasserstein_procrustes import WassersteinProcrustes

__all__ = [
    "ASIF",
    "CCA",
    "CSA",
    "Contrastive",
    "CycleTranslators",
    "KernelRidge",
    "MultimodalVAE",
    "Procrustes",
    "Ridge",
    "SOTAlign",
    "SpectralCCA",
    "TransportCCA",
    "WassersteinProcrustes",
]
