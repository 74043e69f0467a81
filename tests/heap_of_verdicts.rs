//! What a verdict allocates: counted, not guessed.

mod pki;

use countersign::x509::{Expect, JudgeOptions, Trust, VerifiedChains};
use countersign::{Peer, Role, Verdict};
use pki::{Ca, now};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: hands everything on to the system's allocator.
#[allow(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(work: impl FnOnce()) -> usize {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

#[test]
fn a_verdict_allocates_at_most_30_times_and_12_when_the_chain_is_remembered() {
    let root = Ca::root("Root");
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf("api", &["api.internal", "spiffe://example.org/api"]);
    let plain = Trust::from_roots("roots", &root.der).unwrap();
    let (crl_root, crl_ca) = (root.crl(&[], -3600, 3600), ca.crl(&[], -3600, 3600));
    let checked =
        Trust::builder().roots("roots", &root.der).crls("root", &crl_root).crls("ca", &crl_ca).build().unwrap();
    let chain = [leaf.der, ca.der];
    for (name, trust) in [("plain", &plain), ("with CRLs", &checked)] {
        for expect in ["api.internal", "spiffe://example.org/api", "spiffe://example.org"] {
            let expect: [Expect; 1] = [expect.parse().unwrap()];
            let cache = VerifiedChains::new(8);
            let judge = |cache| {
                count(|| {
                    let terms = JudgeOptions { cache, own: &chain[1..], ..JudgeOptions::new(&expect, now()) };
                    assert_eq!(trust.judge(&Peer::new(Role::Server, &chain), &terms).verdict, Verdict::Accept);
                })
            };
            let (fresh, cold, warm) = (judge(None), judge(Some(&cache)), judge(Some(&cache)));
            println!("{name}, {}: {fresh} fresh, {cold} cold, {warm} warm", expect[0]);
            assert!(fresh <= 10 && cold <= 10 && warm <= 2 && warm < fresh, "{fresh} {cold} {warm}");
        }
    }
}
