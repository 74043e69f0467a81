//! A stub of SPIRE's agent: the SPIFFE Workload API over gRPC at a Unix socket, as far as X.509-SVIDs go.

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::server::{Grpc, ServerStreamingService};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

#[derive(Clone, PartialEq, prost::Message)]
pub struct X509SvidRequest {}

/// As workload.proto of SPIFFE has it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct X509SvidResponse {
    #[prost(message, repeated, tag = "1")]
    pub svids: Vec<X509Svid>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub crl: Vec<Vec<u8>>,
    #[prost(map = "string, bytes", tag = "3")]
    pub federated_bundles: HashMap<String, Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct X509Svid {
    #[prost(string, tag = "1")]
    pub spiffe_id: String,
    #[prost(bytes = "vec", tag = "2")]
    pub x509_svid: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub x509_svid_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub bundle: Vec<u8>,
    #[prost(string, tag = "5")]
    pub hint: String,
}

/// What the agent tells its workload: an answer, or that it has none for it.
pub type Told = Result<X509SvidResponse, Code>;

pub struct Agent {
    tells: watch::Sender<Told>,
    socket: PathBuf,
    serving: JoinHandle<()>,
}

impl Agent {
    pub fn start(socket: PathBuf, first: Told) -> Agent {
        let tells = watch::Sender::new(first);
        let serving = serve(&socket, tells.subscribe());
        Agent { tells, socket, serving }
    }

    /// For `SPIFFE_ENDPOINT_SOCKET`.
    pub fn endpoint(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Tells its workload this from now on.
    pub fn tells(&self, told: Told) {
        drop(self.tells.send_replace(told));
    }

    /// Ends, with all connections.
    pub fn stops(&self) {
        self.serving.abort();
    }

    /// Begins again.
    pub fn starts(&mut self) {
        self.serving = serve(&self.socket, self.tells.subscribe());
    }
}

fn serve(socket: &Path, told: watch::Receiver<Told>) -> JoinHandle<()> {
    let _ = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket).unwrap();
    tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new(); // end with it
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let told = told.clone();
            let service = service_fn(move |request| answer(request, told.clone()));
            let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            connections.spawn(async move { http.serve_connection(TokioIo::new(stream), service).await });
        }
    })
}

async fn answer(request: Request<Incoming>, told: watch::Receiver<Told>) -> Result<Response<Body>, Infallible> {
    // Workload API, section 3: without this header a request may come from a browser that was led here.
    if request.headers().get("workload.spiffe.io").is_none_or(|value| value != "true") {
        return Ok(Status::invalid_argument("security header missing from request").into_http());
    }
    match request.uri().path() {
        "/SpiffeWorkloadAPI/FetchX509SVID" => {
            let codec = ProstCodec::<X509SvidResponse, X509SvidRequest>::default();
            Ok(Grpc::new(codec).server_streaming(Fetch(told), request).await)
        }
        _ => Ok(Status::unimplemented("X.509-SVIDs only").into_http()),
    }
}

/// One call of `FetchX509SVID`: an answer at once, and one for each change.
struct Fetch(watch::Receiver<Told>);

impl ServerStreamingService<X509SvidRequest> for Fetch {
    type Response = X509SvidResponse;
    type ResponseStream = ReceiverStream<Result<X509SvidResponse, Status>>;
    type Future = Ready<Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: tonic::Request<X509SvidRequest>) -> Self::Future {
        let (send, answers) = mpsc::channel(1);
        let mut told = self.0.clone();
        tokio::spawn(async move {
            loop {
                let now = told.borrow_and_update().clone();
                let over = now.is_err();
                let now = now.map_err(|code| Status::new(code, "no identity issued"));
                if send.send(now).await.is_err() || over || told.changed().await.is_err() {
                    return;
                }
            }
        });
        ready(Ok(tonic::Response::new(ReceiverStream::new(answers))))
    }
}
