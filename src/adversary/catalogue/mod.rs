//! Deviations from TLS 1.3 as plain data: what is done, the rule that it breaks, and what is right then.
//!
//! ```
//! use countersign::adversary::catalogue::{Right, all};
//! use countersign::Role;
//!
//! let cases = all(Role::Server);
//! let empty = cases.iter().find(|case| case.name == "certificate/none").unwrap();
//! assert_eq!(empty.rule, "RFC 9846 §4.5.1.3");
//! assert!(matches!(empty.right, Right::Refuse(_)));
//! ```

mod afterwards;
mod case;
mod extensions;
mod hellos;
mod late;
mod messages;
mod names;
mod records;
mod strangers;
mod virtual_hosts;
mod who;

pub use case::{Case, Right, good};
pub use late::SILENCE;
pub use who::{NameKind, Resembling, Who};

use crate::role::Role;
use alloc::vec::Vec;

/// Every case against a target of this role, the quick ones first.
pub fn all(target: Role) -> Vec<Case> {
    let mut cases = strangers::cases(target);
    cases.extend(names::cases(target));
    cases.extend(virtual_hosts::cases(target));
    cases.extend(messages::cases(target));
    cases.extend(extensions::cases(target));
    cases.extend(hellos::cases(target));
    cases.extend(records::cases(target));
    cases.extend(afterwards::cases(target));
    cases.extend(late::cases(target));
    cases
}
