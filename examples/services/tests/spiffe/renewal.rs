//! What the agent sends is used by the next handshake.

use crate::agent::{Agent, X509SvidResponse};
use crate::domain::{Domain, agent};
use countersign::Policy;
use countersign::adapters::Config;
use countersign::adapters::tokio::{Acceptor, Connector};
use countersign::x509::{Expect, PeerIdentity};
use countersign_services::workload::follow;
use spiffe::{X509Source, X509SourceBuilder};
use std::io;
use std::time::Duration;
use tokio::io::duplex;
use tokio::sync::watch;
use tokio::time::timeout;
use tonic::Code;

const API: &str = "spiffe://example.org/api";
const PATIENCE: Duration = Duration::from_secs(20);

/// A workload that follows its agent.
struct Workload {
    agent: Agent,
    config: Config,
    changed: watch::Receiver<()>,
}

impl Workload {
    async fn new(first: X509SvidResponse) -> Workload {
        let agent = agent(Ok(first));
        let source: X509Source = X509SourceBuilder::new()
            .endpoint(agent.endpoint())
            .reconnect_backoff(Duration::from_millis(50), Duration::from_millis(100))
            .build()
            .await
            .unwrap();
        let (config, changed) = follow(source, Policy::new()).unwrap();
        Workload { agent, config, changed }
    }

    /// Until what the agent has sent is in use.
    async fn hears(&mut self) {
        timeout(PATIENCE, self.changed.changed()).await.expect("news").unwrap();
    }
}

/// Whom the server, and whom the client has met.
async fn meet(server: &Workload, client: &Workload) -> io::Result<[PeerIdentity; 2]> {
    let (near, far) = duplex(10_000);
    let acceptor = Acceptor::new(server.config.clone(), [Expect::AnyTrusted]);
    let served = tokio::spawn(async move {
        let mut stream = acceptor.accept(far).await?;
        let met = stream.peer().identity();
        stream.close().await.map(|()| met)
    });
    let mut stream = Connector::new(client.config.clone()).connect_to(None, [API.parse().unwrap()], near).await?;
    let met = stream.peer().identity().unwrap();
    let confirmed = stream.confirmed().await;
    let served = served.await.unwrap()?.unwrap();
    confirmed.map(|()| [served, met])
}

fn id(peer: &PeerIdentity) -> &str {
    peer.spiffe_id.as_ref().unwrap().as_str()
}

#[tokio::test]
async fn workloads_of_one_domain_know_each_other_by_spiffe_id() {
    let domain = Domain::new("example.org");
    let (api, web) = (Workload::new(domain.svid("/api")).await, Workload::new(domain.svid("/web")).await);
    let [client, server] = meet(&api, &web).await.unwrap();
    assert_eq!((id(&client), id(&server)), ("spiffe://example.org/web", API));
    assert!(meet(&web, &api).await.is_err(), "another one than the client wants");
}

#[tokio::test]
async fn a_new_svid_is_shown_from_the_next_handshake_on() {
    let domain = Domain::new("example.org");
    let (api, mut web) = (Workload::new(domain.svid("/api")).await, Workload::new(domain.svid("/web")).await);
    let [before, _] = meet(&api, &web).await.unwrap();
    web.agent.tells(Ok(domain.svid("/web")));
    web.hears().await;
    let [after, _] = meet(&api, &web).await.unwrap();
    assert_eq!(id(&before), id(&after));
    assert_ne!(before.fingerprint, after.fingerprint);
}

#[tokio::test]
async fn an_authority_is_replaced_by_way_of_both() {
    let (old, new) = (Domain::new("example.org"), Domain::new("example.org"));
    let (mut api, mut web) = (Workload::new(old.svid("/api")).await, Workload::new(old.svid("/web")).await);
    for (workload, path) in [(&mut api, "/api"), (&mut web, "/web")] {
        workload.agent.tells(Ok(old.svid(path).trusting(&[&old, &new])));
        workload.hears().await;
    }
    api.agent.tells(Ok(new.svid("/api").trusting(&[&old, &new])));
    api.hears().await;
    meet(&api, &web).await.unwrap();
    api.agent.tells(Ok(new.svid("/api")));
    api.hears().await;
    assert!(meet(&api, &web).await.is_err(), "the old authority's");
}

#[tokio::test]
async fn a_federated_authority_vouches_for_its_own_domain_only() {
    let (ours, theirs) = (Domain::new("example.org"), Domain::new("partner.example"));
    let mut api = Workload::new(ours.svid("/api")).await;
    let web = Workload::new(theirs.svid("/web").federated_with(&ours)).await;
    assert!(meet(&api, &web).await.is_err(), "not federated yet");
    api.agent.tells(Ok(ours.svid("/api").federated_with(&theirs)));
    api.hears().await;
    let [client, _] = meet(&api, &web).await.unwrap();
    assert_eq!(id(&client), "spiffe://partner.example/web");
    // Their authority signs an ID of ours. (The agent would not; it is not asked.)
    let liar = Workload::new(theirs.svid_of("spiffe://example.org/web").trusting(&[&ours])).await;
    let refused = meet(&api, &liar).await.unwrap_err().to_string();
    assert!(refused.contains("spiffe://example.org/web, for which its root may not vouch"), "{refused}");
}

#[tokio::test]
async fn while_the_agent_is_away_all_goes_on() {
    let domain = Domain::new("example.org");
    let (mut api, web) = (Workload::new(domain.svid("/api")).await, Workload::new(domain.svid("/web")).await);
    api.agent.stops();
    meet(&api, &web).await.unwrap();
    api.agent.tells(Ok(domain.svid("/api")));
    api.agent.starts();
    api.hears().await;
    meet(&api, &web).await.unwrap();
}

#[tokio::test]
async fn without_an_svid_any_more_nobody_is_met() {
    let domain = Domain::new("example.org");
    let (mut api, web) = (Workload::new(domain.svid("/api")).await, Workload::new(domain.svid("/web")).await);
    api.agent.tells(Err(Code::PermissionDenied));
    api.hears().await;
    assert!(meet(&api, &web).await.is_err());
    api.agent.tells(Ok(domain.svid("/api")));
    api.hears().await;
    meet(&api, &web).await.unwrap();
}
