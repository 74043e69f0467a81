//! Two ends with a session and their authenticators.

use crate::end::{End, seed};
use crate::identity::{Identity, Pki};
use countersign::authenticator::{Authenticators, Claim, Proving, Received, RequestId, RequestOptions};
use countersign::{CipherSuite, Credential, Policy, Role, Session, Want};
use std::sync::LazyLock;

pub static PKI: LazyLock<Pki> = LazyLock::new(Pki::new);
/// The identities of both ends in the handshake.
pub static FIRST: LazyLock<Identity> = LazyLock::new(|| PKI.issue("first.test", &rcgen::PKCS_ED25519));
/// The identities that they prove afterwards: other certificates and keys.
pub static NEXT: LazyLock<Identity> = LazyLock::new(|| PKI.issue("next.test", &rcgen::PKCS_ECDSA_P256_SHA256));

/// One suite for each hash.
pub const SUITES: [CipherSuite; 2] = [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_AES_256_GCM_SHA384];
pub const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// Both ends of one connection.
pub struct Pair {
    pub client: Authenticators<Policy>,
    pub server: Authenticators<Policy>,
    pub c: Session,
    pub s: Session,
}

impl Pair {
    pub fn new(policy: Policy) -> Pair {
        Pair::with(policy.clone(), policy)
    }

    pub fn with(client: Policy, server: Policy) -> Pair {
        let (c, s) = sessions(client.clone(), server.clone());
        let client = c.authenticators(client, &seed(3)).unwrap();
        let server = s.authenticators(server, &seed(4)).unwrap();
        Pair { client, server, c, s }
    }

    /// The end of this role, and the other one.
    pub fn ends(&mut self, role: Role) -> (&mut Authenticators<Policy>, &mut Authenticators<Policy>) {
        match role {
            Role::Client => (&mut self.client, &mut self.server),
            Role::Server => (&mut self.server, &mut self.client),
        }
    }
}

pub fn policy(suite: CipherSuite) -> Policy {
    Policy::new().cipher_suites(&[suite])
}

/// Both sessions of a connection.
pub fn sessions(client: Policy, server: Policy) -> (Session, Session) {
    let [(c, _), (s, _)] = connected(client, server);
    (c, s)
}

/// Both sessions with the memory of their ends, the client's first.
pub fn connected(client: Policy, server: Policy) -> [(Session, End<'static>); 2] {
    let mut client = End::new(Role::Client, client, &FIRST);
    let mut server = End::new(Role::Server, server, &FIRST);
    while [client.drive().unwrap(), server.drive().unwrap()] != [Want::Done, Want::Done] {
        let bytes = client.sends();
        server.gets(&bytes);
        server.drive().unwrap();
        let bytes = server.sends();
        client.gets(&bytes);
    }
    [(client.hs.finish().unwrap(), client), (server.hs.finish().unwrap(), server)]
}

/// A request of this end.
pub fn request(end: &mut Authenticators<Policy>) -> (RequestId, Vec<u8>) {
    request_with(end, &RequestOptions::default())
}

pub fn request_with(end: &mut Authenticators<Policy>, options: &RequestOptions<'_>) -> (RequestId, Vec<u8>) {
    let mut message = vec![0; 4096];
    let (id, len) = end.request(options, &mut message).unwrap();
    message.truncate(len);
    (id, message)
}

/// The result of a request at this end.
pub fn asked<'m>(end: &mut Authenticators<Policy>, request: &'m [u8]) -> Proving<'m> {
    match end.receive(request).unwrap() {
        Received::Request(proving) => proving,
        _ => panic!("a request is a request"),
    }
}

/// The authenticator of this identity.
pub fn prove(end: &Authenticators<Policy>, proving: Proving<'_>, identity: &Identity) -> Vec<u8> {
    prove_with(end, proving, &Credential::new(&identity.chain), identity)
}

pub fn prove_with(
    end: &Authenticators<Policy>,
    mut proving: Proving<'_>,
    credential: &Credential<'_>,
    identity: &Identity,
) -> Vec<u8> {
    let mut message = vec![0; 8192];
    let len = end.answer_credential(&mut proving, credential, &mut message).unwrap();
    let question = proving.sign_question().unwrap();
    let signature = identity.key.sign(question.scheme(), question.message()).unwrap();
    let more = end.answer_sign(&mut proving, &signature, &mut message[len..]).unwrap();
    message.truncate(len + more);
    message
}

/// The answer of this end to a request.
pub fn answer(end: &mut Authenticators<Policy>, request: &[u8]) -> Vec<u8> {
    let proving = asked(end, request);
    prove(end, proving, &NEXT)
}

/// The claim of a good authenticator.
pub fn claim<'m>(end: &mut Authenticators<Policy>, message: &'m [u8]) -> Claim<'m> {
    match end.receive(message).unwrap() {
        Received::Claim(claim) => claim,
        _ => panic!("an authenticator is a claim"),
    }
}

/// The error of a refused message.
pub fn refused(end: &mut Authenticators<Policy>, message: &[u8]) -> &'static str {
    let Err(error) = end.receive(message) else { panic!("accepted") };
    assert_eq!(error.alert(), None, "no alert goes out");
    error.name()
}
