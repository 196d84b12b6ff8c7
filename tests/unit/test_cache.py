"""The cache of records, and the digest by which a log is known."""

import io
import os
import struct
import time
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from offswitch_analysis.logs.cache import Cache, LogRecords, log_digest, packed
from specimens import RECORD

SOME = LogRecords("task", (RECORD, replace(RECORD, trial_id="A-0002", methods=(), outlived=None)), "remark")


def archive(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as there:
        for name, text in members.items():
            there.writestr(zipfile.ZipInfo(name), text)
    return file.getvalue()


def digest(content: bytes, name: str = "x.eval") -> str | None:
    return log_digest(name, lambda: io.BytesIO(content))


def in_zip64(content: bytes, preamble: int) -> bytes:
    """The same archive with its directory where only the records of zip64 say, behind so many bytes."""
    length, begins = struct.unpack_from("<LL", content, content.rindex(b"PK\x05\x06") + 12)
    at = preamble + begins + length
    record = b"PK\x06\x06" + bytes(36) + struct.pack("<QQ", length, preamble + begins)
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, at, 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return bytes(preamble) + content[: begins + length] + record + locator + end


def test_what_was_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    Cache(tmp_path).keep("d", packed(SOME))
    assert Cache(tmp_path).load("d") == SOME


def test_of_other_content_nothing_is_known(tmp_path: Path) -> None:
    Cache(tmp_path).keep("d", packed(SOME))
    assert Cache(tmp_path).load("e") is None


def test_an_equal_log_by_another_name_has_records_with_its_own_name() -> None:
    named = SOME.renamed("other.eval")
    assert {record.log for record in named.records} == {"other.eval"}
    assert [record.trial_id for record in named.records] == ["A-0001", "A-0002"]


def test_other_code_does_not_find_the_entries_of_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Cache(tmp_path).keep("d", packed(SOME))
    monkeypatch.setattr("offswitch_analysis.logs.cache.code_digest", str)
    assert Cache(tmp_path).load("d") is None


@pytest.mark.parametrize(("left", "before"), [(-9, b""), (None, b"x"), (0, b""), (0, zlib.compress(b"{}"))])
def test_a_broken_entry_is_as_none_and_is_replaced(tmp_path: Path, left: int | None, before: bytes) -> None:
    Cache(tmp_path).keep("d", packed(SOME))
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(before + entry.read_bytes()[:left])
    assert Cache(tmp_path).load("d") is None
    Cache(tmp_path).keep("d", packed(SOME))
    assert Cache(tmp_path).load("d") == SOME


def test_a_place_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    cache = Cache(file / "cache")
    cache.keep("d", packed(SOME))
    cache.drop_old()
    assert cache.load("d") is None


def test_keeping_leaves_one_file_and_no_draft_of_it(tmp_path: Path) -> None:
    for _ in range(2):
        Cache(tmp_path).keep("d", packed(SOME))
    assert len(list(tmp_path.iterdir())) == 1


def test_the_environment_names_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFSWITCH_CACHE", str(tmp_path / "there"))
    Cache().keep("d", packed(SOME))
    assert Cache(tmp_path / "there").load("d") == SOME


def test_beyond_the_limit_those_go_that_were_not_used_for_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)
    entries = set[Path]()
    for minutes, name in ((9, "a"), (8, "b"), (7, "c")):
        cache.keep(name, packed(SOME))
        (entry,) = set(tmp_path.iterdir()) - entries
        entries.add(entry)
        os.utime(entry, (time.time() - 60 * minutes, time.time() - 60 * minutes))
    cache.load("a")
    monkeypatch.setattr("offswitch_analysis.logs.cache.LIMIT_BYTES", sum(path.stat().st_size for path in entries) - 1)
    cache.drop_old()
    assert [name for name in "abc" if cache.load(name)] == ["a", "c"]


def test_an_archive_is_known_by_what_its_members_hold() -> None:
    assert digest(archive(a="1", b="2")) == digest(archive(a="1", b="2"))
    contents = [archive(a="1", b="2"), archive(a="1", b="3"), archive(a="1", c="2"), archive(a="1")]
    assert len({digest(content) for content in contents}) == len(contents)


def test_only_the_end_of_an_archive_is_read() -> None:
    class Counting(io.BytesIO):
        seen = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            self.seen += len(data)
            return data

    file = Counting(archive(a="x" * 1_000_000))
    assert log_digest("x.eval", lambda: file) is not None
    assert file.seen < 70_000


def test_the_directory_of_a_large_archive_is_found_as_well() -> None:
    content = archive(a="1", b="2")
    assert digest(in_zip64(content, preamble=0)) == digest(content)
    assert digest(in_zip64(content, preamble=100_000)) == digest(content)


def test_a_log_in_json_is_known_by_all_of_it() -> None:
    assert digest(b"{}", "x.json") != digest(b"{} ", "x.json")


def test_what_is_no_archive_or_cannot_be_opened_has_no_digest(tmp_path: Path) -> None:
    assert digest(b"this is no log") is None
    assert log_digest("x.eval", lambda: (tmp_path / "nowhere").open("rb")) is None


def test_files_of_others_in_the_place_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offswitch_analysis.logs.cache.LIMIT_BYTES", 0)
    (tmp_path / "thesis.txt").write_text("precious")
    cache = Cache(tmp_path)
    cache.keep("a" * 64, packed(SOME))
    cache.drop_old()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
