//! `sessions`: several honest ends at once, and the fuzzer as the attacker of tests/sessions. It goes further than the
//! exhaustive exploration there: more ends with any roles and policies, longer paths, and flipped bits. The claims are
//! the same.

#[allow(dead_code, reason = "the explorer plants faults, too")]
#[path = "../../tests/sessions/model/mod.rs"]
mod model;

use super::choices::Choices;
use countersign::{CertificateType, NamedGroup, Policy, Role};
use model::end::{Brought, Spec};
use model::exchanges::{Act, Exchanges};
use model::identities::{ALICE, BOB, CAROL, MALLORY};
use model::scenarios::{Scenario, scenario, scenarios};
use model::system::{Input, System};
use std::sync::LazyLock;

/// The scenarios of the explorer.
static SCENARIOS: LazyLock<Vec<Scenario>> = LazyLock::new(scenarios);
static EXCHANGES: LazyLock<Exchanges> = LazyLock::new(Exchanges::new);

/// The limit of steps, after which a run finds nothing new.
const MOST_STEPS: usize = 64;

/// The first byte selects a scenario of the explorer, authenticators, or ends that the next bytes describe. Then come
/// the steps.
pub fn sessions(data: &[u8]) {
    let mut choices = Choices::new(data);
    let number = usize::from(choices.byte());
    match SCENARIOS.get(number) {
        Some(scenario) => drop(walk(scenario, choices)),
        None if number == SCENARIOS.len() => drop(walk(&*EXCHANGES, choices)),
        None => drop(walk(&described(&mut choices), choices)),
    }
}

/// One byte for all ends, then one for each of two to four ends.
fn described(choices: &mut Choices<'_>) -> Scenario {
    let all = choices.byte();
    let ends = 2 + usize::from(all >> 2) % 3;
    let specs = (1..=ends).map(|number| end(number as u8, choices.byte())).collect();
    Scenario { leaked: all & 1 != 0, tired: all & 2 != 0, ..scenario("described by the fuzzer", specs) }
}

/// Its role, protocol, identity and (for a client) the expected peer.
fn end(number: u8, byte: u8) -> Spec {
    const TYPES: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY, CertificateType::X509];
    let who = usize::from(byte >> 3);
    let identity = [ALICE, BOB, CAROL][who % 3];
    let spec = match byte & 1 {
        0 => Spec::client(number, identity, [ALICE, BOB, CAROL, MALLORY][who / 3 % 4]),
        _ => Spec::server(number, identity),
    };
    match byte >> 1 & 3 {
        2 => spec.with(Policy::new().groups(&[NamedGroup::SECP256R1])),
        3 => spec.with(Policy::new().certificate_types(TYPES, TYPES)),
        _ => spec,
    }
}

/// What a fuzzer needs in addition.
trait Fuzzed: System {
    /// The bytes of an input in which a bit may be flipped.
    fn bytes(act: &mut Self::Act) -> &mut [u8];
}

impl Fuzzed for Scenario {
    /// After the headers of record and message, because the model follows whole messages.
    fn bytes(act: &mut Brought) -> &mut [u8] {
        act.record.get_mut(9..).unwrap_or_default()
    }
}

impl Fuzzed for Exchanges {
    fn bytes(act: &mut Act) -> &mut [u8] {
        match act {
            Act::Take(bytes) | Act::TakeAndDecline(bytes) => bytes,
            Act::Ask | Act::ProveUnasked => &mut [],
        }
    }
}

/// One step: the end, the source (an end, or the attacker), and the number of the input. For a flipped bit two more
/// bytes select the bit.
type Step = [u8; 2];

const FLIP: usize = 0x80;

fn step(end: usize, other: usize, which: usize) -> Step {
    [(end | other << 2) as u8, which as u8]
}

/// Takes the steps. A refused one has no effect, because the end is restored.
fn walk<S: Fuzzed>(system: &S, mut choices: Choices<'_>) -> Vec<S::View> {
    system.starts_afresh();
    let ends = system.ends();
    let mut live: Vec<S::Live<'_>> = (0..ends).map(|end| system.begin(end)).collect();
    let mut views: Vec<S::View> = (0..ends).map(|end| system.view(end, &live[end])).collect();
    let mut taken: Vec<Vec<Input<S::Act>>> = (0..ends).map(|_| Vec::new()).collect();
    let mut way = Vec::new();
    for _ in 0..MOST_STEPS {
        if choices.is_empty() {
            break;
        }
        let (place, which) = (usize::from(choices.byte()), usize::from(choices.byte()));
        let (end, other) = ((place & 3) % ends, (place >> 2 & 7) % (ends + 1));
        let flip = (place & FLIP != 0).then(|| choices.word());
        let mut inputs = match views.get(other) {
            Some(theirs) => system.learned(end, &views[end], other, theirs),
            None => system.own(end, &views[end]),
        };
        if inputs.is_empty() {
            continue;
        }
        let mut input = inputs.swap_remove(which % inputs.len());
        if let (Some(bit), bytes @ [_, ..]) = (flip, S::bytes(&mut input.act)) {
            let at = bit / 8 % bytes.len();
            bytes[at] ^= 1 << (bit % 8);
            input.what += &format!(", a bit of byte {at} flipped");
        }
        if system.takes(end, &mut live[end], &input.act).is_none() {
            live[end] = system.run(end, &taken[end]).expect("what was taken is taken again");
            continue;
        }
        views[end] = system.view(end, &live[end]);
        way.push(format!("to {}: {}", system.name(end), input.what));
        taken[end].push(input);
        if let Err((_, broken)) = system.claims(&views.iter().collect::<Vec<_>>()) {
            panic!("{broken}\n  {}", way.join("\n  "));
        }
    }
    views
}

