"""What a fitted workspace can do with folders and hubs: save, load, push, fetch."""

from pathlib import Path
from typing import Any, Self

from amodal.errors import InputError, NotFittedError
from amodal.model.serialise import restore, to_files
from amodal.model.storage import save_folder


class Sharing:
    """Saving and loading, for `Workspace`; the Hub's calls need the extra `hub`."""

    def save(self, folder: str | Path, *, licence: str | None = None) -> None:
        """Write the fitted workspace as a new folder of JSON, safetensors and a model card.

        Args:
            folder: a new one.
            licence: for the model card's head, as the Hub spells it ("apache-2.0", "cc-by-4.0").

        Raises:
            NotFittedError: there is nothing to save.
            ExistsError: there is something already.
            DiskError: the disk refuses.
        """
        self._fitted()
        save_folder(Path(folder), *to_files(self), licence=licence)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a workspace that `save` or a fit with a folder has written.

        Raises:
            NotFoundError: there is none.
            DamagedError: it is damaged, foreign, or of a newer version.
        """
        model = cls()
        restore(model, Path(folder))
        return model

    def save_pretrained(self, folder: str | Path, *, licence: str | None = None) -> None:
        """`save`, by the name that the Hub uses: the files that `push_to_hub` uploads."""
        self.save(folder, licence=licence)

    @classmethod
    def from_pretrained(
        cls, name_or_folder: str | Path, *, revision: str | None = None, **options: Any
    ) -> Self:
        """Read a workspace from a folder, or fetch it from the Hugging Face Hub.

        Nothing that is fetched can run code: JSON and safetensors are read, and checked.

        Args:
            name_or_folder: a folder that is there, or a repository such as "someone/sound-touch".
            revision: branch, tag or commit of the repository; the newest when left out.
            options: `token`, `cache_dir`, `force_download`, `local_files_only` of
                huggingface_hub's `ModelHubMixin.from_pretrained`.

        Raises:
            NotFoundError: there is no such folder, repository or revision, or none can be reached.
            DamagedError: what is there is damaged, foreign, or of a newer version.
            MissingExtraError: a repository was named, and huggingface_hub is not installed.

        Example:
            >>> import numpy as np
            >>> from amodal import Workspace
            >>> rows = np.random.default_rng(0).normal(size=(40, 3))
            >>> model = Workspace(steps=0).fit(
            ...     {"sound": rows, "touch": rows[:, ::-1]},
            ...     matches={"sound": range(20), "touch": range(20)},
            ... )
            >>> model.save_pretrained("mine")
            >>> Workspace.from_pretrained("mine").matches_
            20
        """
        if Path(name_or_folder).is_dir():
            if revision is not None:
                raise InputError(
                    f"{name_or_folder} is a folder, which has no revisions: leave revision out, or "
                    "name a repository of the Hub"
                )
            return cls.load(name_or_folder)
        from amodal.model.hub import fetch

        return fetch(cls, str(name_or_folder), revision=revision, **options)

    def push_to_hub(self, repository: str, *, licence: str | None = None, **options: Any) -> str:
        """Write the workspace into a repository of the Hugging Face Hub, in one commit.

        Args:
            repository: "someone/sound-touch"; it is made where it is not there yet.
            licence: for the model card's head, as the Hub spells it ("apache-2.0", "cc-by-4.0").
            options: `private`, `token`, `branch`, `commit_message`, `create_pr` of
                huggingface_hub's `ModelHubMixin.push_to_hub`.

        Returns:
            The address of the commit.

        Raises:
            NotFittedError: there is nothing to push.
            MissingExtraError: huggingface_hub is not installed.
            InputError: the Hub refuses, or cannot be reached.
        """
        self._fitted()
        from amodal.model.hub import push

        return push(self, repository, licence=licence, **options)

    def _fitted(self) -> None:
        if not hasattr(self, "ensemble_"):
            raise NotFittedError("this Workspace is not fitted yet: call fit first")
