"""Objects of one bucket over the part of S3's interface that logs need: HEAD, GET, ranges, lists, PUT and DELETE."""

import hashlib
import re
import threading
from collections.abc import Generator, Mapping, MutableMapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

BUCKET = "bucket"
MODIFIED = "2026-01-01T00:00:00.000Z"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def serve(objects: MutableMapping[str, bytes]) -> Generator[str]:
    """The server's address on loopback; objects are by their keys, and what is put there is found in them."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            # Parts of a long upload are of no use here: what is asked for by a query is refused.
            _, key = self.named()
            if not key or urlsplit(self.path).query.removeprefix("x-id=PutObject"):
                self.send(501, b"<Error><Code>NotImplemented</Code></Error>")
                return
            chunked = "aws-chunked" in self.headers.get("Content-Encoding", "")
            objects[key] = unchunked(content) if chunked else content
            self.send(200, b"", whole=objects[key])

        def do_DELETE(self) -> None:
            objects.pop(self.named()[1], None)
            self.send(204, b"")

        def do_POST(self) -> None:
            """Several objects are deleted at once."""
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            for key in re.findall("<Key>(.*?)</Key>", asked):
                objects.pop(unescape(key), None)
            self.send(200, b"<DeleteResult/>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the standard library gave it
            pass

        def answer(self) -> None:
            url = urlsplit(self.path)
            bucket, key = self.named()
            if bucket != BUCKET:
                self.send(404, b"<Error><Code>NoSuchBucket</Code></Error>")
            elif not key:
                asked = parse_qs(url.query)
                self.send(200, listing(objects, asked.get("prefix", [""])[0], asked.get("delimiter", [""])[0]))
            elif key not in objects:
                self.send(404, b"<Error><Code>NoSuchKey</Code></Error>")
            else:
                self.send_object(objects[key])

        def named(self) -> tuple[str, str]:
            """Bucket and key of the address that was asked for."""
            bucket, _, key = unquote(urlsplit(self.path).path).removeprefix("/").partition("/")
            return bucket, key

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


def unchunked(sent: bytes) -> bytes:
    """The content of a body in chunks, each after a line with its length in hexadecimal digits, and its signature."""
    found, rest = [b""], sent
    while size := int(rest.split(b"\r\n", 1)[0].split(b";")[0], 16):
        content = rest.split(b"\r\n", 1)[1]
        found.append(content[:size])
        rest = content[size + 2 :]
    return b"".join(found)


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
