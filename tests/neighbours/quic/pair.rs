//! Two QUIC endpoints, their network, and a clock, all in memory.

use bytes::{Bytes, BytesMut};
use countersign::adapters::quinn::quinn_proto::{
    ClientConfig, Connection, ConnectionError, ConnectionHandle, DatagramEvent, Dir, Endpoint, EndpointConfig, Event,
    ServerConfig, Side, StreamId, Transmit, VarInt,
};
use countersign::adapters::quinn::{ResetKey, endpoint_config};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One end.
pub struct Host {
    endpoint: Endpoint,
    address: SocketAddr,
    connection: Option<(ConnectionHandle, Connection)>,
    arriving: VecDeque<BytesMut>,
    pub has_data: bool,
    pub connected: bool,
    pub lost: Option<ConnectionError>,
    /// The data of the streams, one after the other.
    pub heard: Vec<u8>,
}

impl Host {
    fn new(config: EndpointConfig, server: Option<ServerConfig>, port: u16) -> Host {
        Host {
            endpoint: Endpoint::new(Arc::new(config), server.map(Arc::new), false, None),
            address: ([127, 0, 0, 1], port).into(),
            connection: None,
            arriving: VecDeque::new(),
            has_data: false,
            connected: false,
            lost: None,
            heard: Vec::new(),
        }
    }

    pub fn has_connection(&self) -> bool {
        self.connection.is_some()
    }

    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection.as_mut().unwrap().1
    }

    /// The error code and reason of the close, by the peer or by us.
    pub fn closed(&self) -> (u64, String) {
        match self.lost.as_ref().unwrap() {
            ConnectionError::TransportError(error) => (error.code.into(), error.reason.clone()),
            ConnectionError::ConnectionClosed(close) => {
                (close.error_code.into(), String::from_utf8(close.reason.to_vec()).unwrap())
            }
            other => panic!("{other}"),
        }
    }

    /// Writes on a new stream, as much as has room.
    pub fn open(&mut self) -> StreamId {
        self.connection().streams().open(Dir::Uni).unwrap()
    }

    pub fn write(&mut self, stream: StreamId, data: &[u8]) -> usize {
        self.connection().send_stream(stream).write(data).unwrap_or(0)
    }

    fn look(&mut self, now: Instant) {
        let Some((handle, connection)) = &mut self.connection else { return };
        while let Some(event) = connection.poll_endpoint_events() {
            if let Some(event) = self.endpoint.handle_event(*handle, event) {
                connection.handle_event(event);
            }
        }
        while let Some(event) = connection.poll() {
            match event {
                Event::HandshakeDataReady => self.has_data = true,
                Event::Connected => self.connected = true,
                Event::ConnectionLost { reason } => self.lost = Some(reason),
                _ => {}
            }
        }
        if connection.poll_timeout().is_some_and(|timeout| timeout <= now) {
            connection.handle_timeout(now);
        }
        let _ = connection.streams().accept(Dir::Uni);
        let mut stream = connection.recv_stream(StreamId::new(!connection.side(), Dir::Uni, 0));
        let Ok(mut chunks) = stream.read(true) else { return };
        while let Ok(Some(chunk)) = chunks.next(usize::MAX) {
            self.heard.extend_from_slice(&chunk.bytes);
        }
        let _ = chunks.finalize();
    }
}

pub struct Pair {
    pub client: Host,
    pub server: Host,
    pub now: Instant,
    /// The server validates the client's address first.
    pub retries: bool,
    /// One of this many datagrams is lost, at irregular distances, because the ends have their own rhythm.
    pub loss: Option<u32>,
    sent: u32,
    client_config: Option<ClientConfig>,
}

impl Pair {
    pub fn new(client: ClientConfig, server: ServerConfig) -> Pair {
        let config = || endpoint_config(ResetKey::random().unwrap());
        Pair {
            client: Host::new(config(), None, 1000),
            server: Host::new(config(), Some(server), 2000),
            now: Instant::now(),
            retries: false,
            loss: None,
            sent: 0,
            client_config: Some(client),
        }
    }

