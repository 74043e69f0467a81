//! Proves identities again beside HTTP: authenticators (RFC 9261) on an HTTP/2 stream of their own, in the same
//! connection as the requests. The server asks. A client that answers keeps its connection longer than its certificate
//! is valid.

use crate::serve::Session;
use axum::body::Body;
use axum::extract::Extension;
use countersign::adapters::tokio::Reauthentication;
use countersign::adapters::{Frame, Frames, Reauthenticated};
use http_body_util::channel::Sender;
use http_body_util::{BodyExt, Channel};
use hyper::body::{Body as HttpBody, Bytes};
use hyper::{Request, Response, Uri};
use std::error::Error;
use std::future::pending;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// The path for clients. (RFC 8615 reserves the rest of `/.well-known`.)
pub const PATH: &str = "/reauthentication";
/// How often the server asks.
const EVERY: Duration = Duration::from_secs(2);
/// How long a peer may take to read what we send. Otherwise a peer that reads no requests would never be asked.
const PATIENCE: Duration = Duration::from_secs(5);
/// The limit for an authenticator: enough for a chain of ten certificates.
const LONGEST: usize = 1 << 16;

type BoxError = Box<dyn Error + Send + Sync>;

/// The server's side, a handler for axum. It asks as long as the connection lives. A client that proves another
/// identity, or does not answer, loses its connection.
pub async fn ask(Extension(session): Extension<Session>, from_client: Body) -> Response<Body> {
    let (mut to_client, answer) = Channel::<Bytes>::new(1);
    tokio::spawn(async move {
        let asked = run(&session.reauthentication, Some(EVERY), from_client, &mut to_client).await;
        session.cut(asked.err().unwrap_or_else(|| "the client answers no more requests to prove who it is".into()));
    });
    Response::new(Body::new(answer))
}

/// The client's side: a request to send on the connection, and a future for its response. It ends when the connection
/// ends.
pub fn request(origin: &Uri) -> Result<(Request<Body>, Sender<Bytes>), BoxError> {
    let (to_server, body) = Channel::new(1);
    let uri = Uri::builder().scheme("https").authority(origin.authority().ok_or("no host")?.as_str());
    Ok((Request::post(uri.path_and_query(PATH).build()?).body(Body::new(body))?, to_server))
}

/// The other half of [`request`]: answers the server's requests.
pub async fn answer<B>(
    reauthentication: &Reauthentication,
    response: Response<B>,
    to_server: &mut Sender<Bytes>,
) -> Result<(), BoxError>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    if !response.status().is_success() {
        return Err(format!("the server does not ask who we are: {}", response.status()).into());
    }
    run(reauthentication, None, response.into_body(), to_server).await
}

/// One side: asks at this interval, if there is one, and answers.
async fn run<B>(
    reauthentication: &Reauthentication,
    every: Option<Duration>,
    mut received: B,
    send: &mut Sender<Bytes>,
) -> Result<(), BoxError>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    let mut frames = Frames::new(LONGEST);
    let mut ticks = every.map(interval);
    ticks.iter_mut().for_each(|ticks| ticks.set_missed_tick_behavior(MissedTickBehavior::Delay));
    let mut tick = async || match &mut ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => pending().await,
    };
    loop {
        let part = tokio::select! {
            part = received.frame() => part,
            // An error if too many requests are unanswered.
            () = tick() => {
                tell(send, reauthentication.request()?).await?;
                continue;
            }
        };
        let Some(part) = part else { return Ok(()) };
        if let Ok(data) = part.map_err(Into::into)?.into_data() {
            frames.received(&data);
        }
        while let Some(frame) = frames.next_frame()? {
            let Frame::Authenticator(message) = frame else { return Err("no data is expected here".into()) };
            match reauthentication.receive(&message).await? {
                Reauthenticated::Answer(message) | Reauthenticated::Unable { message, .. } => {
                    tell(send, message).await?;
                }
                Reauthenticated::Renewed(_) | Reauthenticated::Unasked(_) => {}
                Reauthenticated::Declined(_) => return Err("the peer does not prove who it is".into()),
            }
        }
    }
}

/// Sends a message of RFC 9261.
async fn tell(send: &mut Sender<Bytes>, message: Vec<u8>) -> Result<(), BoxError> {
    let frame = Frame::Authenticator(message).to_bytes()?;
    Ok(timeout(PATIENCE, send.send_data(frame.into()))
        .await
        .map_err(|_| "the peer does not read what it is asked")??)
}
