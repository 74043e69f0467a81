use countersign::adapters::tokio::{Acceptor, Reauthentication, Stream};
use countersign::adapters::{Frame, Frames, Reauthenticated};
use std::{io, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::interval};

pub async fn connection(acceptor: &Acceptor, tcp: TcpStream) -> io::Result<()> {
    let mut stream = acceptor.accept(tcp).await?;
    let again = stream.reauthentication()?;
    let served = tokio::select! {
        why = again.ended(Duration::from_secs(1)) => Err(why), // new CRLs, other roots, or the clock
        served = serve(&mut stream, &again) => served,
    };
    let closed = stream.close().await; // the peer is told that this is the end; why, is for your protocol to say
    served.and(closed)
}

/// Every message is one frame, and the client must prove who it is once a minute.
async fn serve(stream: &mut Stream<TcpStream>, again: &Reauthentication) -> io::Result<()> {
    let (mut frames, mut minute) = (Frames::new(1 << 16), interval(Duration::from_secs(60)));
    loop {
        let ours = tokio::select! {
            // An error, if the last four have not been answered.
            _ = minute.tick() => Some(Frame::Authenticator(again.request()?)),
            frame = frames.read_async(stream) => match frame? {
                Some(frame) => answer(again, frame).await?,
                None => return Ok(()),
            },
        };
        if let Some(frame) = ours {
            stream.write_all(&frame.to_bytes()?).await?;
        }
    }
}

/// What goes back: data as they came.
async fn answer(again: &Reauthentication, frame: Frame) -> io::Result<Option<Frame>> {
    let Frame::Authenticator(message) = frame else { return Ok(Some(frame)) };
    match again.receive(&message).await? {
        // an error: it is not who it was
        Reauthenticated::Answer(answer) | Reauthenticated::Unable { message: answer, .. } => {
            Ok(Some(Frame::Authenticator(answer))) // it has asked us
        }
        Reauthenticated::Renewed(_) | Reauthenticated::Unasked(_) => Ok(None),
        Reauthenticated::Declined(_) => Err(io::ErrorKind::PermissionDenied.into()),
    }
}
