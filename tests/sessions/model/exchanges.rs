//! Exported authenticators (RFC 9261) between sessions. The attacker has every message, is the peer of two sessions,
//! and delivers to every end what it has received and what it makes.

use super::end::{Brought, End, Spec};
use super::forge::Forge;
use super::identities::{ALICE, BOB, IDENTITIES, MALLORY, whose};
use super::system::{self, System};
use countersign::authenticator::{Authenticators, Proving, Received, RequestId, context};
use countersign::{Credential, Misuse, Policy, Role, Seed, Verdict};

/// Four honest ends of three sessions: one between two of them, and two with the attacker.
pub struct Exchanges {
    specs: Vec<Spec>,
    sessions: Vec<End<'static>>,
}

/// The peer of an honest end: another one of the list, or the attacker.
const PARTNERS: [Option<usize>; 4] = [Some(1), Some(0), None, None];

type Input = system::Input<Act>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    Ask,
    ProveUnasked,
    Take(Vec<u8>),
    /// A request that the host declines.
    TakeAndDecline(Vec<u8>),
}

/// A message that an end has written.
#[derive(Clone, Debug)]
pub struct Written {
    bytes: Vec<u8>,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Request,
    /// The request that it answers. `None`: it is spontaneous.
    Authenticator(Option<Vec<u8>>),
    Empty(Vec<u8>),
}

/// A message that an end has accepted as its peer's.
#[derive(Clone, Debug)]
pub struct Taken {
    bytes: Vec<u8>,
    /// The identity. `None`: the peer declines.
    who: Option<usize>,
    request: Option<Vec<u8>>,
}

#[derive(Clone, Debug, Default)]
pub struct View {
    written: Vec<Written>,
    taken: Vec<Taken>,
    ids: Vec<(RequestId, Vec<u8>)>,
}

/// An end with its session, and what it has accepted.
type Live = (Authenticators<Policy>, View);

impl View {
    fn requests(&self) -> impl Iterator<Item = &Written> {
        self.written.iter().filter(|written| written.kind == Kind::Request)
    }

    /// Somebody has proved an identity to this end.
    pub fn has_accepted(&self) -> bool {
        self.taken.iter().any(|taken| taken.who.is_some())
    }

    fn has_proved_unasked(&self) -> bool {
        self.written.iter().any(|written| written.kind == Kind::Authenticator(None))
    }
}

fn connect(client: &'static Spec, server: &'static Spec) -> [End<'static>; 2] {
    let mut ends = [End::new(client), End::new(server)];
    let mut brought = [0; 2];
    while ends.iter().any(|end| end.facts.data.is_empty()) {
        for from in 0..2 {
            let log = ends[from].facts.log.clone();
            for (_, record) in log.iter().filter(|(sent, _)| *sent).skip(brought[from]) {
                brought[from] += 1;
                ends[1 - from].takes(&Brought::new(record.clone())).expect("two honest ends");
            }
        }
    }
    ends
}

impl Exchanges {
    pub fn new() -> Exchanges {
        let specs = [
            [Spec::client(1, ALICE, BOB), Spec::server(2, BOB)],
            [Spec::client(3, ALICE, MALLORY), Spec::server(4, MALLORY)],
            [Spec::client(5, MALLORY, BOB), Spec::server(6, BOB)],
        ];
        // The specs live as long as the process, because there is one such world.
        let specs: &'static [[Spec; 2]; 3] = Box::leak(Box::new(specs));
        let [[a, b], [c, d], [e, f]] = specs.each_ref().map(|[client, server]| connect(client, server));
        // First the honest ends. Then the attacker's ends of the third's and the fourth's sessions.
        let order = [(0, 0), (0, 1), (1, 0), (2, 1), (1, 1), (2, 0)];
        let specs = order.map(|(session, side)| specs[session][side].clone()).to_vec();
        Exchanges { specs, sessions: vec![a, b, c, f, d, e] }
    }

    fn role(&self, end: usize) -> Role {
        self.specs[end].role
    }

