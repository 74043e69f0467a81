//! Identity and trust from a SPIFFE Workload API agent (for example SPIRE's). They change when the agent renews them.

use crate::program::sentence;
use countersign::Policy;
use countersign::adapters::Config;
use countersign::x509::{Identities, Identity, Reloadable, SigningKey, Trust, TrustDomain};
use rustls_pki_types::CertificateDer;
use spiffe::X509Source;
use std::error::Error;
use std::sync::Arc;
use tokio::sync::watch;

/// Our identity and our trust: the SVID, and each bundle only for its own trust domain. A task puts later updates of
/// the agent into the `Config`. The receiver is notified when the trust has changed. The task ends when the last
/// receiver is dropped.
///
/// While the agent cannot be reached, or sends unusable data, the old SVID and bundles stay in use. If it withdraws our
/// SVID, no peer is trusted until it sends one again, so no connection is possible.
pub fn follow(source: X509Source, policy: Policy) -> Result<(Config, watch::Receiver<()>), Box<dyn Error>> {
    let mut updates = source.updated(); // first, so that updates during the read are not lost
    let (identities, trust) = read(&source)?;
    let config = Config::new(Arc::new(Reloadable::new(identities)), Arc::new(Reloadable::new(trust))).policy(policy);
    let (identities, trust) = (Arc::clone(config.identities()), Arc::clone(config.trust()));
    let (sender, trust_changed) = watch::channel(());
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = sender.closed() => break,
                changed = updates.changed() => if changed.is_err() { break },
            }
            let (new_identities, new_trust) = match read(&source) {
                Ok((new_identities, new_trust)) => (Some(new_identities), new_trust),
                Err(_) if !source.is_healthy() => {
                    eprintln!("the agent gives us no SVID any more: nobody is trusted");
                    (None, Trust::raw_keys_only())
                }
                Err(error) => {
                    eprintln!("{}; the old SVID and bundles stay in use", sentence(&*error));
                    continue;
                }
            };
            if let Some(new) = new_identities {
                eprintln!("a new SVID or bundle is in use");
                identities.set(new);
            }
            trust.set(new_trust);
            sender.send_replace(());
        }
        source.shutdown().await;
    });
    Ok((config, trust_changed))
}

/// The last update of the agent.
fn read(source: &X509Source) -> Result<(Identities, Trust), Box<dyn Error>> {
    let state = source.state();
    let (svid, context) = (state.svid()?, state.context()?);
    let chain = svid.cert_chain().iter().map(|each| CertificateDer::from(each.as_bytes().to_vec())).collect();
    let identity = Identity::new(chain, SigningKey::from_der(svid.private_key().as_bytes())?)?;
    let mut trust = Trust::builder();
    for (domain, bundle) in context.bundle_set().iter() {
        let (name, domain): (_, TrustDomain) = (format!("the bundle of {domain}"), domain.as_str().parse()?);
        for authority in bundle.authorities() {
            trust = trust.spiffe_bundle(domain.clone(), &name, authority.as_bytes());
        }
    }
    Ok((Identities::new(identity), trust.build()?))
}
