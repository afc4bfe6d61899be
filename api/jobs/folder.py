"""The folder of a service's data: one service at a time, a place for the jobs' database and one for each finished plan."""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path
from shutil import rmtree

from api.jobs.job import Artefact, Job
from planner.errors import InputError


class DataFolder:
    """A folder held by one service; released when it is closed or its process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        """Create the folder and take hold of it; raise InputError where that cannot be."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / "lock").open("w")
        except OSError as error:
            raise InputError.at("--data", f"{path} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise InputError.at("--data", f"another service uses {path}; give each its own folder") from None
        self._path = path

    @property
    def database(self) -> Path:
        """Return the path of the jobs' database."""
        return self._path / "jobs.sqlite"

    def attempt_folder(self, job: Job) -> Path:
        """Return where the current attempt of a job writes its files."""
        return self._path / "plans" / job.id / str(job.attempt)

    def clear(self, job: Job) -> None:
        """Remove everything that attempts of a job have written."""
        rmtree(self._path / "plans" / job.id, ignore_errors=True)

    def read(self, job: Job, artefact: Artefact) -> bytes | None:
        """Return the content of a finished file; None where it is not, byte for byte, what was written."""
        try:
            content = (self.attempt_folder(job) / artefact.name).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == artefact.sha256 else None

    def close(self) -> None:
        """Let go of the folder."""
        self._lock.close()


def artefact_of(path: Path) -> Artefact:
    """Return the name, hash and size of a finished file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Artefact(path.name, digest, path.stat().st_size)