    pub fn connect(&mut self, name: &str) {
        let config = self.client_config.take().unwrap();
        let connected = self.client.endpoint.connect(self.now, config, self.server.address, name).unwrap();
        self.client.connection = Some(connected);
    }

    pub fn host(&mut self, side: Side) -> &mut Host {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Continues until both have reached this point. False: a minute has passed.
    pub fn run_until(&mut self, mut both: impl FnMut(&mut Pair) -> bool) -> bool {
        let end = self.now + Duration::from_secs(60);
        while self.now < end {
            if both(self) {
                return true;
            }
            self.turn();
        }
        both(self)
    }

    /// Continues until both are connected.
    pub fn meet(&mut self) {
        self.connect("server.test");
        let met = self.run_until(|pair| pair.client.connected && pair.server.connected);
        assert!(met, "client: {:?}, server: {:?}", self.client.lost, self.server.lost);
    }

    /// Continues until both have failed.
    pub fn part(&mut self) {
        self.connect("server.test");
        assert!(self.run_until(|pair| pair.client.lost.is_some() && pair.server.lost.is_some()));
    }

    /// Delivers everything. If there is nothing, time passes.
    fn turn(&mut self) {
        let mut sent = 0;
        for side in [Side::Client, Side::Server] {
            let now = self.now;
            self.host(side).look(now);
            let mut buf = Vec::new();
            while let Some((_, connection)) = &mut self.host(side).connection {
                buf.clear();
                let Some(transmit) = connection.poll_transmit(now, 1, &mut buf) else { break };
                self.send(side, &transmit, &buf);
                sent += 1;
            }
            self.host(side).look(now);
        }
        for side in [Side::Client, Side::Server] {
            while let Some(datagram) = self.host(side).arriving.pop_front() {
                self.arrive(side, datagram);
                sent += 1;
            }
        }
        if sent == 0 {
            let timeouts =
                [Side::Client, Side::Server].map(|side| self.host(side).connection.as_mut()?.1.poll_timeout());
            let next = timeouts.into_iter().flatten().min();
            self.now = next.unwrap_or(self.now).max(self.now + Duration::from_millis(1));
        }
    }

    fn send(&mut self, from: Side, transmit: &Transmit, buf: &[u8]) {
        self.sent += 1;
        let dice = self.sent.wrapping_mul(0x9e37_79b1) >> 16;
        if self.loss.is_none_or(|one_of| !dice.is_multiple_of(one_of)) {
            self.host(!from).arriving.push_back(BytesMut::from(&buf[..transmit.size]));
        }
    }

    fn arrive(&mut self, at: Side, datagram: BytesMut) {
        let (now, retries, from) = (self.now, self.retries, self.host(!at).address);
        let host = self.host(at);
        let mut buf = Vec::new();
        match host.endpoint.handle(now, from, None, None, datagram, &mut buf) {
            Some(DatagramEvent::ConnectionEvent(_, event)) => host.connection().handle_event(event),
            Some(DatagramEvent::NewConnection(incoming)) if retries && !incoming.remote_address_validated() => {
                let transmit = host.endpoint.retry(incoming, &mut buf).ok().unwrap();
                self.send(at, &transmit, &buf);
            }
            Some(DatagramEvent::NewConnection(incoming)) => match host.endpoint.accept(incoming, now, &mut buf, None) {
                Ok(accepted) => host.connection = Some(accepted),
                Err(error) => {
                    host.lost = Some(error.cause);
                    let transmit = error.response.unwrap();
                    self.send(at, &transmit, &buf);
                }
            },
            Some(DatagramEvent::Response(transmit)) => self.send(at, &transmit, &buf),
            None => {}
        }
    }

    pub fn close(&mut self, side: Side) {
        let now = self.now;
        self.host(side).connection().close(now, VarInt::from_u32(7), Bytes::from_static(b"done"));
    }
}
