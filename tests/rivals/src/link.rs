//! Two endpoints on loopback and what goes between them, whatever their cryptography.

use std::{
    net::{Ipv4Addr, UdpSocket},
    sync::Arc,
};

use quinn::{
    ClientConfig, Connection, Endpoint, EndpointConfig, ServerConfig, TokioRuntime, TransportConfig, VarInt,
};

use crate::Result;

/// As the node asks of the kernel; it grants what net.core.{r,w}mem_max allows.
const SOCKET_BUFFER: usize = 16 << 20;
/// As the node's flow-control window of a stream.
const STREAM_WINDOW: u32 = 16 << 20;
/// What the sender hands over, and the receiver takes, at once.
const CHUNK: usize = 64 << 10;

/// The cryptography of both ends.
pub(crate) struct Side {
    pub(crate) endpoint: EndpointConfig,
    pub(crate) server: ServerConfig,
    pub(crate) client: ClientConfig,
}

/// A listening and a dialling endpoint.
pub(crate) struct Link {
    listener: Endpoint,
    dialler: Endpoint,
}

impl Link {
    pub(crate) fn open(side: Side) -> Result<Self> {
        let Side { endpoint, mut server, mut client } = side;
        server.transport_config(transport());
        client.transport_config(transport());
        let runtime = || Arc::new(TokioRuntime);
        let listener = Endpoint::new(endpoint.clone(), Some(server), socket()?, runtime())?;
        let mut dialler = Endpoint::new(endpoint, None, socket()?, runtime())?;
        dialler.set_default_client_config(client);
        Ok(Self { listener, dialler })
    }

    /// A full handshake, after which each side has judged the other: the dialler's end and the listener's.
    pub(crate) async fn connect(&mut self) -> Result<(Connection, Connection)> {
        let dialling = self.dialler.connect(self.listener.local_addr()?, "node.invalid")?;
        let accepting = async { Ok(self.listener.accept().await.ok_or("the endpoint is closed")?.await?) };
        let dialled = async { Ok(dialling.await?) };
        tokio::try_join!(dialled, accepting)
    }
}

/// Sends `bytes` over one stream and waits until the other side has taken them all.
pub(crate) async fn transfer(from: &Connection, to: &Connection, bytes: u64) -> Result<()> {
    let sending = async {
        let (mut stream, _) = from.open_bi().await?;
        let chunk = vec![0x5a; CHUNK];
        let mut left = bytes;
        while left > 0 {
            let now = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
            stream.write_all(&chunk[..now]).await?;
            left -= now as u64;
        }
        Ok(stream.finish()?)
    };
    let receiving = async {
        let (_, mut stream) = to.accept_bi().await?;
        let mut taken = 0;
        while let Some(chunk) = stream.read_chunk(CHUNK, true).await? {
            taken += chunk.bytes.len() as u64;
        }
        if taken == bytes { Ok(()) } else { Err(format!("{taken} of {bytes} bytes came").into()) }
    };
    // A task of its own for the receiver's work would not change the CPU time, only who waits for whom.
    tokio::try_join!(sending, receiving).map(drop)
}

fn socket() -> Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    rustix::net::sockopt::set_socket_recv_buffer_size(&socket, SOCKET_BUFFER)?;
    rustix::net::sockopt::set_socket_send_buffer_size(&socket, SOCKET_BUFFER)?;
    Ok(socket)
}

fn transport() -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config.stream_receive_window(VarInt::from_u32(STREAM_WINDOW));
    config.receive_window(VarInt::from_u32(STREAM_WINDOW * 2));
    config.send_window(u64::from(STREAM_WINDOW) * 2);
    Arc::new(config)
}
