"""Other libraries, kept to what users need to know."""

import contextlib
from collections.abc import Iterator

import torch

from amodal.errors import MissingExtraError


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Load models without the bars and reports of transformers; its failures still are errors.

    Raises:
        MissingExtraError: transformers is not installed.
    """
    try:
        from transformers.utils import logging
    except ImportError:
        raise MissingExtraError("transformers", "models") from None
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def usable_device() -> torch.device:
    """The graphics processor where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
