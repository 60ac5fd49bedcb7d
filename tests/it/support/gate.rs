//! A way to a server that can be shut, cut in the middle, or made to stall.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What becomes of a connection.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    Open,
    /// Ended at once.
    Shut,
    /// Ended after the server has sent so many bytes.
    CutAfter(usize),
    /// Taken, and then nothing.
    Stalled,
}

/// The way; it ends with the test.
pub struct Gate {
    pub port: u16,
    way: Arc<Mutex<Way>>,
}

impl Gate {
    pub async fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = Arc::new(Mutex::new(Way::Open));
        let current = Arc::clone(&way);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let way = *current.lock().unwrap();
                tokio::spawn(pass(client, server, way));
            }
        });
        Self { port, way }
    }

    /// What becomes of connections from now on.
    pub fn set(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }
}

async fn pass(client: TcpStream, server: u16, way: Way) {
    let most = match way {
        Way::Shut => return,
        Way::Stalled => return std::future::pending().await,
        Way::CutAfter(bytes) => bytes,
        Way::Open => usize::MAX,
    };
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async { tokio::io::copy(&mut from_client, &mut to_server).await.map(drop) };
    let down = async {
        let (mut sent, mut piece) = (0, vec![0; 4096]);
        while sent < most {
            let read = from_server.read(&mut piece).await?;
            if read == 0 {
                break;
            }
            to_client.write_all(&piece[..read]).await?;
            sent += read;
        }
        Ok::<(), std::io::Error>(())
    };
    tokio::select! { _ = up => {}, _ = down => {} }
}
