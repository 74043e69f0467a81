"""aioquic, in both roles, with our program `quic_echo`: who is let in, whom each has met, who is refused by which alert.

    .ci/neighbours aioquic

runs it as `aioquic_both.py QUIC_ECHO PKI`: our programs. aioquic's server asks for certificates in its own tests only, and checks
no chain: we set its switch. Its client does both.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile

from aioquic import tls
from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted, StreamDataReceived
from aioquic.tls import AlertDescription

quic_echo, pki = sys.argv[1:3]


def configuration(directory, name, is_client):
    made = QuicConfiguration(is_client=is_client, alpn_protocols=["echo"], server_name="localhost")
    made.load_cert_chain(f"{directory}/{name}.pem", f"{directory}/{name}.key")
    made.load_verify_locations("ours/ca.pem")
    return made


class Asking(tls.Context):
    """A server that asks for certificates."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._request_client_certificate = not options["is_client"]


tls.Context = Asking


class Ends(QuicConnectionProtocol):
    """Tells how the connection went; a server echoes."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.heard, self.ended, self.met = asyncio.Queue(), asyncio.get_event_loop().create_future(), None

    def quic_event_received(self, event):
        if isinstance(event, HandshakeCompleted):
            self.met = self._quic.tls._peer_certificate.subject.rfc4514_string()
        elif isinstance(event, StreamDataReceived):
            if not self._quic.configuration.is_client:
                self._quic.send_stream_data(event.stream_id, event.data, event.end_stream)
                self.transmit()
            self.heard.put_nowait(event.data)
        elif isinstance(event, ConnectionTerminated) and not self.ended.done():
            self.ended.set_result(event)


def alert(event):
    """Of a CONNECTION_CLOSE (RFC 9001 section 4.8)."""
    assert 0x100 <= event.error_code < 0x200, event
    return AlertDescription(event.error_code - 0x100).name


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def our_server(name):
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        quic_echo, f"127.0.0.1:{port}", f"ours/{name}.pem", f"ours/{name}.key", "ours/ca.pem", stderr=subprocess.PIPE
    )
    await asyncio.sleep(1)
    return process, port


async def their_client():
    process, port = await our_server("server")
    async with connect("127.0.0.1", port, configuration=configuration("ours", "client", True), create_protocol=Ends) as ends:
        ends._quic.send_stream_data(ends._quic.get_next_available_stream_id(), b"hello", True)
        ends.transmit()
        assert await asyncio.wait_for(ends.heard.get(), 20) == b"hello"
        assert ends.met == "CN=server", ends.met
    said = (await asyncio.wait_for(process.stderr.readline(), 20)).decode()
    while "client" not in said:
        said = (await asyncio.wait_for(process.stderr.readline(), 20)).decode()
    print("aioquic's client met CN=server; our server said:", said.strip())
    # A client is done before it has been judged.
    async with connect("127.0.0.1", port, configuration=configuration("others", "client", True), create_protocol=Ends) as ends:
        print("our server refuses a client of another CA:", alert(await asyncio.wait_for(ends.ended, 20)))
    process.kill()
    await process.wait()


async def their_server():
    protocols = []

    def create(*arguments, **options):
        protocols.append(Ends(*arguments, **options))
        return protocols[-1]

    for directory in ("ours", "others"):
        port = free_port()
        server = await serve("127.0.0.1", port, configuration=configuration(directory, "server", False), create_protocol=create)
        process = await asyncio.create_subprocess_exec(
            quic_echo, f"127.0.0.1:{port}", "ours/client.pem", "ours/client.key", "ours/ca.pem", "localhost",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        said, errors = await asyncio.wait_for(process.communicate(b"hello\n"), 20)
        ends = protocols[-1]
        if directory == "ours":
            assert said == b"hello\n", (said, errors)
            assert ends.met == "CN=client", ends.met
            print("aioquic's server met CN=client, and our client heard its echo")
        else:
            assert process.returncode != 0, said
            print("our client refuses a server of another CA:", alert(await asyncio.wait_for(ends.ended, 20)))
        server.close()


def main():
    with tempfile.TemporaryDirectory() as directory:
        for ca in ("ours", "others"):
            for command in (["init"], ["issue", "server", "--server", "--dns", "localhost"], ["issue", "client", "--client"]):
                subprocess.run([pki, *command, "--dir", f"{directory}/{ca}"], check=True, stdout=subprocess.DEVNULL)
        os.chdir(directory)
        asyncio.run(their_client())
        asyncio.run(their_server())


main()