/// All records of a client and a server in a scenario, in order.
fn talk(scenario: &Scenario, client: usize, server: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut brought = [0, 0];
    loop {
        let before = steps.len();
        for (side, (end, other)) in [(server, client), (client, server)].into_iter().enumerate() {
            let views = walk(scenario, Choices::new(steps.as_flattened()));
            let sent = views[other].facts.log.iter().filter(|(sent, _)| *sent).count();
            steps.extend((brought[side]..sent).map(|record| step(end, other, record)));
            brought[side] = sent;
        }
        if steps.len() == before {
            break;
        }
    }
    let views = walk(scenario, Choices::new(steps.as_flattened()));
    let wanted = scenario.specs[client].wants == Some(scenario.specs[server].identity);
    assert!(!wanted || (scenario.good)(&views[client].facts), "{}: they do not talk", scenario.name);
    steps
}

/// What the attacker sends in its own session with an end, in order.
fn own(scenario: &Scenario, end: usize) -> Vec<Step> {
    let (hello, parameters, role) = match scenario.specs[end].role {
        Role::Client => ("ServerHello, x25519", &["EncryptedExtensions", "CertificateRequest"][..], "server"),
        Role::Server => ("ClientHello, P-256", &[][..], "client"),
    };
    let proof = format!("CertificateVerify, TLS 1.3, {role} CertificateVerify");
    let finished = format!("Finished of the {role} over all");
    let said = [&[hello][..], parameters, &["Certificate", &proof, &finished, "data"]].concat();
    let steps = said.iter().fold(Vec::new(), |mut steps, said| {
        let views = walk(scenario, Choices::new(steps.as_flattened()));
        let what = format!("own {said}");
        let which = scenario.own(end, &views[end]).iter().position(|input| input.what == what);
        steps.extend(which.map(|which| step(end, scenario.ends(), which)));
        steps
    });
    let views = walk(scenario, Choices::new(steps.as_flattened()));
    let wanted = scenario.specs[end].wants.is_none_or(|wants| wants == MALLORY);
    assert_eq!(views[end].facts.data.is_empty(), !wanted, "{}, {}", scenario.name, scenario.name(end));
    steps
}

/// Undisturbed runs, and runs with an input of the attacker's at each place.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, scenario) in SCENARIOS.iter().enumerate() {
        let of_role = |role| scenario.specs.iter().position(|spec| spec.role == role).expect("one of each role");
        let (client, server) = (of_role(Role::Client), of_role(Role::Server));
        let steps = talk(scenario, client, server);
        with_attacks(&[number as u8], &steps, scenario.ends(), &mut seeds);
        seeds.extend((0..scenario.ends()).map(|end| [&[number as u8], own(scenario, end).as_flattened()].concat()));
    }
    let prelude = SCENARIOS.len() as u8;
    // Alice asks and bob answers, and the other way round.
    let steps = [step(0, 4, 0), step(1, 0, 0), step(0, 1, 0), step(1, 4, 0), step(0, 1, 1), step(1, 0, 3)];
    let views = walk(&*EXCHANGES, Choices::new(steps.as_flattened()));
    assert!(views[..2].iter().all(|view| view.has_accepted()), "they do not prove who they are");
    with_attacks(&[prelude], &steps, 4, &mut seeds);
    // Alice wants bob, who uses raw keys; carol wants alice, who requests another share.
    let who = |identity: usize, wants: usize| ((identity + 3 * wants) as u8) << 3;
    for all in 8..12 {
        let prelude = [u8::MAX, all, who(ALICE, BOB) | 6, who(BOB, 0) | 7, who(CAROL, ALICE), who(ALICE, 0) | 5];
        let scenario = described(&mut Choices::new(&prelude[1..]));
        let steps = [talk(&scenario, 0, 1), talk(&scenario, 2, 3)].concat();
        with_attacks(&prelude, &steps, 4, &mut seeds);
    }
    seeds
}

fn with_attacks(prelude: &[u8], steps: &[Step], ends: usize, seeds: &mut Vec<Vec<u8>>) {
    seeds.push([prelude, steps.as_flattened()].concat());
    for place in 0..steps.len() {
        for which in [0, 3, 9, 17] {
            let own = step(which % ends, ends, which);
            let (before, after) = steps.split_at(place);
            seeds.push([prelude, before.as_flattened(), &own, after.as_flattened()].concat());
        }
    }
}
