"""Background runs: one thread each, independent of pages, with every fact in the store.

Pages and the command line start, watch, cancel and resume runs only here. The thread uses the store and never the
screen; pages read the store.
"""

import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pipeline.domain.config import HybridConfig, Settings
from pipeline.domain.facts import RunFacts, RunResult, default_run_name
from pipeline.domain.run import RunStatus, Timing
from pipeline.domain.study import Study
from pipeline.domain.units import Clock, SystemClock
from pipeline.errors import InputError, PersonaError, StoreError
from pipeline.hybrid.branch import branch_config, branch_notes, keeps_scores
from pipeline.hybrid.pipeline import HybridPipeline
from pipeline.providers.prompts import PROMPT_VERSION
from pipeline.scoring import scorer_version
from pipeline.store import Store
from pipeline.store.facts import CopiedDrafts

_HEARTBEAT_S = 5.0


class _Job(NamedTuple):
    """A run that is ready to start or resume."""

    run_id: str
    pipeline: HybridPipeline
    study: Study
    so_far: RunFacts | None = None


class Worker:
    """Starts, resumes, cancels and finishes the runs of one store."""

    def __init__(self, store: Store, *, cache: Path | None = None, clock: Clock | None = None) -> None:
        self._store = store
        self._cache = cache
        self._clock = clock or SystemClock()
        self._threads: dict[str, threading.Thread] = {}
        self._unwritten: dict[str, StoreError] = {}
        # Guards `_threads`: pages of several browser sessions start runs at the same time.
        self._lock = threading.Lock()

    def start(
        self,
        study_id: str,
        config: HybridConfig,
        settings: Settings,
        name: str | None = None,
        *,
        experiment_id: str | None = None,
    ) -> str:
        """Check the configuration, create a run and start it in the background; returns its id.

        Raises:
            PersonaError: from `preflight.plan_run`; then no run is created.
        """
        job = self._create(study_id, config, settings, name, experiment_id=experiment_id)
        self._launch(job)
        return job.run_id

    def run(self, study_id: str, config: HybridConfig, settings: Settings, name: str | None = None) -> str:
        """Create a run and execute it in this thread; returns its id when the run has ended."""
        job = self._create(study_id, config, settings, name)
        self._work(job)
        return job.run_id

    def branch(
        self,
        run_id: str,
        config: HybridConfig,
        settings: Settings,
        name: str | None = None,
        *,
        wait: bool = False,
        experiment_id: str | None = None,
    ) -> str:
        """Start a run that reuses the drafts of another run, and their scores if they are still valid.

        No local drafting model is checked or called. The drafts are copied: the new run stays complete when the other
        one is deleted.

        Args:
            run_id: of the source run, whose drafts and study are used.
            config: of the new run; drafting settings may be left out, and must not differ. See `branch_config`.
            settings: keys and addresses.
            name: of the new run; by default the study and the threshold.
            wait: whether to return only when the run has ended.
            experiment_id: of its experiment.

        Returns:
            The id of the new run.

        Raises:
            PersonaError: from `branch_config` and `preflight.plan_run`; then no run is created.
        """
        source = self._store.run(run_id)
        config = branch_config(config, source)
        drafts = CopiedDrafts(run_id, keeps_scores(config, source))
        job = self._create(source.study_id, config, settings, name, drafts, experiment_id)
        for note in branch_notes(config, source):
            self._store.log(job.run_id).warn(note)
        job = job._replace(so_far=self._store.facts(job.run_id))
        if wait:
            self._work(job)
        else:
            self._launch(job)
        return job.run_id

    def resume(self, run_id: str, settings: Settings, *, wait: bool = False) -> None:
        """Resume a run that did not do all it was asked for; no answered request is sent again.

        Raises:
            InputError: the run is running, or has nothing left to do.
            PersonaError: from `preflight.plan_run`.
        """
        record = self._store.run(run_id)
        if not (record.can_resume or record.imported_at):
            raise InputError(f"Run {run_id} is {record.status}: there is nothing to resume.")
        pipeline = self._pipeline(record.config, settings, record.study_id, drafting=record.drafts_from is None)
        study = self._store.study(record.study_id)
        self._store.reopen_run(run_id, now=self._clock.now())
        if record.prompt_version != PROMPT_VERSION and record.drafts_from is None:
            self._store.log(run_id).warn(
                f"The run began with prompts of version {record.prompt_version}, and what was not yet asked is asked"
                f" with version {PROMPT_VERSION}: compare its later drafts with its earlier ones with care."
            )
        job = _Job(run_id, pipeline, study, _so_far(self._store.facts(run_id)))
        if wait:
            self._work(job)
        else:
            self._launch(job)

    def cancel(self, run_id: str) -> None:
        """Ask a run, in any process, to stop before its next call."""
        self._store.request_cancel(run_id)

    def join(self, run_id: str, timeout_s: float | None = None) -> bool:
        """Wait until a background run of this process has ended; returns false after the timeout.

        Raises:
            StoreError: it has ended, but its result could not be saved.
        """
        with self._lock:
            thread = self._threads.get(run_id)
        if thread:
            thread.join(timeout_s)
            if thread.is_alive():
                return False
        if run_id in self._unwritten:
            raise self._unwritten[run_id]
        return True

    def _create(
        self,
        study_id: str,
        config: HybridConfig,
        settings: Settings,
        name: str | None,
        drafts: CopiedDrafts | None = None,
        experiment_id: str | None = None,
    ) -> _Job:
        pipeline = self._pipeline(config, settings, study_id, drafting=drafts is None)
        study = self._store.study(study_id)
        if study.is_withheld:
            raise InputError(f"The study {study.name} was imported without its text. Upload its files to run on it.")
        source = self._store.run(drafts.run_id) if drafts else None
        run_id = self._store.create_run(
            study_id,
            pipeline.plan.config,
            name=name or default_run_name(pipeline.plan.config, self._store.next_run_number()),
            simulated=pipeline.plan.simulated,
            now=self._clock.now(),
            prompt_version=source.prompt_version if source else PROMPT_VERSION,
            local_digest=source.local_digest if source else pipeline.plan.local_health.digest,
            drafts=drafts,
            experiment_id=experiment_id,
        )
        return _Job(run_id, pipeline, study)

    def _pipeline(self, config: HybridConfig, settings: Settings, study_id: str, *, drafting: bool) -> HybridPipeline:
        private = self._store.is_private(study_id)
        return HybridPipeline(
            config, settings, clock=self._clock, cache=self._cache, drafting=drafting, private=private
        )

    def background(self, key: str, work: Callable[[], None]) -> None:
        """Run a function in a thread of its own; `join` waits for it by this key.

        The function must save its own failures in the store, where pages read them.
        """
        # A daemon: a closed server must not hang on a slow model. At most one call is lost, and it is charged.
        thread = threading.Thread(target=_quietly, args=(work,), name=f"persona-{key}", daemon=True)
        with self._lock:
            self._threads = {known: alive for known, alive in self._threads.items() if alive.is_alive()}
            self._threads[key] = thread
        thread.start()

    def _launch(self, job: _Job) -> None:
        self.background(job.run_id, lambda: self._work(job))

    def _work(self, job: _Job) -> None:
        ended = threading.Event()
        threading.Thread(target=self._beat, args=(job.run_id, ended), daemon=True).start()
        try:
            with self._store.busy():
                result = job.pipeline.execute(job.study, self._store.log(job.run_id), job.so_far)
                self._finish(job.run_id, result, None)
        except BaseException as error:
            self._fail(job.run_id, error)
            raise
        finally:
            ended.set()

    def _fail(self, run_id: str, error: BaseException) -> None:
        """Save that a run has failed; if even that fails, retry in the background until it succeeds."""
        try:
            self._finish(run_id, None, error)
        except StoreError as unwritten:
            self._unwritten[run_id] = unwritten
            threading.Thread(target=self._finish_later, args=(run_id, error), daemon=True).start()

    def _finish_later(self, run_id: str, error: BaseException) -> None:
        # Otherwise the run would count as running until the server is restarted.
        while run_id in self._unwritten:
            self._clock.sleep(_HEARTBEAT_S)
            with suppress(StoreError):
                self._finish(run_id, None, error)
                del self._unwritten[run_id]

    def _finish(self, run_id: str, result: RunResult | None, error: BaseException | None) -> None:
        status: RunStatus = "failed" if isinstance(error, Exception) else "interrupted"
        # Errors made for users are complete; anything else is a defect and needs its traceback.
        reason = str(error) if isinstance(error, PersonaError) else "".join(traceback.format_exception(error))
        self._store.finish_run(
            run_id,
            result.status if result else status,
            error=None if error is None else reason or type(error).__name__,
            timing=result.timing if result else Timing(),
            frontier_only_micros=result.frontier_only_micros if result else None,
            price_source=result.price_source if result else "",
            scorer_version=result.scorer_version if result else self._scorer_version(run_id),
            now=self._clock.now(),
        )

    def _scorer_version(self, run_id: str) -> str:
        """Return the scorer version of a failed run."""
        config = self._store.run(run_id).config
        return scorer_version(*config.scorer_models)

    def _beat(self, run_id: str, ended: threading.Event) -> None:
        while not ended.wait(_HEARTBEAT_S):
            with suppress(StoreError):  # the run itself will fail on the same database and report it
                self._store.heartbeat(run_id, self._clock.now())


def _quietly(work: Callable[[], None]) -> None:
    with suppress(Exception):  # the failure is in the store
        work()


def _so_far(facts: RunFacts) -> RunFacts:
    """Return the facts that the next attempt at a run keeps.

    Failed drafts are tried again, and so are the refinements in `TRIED_AGAIN`; answered requests are not.
    """
    return facts.model_copy(update={"failures": ()})
