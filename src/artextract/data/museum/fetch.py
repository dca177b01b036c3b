"""Many addresses into files of the cache: fetched side by side, checked, sealed, and never asked for twice."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.kept import dropped_unless_intact, keep_bytes, open_folder
from artextract.core.temporary import sweep
from artextract.data.images.reasons import UnreadableImage, error_of
from artextract.data.museum.failures import FetchError, ServerDown
from artextract.data.museum.getter import Getter

__all__ = ["FetchError", "Getter", "fetch_all"]


def fetch_all(
    urls: Mapping[str, str],
    folder: Path,
    getter: Getter,
    *,
    workers: int = 4,
    check: Callable[[bytes], object],
    max_failed: float = 0.0,
) -> dict[str, str]:
    """Fetch many addresses into files; those that are there already, as they were fetched, cause no request.

    Args:
        urls: File name to address. A file appears complete or not at all.
        folder: Where the files go.
        getter: Shared by all workers.
        workers: Requests under way at once.
        check: Called with each body before it is kept (the full decode); raises UnreadableImage to refuse it.
        max_failed: Largest share of the addresses that may fail because their server is down.

    Returns:
        File name to reason, for the addresses that could not be had.

    Raises:
        ArtExtractError: A server is down; what was fetched is kept.
    """
    with _alone(folder):
        wanted = [name for name in urls if not dropped_unless_intact(folder / name, "a fetched file")]
        # In an order of chance, always the same: broken images in a row must not look like a server that is down.
        random.Random(0).shuffle(wanted)  # nosec B311
        failed = _fetch(wanted, urls, folder, getter, workers, check)
    if (down := getter.down()) and len(failed) > max_failed * len(urls):
        raise ArtExtractError(
            f"{len(urls) - len(failed):,} of {len(urls):,} files are fetched and kept. {'; '.join(down)}",
            where="the network",
            remedy="look at the address in a browser, and start the same command again later: it goes on from there",
        )
    return failed


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder: a second process would ask for the same files, at the same time and at a pace of its own."""
    from filelock import FileLock, Timeout

    lock = FileLock(open_folder(folder) / "all.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"another run fetches into {folder}: waiting for its end", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        sweep(folder)
        yield
    finally:
        lock.release()


def _fetch(
    wanted: list[str],
    urls: Mapping[str, str],
    folder: Path,
    getter: Getter,
    workers: int,
    check: Callable[[bytes], object],
) -> dict[str, str]:
    from tqdm import tqdm

    def one(name: str) -> None:
        data = getter.get(urls[name])
        check(data)
        keep_bytes(folder / name, data)

    failed: dict[str, str] = {}
    with ThreadPoolExecutor(workers) as pool, tqdm(total=len(urls), desc="fetch", unit="img", mininterval=1) as bar:
        bar.update(len(urls) - len(wanted))
        jobs: dict[Future[None], str] = {pool.submit(one, name): name for name in wanted}
        try:
            for job in as_completed(jobs):
                bar.update(1)
                try:
                    job.result()
                except ServerDown:  # in words without numbers: they are kept in tables, which must repeat
                    failed[jobs[job]] = error_of(UnreadableImage("not_fetched", "the server is down"))
                except (UnreadableImage, OSError) as error:
                    failed[jobs[job]] = error_of(error)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return failed
