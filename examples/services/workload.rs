//! Identity and trust by the SPIFFE Workload API: from SPIRE's agent, or another one, and renewed as it renews them.

use crate::program::sentence;
use countersign::Policy;
use countersign::adapters::Config;
use countersign::x509::{Identities, Identity, Reloadable, SigningKey, Trust, TrustDomain};
use rustls_pki_types::CertificateDer;
use spiffe::X509Source;
use std::error::Error;
use std::sync::Arc;
use tokio::sync::watch;

/// Who we are, and whom we trust: the SVID, and each bundle for its own trust domain only. A task puts into the `Config`
/// what the agent sends from now on. The receiver hears when whom we trust has changed; the task ends with the last one.
///
/// While the agent is away, or sends what we cannot use, the old SVID and bundles stay in use. When it takes our SVID away,
/// nobody is trusted until it gives one again: no connection comes about.
pub fn follow(source: X509Source, policy: Policy) -> Result<(Config, watch::Receiver<()>), Box<dyn Error>> {
    let mut updates = source.updated(); // first: what comes while we read is read again
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

/// What the agent has sent last.
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
