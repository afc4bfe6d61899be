"""Many scenarios of a folder: which have changed, each planned in a process of its own, several at a time."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from api.failures import Failure, failure_of
from api.inputs import open_catalog, read_scenario_file, referenced_files, require_files
from api.jobs.child import Child, Done, Killed, Work
from api.jobs.worker import PlanDone, PlanTask
from api.outputs import PLAN_FILE, REPORT_FILE, write_file
from api.version import engine_fingerprint
from planner.errors import InputError
from planner.progress import Progress

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
RECORD_FILE = ".inputs.json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid scenario file: its id, its folder for results, and the hash of everything that its plan depends on."""

    scenario: Path
    id: str
    folder: Path
    inputs_sha256: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one scenario file; `unchanged` = an earlier result still stands."""

    scenario: Path
    result: PlanDone | Failure
    unchanged: bool = False


def scenario_files(folder: Path) -> list[Path]:
    """Return the scenario files of a folder in order of name; raise InputError where there are none."""
    if not folder.is_dir():
        raise InputError.at("FOLDER", f"{folder} is not a folder; give a folder of scenario files")
    found = [path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file() and not path.name.startswith(".")]
    if not found:
        raise InputError.at("FOLDER", f"{folder} holds no scenario file (*.yaml, *.yml, *.json)")
    return sorted(found)


class Batch:
    """Plans scenario files into folders under `output`; results do not depend on how many run at a time."""

    def __init__(self, output: Path, *, catalogs: Sequence[Path] = (), jobs: int = 2, work: Work[PlanTask, PlanDone]) -> None:
        """Open the catalog; raise CatalogError where it or an overlay is not valid."""
        self._output = output
        self._catalogs = tuple(catalogs)
        self._catalog_version = open_catalog(catalogs).version
        self._jobs = jobs
        self._work = work
        self._children: set[Child[PlanTask, PlanDone]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, files: Sequence[Path], hear: Callable[[Path, Progress], None]) -> Iterator[Ended]:
        """Yield what becomes of each file as it ends; a failure of one does not touch the others."""
        prepared, failed = self._prepare(files)
        yield from failed
        with ThreadPoolExecutor(self._jobs) as pool:
            running = [pool.submit(self._one, item, hear) for item in prepared]
            try:
                for future in as_completed(running):
                    yield future.result()
            except BaseException:
                self._stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _prepare(self, files: Sequence[Path]) -> tuple[list[Prepared], list[Ended]]:
        prepared: dict[str, Prepared] = {}
        failed: list[Ended] = []
        for path in files:
            try:
                item = self._prepared(path)
                if (earlier := prepared.get(item.id)) is not None:
                    raise InputError.at(
                        "id", f"'{item.id}' is also the id of {earlier.scenario.name}; ids must differ", document=str(path)
                    )
                prepared[item.id] = item
            except Exception as error:  # a bad file must not stop the others
                failed.append(Ended(path, failure_of(error)))
        return list(prepared.values()), failed

    def _prepared(self, path: Path) -> Prepared:
        scenario = read_scenario_file(path)
        require_files(scenario, path.parent, str(path))
        parts = [engine_fingerprint(), self._catalog_version, _sha256(path)]
        parts += [f"{field}={_sha256(path.parent / name)}" for field, name in sorted(referenced_files(scenario).items())]
        return Prepared(path, scenario.id, self._output / scenario.id, hashlib.sha256("\n".join(parts).encode()).hexdigest())

    def _one(self, item: Prepared, hear: Callable[[Path, Progress], None]) -> Ended:
        try:
            earlier = _earlier_result(item)
            if earlier is not None:
                return Ended(item.scenario, earlier, unchanged=True)
            result = self._planned(item, hear)
            if isinstance(result, PlanDone):
                _record(item, result)
            return Ended(item.scenario, result)
        except Exception as error:  # a full disk under one scenario must not stop the others
            return Ended(item.scenario, failure_of(error))

    def _planned(self, item: Prepared, hear: Callable[[Path, Progress], None]) -> PlanDone | Failure:
        (item.folder / RECORD_FILE).unlink(missing_ok=True)
        with self._lock:
            if self._stopped:
                return Failure("stopped", 500, 1, "Stopped", ())
            child = Child(self._work, PlanTask(item.scenario, item.folder, self._catalogs))
            self._children.add(child)
        end = child.wait(lambda progress: hear(item.scenario, progress))
        with self._lock:
            self._children.discard(child)
        match end:
            case Done():
                return end.value
            case Killed():
                return Failure("stopped", 500, 1, "Stopped", ())
            case Failure():
                return end

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            for child in self._children:
                child.kill()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _record(item: Prepared, result: PlanDone) -> None:
    """Keep, beside the results, what they were made from and what they are."""
    content = {
        "inputs_sha256": item.inputs_sha256,
        "files": {path.name: _sha256(path) for path in result.files},
        "result": {**asdict(result), "files": [path.name for path in result.files]},
    }
    write_file(item.folder / RECORD_FILE, json.dumps(content, indent=1) + "\n")


def _earlier_result(item: Prepared) -> PlanDone | None:
    """Return the recorded result where its inputs and its files are what they were; None where it must be made again."""
    try:
        content = json.loads((item.folder / RECORD_FILE).read_text(encoding="utf-8"))
        same = content["inputs_sha256"] == item.inputs_sha256 and set(content["files"]) == {PLAN_FILE, REPORT_FILE}
        if not same or any(_sha256(item.folder / name) != digest for name, digest in content["files"].items()):
            return None
        result = PlanDone(**content["result"])
        return replace(result, files=tuple(item.folder / name for name in content["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
