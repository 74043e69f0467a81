//! A small server of mutual TLS that can be told to leave one check out. It is made of the scripted peer, so that its
//! messages are right, and judges chains by webpki.

use super::forged::Takes;
use super::names::{self, Compares};
use super::virtual_hosts::Forgets;
use countersign::adversary::Identity;
use countersign::adversary::peer::{ALERT, DATA, Peer, Seen, Trouble};
use countersign::internals::asn1;
use countersign::internals::codec::{Certificate, ClientHello};
use countersign::{AlertDescription, Epoch, HandshakeType, Role};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// What the server does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Whom it serves is judged by name, and so.
    Compares(Compares),
    /// Whom it takes for good is judged so.
    Takes(Takes),
    /// It demands no certificate of those.
    Forgets(Forgets),
    SkipsCertificateVerify,
    AcceptsAnEmptyCertificate,
    AcceptsAnotherCa,
    IgnoresExpiry,
    IgnoresThePurpose,
    SendsDataBeforeItHasJudged,
    AcceptsDataAfterClose,
    SkipsFinished,
    /// It agrees to TLS 1.2, and asks for no certificate there.
    AsksNobodyInTls12,
    /// It ends when it meets a CertificateVerify that is wrong.
    Crashes,
    /// From then on it answers nobody.
    Hangs,
}

/// Serves on a port of its own, for as long as the process lives or the fault lets it.
pub fn serve(fault: Fault, identity: Identity, root: CertificateDer<'static>) -> u16 {
    let listener = match fault {
        Fault::Crashes => listener_on_a_port_of_its_own(),
        _ => TcpListener::bind("127.0.0.1:0").unwrap(),
    };
    let port = listener.local_addr().unwrap().port();
    let (identity, dead) = (Arc::new(identity), Arc::new(std::sync::atomic::AtomicBool::new(false)));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (identity, root, dead) = (Arc::clone(&identity), root.clone(), Arc::clone(&dead));
            let is_dead = dead.load(std::sync::atomic::Ordering::SeqCst);
            if is_dead && fault == Fault::Crashes {
                return;
            }
            thread::spawn(move || {
                let stream = stream.unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                if is_dead {
                    thread::sleep(Duration::from_secs(5));
                    return;
                }
                let mut server = Server { peer: Peer::new(Role::Server, &identity), fault, root, stream };
                if let Err(alert) = server.run() {
                    let last = server.peer.messages.last().map(|(_, typ, _)| *typ);
                    if last == Some(HandshakeType::CERTIFICATE_VERIFY) && matches!(fault, Fault::Crashes | Fault::Hangs)
                    {
                        dead.store(true, std::sync::atomic::Ordering::SeqCst);
                        let _ = TcpStream::connect(("127.0.0.1", port));
                        return;
                    }
                    server.peer.alert(2, alert);
                    server.flush();
                    // What is unread would make a reset of the end, which overtakes the alert.
                    let _ = server.stream.shutdown(std::net::Shutdown::Write);
                    let _ = server.stream.read_to_end(&mut Vec::new());
                }
            });
        }
    });
    port
}

/// Below the ports that the system gives to those who do not care: after a crash nobody else gets it.
fn listener_on_a_port_of_its_own() -> TcpListener {
    let first = std::process::id() % 12_000;
    let ports = (0..12_000).map(|next| 20_000 + ((first + next) % 12_000) as u16);
    ports.into_iter().find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).unwrap()
}

struct Server<'a> {
    peer: Peer<'a>,
    fault: Fault,
    root: CertificateDer<'static>,
    stream: TcpStream,
}

type Refused<T> = Result<T, AlertDescription>;

