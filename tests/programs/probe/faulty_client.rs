//! A small client of mutual TLS that compares names as it is told. It is made of the scripted peer, and judges chains by
//! webpki.

use super::names::Compares;
use countersign::adversary::Identity;
use countersign::adversary::peer::{DATA, Peer};
use countersign::internals::codec::Certificate;
use countersign::{AlertDescription, HandshakeType, Role};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Calls a port that was free, for as long as the process lives.
pub fn call(how: Compares, identity: Identity, root: CertificateDer<'static>) -> u16 {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    thread::spawn(move || {
        loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => talk(how, &identity, &root, stream),
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    });
    port
}

fn talk(how: Compares, identity: &Identity, root: &CertificateDer<'_>, mut stream: TcpStream) {
    use HandshakeType as H;
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut peer = Peer::new(Role::Client, identity);
    peer.send(H::CLIENT_HELLO);

    let _ = stream.write_all(&std::mem::take(&mut peer.out));
    while peer.received(H::FINISHED).is_none() {
        let mut buffer = [0; 1 << 14];
        let Ok(n @ 1..) = stream.read(&mut buffer) else { return };
        peer.reads(&buffer[..n]);
        if peer.trouble.is_some() {
            return;
        }
    }
    let certificate = peer.received(H::CERTIFICATE).unwrap_or_default()[4..].to_vec();
    match judge(how, &certificate, root) {
        Ok(()) => {
            peer.send_flight(&[H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED]);
            peer.record(DATA, b"hello\n");
        }
        Err(alert) => peer.alert(2, alert),
    }
    let _ = stream.write_all(&peer.out);
    // What is unread would make a reset of the end, which overtakes the rest.
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

fn judge(how: Compares, certificate: &[u8], root: &CertificateDer<'_>) -> Result<(), AlertDescription> {
    let bad = |_| AlertDescription::BAD_CERTIFICATE;
    let certificate = Certificate::parse(certificate).map_err(|_| AlertDescription::DECODE_ERROR)?;
    let chain: Vec<CertificateDer<'_>> =
        certificate.certificate_list.iter().map(|entry| entry.cert_data.into()).collect();
    let first = chain.first().ok_or(AlertDescription::DECODE_ERROR)?;
    let leaf = webpki::EndEntityCert::try_from(first).map_err(bad)?;
    let anchors = [webpki::anchor_from_trusted_cert(root).map_err(bad)?];
    let usage = webpki::KeyUsage::server_auth();
    leaf.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &chain[1..], UnixTime::now(), usage, None, None)
        .map_err(bad)?;
    how.judge(first, "server.example.org", "spiffe://example.org/server")
}