    /// What the attacker makes with the keys of this end's session, if it is the peer.
    fn forge(&self, end: usize) -> Option<Forge<'_>> {
        let own = if PARTNERS[end].is_none() { self.sessions.get(end + 2)?.session()? } else { return None };
        Some(Forge { session: own, sender: self.role(end).peer() })
    }

    /// `None`: the request was changed in transit, and does not accept the credential.
    fn prove(&self, end: usize, live: &Authenticators<Policy>, mut proving: Proving<'_>) -> Option<Vec<u8>> {
        let identity = &IDENTITIES[self.specs[end].identity];
        let mut message = vec![0; 2048];
        let len = match live.answer_credential(&mut proving, &Credential::new(&identity.chain), &mut message) {
            Err(Misuse::NoCommonSignatureScheme) => return None,
            len => len.expect("room"),
        };
        let question = proving.sign_question().expect("Sign is open");
        let signature = identity.key.sign(question.scheme(), question.message()).expect("our scheme");
        let more = live.answer_sign(&mut proving, &signature, &mut message[len..]).expect("room");
        message.truncate(len + more);
        assert_eq!(live.answer_sign(&mut proving, &signature, &mut [0; 2048]), Err(Misuse::StaleQuestion));
        Some(message)
    }

    fn take(
        &self,
        end: usize,
        live: &mut Authenticators<Policy>,
        view: &mut View,
        bytes: &[u8],
        declines: bool,
    ) -> Option<()> {
        match live.receive(bytes).ok()? {
            Received::Request(mut proving) if declines => {
                let mut message = vec![0; 64];
                let len = live.decline(&mut proving, &mut message).expect("room");
                message.truncate(len);
                view.written.push(Written { bytes: message, kind: Kind::Empty(bytes.to_vec()) });
            }
            Received::Request(proving) => {
                let message = self.prove(end, live, proving)?;
                view.written.push(Written { bytes: message, kind: Kind::Authenticator(Some(bytes.to_vec())) });
            }
            _ if declines => return None,
            Received::Claim(claim) => {
                let who = whose(claim.peer().leaf());
                let request = claim.request();
                live.answer_verify(claim, Verdict::Accept).expect("a claim of ours");
                let request = request.and_then(|id| view.ids.iter().find(|(known, _)| *known == id));
                let request = request.map(|(_, request)| request.clone());
                view.taken.push(Taken { bytes: bytes.to_vec(), who: Some(who.unwrap_or(usize::MAX)), request });
            }
            Received::Declined(id) => {
                let request = view.ids.iter().find(|(known, _)| *known == id).map(|(_, request)| request.clone());
                view.taken.push(Taken { bytes: bytes.to_vec(), who: None, request });
            }
        }
        Some(())
    }
}

impl System for Exchanges {
    type Act = Act;
    type Live<'s> = Live;
    type View = View;

    fn ends(&self) -> usize {
        PARTNERS.len()
    }

    fn begin(&self, end: usize) -> Live {
        let session = self.sessions[end].session().expect("connected");
        // The seeds are equal, so contexts do not distinguish the sessions.
        let seed = Seed::from_bytes(&[9; 64]);
        (session.authenticators(self.specs[end].policy.clone(), &seed).expect("a living session"), View::default())
    }

    fn takes(&self, end: usize, (live, view): &mut Live, act: &Act) -> Option<()> {
        match act {
            Act::Ask => {
                let mut bytes = vec![0; 512];
                let (id, len) = live.request(&Default::default(), &mut bytes).ok()?;
                bytes.truncate(len);
                view.ids.push((id, bytes.clone()));
                view.written.push(Written { bytes, kind: Kind::Request });
            }
            Act::ProveUnasked => {
                let proving = live.prove_unasked().ok()?;
                let bytes = self.prove(end, live, proving)?;
                view.written.push(Written { bytes, kind: Kind::Authenticator(None) });
            }
            Act::Take(bytes) => self.take(end, live, view, bytes, false)?,
            Act::TakeAndDecline(bytes) => self.take(end, live, view, bytes, true)?,
        }
        Some(())
    }

    fn view(&self, _: usize, (_, view): &Live) -> View {
        view.clone()
    }

