"""Objects of one bucket over the part of S3's interface that reading logs needs: HEAD, GET with ranges, and lists."""

import hashlib
import re
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "bucket"
MODIFIED = "2026-01-01T00:00:00.000Z"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def serve(objects: Mapping[str, bytes]) -> Generator[str]:
    """The server's address on loopback; objects are by their keys."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the standard library gave it
            pass

        def answer(self) -> None:
            url = urlsplit(self.path)
            bucket, _, key = unquote(url.path).removeprefix("/").partition("/")
            if bucket != BUCKET:
                self.send(404, b"<Error><Code>NoSuchBucket</Code></Error>")
            elif not key:
                asked = parse_qs(url.query)
                self.send(200, listing(objects, asked.get("prefix", [""])[0], asked.get("delimiter", [""])[0]))
            elif key not in objects:
                self.send(404, b"<Error><Code>NoSuchKey</Code></Error>")
            else:
                self.send_object(objects[key])

        def send_object(self, content: bytes) -> None:
            given = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
            if given is None:
                self.send(200, content, whole=content)
                return
            size = len(content)
            first = int(given[1]) if given[1] else size - int(given[2])
            last = min(int(given[2]), size - 1) if given[1] and given[2] else size - 1
            self.send(206, content[first : last + 1], content, f"bytes {first}-{last}/{size}")

        def send(self, status: int, body: bytes, whole: bytes = b"", part: str | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hashlib.md5(whole).hexdigest()}"')
            self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            if part:
                self.send_header("Content-Range", part)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def listing(objects: Mapping[str, bytes], prefix: str, delimiter: str) -> bytes:
    """An answer to ListObjectsV2: everything in one page."""
    keys = sorted(key for key in objects if key.startswith(prefix))
    deeper = {
        prefix + key.removeprefix(prefix).split(delimiter)[0] + delimiter
        for key in keys
        if delimiter and delimiter in key.removeprefix(prefix)
    }
    here = [key for key in keys if not any(key.startswith(folder) for folder in deeper)]
    contents = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>{MODIFIED}</LastModified>"
        f"<ETag>&quot;x&quot;</ETag><Size>{len(objects[key])}</Size></Contents>"
        for key in here
    )
    folders = "".join(f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in sorted(deeper))
    xml = (
        f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{BUCKET}</Name>'
        f"<Prefix>{escape(prefix)}</Prefix><KeyCount>{len(here)}</KeyCount><MaxKeys>1000</MaxKeys>"
        f"<IsTruncated>false</IsTruncated>{contents}{folders}</ListBucketResult>"
    )
    return xml.encode()
