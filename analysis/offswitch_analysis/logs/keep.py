"""Writes record files beside logs that have none: of earlier versions, of runs that were killed, scored again."""

from offswitch.errors import InputError
from offswitch_analysis.logs.beside import load, records_path
from offswitch_analysis.logs.cache import Cache
from offswitch_analysis.logs.columns import to_parquet
from offswitch_analysis.logs.content import digests_of, write_whole
from offswitch_analysis.logs.names import forget_json_log, log_names, read_all


def keep_records(place: str, cache: Cache | None = None) -> tuple[int, int]:
    """The logs at a path or URL whose records were written, and those whose records were there.

    InputError where there are no logs, or nothing can be written.
    """
    cache, names = cache or Cache(), log_names(place)
    if not names:
        raise InputError(f"{place}: no logs here; give the --log-dir of a run")
    forget_json_log()
    digests = {name: digest for name, digest in digests_of(names).items() if digest}
    without = {name: digest for name, digest in digests.items() if not load(name, digest, cache.made_by, ())}
    written = 0
    for (name, digest), log in zip(without.items(), read_all(without, cache), strict=True):
        # As they were when they were read: where a log was written to meanwhile, the records are of neither state.
        if (log.records or log.judged) and digests_of([name])[name] == digest:
            try:
                write_whole(records_path(name), to_parquet(log, digest, cache.made_by))
            except OSError as error:
                raise InputError(f"{records_path(name)}: cannot be written ({error.strerror})") from error
            written += 1
    return written, len(digests) - len(without)