    fn own(&self, end: usize, view: &View) -> Vec<Input> {
        let mut inputs = Vec::new();
        let mut input = |what: &str, act: Act| inputs.push(Input { what: what.to_owned(), act });
        if view.requests().next().is_none() {
            input("ask", Act::Ask);
        }
        if self.role(end) == Role::Server && !view.has_proved_unasked() {
            input("prove unasked", Act::ProveUnasked);
        }
        let own = Forge::request(self.role(end).peer(), b"mallory's");
        input("own request", Act::Take(own.clone()));
        input("own request, declined", Act::TakeAndDecline(own));
        let Some(forge) = self.forge(end) else { return inputs };
        let requests = view.requests().map(|request| &request.bytes[..]);
        for request in requests.chain([&b""[..]]) {
            let context = context(request).unwrap_or(b"unasked");
            for who in [ALICE, BOB, MALLORY] {
                let name = IDENTITIES[who].name;
                input(
                    &format!("own authenticator of {name}"),
                    Act::Take(forge.authenticator(request, context, who, None)),
                );
            }
            let other = Forge { sender: forge.sender.peer(), ..forge };
            let message = other.authenticator(request, context, MALLORY, None);
            input("own authenticator in the other role", Act::Take(message));
            input("own empty authenticator", Act::Take(forge.empty(request, context)));
        }
        inputs
    }

    fn learned(&self, end: usize, view: &View, other: usize, theirs: &View) -> Vec<Input> {
        let mut inputs = Vec::new();
        for (place, Written { bytes, kind }) in theirs.written.iter().enumerate() {
            let what = format!("message {place} of {} {}", IDENTITIES[self.specs[other].identity].name, other);
            let mut input = |how: &str, act: Act| inputs.push(Input { what: format!("{what}{how}"), act });
            input("", Act::Take(bytes.clone()));
            if *kind == Kind::Request {
                input(", declined", Act::TakeAndDecline(bytes.clone()));
                // The same context in a request of the other role.
                let turned = Forge::request(self.role(other).peer(), context(bytes).unwrap_or_default());
                input(", turned round", Act::Take(turned));
            }
            // Somebody's certificate and signature, in an authenticator for a request of this end, with the keys of its
            // session.
            if let (Kind::Authenticator(_), Some(forge)) = (kind, self.forge(end)) {
                let requests = view.requests().map(|request| &request.bytes[..]);
                for request in requests.chain([&b""[..]]) {
                    let context = context(request).unwrap_or(b"unasked");
                    let who = self.specs[other].identity;
                    let spliced = forge.authenticator(request, context, who, Forge::signature_of(bytes));
                    input(", its signature under other keys", Act::Take(spliced));
                }
            }
        }
        inputs
    }

    fn claims(&self, views: &[&View]) -> Result<(), (&'static str, String)> {
        for (end, view) in views.iter().enumerate() {
            let claim = |holds: bool, name: &'static str| {
                let who = format!("{name}: {} {}", IDENTITIES[self.specs[end].identity].name, end);
                if holds { Ok(()) } else { Err((name, who)) }
            };
            for (place, taken) in view.taken.iter().enumerate() {
                let again = view.taken[..place].iter().any(|before| before.bytes == taken.bytes);
                let elsewhere = (0..views.len()).filter(|other| *other != end);
                let elsewhere = elsewhere.flat_map(|other| &views[other].taken).any(|other| other.bytes == taken.bytes);
                claim(!again && !elsewhere, "an authenticator is accepted in one place, once")?;
                let Some(partner) = PARTNERS[end] else {
                    claim(
                        taken.who.is_none_or(|who| who == MALLORY),
                        "the peer of the session proves who it is itself",
                    )?;
                    continue;
                };
                let kind = match (&taken.who, &taken.request) {
                    (Some(_), request) => Kind::Authenticator(request.clone()),
                    (None, request) => Kind::Empty(request.clone().unwrap_or_default()),
                };
                let wrote = views[partner].written.iter().any(|it| it.bytes == taken.bytes && it.kind == kind);
                let is_partner = taken.who.is_none_or(|who| who == self.specs[partner].identity);
                claim(wrote && is_partner, "it is the partner's, for this request")?;
            }
            for (place, written) in view.written.iter().enumerate() {
                let same = |before: &Written| match (&before.kind, &written.kind) {
                    (
                        Kind::Authenticator(Some(before)) | Kind::Empty(before),
                        Kind::Authenticator(Some(request)) | Kind::Empty(request),
                    ) => context(before) == context(request),
                    _ => false,
                };
                claim(!view.written[..place].iter().any(same), "a context is answered once")?;
            }
        }
        Ok(())
    }

    fn name(&self, end: usize) -> String {
        format!("{} {end}", IDENTITIES[self.specs[end].identity].name)
    }
}