impl Server<'_> {
    fn flush(&mut self) {
        let _ = self.stream.write_all(&std::mem::take(&mut self.peer.out));
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// Reads once; what is wrong with it.
    fn read(&mut self) -> Refused<()> {
        let mut buffer = [0; 1 << 14];
        let n = self.stream.read(&mut buffer).map_err(|_| AlertDescription::CLOSE_NOTIFY)?;
        if n == 0 {
            return Err(AlertDescription::CLOSE_NOTIFY);
        }
        self.peer.reads(&buffer[..n]);
        loop {
            let lenient = match self.peer.trouble {
                None => return Ok(()),
                Some(Trouble::BadCertificateVerify | Trouble::Malformed(HandshakeType::CERTIFICATE_VERIFY)) => {
                    self.is(Fault::SkipsCertificateVerify)
                }
                Some(Trouble::BadFinished) => self.is(Fault::SkipsFinished),
                Some(Trouble::NotUnderKey(_)) => return Err(AlertDescription::BAD_RECORD_MAC),
                Some(_) => return Err(AlertDescription::DECODE_ERROR),
            };
            if !lenient {
                return Err(AlertDescription::DECRYPT_ERROR);
            }
            // As if it had been right.
            let (_, typ, raw) = self.peer.messages.last().cloned().unwrap();
            self.peer.trouble = None;
            self.peer.transcript.extend(raw);
            if typ == HandshakeType::FINISHED {
                self.peer.read = self.peer.application_key(Role::Client);
            }
            self.peer.reads(&[]);
        }
    }

    /// The next message of the client, which must be this one, and nothing else with it.
    fn expects(&mut self, number: usize, typ: HandshakeType) -> Refused<Vec<u8>> {
        while self.peer.messages.len() <= number {
            self.read()?;
            self.no_data_yet()?;
        }
        let (_, got, raw) = &self.peer.messages[number];
        if *got == typ { Ok(raw[4..].to_vec()) } else { Err(AlertDescription::UNEXPECTED_MESSAGE) }
    }

    /// Data comes after Finished only, and so does whatever is no handshake message.
    fn no_data_yet(&self) -> Refused<()> {
        let early = |seen: &&Seen| matches!(seen.typ, ALERT | DATA) && seen.epoch != Epoch::Application;
        match self.peer.seen.iter().find(early) {
            Some(seen) if seen.typ == ALERT => Err(AlertDescription::CLOSE_NOTIFY),
            Some(_) => Err(AlertDescription::UNEXPECTED_MESSAGE),
            None => Ok(()),
        }
    }

    fn run(&mut self) -> Refused<()> {
        use HandshakeType as H;
        let hello = self.expects(0, H::CLIENT_HELLO)?;
        let hello = ClientHello::parse(&hello).map_err(|_| AlertDescription::DECODE_ERROR)?;
        let versions = hello.extensions.supported_versions().map_err(|_| AlertDescription::DECODE_ERROR)?;
        let version = versions.is_some_and(|list| list.iter().any(|version| version == 0x0304));
        if !version && self.is(Fault::AsksNobodyInTls12) {
            self.hello_of_tls12();
            // Its ClientKeyExchange would come now.
            let _ = self.stream.read(&mut [0]);
            return Err(AlertDescription::CLOSE_NOTIFY);
        }
        if !version {
            return Err(AlertDescription::PROTOCOL_VERSION);
        }
        self.peer.send_flight(&[
            H::SERVER_HELLO,
            H::ENCRYPTED_EXTENSIONS,
            H::CERTIFICATE_REQUEST,
            H::CERTIFICATE,
            H::CERTIFICATE_VERIFY,
            H::FINISHED,
        ]);
        if self.is(Fault::SendsDataBeforeItHasJudged) {
            self.peer.record(DATA, b"welcome\n");
        }
        self.flush();
        let certificate = self.expects(1, H::CERTIFICATE)?;
        let certificate = Certificate::parse(&certificate).map_err(|_| AlertDescription::DECODE_ERROR)?;
        let chain: Vec<CertificateDer<'_>> =
            certificate.certificate_list.iter().map(|entry| entry.cert_data.into()).collect();
        let mut next = 2;
        let forgotten = matches!(self.fault, Fault::Forgets(whom) if whom.forgets(&hello));
        if chain.is_empty() && !forgotten && !self.is(Fault::AcceptsAnEmptyCertificate) {
            return Err(AlertDescription::CERTIFICATE_REQUIRED);
        }
        if !chain.is_empty() && !self.is(Fault::SkipsCertificateVerify) {
            self.expects(2, H::CERTIFICATE_VERIFY)?;
            next = 3;
        }
        if self.is(Fault::SkipsCertificateVerify) {
            // It may be there.
            while self.peer.messages.len() <= 2 {
                self.read()?;
                self.no_data_yet()?;
            }
            next += usize::from(self.peer.messages[2].1 == H::CERTIFICATE_VERIFY);
        }
        self.expects(next, H::FINISHED)?;
        if !chain.is_empty() {
            self.judge(&chain)?;
        }
        if let Fault::Compares(how) = self.fault {
            how.judge(&chain[0], names::DNS, names::SPIFFE)?;
        }
        self.echo()
    }

    /// ServerHello, an empty Certificate and ServerHelloDone (RFC 5246 §7.4).
    fn hello_of_tls12(&mut self) {
        let hello = [&[2, 0, 0, 38, 3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0]].concat();
        for message in [&hello[..], &[11, 0, 0, 3, 0, 0, 0], &[14, 0, 0, 0]] {
            self.peer.out.extend([22, 3, 3, 0, message.len() as u8]);
            self.peer.out.extend(message);
        }
        self.flush();
    }

    fn echo(&mut self) -> Refused<()> {
        let mut done = 0;
        loop {
            while let Some(seen) = self.peer.seen.get(done).cloned() {
                done += 1;
                match seen.typ {
                    DATA => self.peer.record(DATA, &seen.content),
                    ALERT if !self.is(Fault::AcceptsDataAfterClose) => return Err(AlertDescription::CLOSE_NOTIFY),
                    _ => {}
                }
            }
            self.flush();
            self.read()?;
        }
    }

    fn judge(&self, chain: &[CertificateDer<'_>]) -> Refused<()> {
        if self.is(Fault::AcceptsAnotherCa) {
            // It looks at the end entity alone: its time and its purpose.
            return self
                .judge_from(chain, chain.get(1).unwrap_or(&chain[0]))
                .or_else(|_| self.judge_from(chain, &self.root));
        }
        match self.fault {
            Fault::Takes(takes) => {
                let verify = |root: &[u8]| self.judge_from(chain, &root.into()).is_ok();
                match takes.takes(chain, &self.root, &verify) {
                    true => Ok(()),
                    false => Err(AlertDescription::BAD_CERTIFICATE),
                }
            }
            _ => self.judge_from(chain, &self.root),
        }
    }

    fn judge_from(&self, chain: &[CertificateDer<'_>], root: &CertificateDer<'_>) -> Refused<()> {
        let refused = |_| AlertDescription::BAD_CERTIFICATE;
        let leaf = webpki::EndEntityCert::try_from(&chain[0]).map_err(refused)?;
        let anchors = [webpki::anchor_from_trusted_cert(root).map_err(refused)?];
        let time = match self.is(Fault::IgnoresExpiry) {
            true => {
                let leaf = asn1::Certificate::from_der(&chain[0]).map_err(|_| AlertDescription::BAD_CERTIFICATE)?;
                UnixTime::since_unix_epoch(Duration::from_secs(leaf.not_before.unix() + 1))
            }
            false => UnixTime::now(),
        };
        let usages: &[webpki::KeyUsage] = match self.is(Fault::IgnoresThePurpose) {
            true => &[webpki::KeyUsage::client_auth(), webpki::KeyUsage::server_auth()],
            false => &[webpki::KeyUsage::client_auth()],
        };
        let found = usages.iter().any(|usage| {
            leaf.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &chain[1..], time, *usage, None, None)
                .is_ok()
        });
        if found { Ok(()) } else { Err(AlertDescription::BAD_CERTIFICATE) }
    }
}
